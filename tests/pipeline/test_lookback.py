"""Looking back: beside every pair of event and entry, in whatever order they came."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import BankSettings, Cause, Finding
from leeward.pipeline import Housekeeper, LookBack, LookBackThread, carry_out
from leeward.pipeline import _lookback as lookback_module
from leeward.pipeline import _lookback_change as change_module
from leeward.pipeline import _lookback_thread as thread_module
from leeward.store import Log, Writer
from leeward.store.tables import (
    ask_erasure,
    change_bank,
    get_bank,
    open_tables,
    pause_entries,
    withdraw_entries,
)
from tests.pipeline import _media_worlds as worlds
from tests.pipeline._media_worlds import INNOCENT, add, apart, drawn, event, make, value

if TYPE_CHECKING:
    from collections.abc import Callable

    from leeward.errors import LeewardError
    from leeward.model import Event
    from leeward.store.tables import Tables


def look(tables: Tables, data: Path, writer: Writer) -> None:
    """Do all that is to be done, in a process that has just begun."""
    with LookBack(writer, tables, data) as looking:
        looking.run()


def told(data: Path, signal: str = "bank-match") -> dict[int, list[Finding]]:
    """What a signal found of each event, by the place of the event, in the order of time."""
    found: dict[int, list[Finding]] = {}
    with Log(data) as log:
        rows = [row for batch in log.findings(signal=signal) for row in batch.to_pylist()]
    for row in sorted(rows, key=lambda row: row["at"]):
        plain = {name: cell for name, cell in row.items() if cell is not None}
        found.setdefault(row["seq"], []).append(msgspec.convert(plain, Finding))
    return found


def outcomes(data: Path) -> dict[int, list[str]]:
    return {seq: [finding.outcome for finding in each] for seq, each in told(data).items()}


class World:
    """Events, and what banks say at the moment; each is compared with each."""

    def __init__(self, tables: Tables, data: Path, writer: Writer, seed: int) -> None:
        self.tables, self.data, self.writer = tables, data, writer
        self.rng = np.random.default_rng(seed)
        self.events: list[Event] = []
        self.entries: dict[int, tuple[str, str]] = {}
        self.number = 0
        for name, settings in (("pilots", worlds.PILOTS), ("garden", INNOCENT)):
            make(tables, name, settings)
        self.reach = {"pilots": 31, "garden": 31}

    def act(self, what: str) -> None:
        getattr(self, what)()

    def arrive(self) -> None:
        number = len(self.events)
        refs = [(f"sail:{number}", None, drawn(self.rng, 3, 30)) for _ in range(2)]
        self.events.append(event(number, refs[: int(self.rng.integers(1, 3))]))
        self.writer.append(self.events[-1:])

    def list_one(self) -> None:
        self._add("pilots")

    def clear_one(self) -> None:
        self._add("garden")

    def _add(self, bank: str) -> None:
        pdq = drawn(self.rng, 3, 6)
        if (bank, pdq) not in self.entries.values():
            add(self.tables, bank, pdq)
            self.number += 1
            self.entries[self.number] = (bank, pdq)

    def withdraw(self) -> None:
        if self.entries:
            number = int(self.rng.choice(list(self.entries)))
            bank, _ = self.entries.pop(number)
            with self.tables.begin() as connection:
                withdraw_entries(connection, bank, "Ada", "a test", entries=[number])

    def widen(self) -> None:
        reach = int(self.rng.integers(0, 64))
        with self.tables.begin() as connection:
            settings = get_bank(connection, "pilots").settings
            if settings.distance != reach:
                new = msgspec.structs.replace(settings, distance=reach)
                change_bank(connection, "pilots", new, "Ada", reason="a test")
                self.reach["pilots"] = reach

    def seal(self) -> None:
        self.writer.seal()

    def look(self) -> None:
        look(self.tables, self.data, self.writer)

    def wanted(self) -> dict[int, float | None]:
        """The nearest entry that stands, by the place of the event."""
        return {n: self._nearest(one) for n, one in enumerate(self.events, 1)}

    def _nearest(self, one: Event) -> float | None:
        found = []
        for ref in one.media:
            assert ref.pdq is not None
            near: dict[str, list[int]] = {"pilots": [], "garden": []}
            for bank, pdq in self.entries.values():
                distance = apart(pdq, ref.pdq)
                if distance <= self.reach[bank]:
                    near[bank].append(distance)
            innocent = min(near["garden"], default=999)
            found += [distance for distance in near["pilots"] if distance < innocent]
        return min(found, default=None)


ACTS = ["arrive", "arrive", "list_one", "clear_one", "withdraw", "widen", "seal", "look"]


@given(st.integers(0, 2**32), st.lists(st.sampled_from(ACTS), min_size=4, max_size=14))
def test_the_last_word_on_each_event_is_that_of_all_pairs(
    tmp_path_factory: pytest.TempPathFactory, seed: int, acts: list[str]
) -> None:
    data = tmp_path_factory.mktemp("data")
    with open_tables(f"sqlite:///{data}/leeward.db") as tables, Writer.open(data) as writer:
        world = World(tables, data, writer, seed)
        for what in acts:
            world.act(what)
        world.look()
        found = told(data)
        assert world.wanted() == {
            seq: found[seq][-1].score if seq in found else None for seq in world.wanted()
        }
        for each in found.values():  # no finding says what the one before it said
            said = [(f.outcome, f.score, f.evidence) for f in each]
            assert all(one != other for one, other in pairwise(said))
            assert each[0].outcome != "miss"


def test_an_added_entry_finds_what_was_seen_before(tables: Tables, tmp_path: Path) -> None:
    with Writer.open(tmp_path) as writer:
        make(tables, "pilots")
        writer.append([event(n, [(f"sail:{n}", None, value(1, *range(n)))]) for n in range(40)])
        look(tables, tmp_path, writer)
        assert told(tmp_path) == {}
        add(tables, "pilots", value(1), external_id="A1")
        look(tables, tmp_path, writer)
    found = told(tmp_path)
    assert sorted(found) == list(range(1, 33))  # within 31 bits
    (last,) = found[32]
    assert (last.signal, last.outcome, last.score) == ("bank-match", "hit", 31.0)
    assert last.subject == "boat:1/post/31"
    assert [item.subject for item in last.evidence] == ["sail:31", "bank:pilots#1"]
    assert value(1) not in msgspec.json.encode(last).decode()


def test_what_was_withdrawn_is_a_miss_from_then_on(tables: Tables, tmp_path: Path) -> None:
    """The first finding stays: it is a record of what was known."""
    with Writer.open(tmp_path) as writer:
        make(tables, "pilots")
        add(tables, "pilots", value(1))
        writer.append([event(1, [("sail:1", None, value(1))])])
        look(tables, tmp_path, writer)
        with tables.begin() as connection:
            withdraw_entries(connection, "pilots", "Ada", "a test", entries=[1])
        look(tables, tmp_path, writer)
    assert outcomes(tmp_path) == {1: ["hit", "miss"]}
    assert len({finding.version for finding in told(tmp_path)[1]}) == 2


HIDES = {"meaning": "illegal_verified", "automation_distance": 6}


@pytest.mark.parametrize(
    ("settings", "distance", "wanted"),
    [
        ({"meaning": "illegal_unverified"}, 0, {"bank-match"}),
        ({"meaning": "exploitative"}, 8, {"bank-match"}),
        ({"meaning": "illegal_verified"}, 0, {"bank-match"}),
        ({"meaning": "illegal_verified", "automation_distance": 6}, 8, {"bank-match"}),
        (
            {"meaning": "illegal_verified", "automation_distance": 6},
            6,
            {"bank-match", "verified-match"},
        ),
        ({"meaning": "protected_photograph"}, 8, {"protected-match"}),
        ({"meaning": "known_innocent"}, 0, set()),
    ],
)
def test_what_may_follow_from_a_match_is_told_apart(
    tables: Tables, tmp_path: Path, settings: dict[str, Any], distance: int, wanted: set[str]
) -> None:
    """By law 1 little may hide by itself, and a photograph under protection accuses nobody."""
    hides = settings.get("automation_distance") is not None
    causes = frozenset[Cause]({"open_case", "hide"}) if hides else None
    made = BankSettings(**settings, causes=causes, source="made up")
    with Writer.open(tmp_path) as writer:
        make(tables, "pilots", made)
        add(tables, "pilots", value(1))
        writer.append([event(1, [("sail:1", None, value(1, *range(distance)))])])
        look(tables, tmp_path, writer)

    signals = ("bank-match", "verified-match", "protected-match")
    found = {signal: told(tmp_path, signal) for signal in signals}
    assert {signal for signal, each in found.items() if each} == wanted
    assert {f.outcome for each in found.values() for (f,) in each.values()} <= {"hit"}


def test_a_paused_innocent_entry_suppresses_nothing(tables: Tables, tmp_path: Path) -> None:
    with Writer.open(tmp_path) as writer:
        make(tables, "pilots")
        make(tables, "garden", INNOCENT)
        add(tables, "pilots", value(1))
        add(tables, "garden", value(1))
        writer.append([event(1, [("sail:1", None, value(1))])])
        look(tables, tmp_path, writer)
        assert outcomes(tmp_path) == {}
        with tables.begin() as connection:
            pause_entries(connection, "garden", [2], "Ada", "a test")
        look(tables, tmp_path, writer)
    assert outcomes(tmp_path) == {1: ["hit"]}


def test_what_has_no_hash_is_abstained_until_it_comes_with_one(
    tables: Tables, tmp_path: Path
) -> None:
    with Writer.open(tmp_path) as writer:
        make(tables, "pilots")
        add(tables, "pilots", value(1))
        writer.append([event(1, [("sail:1", None, None)]), event(2, [("sail:2", None, None)])])
        look(tables, tmp_path, writer)
        assert outcomes(tmp_path) == {1: ["abstained"], 2: ["abstained"]}
        writer.append([event(3, [("sail:1", None, value(1, 3))])])
        writer.append([event(4, [("sail:2", "1" * 64, value(2))])])
        look(tables, tmp_path, writer)
        assert outcomes(tmp_path) == {1: ["abstained", "hit"], 2: ["abstained", "miss"], 3: ["hit"]}
        add(tables, "pilots", "1" * 64, algorithm="sha256")
        look(tables, tmp_path, writer)
    assert outcomes(tmp_path)[4] == ["hit"]


def test_a_first_bank_is_compared_with_everything_there_is(
    tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookback_module, "EVENTS", 7)
    with Writer.open(tmp_path) as writer:
        writer.append([event(n, [(None, None, value(n % 5))]) for n in range(50)])
        look(tables, tmp_path, writer)
        make(tables, "pilots")
        add(tables, "pilots", value(3))
        look(tables, tmp_path, writer)
    assert outcomes(tmp_path) == {seq: ["hit"] for seq in range(4, 51, 5)}


def test_a_long_list_is_compared_in_parts_and_none_twice(
    tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part by a process of its own, as if the one before had been killed."""
    for module in (change_module, lookback_module):
        monkeypatch.setattr(module, "ENTRIES", 2)
    with Writer.open(tmp_path) as writer:
        make(tables, "pilots")
        writer.append([event(n, [(None, None, value(n))]) for n in range(7)])
        look(tables, tmp_path, writer)
        add(tables, "pilots", *(value(n) for n in range(7)))
        entries, more = 0, True
        while more:
            with LookBack(writer, tables, tmp_path) as looking:
                more = looking.step()
                entries += looking.done.entries
    assert entries == 7
    assert outcomes(tmp_path) == {seq: ["hit"] for seq in range(1, 8)}


