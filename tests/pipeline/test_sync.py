"""Exchanges into banks: nothing lost and nothing twice, wherever a sync is killed."""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leeward.connectors import (
    ExchangeCheckpoint,
    Page,
    ReviewedFeedback,
)
from leeward.connectors._exchange_files import FileExchange
from leeward.errors import ApprovalRequired, DependencyDown, InputError
from leeward.pipeline import feedback_queue, send_reviewed, staleness, sync
from leeward.store.tables import (
    get_entries,
    list_acts,
    list_feedback,
    note_feedback_sent,
    put_feedback,
    verify_audit,
)
from tests.connectors._exchange_servers import (
    START,
    Answer,
    NcmecServer,
)
from tests.pipeline._bank_sink import Killed, MemoryBank, listed, make_bank
from tests.pipeline._exchange_worlds import DAY, Graph, Ncmec, StopNcii, World, pdq
from tests.pipeline._written_pages import MARK, Pages, items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leeward.store.tables import Tables


@pytest.fixture(params=[Ncmec, StopNcii, Graph], ids=lambda kind: kind.__name__, scope="module")
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    made: World = request.param()
    with made.server:
        yield made


CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 9), st.integers(1, 5)),
        st.tuples(st.just("delete"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("wait"), st.sampled_from([1, 59, 400, 40 * DAY]), st.just(0)),
    ),
    max_size=12,
)
DEATHS = st.one_of(
    st.none(), st.tuples(st.sampled_from(["before", "after", "asked"]), st.integers(0, 6))
)


def change(world: World, changes: Sequence[tuple[str, int, int]]) -> None:
    for verb, key, value in changes:
        if verb == "put":
            world.put(key, value)
        elif verb == "delete":
            world.delete(key)
        else:
            world.server.clock.now += key


def sync_and_die(world: World, bank: MemoryBank, death: tuple[str, int] | None) -> None:
    """A sync that is killed before or after a transaction, or whose server fails at a request."""
    kind, count = death or ("never", 0)
    bank.die_before = count if kind == "before" else None
    bank.die_after = count if kind == "after" else None
    if kind == "asked":
        world.server.faults.extend([None] * count + [Answer(b"", 500)] * 5)
    try:
        sync(world.exchange, bank, clock=world.server.clock)
    except (Killed, DependencyDown):
        assert death is not None
    bank.die_before = bank.die_after = None
    world.server.faults.clear()


@given(rounds=st.lists(st.tuples(CHANGES, DEATHS, CHANGES), min_size=1, max_size=4))
def test_after_any_history_and_any_deaths_the_bank_is_what_the_server_states(
    world: World, rounds: list[tuple[Any, Any, Any]]
) -> None:
    """Also where the server changes between two pages of a reading."""
    world.clear()
    world.server.clock.now = START
    bank = MemoryBank()
    for before, death, during in rounds:
        change(world, before)
        bank.meanwhile = partial(_one_more, world, list(during))
        sync_and_die(world, bank, death)
        bank.meanwhile = lambda: None
    world.server.clock.now += 600
    report = sync(world.exchange, bank, clock=world.server.clock)

    assert bank.listed == world.truth()
    assert report.through == bank.mark
    again = sync(world.exchange, bank, clock=world.server.clock)
    assert (again.added, again.withdrawn) == (0, 0)


def _one_more(world: World, left: list[tuple[str, int, int]]) -> None:
    change(world, [left.pop(0)] if left else [])


@given(changes=CHANGES, lost=CHANGES)
@settings(max_examples=20)
def test_a_whole_reading_mends_a_bank_that_has_gone_wrong(
    world: World, changes: Any, lost: Any
) -> None:
    world.clear()
    world.server.clock.now = START
    bank = MemoryBank()
    change(world, changes)
    world.server.clock.now += 600
    sync(world.exchange, bank, clock=world.server.clock)
    bank.listed |= {("nobody", f"raft{key}", "pdq", pdq(key)) for _, key, _ in lost}
    bank.listed -= {row for row in list(bank.listed) if row[3][-1] % 3 == 0}

    report = sync(world.exchange, bank, whole=True, clock=world.server.clock)
    assert bank.listed == world.truth()
    assert report.whole


