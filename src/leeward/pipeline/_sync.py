"""From a hash exchange into a bank: page after page, and killed anywhere without harm.

A page is applied in one transaction. The checkpoint is stored in the transaction of the page that
completes it, so it never says more than what is in the bank. A sync that was killed begins again
at the checkpoint, and what was applied already is known and adds nothing.
"""

from __future__ import annotations

import hashlib
import re
import time
from array import array
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np

from leeward.connectors import ReviewedFeedback, named_by_hash
from leeward.errors import ApprovalRequired, InputError, LeewardError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from leeward.connectors import (
        Exchange,
        ExchangeCheckpoint,
        ExchangeItem,
        Page,
        Withdrawal,
    )
    from leeward.model import BankEntry, Feedback

__all__ = [
    "Applied",
    "BankSink",
    "FeedbackReport",
    "Staleness",
    "SyncReport",
    "feedback_queue",
    "send_reviewed",
    "staleness",
    "sync",
]

_ROWS: Final = 10_000
_SMALL: Final = 100
"""Items that a reading may withdraw by leaving them out, whatever their share."""
_SHARE: Final = 0.5
_DIGITS: Final = re.compile(r"[0-9a-fA-F]{32,}")
_CLOCK_ERROR: Final = 300.0
"""Seconds by which two clocks may differ."""


class Applied(NamedTuple):
    """What a page changed, in listings: one value that one item has.

    Attributes:
        added: Listings that are new, or stand again.
        withdrawn: Listings that stood until now.
        repeated: Listings that stood already.
        kept_out: Listings that a person withdrew, and that stay so.
    """

    added: int
    withdrawn: int
    repeated: int
    kept_out: int = 0


class BankSink(Protocol):
    """What ``sync`` needs of a bank."""

    def checkpoint(self, exchange: str) -> ExchangeCheckpoint | None:
        """How far the exchange has been read into this bank."""

    def standing(self, exchange: str) -> Iterator[Withdrawal]:
        """The items of the exchange that stand, each as what would withdraw it."""

    def apply(
        self,
        exchange: str,
        items: Sequence[ExchangeItem],
        withdrawals: Sequence[Withdrawal],
        *,
        checkpoint: ExchangeCheckpoint | None,
        completed_at: int | None,
    ) -> Applied:
        """Do all of it in one durable transaction, or nothing.

        An item replaces what stood of (exchange, member, external_id): its values are listed, and
        listings of other values by that name are withdrawn. A withdrawal ends all listings of its
        name. What a person withdrew is not listed again. Doing it twice is the same as once.

        Args:
            exchange: Its name.
            items: What stands.
            withdrawals: What stands no more.
            checkpoint: Stored in the same transaction; None: the stored one stays.
            completed_at: When the sync was done, microseconds since 1970 UTC; None: it is not.
        """


class SyncReport(NamedTuple):
    """What a sync did.

    Attributes:
        exchange: Its name.
        added, withdrawn, repeated, kept_out: As of :class:`Applied`, of all pages.
        ignored: What could not be used, by reason.
        pages: Pages that were read.
        seconds: How long it took.
        since, through: The checkpoint before and after.
        whole: Whether all that stands was read, so that what was missing was withdrawn.
    """

    exchange: str
    added: int
    withdrawn: int
    repeated: int
    kept_out: int
    ignored: Mapping[str, int]
    pages: int
    seconds: float
    since: ExchangeCheckpoint | None
    through: ExchangeCheckpoint | None
    whole: bool


class FeedbackReport(NamedTuple):
    """What became of feedback.

    Attributes:
        sent: Numbers of what the exchange took.
        refused: Numbers of what it does not take, with the reason. They wait for a person.
    """

    sent: list[int]
    refused: dict[int, str]


class Staleness(NamedTuple):
    """Whether what came from an exchange can still be relied on.

    Attributes:
        age: Seconds since the last completed sync; None where there was none.
        stale: Whether a person has to look.
    """

    age: float | None
    stale: bool