def test_no_finding_comes_of_an_event_that_was_erased_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/leeward.db"
    with open_tables(url) as tables, Writer.open(tmp_path) as writer:
        make(tables, "pilots")
        add(tables, "pilots", value(1))
        writer.append([event(n, [(None, None, value(1))], f"boat:{n}") for n in range(4)])
        plain = LookBack._judged

        def slow(self: LookBack, items: object) -> list[Finding]:
            """Judge, and let somebody be erased before the findings are stored."""
            found = plain(self, items)  # type: ignore[arg-type]  # as it came
            monkeypatch.setattr(LookBack, "_judged", plain)
            with tables.begin() as connection:
                request = ask_erasure(connection, "boat:2", "Ada")
            carry_out(writer, tables, request, "Ada")
            return found

        monkeypatch.setattr(LookBack, "_judged", slow)
        look(tables, tmp_path, writer)
    assert outcomes(tmp_path) == {1: ["hit"], 2: ["hit"], 4: ["hit"]}


@pytest.mark.slow
def test_kill_9_at_random_moments_loses_and_doubles_nothing(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    """Beside a folder in which the same was done without a stop."""
    results = []
    for kills in (rounds(40, 6), 0):
        data = tmp_path / str(kills)
        data.mkdir()
        with open_tables(f"sqlite:///{data}/leeward.db") as tables:
            rng = np.random.default_rng(3)
            make(tables, "pilots")
            for turn in range(6):
                _grow(tables, data, rng, range(turn * 200, turn * 200 + 200))
                for _ in range(kills // 6 + (turn < kills % 6)):
                    _killed(data)
                with Writer.open(data) as writer:
                    look(tables, data, writer)
        results.append({s: [(f.outcome, f.score) for f in each] for s, each in told(data).items()})
    assert results[0] == results[1]
    assert results[0]


def _grow(tables: Tables, data: Path, rng: np.random.Generator, numbers: range) -> None:
    """More events, and with each lot an entry."""
    with Writer.open(data) as writer:
        writer.append([event(n, [(f"s:{n}", None, drawn(rng, 20, 30))]) for n in numbers])
        if numbers.start % 400 == 0:
            writer.seal()
    add(tables, "pilots", value(numbers.start // 200))


def _killed(data: Path) -> None:
    """Begin to look back in another process, and kill that at some moment after it began."""
    command = [sys.executable, "-m", "tests.pipeline._looker", str(data)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(random.uniform(0, 0.3))  # noqa: S311 - not a secret
        process.kill()


def test_a_running_server_looks_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_module, "_LOOK", 0.02)
    failed: list[LeewardError] = []
    url = f"sqlite:///{tmp_path}/leeward.db"
    with open_tables(url) as tables, Writer.open(tmp_path) as writer:
        keeper = Housekeeper(writer, tables, failed.append)
        thread = LookBackThread(writer, tables, tmp_path, failed.append, keeper.trouble)
        thread.start()
        try:
            make(tables, "pilots")
            writer.append([event(1, [("sail:1", None, value(1))])])
            add(tables, "pilots", value(1))
            _wait_for(lambda: bool(told(tmp_path)))
            writer.append([event(2, [("sail:2", None, value(1, 7))])])
            _wait_for(lambda: len(told(tmp_path)) > 1)
        finally:
            thread.stop()
        assert (thread.done.hits, failed, keeper.trouble) == (2, [], {})


def test_a_fault_is_told_without_content_and_the_work_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("canary-8812")

    monkeypatch.setattr(thread_module, "_LOOK", 0.02)
    monkeypatch.setattr(thread_module, "_AGAIN", 0.02)
    failed: list[LeewardError] = []
    trouble: dict[str, str] = {}
    with open_tables(f"sqlite:///{tmp_path}/leeward.db") as tables, Writer.open(tmp_path) as writer:
        make(tables, "pilots")
        thread = LookBackThread(writer, tables, tmp_path, failed.append, trouble)
        with monkeypatch.context() as broken:
            broken.setattr(LookBack, "step", fail)
            thread.start()
            _wait_for(lambda: bool(trouble))
        _wait_for(lambda: not trouble)
        thread.stop()
    assert "canary" not in "".join(map(str, failed))


def _wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