def test_the_checkpoint_is_stored_with_the_page_that_completes_it(world: World) -> None:
    world.clear()
    world.server.clock.now = START
    for key in range(8):
        world.put(key, 2 * key)
    world.server.clock.now += 600
    bank = MemoryBank()
    bank.mark = ExchangeCheckpoint(through=(START - 300) * 1_000_000, token=str(START))
    report = sync(world.exchange, bank, clock=world.server.clock)

    marks = [mark for _, _, mark, _ in bank.transactions]
    assert marks == [None, None, report.through]
    assert [done is None for *_, done in bank.transactions] == [True, True, False]
    assert bank.transactions[-1][0] == 2
    assert (report.pages, report.added, report.repeated) == (3, 8, 0)
    assert bank.completed_at == (START + 600) * 1_000_000


def test_an_exchange_that_suddenly_states_little_does_not_empty_the_bank() -> None:
    bank = MemoryBank()
    sync(Pages(Page(items=items(*range(300)), checkpoint=MARK, whole=True, last=True)), bank)
    empty = Pages(
        Page(
            items=items(*range(999, 1_003)),
            checkpoint=ExchangeCheckpoint(through=8),
            whole=True,
            last=True,
        )
    )

    with pytest.raises(ApprovalRequired, match=r"states 300 of 300 items no more"):
        sync(empty, bank)
    assert len(bank.listed) == 304
    assert bank.mark == MARK

    assert sync(empty, bank, allow_mass_withdrawal=True).withdrawn == 300
    assert len(bank.listed) == 4


def test_a_whole_reading_that_is_killed_is_not_taken_for_a_part_that_was_read() -> None:
    bank = MemoryBank()
    bank.mark = MARK
    bank.listed = {("m", "0", "pdq", pdq(0)), ("m", "9", "pdq", pdq(9))}
    later = ExchangeCheckpoint(through=9)
    pages = [
        Page(items=items(0), checkpoint=ExchangeCheckpoint(through=8), whole=True),
        Page(items=items(1), checkpoint=later, whole=True, last=True),
    ]
    bank.die_after = 0
    with pytest.raises(Killed):
        sync(Pages(*pages), bank)
    assert bank.mark == MARK

    bank.die_after = None
    report = sync(Pages(*pages), bank)
    assert {row[1] for row in bank.listed} == {"0", "1"}
    assert (report.withdrawn, report.through) == (1, later)


def test_pages_without_an_end_complete_nothing() -> None:
    bank = MemoryBank()

    with pytest.raises(InputError, match="without a last one"):
        sync(Pages(Page(items=items(1))), bank)
    assert bank.mark is None
    assert bank.completed_at is None


def test_what_is_ignored_is_counted_over_all_pages_and_progress_is_told() -> None:
    told: list[int] = []
    pages = [Page(ignored={"a": 1, "b": 2}), Page(ignored={"a": 3}, checkpoint=MARK, last=True)]
    report = sync(Pages(*pages), MemoryBank(), progress=lambda so_far: told.append(so_far.pages))

    assert report.ignored == {"a": 4, "b": 2}
    assert told == [1, 2]
    assert report.seconds >= 0


def test_a_file_that_shrinks_withdraws_and_a_broken_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = [f"pdq,{pdq(key).hex()}\n" for key in range(3)]
    head = "algorithm,value\n"
    bank = MemoryBank()

    path.write_text(head + "".join(lines))
    assert sync(FileExchange(path), bank).added == 3
    assert sync(FileExchange(path), bank).repeated == 0
    path.write_text(head + lines[0] + "pdq,lighthouse\n")
    assert sync(FileExchange(path), bank).withdrawn == 0
    path.write_text(head + lines[0])
    assert sync(FileExchange(path), bank).withdrawn == 2


def feedback(number: int, by: str = "Ada Example") -> ReviewedFeedback:
    return ReviewedFeedback(
        id=number,
        member="m",
        external_id="boat",
        algorithm="pdq",
        value=pdq(number),
        opinion="negative",
        reviewed_by=by,
    )


def test_feedback_is_sent_once_and_only_after_a_person_looked() -> None:
    there = Pages()
    marked: list[int] = []
    report = send_reviewed(
        there, [feedback(1), feedback(2, by=""), feedback(1), feedback(3)], marked.append
    )

    assert there.sent == marked == report.sent == [1, 3]
    assert report.refused == {2: "nobody has looked"}


def test_feedback_that_finds_nobody_waits_with_all_after_it() -> None:
    there = Pages()
    there.down_at = 2
    marked: list[int] = []

    with pytest.raises(DependencyDown):
        send_reviewed(there, [feedback(1), feedback(2), feedback(3)], marked.append)
    assert marked == [1]