def sync(
    exchange: Exchange,
    sink: BankSink,
    *,
    whole: bool = False,
    allow_mass_withdrawal: bool = False,
    progress: Callable[[SyncReport], None] | None = None,
    clock: Callable[[], float] = time.time,
) -> SyncReport:
    """Bring a bank up to what an exchange states.

    Args:
        exchange: Where from.
        sink: Where to.
        whole: Read all of it again, and withdraw what the exchange states no more.
        allow_mass_withdrawal: Also where that is most of the bank's part of it.
        progress: Called with the report so far after each page.
        clock: Seconds since 1970 UTC.

    Raises:
        DependencyDown: The exchange does not answer, or refuses. What was applied stays.
        InputError: Its answer cannot be read. What was applied stays.
        ApprovalRequired: Most of what stands would be withdrawn because it was left out. What was
            stated is applied, nothing left out is withdrawn, and the checkpoint stays.
        StoreError: The bank refuses.
    """
    run = _Run(exchange.name, sink, allow_mass_withdrawal, clock)
    for page in exchange.pages(None if whole else run.since):
        run.take(page)
        if progress is not None:
            progress(run.report())
        if page.last:
            return run.report()
    raise InputError("the exchange's pages end without a last one", where=exchange.name)


def feedback_queue(
    exchange: str, unsent: Iterable[Feedback], entries: Iterable[BankEntry]
) -> Iterator[ReviewedFeedback]:
    """What ``send_reviewed`` sends, of the feedback that a bank keeps.

    Args:
        exchange: Only what is about listings that came through it.
        unsent: Feedback that we give; a person gave it under a name, after a look at the matches.
        entries: The entries that it is about.
    """
    known = {entry.id: entry for entry in entries}
    for each in unsent:
        entry = known.get(each.entry)
        if entry is None or not each.given:
            continue
        for listing in entry.listings:
            told = listing.provenance
            if listing.number == each.listing and told.exchange == exchange:
                yield ReviewedFeedback(
                    id=each.id,
                    member=told.member,
                    external_id=told.external_id or named_by_hash(entry.algorithm, entry.value),
                    algorithm=entry.algorithm,
                    value=entry.value,
                    opinion=each.opinion,
                    reviewed_by=each.by,
                    reasons=each.reasons,
                )


def send_reviewed(
    exchange: Exchange, queue: Iterable[ReviewedFeedback], mark_sent: Callable[[int], None]
) -> FeedbackReport:
    """Send feedback that a person stands behind, each once.

    What was sent is marked at once. A process that is killed between the two sends it once more,
    which to the exchange is the same.

    Args:
        exchange: Where to.
        queue: What waits. A number that comes twice is sent once.
        mark_sent: Remembers, durably, that the exchange took it.

    Raises:
        DependencyDown: The exchange does not answer, or refuses us; the rest still waits.
    """
    sent: list[int] = []
    refused: dict[int, str] = {}
    for feedback in queue:
        if feedback.id in refused or feedback.id in sent:
            continue
        try:
            # Each exchange refuses what nobody has reviewed.
            exchange.send_feedback(feedback)
        except UsageError as error:
            refused[feedback.id] = error.message
            continue
        mark_sent(feedback.id)
        sent.append(feedback.id)
    return FeedbackReport(sent, refused)


def staleness(last_completed: int | None, now: int, allowed: int) -> Staleness:
    """Whether an exchange has gone without a completed sync for too long.

    Args:
        last_completed: Microseconds since 1970 UTC; None: never.
        now: Likewise.
        allowed: Seconds.
    """
    if last_completed is None:
        return Staleness(None, True)
    age = (now - last_completed) / 1e6
    # A sync of the future was dated by a wrong clock; it would hide a stale list for as long.
    return Staleness(max(age, 0.0), age > allowed or age < -_CLOCK_ERROR)


