"""Reading StopNCII from a server that speaks its protocol."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from leeward.connectors._exchange import ExchangeCheckpoint, Page, ReviewedFeedback
from leeward.connectors._exchange_stopncii import StopNciiExchange
from leeward.errors import DependencyDown, InputError, UsageError
from tests.connectors._exchange_servers import PASSWORD, START, Answer, StopNciiServer

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 86_400
PDQ = "f0e1d2c3b4a59687" * 4


@pytest.fixture
def server() -> Iterator[StopNciiServer]:
    with StopNciiServer(rows=10) as server:
        yield server


def exchange(server: StopNciiServer, **more: Any) -> StopNciiExchange:
    keys = {"fetch_key": "key-of-FetchHashes", "feedback_key": "key-of-SubmitFeedback", **more}
    made = StopNciiExchange(
        PASSWORD, base=server.address, clock=server.clock, sleep=lambda _: None, **keys
    )
    return server.to_close(made)


def read(server: StopNciiServer, since: ExchangeCheckpoint | None = None) -> list[Page]:
    return list(exchange(server).pages(since))


def test_all_pages_come_and_the_last_has_the_servers_checkpoint(server: StopNciiServer) -> None:
    for number in range(25):
        server.clock.now += 1
        server.put(f"{number:064x}")

    pages = read(server)
    assert [len(page.items) for page in pages] == [10, 10, 5]
    assert [page.checkpoint is None for page in pages] == [True, True, False]
    mark = pages[-1].checkpoint
    assert mark is not None
    assert mark.through == (START + 25) * 1_000_000

    server.put(f"{99:064x}")
    [page] = read(server, mark)
    assert not page.whole
    assert bytes.fromhex(f"{99:064x}") in {value for item in page.items for _, value in item.hashes}


@pytest.mark.parametrize("status", ["Withdrawn", "Deleted"])
def test_the_status_withdraws_a_record(server: StopNciiServer, status: str) -> None:
    server.put(PDQ)
    [before] = read(server)
    server.put(PDQ, status)
    [after] = read(server)

    [item] = before.items
    [gone] = after.withdrawals
    assert not after.items
    assert (gone.member, gone.external_id) == (item.member, item.external_id)
    assert gone.hashes == item.hashes


@pytest.mark.parametrize("status", ["Received", "Active", "Harboured"])
def test_any_other_status_stands(server: StopNciiServer, status: str) -> None:
    server.put(PDQ, status)

    [page] = read(server)
    assert len(page.items) == 1


def test_videos_by_md5_are_used_and_other_types_are_counted(server: StopNciiServer) -> None:
    server.put("0f" * 16, kind="VideoMD5")
    server.put("tmk", kind="VideoTMK")
    server.put("boat.example", kind="URL")
    server.put("lighthouse", kind="Beacon")
    server.put("xyz")
    server.records["broken"] = {"lastModtimestamp": START, "hashValue": "7"}

    [page] = read(server)
    assert [item.hashes[0][0] for item in page.items] == ["md5"]
    assert page.ignored == {
        "a signal of a type not used here: VideoTMK": 1,
        "a signal of a type not used here: URL": 1,
        "a signal of a type not used here: unknown": 1,
        "a record whose value is not hexadecimal": 1,
        "a record that is not as it should be": 1,
    }


def test_opinions_of_other_platforms_are_told(server: StopNciiServer) -> None:
    told = [
        {"feedbackValue": "Blocked", "source": "pier", "tags": ["a"]},
        {"feedbackValue": "NotBlocked", "source": "quay", "tags": []},
        {"feedbackValue": "PendingReview", "source": "dock", "tags": []},
    ]
    server.put(PDQ, CSPFeedbacks=told)

    [page] = read(server)
    said = [(each.member, each.opinion) for each in page.items[0].told]
    assert said == [("pier", "affirmative"), ("quay", "negative")]


def test_after_a_month_without_a_sync_all_is_read_again(server: StopNciiServer) -> None:
    server.put(PDQ)
    mark = read(server)[-1].checkpoint
    server.clock.now += 31 * DAY

    [page] = read(server, mark)
    assert page.whole
    assert len(page.items) == 1


def test_a_quiet_month_with_syncs_is_no_reason_to_read_all_again(server: StopNciiServer) -> None:
    server.put(PDQ)
    mark = read(server)[-1].checkpoint
    for _ in range(3):
        server.clock.now += 29 * DAY
        [page] = read(server, mark)
        assert not page.whole
        mark = page.checkpoint


def test_an_item_is_named_by_its_hash_only_inside(server: StopNciiServer) -> None:
    server.put(PDQ)

    [page] = read(server)
    [entry] = page.items[0].entries("stopncii")
    assert entry.provenance.external_id is None
    assert PDQ not in repr([page, page.items, entry, entry.provenance])


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"hasMoreRecords": 1}', b"\xff", b"[" * 5_000, b'{"hasMore']
)
def test_json_that_is_broken_is_refused(server: StopNciiServer, body: bytes) -> None:
    server.faults.append(Answer(body))

    with pytest.raises(InputError) as caught:
        read(server)
    assert caught.value.where == "stopncii, fetch"


def test_pages_that_go_in_a_circle_are_noticed(server: StopNciiServer) -> None:
    more = {"hasMoreRecords": True, "nextSetTimestamp": START, "nextPageToken": "a"}
    server.faults.extend([Answer(json.dumps(more).encode())] * 3)

    with pytest.raises(InputError, match="circle"):
        read(server)


def test_a_server_that_loses_its_clock_does_not_send_us_to_the_beginning(
    server: StopNciiServer,
) -> None:
    server.faults.append(Answer(b'{"hasMoreRecords": false, "nextSetTimestamp": 0}'))
    before = ExchangeCheckpoint(through=START * 1_000_000, token=str(START))

    [page] = read(server, before)
    assert page.checkpoint is not None
    assert page.checkpoint.through == before.through


def test_a_wrong_key_is_said_to_be_one(server: StopNciiServer) -> None:
    with pytest.raises(DependencyDown, match="refuses the credentials"):
        list(exchange(server, fetch_key="pier").pages(None))


def feedback(**more: Any) -> ReviewedFeedback:
    given: dict[str, Any] = {
        "id": 1,
        "member": "",
        "external_id": "",
        "algorithm": "pdq",
        "value": bytes.fromhex(PDQ),
        "opinion": "negative",
        "reviewed_by": "Ada Example",
    }
    return ReviewedFeedback(**{**given, **more})


def test_feedback_says_whether_it_was_blocked(server: StopNciiServer) -> None:
    exchange(server).send_feedback(feedback())
    exchange(server).send_feedback(feedback(opinion="affirmative", reasons="seen twice"))

    said = [sent["hashFeedbacks"][0] for sent in server.feedback]
    assert said == [
        {"hashValue": PDQ, "feedbackValue": "NotBlocked", "tags": []},
        {"hashValue": PDQ, "feedbackValue": "Blocked", "tags": ["seen twice"]},
    ]


def test_feedback_needs_a_person_and_a_key(server: StopNciiServer) -> None:
    with pytest.raises(UsageError, match="after a person has looked"):
        exchange(server).send_feedback(feedback(reviewed_by=""))
    with pytest.raises(UsageError, match="no function key"):
        exchange(server, feedback_key=None).send_feedback(feedback())
    assert not server.feedback
