"""Looking back and looking now: all media in the log against all banks, as both grow.

Two places say how far it has come: one in the log, one in the changes of the banks. Everything
up to the first was compared with everything up to the second. They move in the transaction that
stores the findings, so whoever is killed goes on where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Final, Self

from leeward.hashing import QUALITY_FLOOR
from leeward.pipeline._lookback_change import ENTRIES, entries_of, keys_near
from leeward.pipeline._lookback_judge import (
    BANK_SIGNALS,
    judge,
    media_queries,
    says_more,
)
from leeward.pipeline._lookback_looks import FetchedLooks
from leeward.pipeline._lookback_place import feed_of, place_key
from leeward.pipeline._match import Matcher
from leeward.pipeline._media_map import MediaMap
from leeward.pipeline._media_reader import MediaReader
from leeward.pipeline._media_rule import Item
from leeward.store import (
    Checkpoint,
    Log,
    findings_of,
    media_key,
    media_with,
    read_settings,
)
from leeward.store.tables import (
    bank_changes,
    drop_late,
    fetched_since,
    last_change,
    late_names,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from leeward.model import Finding, Outcome
    from leeward.store import MediaItems, Writer
    from leeward.store.tables import Tables

__all__ = ["LookBack", "LookedBack"]

_CODE: Final = 2
"""The version of what turns matches into findings."""

EVENTS: Final = 4_096
"""Events of which the findings are stored at a time."""

_ENTRIES: Final = 1 << 38
"""One place for a change and an entry of it: the change times this, and the entry."""
_LATE: Final = 1_000


@dataclass(slots=True)
class LookedBack:
    """What was done.

    Attributes:
        media: Items that the map has read.
        events: Events that were compared with the banks as they came.
        entries: Entries that changed, and were compared with all that was seen.
        again: Events that were compared again for that, or because a hash came later.
        hits, abstained, misses: Events with something new, by what is most of it.
    """

    media: int = 0
    events: int = 0
    entries: int = 0
    again: int = 0
    hits: int = 0
    abstained: int = 0
    misses: int = 0

    def count(self, findings: Sequence[Finding]) -> None:
        """Add what findings say, each event once."""
        said: dict[int, set[Outcome]] = {}
        for finding in findings:
            said.setdefault(finding.seq, set()).add(finding.outcome)
        for outcomes in said.values():
            if "hit" in outcomes:
                self.hits += 1
            elif "abstained" in outcomes:
                self.abstained += 1
            else:
                self.misses += 1


class LookBack:
    """Keeps the media map up to date, and finds what of it is near to an entry of a bank.

    Only the process that writes to the log can: findings lie beside it.

    Args:
        writer: The log's writer.
        tables: The operational tables.
        folder: The data folder.
        report: Told in a sentence what a person may want to know.

    Raises:
        StoreError, DependencyDown: The tables cannot be read.
    """

    def __init__(
        self,
        writer: Writer,
        tables: Tables,
        folder: Path,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._writer, self._tables, self._folder, self._report = writer, tables, folder, report
        self._log = Log(folder)
        self._reader = MediaReader(self._log, EVENTS)
        self._matcher: Matcher | None = None
        self._feed: int | None = None
        self._further = FetchedLooks()
        self.done = LookedBack()
        try:
            self.map = MediaMap(tables, folder, report)
        except BaseException:
            self._log.close()
            raise

    def step(self) -> bool:
        """Do some of what is to be done; False where there was nothing.

        Raises:
            LeewardError: Something cannot be read or written; what was done so far stands.
        """
        if self._take_fetched():
            return True
        items = self.map.follow(self._log)
        if items is not None:
            self.done.media += len(items)
            return True
        if not self._banks_open():
            return False
        return self._look_back() or self._look_late() or self._look_now() or self._tidy()

    def run(self, stop: Callable[[], bool] = lambda: False) -> LookedBack:
        """Do all that is to be done now."""
        while not stop() and self.step():
            pass
        return self.done

    def close(self) -> None:
        """Close the log."""
        self._log.close()
        if self._matcher is not None:
            self._matcher.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- the map -------------------------------------------------------------------------------

    def _take_fetched(self) -> bool:
        """Let the map know what was fetched since."""
        with self._tables.read() as connection:
            rows = fetched_since(connection, self.map.place.fetched, _LATE)
        # The map has to know the event first: then it tells what came with it from what came later.
        rows = list(takewhile(lambda row: row.seq <= self.map.place.seq, rows))
        if not rows:
            return False
        items = [
            Item(
                media_key(self._log.hasher, row.uri),
                media_key(self._log.hasher, row.sha256) if row.sha256 else 0,
                # What shows too little is like much that is something else.
                bytes.fromhex(row.pdq) if row.pdq and (row.quality or 0) >= QUALITY_FLOOR else None,
                row.id,
            )
            for row in rows
        ]
        if not self.map.take(items, rows[-1].id):
            self.map.reload()
        return True

    def _tidy(self) -> bool:
        self.map.save()
        return False

    # --- the banks -----------------------------------------------------------------------------

    def _banks_open(self) -> bool:
        """Whether there is any bank; then what changed of them is in the index."""
        # Another database may have taken the place of the one that was followed.
        with self._tables.read() as connection:
            self._feed = feed_of(connection)
        if self._feed is None:
            return False
        if self._matcher is None:
            settings = read_settings(self._folder).banks
            self._matcher = Matcher(self._tables, self._folder, self._report, settings)
        else:
            self._matcher.refresh()
        return True

    def _key(self, what: str) -> str:
        assert self._feed is not None  # noqa: S101 - for the type checker: banks are open
        return place_key(self._feed, what)

    def _position(self, what: str) -> int:
        return self._writer.position(self._key(what))

    def _version(self) -> str:
        """What a finding depends on, beside its event: the banks, and hashes that came later."""
        assert self._matcher is not None  # noqa: S101 - for the type checker: banks are open
        place = self.map.place
        return f"{_CODE}.{self._matcher.place}.{place.late}.{place.fetched}"

    def _look_back(self) -> bool:
        """Compare some entries that changed with all that was seen before."""
        begin, seen = self._position("changes"), self._position("events")
        with self._tables.read() as connection:
            last = last_change(connection)
            if last <= begin:
                return False
            (change,) = bank_changes(connection, begin, 1)
            place, after = divmod(self._position("entries"), _ENTRIES)
            after = after if place == change.seq else 0
            entries, reach = entries_of(connection, change, after) if seen else ([], {})
            if self._further.epoch != self.map.place.epoch:
                self._further.reset(self.map.place.epoch)  # something was erased
            near = (self._log.hasher, self.map, entries, reach, self._further)
            keys = keys_near(connection, *near)
        rewritten = self._log.rewritten()
        self._look_again(keys, seen)
        self.done.entries += len(entries)
        if len(entries) == ENTRIES:
            moved = ("entries", change.seq * _ENTRIES + entries[-1].id)
        else:
            # Where nothing was compared yet, all of it will be, with the banks as they are.
            moved = ("changes", change.seq if seen else last)
        self._store([], [moved], rewritten)
        return True

    def _look_late(self) -> bool:
        """Compare what came to have a hash, or was fetched, after its event was compared."""
        seen = self._position("events")
        begin, files = self._position("late"), self._position("fetched")
        with self._tables.read() as connection:
            late = late_names(connection, begin, _LATE)
            rows = fetched_since(connection, files, _LATE)
        rows = [row for row in rows if row.id <= self.map.place.fetched]
        if not (late or rows):
            return False
        keys = {key for _, key in late}
        keys |= {media_key(self._log.hasher, row.uri) for row in rows}
        moved = [("late", late[-1][0])] if late else []
        moved += [("fetched", rows[-1].id)] if rows else []
        self._look_again(sorted(keys), seen)
        self._store([], moved, self._log.rewritten())
        if late:
            with self._tables.begin() as connection:
                drop_late(connection, late[-1][0])
        return True

    def _look_again(self, keys: Sequence[int], seen: int) -> None:
        """Compare the events with some media again, and store what is new about them."""
        while True:
            rewritten = self._log.rewritten()
            items = media_with(self._log, keys)
            for part in items.parts(EVENTS, seen):
                found = self._judged(part)
                new = self._more(found)
                if not self._store(new, [], rewritten):
                    break
                self.done.again += len(found) // len(BANK_SIGNALS)
                self.done.count(new)
            else:
                return

    def _more(self, found: Sequence[Finding]) -> list[Finding]:
        """Those that say something that an earlier one of their event and signal did not."""
        seqs = {finding.seq for finding in found}
        before = {
            (finding.seq, signal): finding
            for signal in BANK_SIGNALS
            for finding in findings_of(self._log, signal, seqs)
        }
        return [one for one in found if says_more(one, before.get((one.seq, one.signal)))]

    def _look_now(self) -> bool:
        """Compare the media of events that came since with the banks."""
        begin = self._position("events")
        rewritten = self._log.rewritten()
        items = self._reader.read(begin, rewritten)
        if items.through <= begin or items.through > self.map.place.seq:
            return items.through > begin
        found = self._judged(items)
        new = [finding for finding in found if says_more(finding, None)]
        if self._store(new, [("events", items.through)], rewritten):
            self.done.events += len(found) // len(BANK_SIGNALS)
            self.done.count(new)
        return True

    def _judged(self, items: MediaItems) -> list[Finding]:
        assert self._matcher is not None  # noqa: S101 - for the type checker: banks are open
        if not len(items):
            return []
        with self._tables.read() as connection:
            queries = media_queries(connection, items)
        return judge(items, self._matcher.match(queries), self._version())

    def _store(
        self, findings: Sequence[Finding], moved: Sequence[tuple[str, int]], rewritten: int
    ) -> bool:
        """Store findings and places; False where events were erased since they were read."""
        checkpoints = [Checkpoint(self._key(what), place) for what, place in moved]
        done = self._writer.add_findings(findings, checkpoints, rewritten=rewritten)
        return done is not None