def test_feedback_that_a_bank_keeps_reaches_the_member_that_listed_the_entry(
    tables: Tables,
) -> None:
    world = Ncmec()
    with world.server:
        bank = make_bank(tables)
        world.server.clock.now = START
        world.put(0, 2)
        world.put(3, 2)  # the same value, listed by another member
        world.server.clock.now += 600
        sync(world.exchange, bank, clock=world.server.clock)
        with tables.begin() as connection:
            for listing in (1, 2):
                put_feedback(
                    connection, "harbour", 1, "affirmative", "Ada Example", listing=listing
                )
        for _ in range(2):  # the second time there is nothing left to send
            with tables.read() as connection:
                unsent = list_feedback(connection, "harbour", unsent=True)
                entries = get_entries(connection, [each.entry for each in unsent])
            queue = list(feedback_queue("ncmec", unsent, entries))
            assert not list(feedback_queue("stopncii", unsent, entries))
            send_reviewed(world.exchange, queue, partial(_mark_sent, tables))

        sent = [asked for asked in world.server.asked if asked.method == "PUT"]
        assert len(sent) == 2
        assert set(world.server.feedback) == {("40", "boat0", "PDQ"), ("41", "boat1", "PDQ")}


def _mark_sent(tables: Tables, number: int) -> None:
    with tables.begin() as connection:
        note_feedback_sent(connection, number)


@pytest.mark.parametrize(
    ("last", "age", "stale"),
    [
        (None, None, True),
        (START, 600.0, False),
        (START - 3_000, 3_600.0, False),
        (START - 3_001, 3_601.0, True),
        (START + 601, 0.0, False),
        (START + DAY, 0.0, True),
    ],
)
def test_an_exchange_is_stale_after_its_allowed_age_or_with_a_date_that_cannot_be(
    last: int | None, age: float | None, stale: bool
) -> None:
    done = None if last is None else last * 1_000_000

    assert staleness(done, (START + 600) * 1_000_000, 3_600) == (age, stale)


@given(rounds=st.lists(CHANGES, min_size=1, max_size=3))
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_real_tables_hold_what_the_server_states(
    world: World, rounds: list[Any], tables: Tables
) -> None:
    """One database will do for all examples: each has a bank of its own."""
    world.clear()
    world.server.clock.now = START
    name = f"harbour-{secrets.token_hex(4)}"
    bank = make_bank(tables, name)
    for number, changes in enumerate(rounds):
        change(world, changes)
        world.server.clock.now += 600
        sync(world.exchange, bank, whole=number == 1, clock=world.server.clock)
    found = listed(tables, world.exchange.name, name)

    named = [(m, "" if n.startswith("pdq:") else n, a, v) for m, n, a, v in world.truth()]
    assert sorted(found) == sorted(named)


def test_a_sync_killed_by_the_system_goes_on_without_loss_and_without_doubles(
    tables: Tables, address: str, rounds: Callable[[int, int], int]
) -> None:
    """Kill -9 at a request of a random number, or some milliseconds after its answer."""
    chance = random.Random(11)  # noqa: S311 - a moment, not a secret
    world = Ncmec()
    world.server.rows = 3
    with world.server:
        bank = make_bank(tables)
        world.server.clock.now = START
        for key in range(200):
            world.put(key, key)
        killed = 0
        many = rounds(40, 4)
        for number in range(many):
            for key in chance.sample(range(200), 30):
                if chance.random() < 0.5:
                    world.delete(key)
                else:
                    world.put(key, chance.randrange(99))
            world.server.clock.now += 600
            killed += _killed(world.server, address, number % 12, chance.random() * 0.05)
        world.server.clock.now += 600
        sync(world.exchange, bank, clock=world.server.clock)

        found = listed(tables, "ncmec")
        assert sorted(found) == sorted(world.truth())
        assert killed > many // 2
        with tables.read() as connection:
            assert not verify_audit(connection).faults
            assert not list_acts(connection, "harbour", unfinished=True)


def _killed(server: NcmecServer, database: str, number: int, delay: float) -> bool:
    """Start a sync and kill it after a request; whether it was still alive."""
    server.asked.clear()
    now = str(server.clock.now)
    command = [sys.executable, "-m", "tests.pipeline._syncer", database, server.address, now]
    root = str(Path(__file__).parents[2])
    child = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    reached = threading.Event()

    def watch() -> None:
        while child.poll() is None and len(server.asked) <= number:
            time.sleep(0.001)
        reached.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    reached.wait(120)
    time.sleep(delay)
    alive = child.poll() is None
    if alive:
        os.kill(child.pid, signal.SIGKILL)
    printed, _ = child.communicate(timeout=60)
    watcher.join()
    assert alive or printed.strip().isdigit()
    return not printed.strip()
