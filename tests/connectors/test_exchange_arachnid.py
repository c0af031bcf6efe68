"""Asking Arachnid Shield about one picture at a time."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from leeward.connectors._exchange_arachnid import ArachnidShield
from leeward.errors import DependencyDown, InputError, UsageError
from tests.connectors._exchange_servers import PASSWORD, USER, Answer, ShieldServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[ShieldServer]:
    with ShieldServer() as server:
        yield server


def shield(server: ShieldServer, password: str = PASSWORD, **more: Any) -> ArachnidShield:
    made = ArachnidShield(USER, password, base=server.address, sleep=lambda _: None, **more)
    return server.to_close(made)


def value(number: int) -> bytes:
    return number.to_bytes(32, "big")


def test_hashes_are_answered_in_their_order(server: ShieldServer) -> None:
    near = {
        "classification": "csam",
        "match_type": "near",
        "near_match_details": [{"sha1_base32": "A"}, {"sha1_base32": "B"}],
    }
    server.known[base64.b64encode(value(70)).decode()] = near
    server.known[base64.b64encode(value(3)).decode()] = None
    asked = [value(number) for number in (*range(80), 70)]

    found = shield(server).look_up_pdq(asked)
    assert len(found) == 81
    assert found[3] is None
    for place in (70, 80):
        answer = found[place]
        assert answer is not None
        assert (answer.kind, answer.exact, answer.near) == ("illegal", False, 2)
    assert all(answer is None or answer.kind == "unknown" for answer in found[:70])
    assert server.sizes == [32, 32, 16]


def test_a_picture_itself_can_be_asked_about(server: ShieldServer) -> None:
    server.media[b"waves"] = {"classification": "harmful-abusive-material", "match_type": "exact"}

    answer = shield(server).look_up_media(b"waves", "image/png")
    assert (answer.kind, answer.exact) == ("harmful", True)
    assert server.asked[0].headers["content-type"] == "image/png"
    assert shield(server).look_up_media(b"other", "image/png").kind == "unknown"


def test_what_is_not_understood_is_never_read_as_clear(server: ShieldServer) -> None:
    server.media[b"waves"] = {"classification": "harboured"}

    with pytest.raises(InputError, match="not known here") as caught:
        shield(server).look_up_media(b"waves", "image/png")
    assert "harboured" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"scanned_hashes": 1}', b"\xff", b"null"])
def test_an_answer_that_is_broken_is_refused(server: ShieldServer, body: bytes) -> None:
    server.faults.append(Answer(body))

    with pytest.raises(InputError):
        shield(server).look_up_pdq([value(1)])


def test_a_hash_that_is_left_out_of_the_answer_is_not_clear(server: ShieldServer) -> None:
    server.faults.append(Answer(b'{"scanned_hashes": {}}'))

    assert shield(server).look_up_pdq([value(1)]) == [None]


def test_questions_that_make_no_sense_are_not_sent(server: ShieldServer) -> None:
    there = shield(server, most_bytes=4)
    with pytest.raises(UsageError):
        there.look_up_pdq([b"short"])
    with pytest.raises(UsageError):
        there.look_up_media(b"waves", "image/png")
    with pytest.raises(UsageError):
        there.look_up_media(b"", "image/png")
    with pytest.raises(UsageError):
        there.look_up_media(b"wave", "image/png\r\nx: y")
    assert not server.asked


def test_wrong_credentials_are_said_to_be_so(server: ShieldServer) -> None:
    with pytest.raises(DependencyDown, match="refuses the credentials"):
        shield(server, "pier").look_up_pdq([value(1)])
    assert PASSWORD not in repr(shield(server))
