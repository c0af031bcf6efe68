"""Matching pictures with the hash banks: what is near, who listed it, and what may follow."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np

from leeward.errors import LeewardError, StoreError
from leeward.model import BankMatch, BanksSettings, HashBank
from leeward.pipeline._match_floods import MatchCounter
from leeward.pipeline._match_index import apply_change, bank_of, entry_of, opened, save_index
from leeward.pipeline._match_settle import Group, pick, result_of, settle
from leeward.pipeline._match_video import VideoIndex
from leeward.store.tables import bank_changes, get_entries, list_banks, look_up, paused_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy.typing as npt
    from sqlalchemy import Connection

    from leeward.hashing import HashIndex, Matches
    from leeward.pipeline._match_query import MatchQuery, MatchResult
    from leeward.store.tables import BankChange, Tables

__all__ = ["MOST_MATCHES", "Matcher"]

MOST_MATCHES: Final = 100
"""Matches of one query that an answer names; it counts the rest."""

POLL_SECONDS: Final = 0.25
"""How often the store is asked for changes, so that each is in force within a second."""

STALE_SECONDS: Final = 30.0
"""When no change could be read for so long, matching fails rather than miss what is new."""

_DEFAULTS: Final = BanksSettings()

_CHANGES: Final = 50
"""Changes that are followed in one transaction; each may be of many entries."""

_LOOK: Final = 10
_BANK: Final = 24
_LOOKS: Final = (1 << (_BANK - _LOOK)) - 1
"""How a group is numbered: bank, look, distance, pause."""

_UNTIDY: Final = 10_000
_UNTIDY_SHARE: Final = 8


class _View(NamedTuple):
    """What is known of the banks; replaced as a whole, so that a query sees one state."""

    banks: dict[int, HashBank]
    paused: npt.NDArray[np.int64]

    @property
    def reach(self) -> int:
        """The largest distance of any bank, in bits."""
        return max((bank.settings.distance for bank in self.banks.values()), default=0)


class Matcher:
    """All hash banks of a store, ready to be matched with. Threads may share it.

    PDQ values are searched in an index in memory, which is opened from a snapshot in the data
    folder or built from the store; digests are looked up in the store.

    Args:
        tables: The store.
        folder: The data folder.
        report: Told in a sentence what a person may want to know: a snapshot that is damaged, a
            store that does not answer, a flood.
        settings: How videos are compared, and what a flood is.
        counts: Whether matches count towards a flood, which pauses what matches too often: as
            befits who is asked by a platform, and not who tries something out or looks back at
            what is long known.

    Raises:
        StoreError, DependencyDown: The store cannot be read.
    """

    def __init__(
        self,
        tables: Tables,
        folder: Path,
        report: Callable[[str], None] = lambda _: None,
        settings: BanksSettings = _DEFAULTS,
        *,
        counts: bool = False,
    ) -> None:
        self._tables, self._folder, self._report = tables, folder, report
        self._refreshing = threading.Lock()
        self._tidying = threading.Lock()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._trouble: LeewardError | None = None
        self._counter = MatchCounter(tables, settings, report) if counts else None
        self._withdrawn = 0
        index, self._place, built = opened(tables, folder, report)
        self._index: HashIndex = index
        self._videos = VideoIndex(settings)
        with tables.read() as connection:
            self._view = _view(connection)
            self._videos.add(connection)
        self._fresh = time.monotonic()
        self.refresh()
        if len(self._index) and (built or self._untidy()):
            self._save()

    def match(self, queries: Sequence[MatchQuery], most: int = MOST_MATCHES) -> list[MatchResult]:
        """What the banks say of some pictures.

        Args:
            queries: One for each picture.
            most: Matches of each that are named, with who listed them.

        Raises:
            StoreError, DependencyDown: The store does not answer, or has not for a while.
        """
        if self._threads and self.behind > STALE_SECONDS:
            raise StoreError(
                "changes of the hash banks could not be read for a while",
                hint="see whether the tables answer: `leeward status`",
            )
        view = self._view
        found = self._near(queries, view)
        by_digest = any(query.digests for query in queries)
        if not by_digest and not any(found):
            return [result_of(query, None, {}) for query in queries]
        with self._tables.read() as connection:
            if by_digest:
                _equal(connection, queries, view, found)
            picked = [pick(groups, settle(groups), most) for groups in found]
            wanted = {entry for one in picked for entry in one.entries}
            entries = {entry.id: entry for entry in get_entries(connection, sorted(wanted))}
        if self._counter is not None:
            self._counter.add(found, picked)
        return [result_of(query, one, entries) for query, one in zip(queries, picked, strict=True)]

    @property
    def place(self) -> int:
        """The last change of banks that it knows."""
        return self._place.seq

    def refresh(self) -> None:
        """Follow what happened in the store since the last time.

        Raises:
            StoreError, DependencyDown: It does not answer.
        """
        with self._refreshing:
            more = True
            while more:
                began = time.monotonic()
                with self._tables.read() as connection:
                    changes = bank_changes(connection, self._place.seq, _CHANGES)
                    self._follow(connection, changes)
                self._fresh = began
                more = len(changes) == _CHANGES

    def follow(self) -> None:
        """Keep following the store in the background, until :meth:`close`."""
        works = [(self._run, "leeward-banks")]
        if self._counter is not None:
            # On a thread of its own: it may wait for a writer, while changes must be followed.
            works.append((partial(self._counter.run, self._closing), "leeward-floods"))
        for work, name in works:
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Stop following the store, and write what was counted."""
        self._closing.set()
        for thread in self._threads:
            thread.join()
        if self._counter is not None:
            try:
                self._counter.flush()
            except LeewardError as error:
                self._report(f"matches could not be counted: {error.message}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """How many PDQ entries match."""
        return len(self._index)

    @property
    def behind(self) -> float:
        """Seconds since the store's changes were last read."""
        return time.monotonic() - self._fresh

    @property
    def floods(self) -> int:
        """Floods that wait for a person."""
        return 0 if self._counter is None else self._counter.open

    @property
    def paused(self) -> int:
        """Entries that are paused."""
        return len(self._view.paused)

    def __repr__(self) -> str:
        return f"<Matcher {len(self._index)} entries>"

    # --- searching -----------------------------------------------------------------------------

    def _near(self, queries: Sequence[MatchQuery], view: _View) -> list[list[Group]]:
        """The entries near to the looks of each query, in groups that are settled alike."""
        owners = [place for place, query in enumerate(queries) for _ in query.looks]
        found: list[list[Group]] = [[] for _ in queries]
        if not owners or not view.banks:
            return found
        looks = b"".join(look for query in queries for look in query.looks)
        hashes = np.frombuffer(bytearray(looks), np.uint8).reshape(-1, 32)
        matches = self._index.search(hashes, view.reach)
        of_look = np.array(owners)
        of_query = of_look[matches.query]
        for place in np.unique(of_query).tolist():
            first = int(np.searchsorted(of_look, place))
            found[place] = _groups(matches, of_query == place, view, queries[place], first)
        for place, query in enumerate(queries):
            if query.weights:
                found[place] += self._videos.search(query, view.banks, view.paused)
        return found

    # --- following -----------------------------------------------------------------------------

    def _follow(self, connection: Connection, changes: Sequence[BankChange]) -> None:
        if not changes:
            return
        if any(change.kind not in ("added", "withdrawn") for change in changes):
            self._view = _view(connection)  # before entries of a bank that is new here
        for change in changes:
            self._withdrawn += apply_change(connection, self._index, change, self._view.banks)
            if change.kind == "added":
                self._videos.add(connection, change.first - 1, change.last)
            elif change.kind == "withdrawn":
                self._videos.withdraw(change.first, change.last)
        self._place = self._place._replace(seq=changes[-1].seq, at=changes[-1].at)

    def _run(self) -> None:
        while not self._closing.wait(POLL_SECONDS):
            try:
                self.refresh()
            except LeewardError as error:
                if self._trouble is None:
                    self._report(f"changes of hash banks cannot be read: {error.message}")
                self._trouble = error
            else:
                self._trouble = None
            if self._untidy() and self._tidying.acquire(blocking=False):
                thread = threading.Thread(target=self._tidy, name="leeward-compact", daemon=True)
                thread.start()

    def _untidy(self) -> bool:
        """Whether so much changed that a new base and a new snapshot are worth their time."""
        return self._index.recent + self._withdrawn > max(
            _UNTIDY, len(self._index) // _UNTIDY_SHARE
        )

    def _tidy(self) -> None:
        try:
            self._withdrawn = 0
            self._index.compact()
            self._save()
        finally:
            self._tidying.release()

    def _save(self) -> None:
        """Write a snapshot. Without one the next start takes longer, and nothing else is amiss."""
        place = self._place  # before the index: to follow a change twice does no harm
        try:
            save_index(self._index, place, self._folder)
        except LeewardError as error:
            self._report(f"the snapshot of the hash index was not written: {error.message}")


def _view(connection: Connection) -> _View:
    paused = np.array(sorted(paused_entries(connection)), np.int64)
    return _View({bank.id: bank for bank in list_banks(connection)}, paused)


def _groups(
    matches: Matches,
    mine: npt.NDArray[np.bool_],
    view: _View,
    query: MatchQuery,
    first: int,
) -> list[Group]:
    """Matches of one query by bank, look, distance and pause: a million are settled as one.

    Of several looks of one picture that are near an entry, the nearest counts, and of those the
    one that comes first in the query.
    """
    ids, distances = matches.id[mine], matches.distance[mine].astype(np.int64)
    looks = matches.query[mine].astype(np.int64) - first
    scenes = np.array([query.scene(look) for look in range(len(query.looks))])[looks]
    order = np.lexsort((looks, distances, ids, scenes))
    ids, distances, looks, scenes = ids[order], distances[order], looks[order], scenes[order]
    once = np.ones(len(ids), np.bool_)
    once[1:] = (ids[1:] != ids[:-1]) | (scenes[1:] != scenes[:-1])
    ids, distances, looks = ids[once], distances[once], looks[once]
    banks, entries = bank_of(ids), entry_of(ids)
    paused = np.isin(entries, view.paused).astype(np.int64)
    kind = (banks << _BANK) | (looks << _LOOK) | (distances << 1) | paused
    order = np.argsort(kind, kind="stable")
    kinds, begins = np.unique(kind[order], return_index=True)
    parts = np.split(entries[order], begins[1:])
    groups = []
    for one, part in zip(kinds.tolist(), parts, strict=True):
        bank = view.banks.get(one >> _BANK)
        if bank is not None:
            look = one >> _LOOK & _LOOKS
            match = BankMatch(
                bank=bank,
                entry=int(part[0]),
                algorithm="pdq",
                distance=(one >> 1) & 511,
                paused=bool(one & 1),
            )
            groups.append(Group(match, part, query.name(look), query.scene(look)))
    return groups


def _equal(
    connection: Connection,
    queries: Sequence[MatchQuery],
    view: _View,
    found: list[list[Group]],
) -> None:
    """Add the entries that have a digest of each query."""
    asked: dict[str, list[tuple[int, bytes]]] = {}
    for place, query in enumerate(queries):
        for algorithm, value in query.digests:
            asked.setdefault(algorithm, []).append((place, value))
    banks = view.banks
    for algorithm, values in asked.items():
        exact = look_up(connection, algorithm, [value for _, value in values])
        if any(match.bank_id not in banks for match in exact):
            banks = {bank.id: bank for bank in list_banks(connection)}
        for hit in exact:
            match = BankMatch(
                bank=banks[hit.bank_id], entry=hit.entry, algorithm=algorithm, paused=hit.paused
            )
            found[values[hit.place][0]].append(Group(match, np.array([hit.entry])))
