"""``POST /v1/match``: hashes and uploads against the banks, before anything is published."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import leeward.server._match as desk_module
from leeward.hashing import digests, hash_picture
from leeward.model import BankSettings, NewEntry, Provenance, Settings
from leeward.server._app import app_of
from leeward.server._openapi import describe
from leeward.server._parts import open_parts
from leeward.store.tables import (
    add_entries,
    begin_act,
    create_bank,
    finish_act,
    get_bank,
    list_keys,
    open_tables,
    revoke_key,
    withdraw_entries,
)
from tests.server._running import Running, make_key, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

PILOTS = BankSettings(meaning="illegal_verified", source="the pilots")


def value(seed: int, *flipped: int) -> bytes:
    bits = np.random.default_rng(seed).integers(0, 2, 256, dtype=np.uint8)
    bits[list(flipped)] ^= 1
    return np.packbits(bits).tobytes()


def picture(seed: int = 1) -> bytes:
    """A drawn pattern of squares, as a JPEG file."""
    squares = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(squares).resize((640, 480), Image.Resampling.BICUBIC).save(file, "JPEG")
    return file.getvalue()


@contextlib.contextmanager
def _writing(data: Path) -> Iterator[Connection]:
    with open_tables(f"sqlite:///{data}/leeward.db") as tables, tables.begin() as connection:
        yield connection


def add(data: Path, *values: tuple[str, bytes], bank: str = "pilots") -> None:
    who = Provenance(exchange="pilots", member="north", classification="A1", external_id="boat 7")
    with _writing(data) as connection:
        act = begin_act(connection, get_bank(connection, bank), "add", "Ada")
        add_entries(connection, act, [NewEntry(name, v, who) for name, v in values])
        finish_act(connection, act)


def withdraw(data: Path, name: str, octets: bytes) -> None:
    with _writing(data) as connection:
        withdraw_entries(connection, "pilots", "Ada", "a test", values=[(name, octets)])


class Asking:
    """A client with a key for matching."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.secret = make_key(server.data, f"platform {time.monotonic_ns()}", "match")

    def post(self, body: bytes, kind: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        told = {"authorization": f"Bearer {self.secret}", "content-type": kind} | named
        return self.server.client.post("/v1/match", content=body, headers=told)

    def hashes(self, *items: Any) -> httpx.Response:
        return self.post(json.dumps({"hashes": list(items)}).encode(), "application/json")

    def status(self, octets: bytes) -> str:
        answer = self.hashes({"pdq": octets.hex()})
        return str(answer.json()["results"][0]["status"]) if answer.is_success else "not open"


@pytest.fixture(scope="module")
def asking(server: Running) -> Asking:
    """A server with one bank of the value 1, of an MD5, and of the picture 1 by its SHA-256."""
    with _writing(server.data) as connection:
        create_bank(connection, "pilots", PILOTS, "Ada")
    add(server.data, ("pdq", value(1)))
    add(server.data, ("md5", bytes(range(16))))
    add(server.data, ("sha256", digests(picture(1)).sha256))
    asking = Asking(server)
    wait_until(lambda: asking.status(value(1)) == "matched")
    return asking


def test_a_batch_is_answered_in_order(asking: Asking) -> None:
    response = asking.hashes(
        {"pdq": value(1, 5, 6).hex().upper()},
        {"pdq": value(2).hex()},
        {"md5": bytes(range(16)).hex(), "pdq": value(2).hex(), "quality": 80},
    )
    near, far, both = response.json()["results"]
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert [near["status"], far["status"], both["status"]] == ["matched", "unmatched", "matched"]
    (match,) = near["matches"]
    assert match["listings"] == [
        {"exchange": "pilots", "member": "north", "classification": "A1", "at": None}
    ]
    del match["listings"], match["entry"]
    assert match == {
        "bank": "pilots",
        "version": 1,
        "meaning": "illegal_verified",
        "review": 0,
        "algorithm": "pdq",
        "distance": 2,
        "look": "upright",
        "video": None,
        "suppressed": False,
        "may_follow": ["open_case"],
        "withheld": None,
    }
    assert (near["may_follow"], near["accuses"], near["matches_total"]) == (["open_case"], True, 1)
    assert both["matches"][0]["algorithm"] == "md5"
    assert "boat 7" not in response.text  # an exchange may call an item by its hash


def test_a_low_quality_is_abstained_and_never_clear(asking: Asking) -> None:
    result = asking.hashes({"pdq": value(1).hex(), "quality": 49}).json()["results"][0]
    assert (result["status"], result["matches"]) == ("abstained", [])
    assert "quality is below 50" in result["abstained"]


@pytest.mark.parametrize(
    ("item", "field", "words"),
    [
        ({"pdq": "ab" * 31}, "pdq", "has not the 64 digits"),
        ({"pdq": "ab" * 33}, "pdq", "has not the 64 digits"),
        ({"pdq": "canary" + "z" * 58}, "pdq", "is not hexadecimal"),
        ({"pdq": ""}, "pdq", "has no value"),
        ({"md5": "ab" * 32}, "md5", "has not the 32 digits"),
        ({"pdq": 17}, "pdq", "is no text"),
        ({"canary": "ab"}, "", "none of md5, pdq, sha1, sha256"),
        ({}, "", "has none of"),
        ("canary", "", "is no object"),
        ({"quality": 80}, "", "has none of"),
        ({"pdq": "ab" * 32, "quality": 101}, "quality", "0 to 100"),
        ({"pdq": "ab" * 32, "quality": True}, "quality", "0 to 100"),
        ({"md5": "ab" * 16, "quality": 80}, "quality", "there is none"),
    ],
)
def test_a_bad_item_is_named_by_its_index_and_not_by_its_value(
    asking: Asking, item: Any, field: str, words: str
) -> None:
    sound = {"pdq": value(1).hex()}
    response = asking.hashes(sound, item, sound)
    assert response.status_code == 422
    (bad,) = response.json()["refused"]
    assert (bad["index"], bad["field"]) == (1, field)
    assert words in bad["reason"]
    assert "results" not in response.json()
    assert "canary" not in response.text
    assert "abab" not in response.text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "empty"),
        (b'{"hashes": []}', 400, "empty"),
        (b"not json", 400, "not_json"),
        (b'\xff{"hashes": []}', 400, "not_json"),
        (b"[" * 100_000, 400, "not_json"),
        (b'[{"pdq": "00"}]', 400, "not_json"),
        (b'{"hashes": [{}], "more": 1}', 400, "not_json"),
        (b'{"hashes": [' + b"{}," * 1_000 + b"{}]}", 413, "too_many"),
        (b" " * ((1 << 20) + 1), 413, "too_large"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    asking: Asking, body: bytes, status: int, code: str
) -> None:
    response = asking.post(body, "application/json")
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_types_and_queries_that_are_not_known_are_refused(asking: Asking) -> None:
    assert asking.post(b"{}", "text/plain").status_code == 415
    assert asking.post(b"{}", "application/json", content_encoding="gzip").status_code == 415
    headers = {"authorization": f"Bearer {asking.secret}", "content-type": "application/json"}
    response = asking.server.client.post("/v1/match?bank=x", content=b"{}", headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_query")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    items=st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=70),
            lambda inner: st.dictionaries(
                st.sampled_from(["pdq", "md5", "sha1", "sha256", "quality", "keel"]), inner
            ),
            max_leaves=5,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_is_sent_is_answered_or_refused_by_name(asking: Asking, items: list[Any]) -> None:
    response = asking.hashes(*items)
    assert response.status_code in (200, 422)
    if response.status_code == 422:
        indices = [bad["index"] for bad in response.json()["refused"]]
        assert indices == sorted(set(indices))
        assert set(indices) <= set(range(len(items)))
    else:
        assert len(response.json()["results"]) == len(items)


def test_without_a_key_for_matching_nothing_is_said(asking: Asking) -> None:
    body = b'{"hashes": [{}]}'
    kind = "application/json"
    assert asking.post(body, kind, authorization="Bearer lw_unknown").status_code == 401
    other = asking.server.secret  # it may write events
    response = asking.post(body, kind, authorization=f"Bearer {other}")
    assert response.status_code == 403
    assert 'scope="match"' in response.headers["www-authenticate"]


def test_a_revoked_key_is_refused(start: Callable[..., Running]) -> None:
    server = start(server={"key_cache_seconds": 0})
    asking = Asking(server)
    wait_until(lambda: asking.hashes({"pdq": value(1).hex()}).status_code == 200)
    with _writing(server.data) as connection:
        (key,) = [key for key in list_keys(connection) if key.name.startswith("platform")]
        revoke_key(connection, key.name, by="Ada")
    wait_until(lambda: asking.hashes({"pdq": value(1).hex()}).status_code == 401)


def test_an_added_entry_matches_and_a_withdrawn_one_does_not(asking: Asking) -> None:
    """The bound on the time is a second; the wait here is for the slowest machine."""
    add(asking.server.data, ("pdq", value(50)))
    wait_until(lambda: asking.status(value(50)) == "matched")
    withdraw(asking.server.data, "pdq", value(50))
    wait_until(lambda: asking.status(value(50)) == "unmatched")


def test_an_upload_is_hashed_and_matched(asking: Asking) -> None:
    known = asking.post(picture(1), "image/jpeg").json()
    assert known["media"]["mime"] == "image/jpeg"
    assert (known["media"]["width"], known["media"]["damaged"]) == (640, False)
    assert known["results"][0]["matches"][0]["algorithm"] == "sha256"
    unknown = asking.post(picture(2), "application/octet-stream").json()
    assert unknown["results"][0]["status"] == "unmatched"
    add(asking.server.data, ("pdq", hash_picture(picture(2)).pdq))
    wait_until(
        lambda: asking.post(picture(2), "image/jpeg").json()["results"][0]["status"] == "matched"
    )
    for answer in (known, unknown):
        assert hash_picture(picture(1)).pdq.hex() not in str(answer)


@pytest.mark.parametrize("body", [b"\xff\xd8\xff\xe0 a boat", b"plain words", picture(3)[:300]])
def test_a_corrupt_upload_is_abstained_with_the_reason(asking: Asking, body: bytes) -> None:
    response = asking.post(body, "image/jpeg")
    result = response.json()["results"][0]
    assert response.status_code == 200
    assert result["status"] == "abstained"
    assert result["abstained"]
    cut = asking.post(picture(3)[: len(picture(3)) // 2], "image/jpeg").json()
    assert (cut["results"][0]["status"], cut["media"]["damaged"]) == ("abstained", True)


def test_an_upload_over_the_bound_is_refused(asking: Asking) -> None:
    response = asking.post(bytes(2 << 20), "image/jpeg")
    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")


def test_matching_is_counted_and_described(asking: Asking) -> None:
    asking.hashes({"pdq": value(1).hex()})
    reader = make_key(asking.server.data, "figures", "metrics:read")
    text = asking.server.client.get("/metrics", headers={"authorization": f"Bearer {reader}"}).text
    assert 'leeward_match_queries_total{outcome="matched"}' in text
    assert 'leeward_http_request_seconds_count{route="/v1/match",status="200"}' in text
    (entries,) = [x for x in text.splitlines() if x.startswith("leeward_match_entries ")]
    assert float(entries.split()[1]) >= 1
    assert value(1).hex() not in text
    post = describe()["paths"]["/v1/match"]["post"]
    assert post["security"] == [{"key": ["match"]}]
    assert {"200", "422", "429", "503"} <= post["responses"].keys()


def test_nothing_that_was_sent_is_in_the_servers_log(asking: Asking) -> None:
    asking.hashes({"pdq": value(1).hex()})
    asking.hashes({"pdq": "canary"})
    written = asking.server.output.read_text()
    assert value(1).hex() not in written
    assert "canary" not in written


def test_a_flood_is_answered_with_429(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One place to wait: the second request of two at a time finds none."""
    monkeypatch.setattr(desk_module, "WAITING", 1)
    monkeypatch.setattr(desk_module, "UPLOADS", 0)

    async def run() -> None:
        with open_parts(tmp_path, Settings()) as parts:
            key = make_key(tmp_path, "inside", "match")
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app_of(parts)),
                base_url="http://test",
                headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
            )
            body = b'{"hashes": [{"md5": "%s"}]}' % (b"0" * 32)
            async with asyncio.timeout(60):
                while (await client.post("/v1/match", content=body)).status_code == 503:
                    await asyncio.sleep(0.02)
            answers = await asyncio.gather(
                *(client.post("/v1/match", content=body) for _ in range(20))
            )
            statuses = [answer.status_code for answer in answers]
            assert set(statuses) == {200, 429}
            for answer in answers:
                if answer.status_code == 429:
                    assert int(answer.headers["retry-after"]) >= 1
            upload = await client.post(
                "/v1/match", content=b"x", headers={"content-type": "image/png"}
            )
            assert (upload.status_code, upload.json()["error"]["code"]) == (429, "overloaded")
            await client.aclose()

    asyncio.run(run())


def test_many_matches_are_named_in_part_and_counted(
    start: Callable[..., Running],
) -> None:
    server = start()
    with _writing(server.data) as connection:
        create_bank(connection, "pilots", PILOTS, "Ada")
    add(server.data, *(("pdq", value(1, a, b)) for a in range(30) for b in range(a)))
    asking = Asking(server)
    wait_until(lambda: asking.status(value(1)) == "matched")
    alone = asking.hashes({"pdq": value(1).hex()}).json()["results"]
    assert [(len(r["matches"]), r["matches_total"]) for r in alone] == [(100, 435)]
    many = asking.hashes(*[{"pdq": value(1).hex()}] * 1_000).json()["results"]
    assert {(len(r["matches"]), r["matches_total"]) for r in many} == {(2, 435)}
