"""Reading a privacy group of ThreatExchange from a server that speaks its protocol."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from leeward.connectors._exchange import ExchangeCheckpoint, Page, ReviewedFeedback
from leeward.connectors._exchange_threatexchange import ThreatExchange
from leeward.errors import DependencyDown, InputError, UsageError
from tests.connectors._exchange_servers import START, Answer, GraphServer

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 86_400
PDQ = "f0e1d2c3b4a59687" * 4
SECRET = GraphServer.token.partition("|")[2]


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer(rows=10) as server:
        yield server


def exchange(server: GraphServer, token: str = GraphServer.token) -> ThreatExchange:
    made = ThreatExchange(
        GraphServer.group, token, base=server.address, clock=server.clock, sleep=lambda _: None
    )
    return server.to_close(made)


def read(server: GraphServer, since: ExchangeCheckpoint | None = None) -> list[Page]:
    return list(exchange(server).pages(since))


def described(**more: Any) -> dict[str, Any]:
    return {"descriptors": {"data": [{"id": "91", "owner": {"id": "77"}, **more}]}}


def test_all_pages_come_and_the_last_has_the_newest_time(server: GraphServer) -> None:
    for number in range(25):
        server.clock.now += 1
        server.put(str(number), f"{number:064x}")

    pages = read(server)
    assert [len(page.items) for page in pages] == [10, 10, 5]
    assert [page.checkpoint is None for page in pages] == [True, True, False]
    mark = pages[-1].checkpoint
    assert mark is not None
    assert mark.through == (START + 25) * 1_000_000

    server.put("99", f"{99:064x}")
    [page] = read(server, mark)
    assert "99" in {item.external_id for item in page.items}
    assert not page.whole


def test_the_token_goes_into_no_address_and_no_log(
    server: GraphServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for number in range(25):
        server.put(str(number), f"{number:064x}")
    read(server)

    assert len(server.asked) == 3
    assert all("access_token" not in asked.query for asked in server.asked)
    assert not caplog.records
    assert SECRET not in repr(exchange(server))


def test_deletions_withdraw_also_where_they_are_not_marked(server: GraphServer) -> None:
    server.put("1", PDQ)
    server.put("2", PDQ)
    server.put("3", PDQ, **described(status="NON_MALICIOUS"))
    server.delete("1")
    del server.indicators["2"]["descriptors"]

    [page] = read(server)
    assert sorted(gone.external_id for gone in page.withdrawals) == ["1", "2", "3"]
    assert not page.items


def test_an_update_whose_owner_is_hidden_says_nothing(server: GraphServer) -> None:
    server.put("1", PDQ, descriptors={"data": [{"id": "91", "status": "MALICIOUS"}]})

    [page] = read(server)
    assert not page.items
    assert not page.withdrawals
    assert page.ignored == {"an update of which no description is visible": 1}


def test_owners_and_reactions_are_opinions(server: GraphServer) -> None:
    reactions = [{"key": "HELPFUL", "value": "80,77"}, {"key": "DISAGREE_WITH_TAGS", "value": "81"}]
    data: list[dict[str, Any]] = [
        {"id": "91", "owner": {"id": "77"}, "status": "MALICIOUS", "reactions": reactions},
        {"id": "92", "owner": {"id": "78"}, "status": "NON_MALICIOUS", "tags": ["sail"]},
        {"id": "93", "owner": {"id": "79"}, "status": "UNKNOWN"},
    ]
    data[0]["tags"] = {"data": [{"text": "boat"}, {"text": "mast"}]}
    server.put("1", PDQ, descriptors={"data": data})

    [page] = read(server)
    [item] = page.items
    assert item.classification == "boat mast sail"
    assert [(each.member, each.opinion) for each in item.told] == [
        ("77", "affirmative"),
        ("78", "negative"),
        ("80", "affirmative"),
        ("81", "negative"),
    ]


@pytest.mark.parametrize(
    ("kind", "value", "algorithm"),
    [
        ("HASH_MD5", "0f" * 16, "md5"),
        ("HASH_VIDEO_MD5", "0f" * 16, "md5"),
        ("HASH_SHA1", "0f" * 20, "sha1"),
        ("HASH_SHA256", "0f" * 32, "sha256"),
    ],
)
def test_digests_are_used(server: GraphServer, kind: str, value: str, algorithm: str) -> None:
    server.put("1", value, kind)

    [page] = read(server)
    assert page.items[0].hashes == ((algorithm, bytes.fromhex(value)),)


@pytest.mark.parametrize("moment", [START, str(START), "2023-11-14T22:13:20+0000"])
def test_times_are_read_in_each_of_their_forms(server: GraphServer, moment: object) -> None:
    server.put("1", PDQ)
    answer = server.indicators["1"]
    server.indicators = {}
    body = {"data": [{**answer, "last_updated": moment}]}
    server.faults.append(Answer(json.dumps(body).encode()))

    [page] = read(server)
    assert page.items[0].at == START * 1_000_000


def test_what_cannot_be_used_is_counted(server: GraphServer) -> None:
    server.put("1", "lighthouse")
    server.faults.append(Answer(b'{"data": [7, {"id": "\\n"}, {"id": "2", "descriptors": 1}]}'))

    [page] = read(server)
    assert page.ignored == {
        "an update that is not as it should be": 2,
        "an update without a usable id": 1,
    }
    [page] = read(server)
    assert page.ignored == {"an indicator that is not hexadecimal": 1}


def test_after_three_months_without_a_sync_all_is_read_again(server: GraphServer) -> None:
    server.put("1", PDQ)
    mark = read(server)[-1].checkpoint
    server.clock.now += 80 * DAY
    [page] = read(server, mark)
    assert not page.whole
    server.clock.now += 86 * DAY
    [page] = read(server, page.checkpoint)
    assert page.whole


@pytest.mark.parametrize(
    "address",
    [
        "https://pier.example/v21.0/4242/threat_updates/?after=1",
        "http://127.0.0.1:1/v21.0/4242/threat_updates/",
        "not an address at all",
        "http://[",
    ],
)
def test_a_next_page_elsewhere_is_refused(server: GraphServer, address: str) -> None:
    body = f'{{"data": [], "paging": {{"next": "{address}"}}}}'
    server.faults.append(Answer(body.encode()))

    with pytest.raises(InputError):
        read(server)
    assert len(server.asked) == 1


def test_pages_that_go_in_a_circle_are_noticed(server: GraphServer) -> None:
    address = f"{server.address}/4242/threat_updates/?after=1&access_token=x"
    body = f'{{"data": [], "paging": {{"next": "{address}"}}}}'.encode()
    server.faults.extend([Answer(body)] * 3)

    with pytest.raises(InputError, match="circle"):
        read(server)


def test_a_wrong_token_is_said_to_be_one_and_not_shown(server: GraphServer) -> None:
    with pytest.raises(DependencyDown, match="refuses the credentials") as caught:
        list(exchange(server, "1|mast-secret").pages(None))
    assert "mast-secret" not in str(caught.value)


def test_a_group_is_a_number() -> None:
    with pytest.raises(UsageError, match="no number"):
        ThreatExchange("harbour/../x", GraphServer.token)


def test_feedback_reacts_to_the_descriptions_of_others(server: GraphServer) -> None:
    mine = GraphServer.token.partition("|")[0]
    data = [
        {"id": "91", "owner": {"id": "77"}, "status": "MALICIOUS"},
        {"id": "92", "owner": {"id": mine}, "status": "MALICIOUS"},
    ]
    server.put("1", PDQ, descriptors={"data": data})
    said = ReviewedFeedback(
        id=1,
        member="",
        external_id="1",
        algorithm="pdq",
        value=bytes.fromhex(PDQ),
        opinion="negative",
        reviewed_by="Ada Example",
    )
    exchange(server).send_feedback(said)

    assert server.reactions == [("91", "DISAGREE_WITH_TAGS")]
