"""Reading a list of NCMEC Hash Sharing v2 from a server that speaks it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from leeward.connectors._exchange import ExchangeCheckpoint, Page, ReviewedFeedback
from leeward.connectors._exchange_http import HttpLimits
from leeward.connectors._exchange_ncmec import NcmecExchange
from leeward.connectors._exchange_xml import read_xml
from leeward.errors import DependencyDown, InputError, UsageError
from tests.connectors._exchange_servers import (
    HALF_A_DAY,
    PASSWORD,
    START,
    USER,
    Answer,
    NcmecServer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = 86_400
MD5 = "0123456789abcdef" * 2
PDQ = "f0e1d2c3b4a59687" * 4
FIRST = START - 3 * DAY
"""When the entries of a test came; long before its present."""


@pytest.fixture
def server() -> Iterator[NcmecServer]:
    with NcmecServer(rows=10) as server:
        server.clock.now = FIRST
        yield server


def exchange(server: NcmecServer, **more: Any) -> NcmecExchange:
    made = NcmecExchange(
        server.address,
        USER,
        PASSWORD,
        clock=server.clock,
        sleep=lambda _: None,
        limits=HttpLimits(read=2.0, attempts=2),
        **more,
    )
    return server.to_close(made)


def read(server: NcmecServer, since: int | None = None, **more: Any) -> list[Page]:
    """All pages since a second."""
    mark = None if since is None else ExchangeCheckpoint(through=since * 1_000_000)
    return list(exchange(server, **more).pages(mark))


def names(pages: list[Page]) -> list[str]:
    return sorted(item.external_id for page in pages for item in page.items)


def boats(server: NcmecServer, count: int) -> list[str]:
    for number in range(count):
        server.put("42", f"boat{number:03}", {"md5": f"{number:032x}"})
    return [f"boat{number:03}" for number in range(count)]


def test_an_entry_comes_with_all_that_the_server_says_of_it(server: NcmecServer) -> None:
    told = (
        '<feedback><affirmativeFeedback type="Md5"><members timestamp="2023-06-01T12:48:14Z">'
        '<member id="43">Pier Two</member></members></affirmativeFeedback>'
        '<negativeFeedback type="PDQ"><reasons><reason guid="0-a" name="Wrong boat"/>'
        '<members><member id="44">Pier Three</member></members></reasons></negativeFeedback>'
        "</feedback>"
    )
    server.put("42", "boat", {"md5": MD5.upper(), "pdq": PDQ, "netclean": "1"}, feedback=told)
    server.clock.now = START

    page = read(server, FIRST)[-1]
    [item] = page.items
    assert (item.member, item.external_id, item.classification) == ("42", "boat", "A1")
    assert item.at == FIRST * 1_000_000
    assert item.hashes == (("md5", bytes.fromhex(MD5)), ("pdq", bytes.fromhex(PDQ)))
    assert [(t.member, t.opinion, t.algorithm, t.reasons) for t in item.told] == [
        ("43", "affirmative", "md5", None),
        ("44", "negative", "pdq", "Wrong boat"),
    ]
    assert page.ignored == {"a fingerprint of an algorithm not used here: netclean": 1}
    assert [entry.algorithm for entry in item.entries("ncmec")] == ["md5", "pdq"]


def test_only_the_last_page_carries_the_checkpoint(server: NcmecServer) -> None:
    known = boats(server, 35)
    server.clock.now = START

    pages = read(server, FIRST)
    assert names(pages) == known
    assert [page.checkpoint is None for page in pages] == [True, True, True, False]
    assert [page.last for page in pages] == [False, False, False, True]
    mark = pages[-1].checkpoint
    assert mark is not None
    assert FIRST < mark.through / 1e6 < START


def test_every_page_of_a_window_is_asked_with_its_first_and_last_moment(
    server: NcmecServer,
) -> None:
    boats(server, 35)
    server.clock.now = START
    read(server, FIRST)

    assert len({(asked.query["from"], asked.query["to"]) for asked in server.asked}) == 1


def test_deleted_pictures_and_videos_are_withdrawn_by_member_and_id(server: NcmecServer) -> None:
    server.put("42", "boat", {"md5": MD5})
    server.put("43", "boat", {"md5": MD5})
    server.put("43", "film", {"md5": MD5}, kind="video")
    server.delete("43", "boat")
    server.delete("43", "film")
    server.clock.now = START

    [page] = read(server, FIRST)
    assert names([page]) == ["boat"]
    gone = [(each.member, each.external_id) for each in page.withdrawals]
    assert sorted(gone) == [("43", "boat"), ("43", "film")]


@pytest.mark.parametrize("ends", [(True, False), (False, True), (True, True), (False, False)])
def test_a_first_reading_goes_window_by_window_and_misses_nothing(
    server: NcmecServer, ends: tuple[bool, bool]
) -> None:
    """Whether the ends of a window belong to it is not documented; neither may lose an entry."""
    server.first_belongs, server.last_belongs = ends
    for number in range(60):
        server.clock.now = 1_400_000_000 + number * 90 * DAY // 30
        server.put("42", f"boat{number:03}", {"md5": f"{number:032x}"})
    server.clock.now = START

    pages = read(server)
    assert set(names(pages)) == {f"boat{number:03}" for number in range(60)}
    marks = [page.checkpoint.through for page in pages if page.checkpoint is not None]
    assert len(marks) > 3
    assert marks == sorted(marks)
    assert [page.last for page in pages].index(True) == len(pages) - 1
    assert all(page.whole for page in pages)


@pytest.mark.parametrize("ends", [(True, False), (False, True), (True, True), (False, False)])
def test_an_entry_on_the_border_of_two_windows_is_in_one_of_them(
    server: NcmecServer, ends: tuple[bool, bool]
) -> None:
    server.first_belongs, server.last_belongs = ends
    moments = range(FIRST + 3_290, FIRST + 3_310)
    for moment in moments:
        server.clock.now = moment
        server.put("42", f"boat{moment}", {"md5": MD5})
    server.clock.now = START
    pages = read(server, FIRST, first_span=3_600)

    borders = {asked.query["to"] for asked in server.asked}
    assert "2023-11-11T23:08:20Z" in borders  # FIRST + 3,300
    assert set(names(pages)) == {f"boat{moment}" for moment in moments}


@pytest.mark.parametrize("seconds", [0, 1, 59, 60, 61])
def test_what_is_entered_while_a_sync_runs_is_in_the_next_one(
    server: NcmecServer, seconds: int
) -> None:
    server.clock.now = START
    mark = exchange(server).pages(ExchangeCheckpoint(through=FIRST * 1_000_000))
    [page] = list(mark)
    server.clock.now = START + seconds - 60
    server.put("42", "late", {"md5": MD5})
    server.clock.now = START + 600

    assert page.checkpoint is not None
    found = list(exchange(server).pages(page.checkpoint))
    assert names(found) == ["late"]


def test_a_clock_that_is_ahead_of_the_servers_loses_nothing(server: NcmecServer) -> None:
    server.date_ahead = -3_600
    server.clock.now = START
    [page] = read(server, FIRST)

    mark = page.checkpoint
    assert mark is not None
    assert mark.through / 1e6 <= START - 3_600


def test_the_address_of_a_page_is_not_used_after_half_a_day(server: NcmecServer) -> None:
    known = boats(server, 25)
    server.clock.now = START
    found: list[Page] = []
    for page in exchange(server).pages(ExchangeCheckpoint(through=FIRST * 1_000_000)):
        found.append(page)
        if len(found) == 2:
            server.clock.now += HALF_A_DAY + 1  # applying this page took very long

    fresh = [asked for asked in server.asked if "cursor" not in asked.query]
    assert len(fresh) == 2
    assert fresh[0].query == fresh[1].query
    assert "cursor" not in server.asked[2].query
    assert set(names(found)) == set(known)
    assert found[-1].last


def test_a_window_begins_again_where_the_server_has_forgotten_its_pages(
    server: NcmecServer,
) -> None:
    known = boats(server, 25)
    server.clock.now = START
    server.faults.extend([None, Answer(b"", 404)])

    pages = read(server, FIRST)
    assert set(names(pages)) == set(known)
    assert Counter(names(pages))["boat000"] <= 2
    assert pages[-1].last


def test_a_server_that_always_forgets_its_pages_is_given_up(server: NcmecServer) -> None:
    boats(server, 25)
    server.clock.now = START
    server.faults.extend([None, Answer(b"", 410)] * 3)

    with pytest.raises(DependencyDown, match="run out"):
        read(server, FIRST)


def test_nothing_new_is_a_page_with_a_checkpoint(server: NcmecServer) -> None:
    boats(server, 3)
    server.clock.now = START

    [page] = read(server, START - DAY)
    assert page.last
    assert not page.items
    assert page.checkpoint is not None


def test_a_clock_that_went_back_asks_for_nothing_and_forgets_nothing(server: NcmecServer) -> None:
    server.clock.now = FIRST

    [page] = read(server, START)
    assert page.last
    assert page.checkpoint == ExchangeCheckpoint(through=START * 1_000_000)
    assert not server.asked


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
def test_moments_are_asked_for_in_utc_whatever_the_zone_of_the_machine(
    server: NcmecServer, zone: str, tmp_path: Path
) -> None:
    """A process of its own: the zone of a running one is set for all of its threads."""
    program = (
        "import sys, time\n"
        "from leeward.connectors._exchange import ExchangeCheckpoint\n"
        "from leeward.connectors._exchange_ncmec import NcmecExchange\n"
        f"there = NcmecExchange(sys.argv[1], {USER!r}, {PASSWORD!r}, clock=lambda: {START})\n"
        f"list(there.pages(ExchangeCheckpoint(through={FIRST} * 1_000_000)))\n"
        "there.close()\n"
        "print(time.strftime('%H', time.localtime(0)))\n"
    )
    environment = {**os.environ, "TZ": zone}
    ran = subprocess.run(
        [sys.executable, "-c", program, server.address],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.strip() == {"Asia/Tokyo": "09", "America/New_York": "19", "UTC": "00"}[zone]
    # 1,700,000,000 is 2023-11-14T22:13:20Z: see `date --utc --date=@1700000000`.
    assert server.asked[0].query == {"from": "2023-11-11T22:08:20Z", "to": "2023-11-14T22:12:20Z"}


def test_large_fingerprints_are_fetched_only_where_they_are_used(server: NcmecServer) -> None:
    server.large["/v2/sail-7"] = b"\x01\x02\x03"
    server.put("42", "boat", {"md5": MD5}, hrefs={"tmk_pdqf": "/v2/sail-7"})
    server.clock.now = START

    [page] = read(server, FIRST)
    assert page.ignored == {"a fingerprint of an algorithm not used here: tmk_pdqf": 1}

    [page] = read(server, FIRST, licensed={"tmk_pdqf"})
    [item] = page.items
    assert item.hashes[1:] == (("tmk_pdqf", b"\x01\x02\x03"),)
    assert "sail-7" not in repr(item) + repr(page)


def test_a_large_fingerprint_elsewhere_is_not_fetched(server: NcmecServer) -> None:
    server.put("42", "boat", {}, hrefs={"tmk_pdqf": "//pier.example/sail-7"})
    server.clock.now = START

    with pytest.raises(InputError, match="not one of its own"):
        read(server, FIRST, licensed={"tmk_pdqf"})


def test_entries_of_other_members_are_left_out_but_not_their_withdrawals(
    server: NcmecServer,
) -> None:
    server.put("42", "boat", {"md5": MD5})
    server.put("43", "raft", {"md5": MD5})
    server.put("43", "buoy", {"md5": MD5})
    server.delete("43", "buoy")
    server.clock.now = START

    [page] = read(server, FIRST, members={"42"})
    assert names([page]) == ["boat"]
    assert len(page.withdrawals) == 1


def test_what_cannot_be_used_is_counted_and_never_shown(server: NcmecServer) -> None:
    server.put("42", "short", {"md5": "abc123"})
    server.put("42", "words", {"pdq": "lighthouse"})
    server.put("42", "new", {"sailprint": MD5})
    server.put("42\n43", "bad", {"md5": MD5})
    server.clock.now = START

    [page] = read(server, FIRST)
    assert page.ignored == {
        "a fingerprint that has not the 32 digits of md5": 1,
        "a fingerprint that is not hexadecimal": 1,
        "a fingerprint of an algorithm not used here: unknown": 1,
        "an entry without a usable member and id": 1,
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<queryResult>",
        b"not XML",
        b"<other/>",
        b"\x00\xff\xfe",
        b"<queryResult>" + b"<a>" * 40 + b"</a>" * 40 + b"</queryResult>",
        b'<!DOCTYPE q [<!ENTITY a "b">]><queryResult>&a;</queryResult>',
        b'<!DOCTYPE q SYSTEM "file:///etc/hostname"><queryResult/>',
        b"<queryResult>&harbour;</queryResult>",
    ],
)
def test_xml_that_is_broken_or_dangerous_is_refused(server: NcmecServer, body: bytes) -> None:
    server.clock.now = START
    server.faults.append(Answer(body, kind="application/xml"))

    with pytest.raises(InputError) as caught:
        read(server, FIRST)
    assert caught.value.where == "ncmec, entries"


def test_nested_entities_are_refused_before_they_grow() -> None:
    lines = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(12))
    bomb = f'<!DOCTYPE q [<!ENTITY a0 "boat">{lines}]><queryResult>&a12;</queryResult>'

    with pytest.raises(InputError, match="document type, which is never read"):
        read_xml(bomb.encode(), "queryResult", "here")


def test_pages_that_go_in_a_circle_are_noticed(server: NcmecServer) -> None:
    server.clock.now = START
    following = b"<queryResult><paging><next>/v2/entries?x=1</next></paging></queryResult>"
    server.faults.extend([Answer(following, kind="application/xml")] * 3)

    with pytest.raises(InputError, match="circle"):
        read(server, FIRST)


def test_a_next_page_elsewhere_is_refused(server: NcmecServer) -> None:
    server.clock.now = START
    following = b"<queryResult><paging><next>@pier.example/v2/</next></paging></queryResult>"
    server.faults.append(Answer(following, kind="application/xml"))

    with pytest.raises(InputError, match="not one of its own"):
        read(server, FIRST)


def test_we_learn_who_we_are_and_who_the_others_are(server: NcmecServer) -> None:
    there = exchange(server)

    assert there.status() == ("42", "Harbour Office")
    assert there.members() == [("42", "Harbour Office"), ("43", "Pier Two")]


def feedback(**more: Any) -> ReviewedFeedback:
    given: dict[str, Any] = {
        "id": 1,
        "member": "42",
        "external_id": "boat/7",
        "algorithm": "md5",
        "value": bytes.fromhex(MD5),
        "opinion": "affirmative",
        "reviewed_by": "Ada Example",
    }
    return ReviewedFeedback(**{**given, **more})


def test_feedback_names_the_entry_and_the_fingerprint(server: NcmecServer) -> None:
    exchange(server).send_feedback(feedback())

    [(item, body)] = server.feedback.items()
    assert item == ("42", "boat%2F7", "MD5")
    root = read_xml(body.encode(), "feedbackSubmission", "here")
    assert [child.name for child in root.children] == ["affirmative"]


@pytest.mark.parametrize("words", ["wrong boat", "0000-AA"])
def test_negative_feedback_names_one_of_the_servers_reasons(
    server: NcmecServer, words: str
) -> None:
    exchange(server).send_feedback(feedback(opinion="negative", reasons=words))

    [body] = server.feedback.values()
    root = read_xml(body.encode(), "feedbackSubmission", "here")
    assert root.child("negative").child("reasonIds").child("guid").text == "0000-aa"


@pytest.mark.parametrize(
    "given",
    [
        {"opinion": "negative"},
        {"opinion": "negative", "reasons": "sunk"},
        {"reviewed_by": " "},
        {"algorithm": "sha256"},
    ],
)
def test_feedback_that_the_exchange_would_not_take_is_not_sent(
    server: NcmecServer, given: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        exchange(server).send_feedback(feedback(**given))
    assert not server.feedback


def test_no_repr_and_no_error_holds_a_value(server: NcmecServer) -> None:
    server.put("42", "boat", {"md5": MD5})
    server.clock.now = START
    [page] = read(server, FIRST)
    shown = [page, *page.items, *page.items[0].entries("x"), feedback(), exchange(server)]

    assert MD5 not in repr(shown)
    assert bytes.fromhex(MD5).hex() not in repr(shown)
    assert PASSWORD not in repr(shown)