class _Run:
    """One sync under way."""

    def __init__(
        self, name: str, sink: BankSink, allow_mass: bool, clock: Callable[[], float]
    ) -> None:
        self.since = sink.checkpoint(name)
        self._through = self.since
        self._name = name
        self._sink = sink
        self._allow_mass = allow_mass
        self._clock = clock
        self._began = time.monotonic()
        self._sums = Applied(0, 0, 0)
        self._ignored: Counter[str] = Counter()
        self._pages = 0
        self._whole = False
        self._seen = array("Q")

    def take(self, page: Page) -> None:
        """Apply a page; the last one of a whole reading also ends what was not in it."""
        if self._pages and page.whole != self._whole:
            raise LeewardError("an exchange changed its mind on whether it states all that stands")
        self._whole = page.whole
        self._pages += 1
        self._ignored.update(page.ignored)
        if page.whole:
            self._seen.extend(_mark(item.member, item.external_id) for item in page.items)
        if page.whole and page.last:
            try:
                self._end_unseen()
            except ApprovalRequired:
                self._apply(page, None)
                raise
        # A whole reading that is killed must begin again from its beginning, so nothing of it is
        # marked as read before its end; except where nothing had been read before.
        keep = page.last or not page.whole or self.since is None
        self._apply(page, page.checkpoint if keep else None)

    def report(self) -> SyncReport:
        """What was done so far."""
        return SyncReport(
            self._name,
            *self._sums,
            dict(self._ignored),
            self._pages,
            time.monotonic() - self._began,
            self.since,
            self._through,
            self._whole,
        )

    def _apply(self, page: Page, checkpoint: ExchangeCheckpoint | None) -> None:
        done = self._sink.apply(
            self._name,
            page.items,
            page.withdrawals,
            checkpoint=checkpoint,
            completed_at=int(self._clock() * 1e6) if page.last and checkpoint else None,
        )
        self._count(done)
        self._through = checkpoint or self._through

    def _count(self, done: Applied) -> None:
        self._sums = Applied(*(a + b for a, b in zip(self._sums, done, strict=True)))

    def _end_unseen(self) -> None:
        """Withdraw what stands and was not stated."""
        seen = np.unique(np.frombuffer(self._seen, np.uint64))
        gone: list[Withdrawal] = []
        standing = 0
        for some in _batches(self._sink.standing(self._name)):
            standing += len(some)
            marks = [_mark(each.member, each.external_id) for each in some]
            known = _among(np.array(marks, np.uint64), seen)
            gone.extend(each for each, there in zip(some, known, strict=True) if not there)
        if len(gone) > max(_SMALL, _SHARE * standing) and not self._allow_mass:
            raise ApprovalRequired(
                f"the exchange states {len(gone):,} of {standing:,} items no more",
                where=self._name,
                hint="see whether its list is complete; if it is, allow the mass withdrawal",
            )
        for start in range(0, len(gone), _ROWS):
            some = gone[start : start + _ROWS]
            done = self._sink.apply(self._name, (), some, checkpoint=None, completed_at=None)
            self._count(done)


def _batches(withdrawals: Iterator[Withdrawal]) -> Iterator[list[Withdrawal]]:
    some: list[Withdrawal] = []
    for each in withdrawals:
        some.append(each)
        if len(some) == _ROWS:
            yield some
            some = []
    if some:
        yield some


def _mark(member: str, external_id: str) -> int:
    """64 bits of an item's name: eight bytes an item, for ten million of them.

    That two names share a mark has a chance of one in 10**12 for each item that is gone; it would
    then stand until the next whole reading.
    """
    # An item that is named by its value is the same with and without the algorithm before it.
    algorithm, _, digits = external_id.rpartition(":")
    name = digits if algorithm.isidentifier() and _DIGITS.fullmatch(digits) else external_id
    octets = f"{len(member)}:{member}{name.lower()}".encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(octets, digest_size=8).digest(), "little")


def _among(marks: npt.NDArray[np.uint64], seen: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Which of some marks are in an ascending array."""
    if not len(seen):
        return np.zeros(len(marks), np.bool_)
    places = np.minimum(np.searchsorted(seen, marks), len(seen) - 1)
    found: npt.NDArray[np.bool_] = seen[places] == marks
    return found
