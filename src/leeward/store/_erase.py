"""Taking a person's text and profile out of the log, and rows whose time has passed.

The identities stay in the index, so that what was erased does not come back when a producer
sends it again. Findings go first: where the process ends in the middle, the rows that are left
still show a second run what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.model import Domain
from leeward.store import _quarantine
from leeward.store._findings import FINDINGS
from leeward.store._naming import names_account
from leeward.store._rewrite import CONTENT, Judgement, Mask, rewrite, survey
from leeward.store._verdicts import VERDICTS

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Mapping, Sequence

    from leeward.store._hot import Hot
    from leeward.store._log import Log
    from leeward.store._rewrite import Survey
    from leeward.store._segment import Segment
    from leeward.store._writer import Writer

__all__ = ["Erased", "Expired", "Kept", "Proof", "erase", "expire", "prove"]


class Kept(NamedTuple):
    """URIs of accounts, posts and media that open holds forbid to delete.

    Attributes:
        content: They stay as they are.
        skeleton: That they existed stays: who, what, when, to what, and digests of media.
    """

    content: frozenset[str] = frozenset()
    skeleton: frozenset[str] = frozenset()


class Erased(NamedTuple):
    """What an erasure did.

    Attributes:
        removed: Events that are gone.
        skeletons: Events of which a hold keeps the skeleton.
        withheld: Events that a hold keeps as they are; erase again once it is released.
        findings: Findings that are gone with them.
        quarantined: Items of the quarantine that were emptied.
        verdicts: Verdicts that are gone with them.
    """

    removed: int
    skeletons: int
    withheld: int
    findings: int
    quarantined: int
    verdicts: int = 0


class Expired(NamedTuple):
    """What retention did: rows removed by kind, and rows past their time that a hold keeps."""

    removed: dict[str, int]
    held: int


class Proof(NamedTuple):
    """What a scan of the whole log finds of a person.

    Attributes:
        scanned: Rows that were looked at.
        content: Rows of theirs that still hold text or profile.
        skeletons: Rows of theirs that hold neither.
        findings: Findings about the account.
        quarantined: Items of the quarantine that come from the account and still have bytes.
        media: Media that were fetched for their events, or wait for it. They lie in the tables,
            so it is not the scan of the log that counts them.
        verdicts: Verdicts on the account.
    """

    scanned: int
    content: int
    skeletons: int
    findings: int
    quarantined: int
    media: int = 0
    verdicts: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing of what an erasure removes is left."""
        return not (
            self.content or self.findings or self.verdicts or self.quarantined or self.media
        )


def erase(writer: Writer, account: str, kept: Callable[[], Kept]) -> Erased:
    """Remove what an account said and what is said of it as a profile.

    What other people wrote about it is theirs and stays.

    Args:
        writer: The log's writer.
        account: URI of the account.
        kept: What open holds forbid at this moment; asked again before every step.

    Raises:
        StoreError: Something of what was erased could not be removed from the disk yet.
    """
    keys = [writer.hasher.one(account, domain) for domain in (Domain.ACCOUNT, Domain.POST)]

    def groups(segment: Segment) -> Sequence[int]:
        return sorted({group for key in keys for group in segment.postings.find(key)})

    def judge() -> _Person:
        return _Person(account, kept())

    with writer.quiet():
        found = survey(writer, judge(), groups, posts=True)
        now = kept()
        # Others answer a post, and what is then said of it is said at their events.
        subjects = found.posts if account in now.content else found.posts | {account}
        with writer.transaction() as hot:
            hot.count(rewritten=1)  # from here on no finding comes that was made of what goes
            findings, verdicts = _drop(writer, hot, found, subjects)
            emptied = _empty_quarantine(hot, account, now)
        tally = rewrite(writer, found.segments, judge)
        _drop_again(writer, found, subjects)
        for path in writer.layout.unfinished():
            path.unlink(missing_ok=True)  # it has seen what is gone, so nobody would go on with it
        writer.forget_deleted()
    events = (tally.removed.total(), tally.bared, found.tally.held)
    return Erased(*events, findings, emptied, verdicts)


def expire(
    writer: Writer,
    ages: Mapping[str, int],
    now: int,
    kept: Callable[[], Kept],
    *,
    apply: bool = True,
) -> Expired:
    """Remove rows whose kind is kept for a time that has passed since they were received.

    Args:
        writer: The log's writer.
        ages: Kind to age in microseconds; kinds that are not named are kept for ever.
        now: The present, microseconds since 1970 UTC.
        kept: What open holds forbid to delete; such rows stay as they are.
        apply: Remove them; otherwise only count.
    """

    def groups(segment: Segment) -> Sequence[int]:
        spans = segment.info.kinds
        due = any(kind in spans and spans[kind].min_seen < now - age for kind, age in ages.items())
        return range(segment.groups) if due else ()

    def judge() -> _Aged:
        return _Aged(tuple(sorted(ages.items())), now, kept())

    with writer.quiet():
        found = survey(writer, judge(), groups)
        removed: Counter[str] = found.tally.removed
        if apply and len(found.seqs):
            with writer.transaction() as hot:
                hot.count(rewritten=1)
                _drop(writer, hot, found)
            removed = rewrite(writer, found.segments, judge).removed
            _drop_again(writer, found)
            writer.forget_deleted()
    return Expired(dict(removed), found.tally.held)


def prove(log: Log, account: str) -> Proof:
    """Look for an account's text and profile in every row, finding and quarantined item."""
    scanned = content = skeletons = 0
    for batch in log.scan(["actor", "kind", "object", *CONTENT]):
        rows = pa.Table.from_batches([batch])
        own = _own(rows, account)
        full = own & _has_content(rows)
        scanned += len(rows)
        content += int(full.sum())
        skeletons += int((own & ~full).sum())
    findings, verdicts = (
        sum(pc.sum(pc.equal(batch["subject"], account)).as_py() or 0 for batch in batches)
        for batches in (log.findings(), log.verdicts())
    )
    waiting = sum(names_account(item.raw, account) for item in log.quarantine())
    return Proof(scanned, content, skeletons, findings, waiting, verdicts=verdicts)


def _drop(
    writer: Writer, hot: Hot, found: Survey, subjects: frozenset[str] = frozenset()
) -> tuple[int, int]:
    """Remove what was said of events and of subjects: how many findings, and verdicts."""
    layout = writer.layout
    due = (layout.scratch, found.seqs, subjects, found.held)
    return FINDINGS.drop(hot, layout.findings, *due), VERDICTS.drop(hot, layout.verdicts, *due)


def _drop_again(writer: Writer, found: Survey, subjects: frozenset[str] = frozenset()) -> None:
    """What was said of rows that were read just before they went."""
    with writer.transaction() as hot:
        _drop(writer, hot, found, subjects)


@dataclass(frozen=True)
class _Person:
    """Judges the rows of one account."""

    account: str
    kept: Kept

    def __call__(self, rows: pa.Table) -> Judgement:
        own = _own(rows, self.account)
        held = own & _touches(rows, self.kept.content)
        bared = own & ~held & _touches(rows, self.kept.skeleton)
        return Judgement(own & ~held & ~bared, bared, held)


@dataclass(frozen=True)
class _Aged:
    """Judges rows by the age of their kind."""

    ages: tuple[tuple[str, int], ...]
    now: int
    kept: Kept

    def __call__(self, rows: pa.Table) -> Judgement:
        due = np.zeros(len(rows), np.bool_)
        seen = rows["seen"].to_numpy()
        for kind, age in self.ages:
            due |= _equal(rows["kind"], kind) & (seen < self.now - age)
        held = due & _touches(rows, self.kept.content | self.kept.skeleton)
        return Judgement(due & ~held, np.zeros(len(rows), np.bool_), held)


def _own(rows: pa.Table, account: str) -> Mask:
    """What the account did, and what describes it."""
    described = _equal(rows["kind"], "account") & _equal(rows["object"], account)
    return _equal(rows["actor"], account) | described


def _equal(column: pa.ChunkedArray, value: str) -> Mask:
    found: Mask = pc.equal(column, value).fill_null(False).to_numpy()
    return found


def _touches(rows: pa.Table, uris: frozenset[str]) -> Mask:
    """Rows whose actor, object, target, thread or media is one of these."""
    found = np.zeros(len(rows), np.bool_)
    if not uris:
        return found
    wanted = pa.array(sorted(uris), pa.string())
    for name in ("actor", "object", "target", "reply_to", "root"):
        found |= pc.is_in(rows[name], wanted).to_numpy()
    media = rows["media"].combine_chunks()
    owners = np.repeat(np.arange(len(media)), np.diff(media.offsets.to_numpy()))
    for part in media.flatten().flatten()[:3]:
        found[owners[pc.is_in(part, wanted).to_numpy(zero_copy_only=False)]] = True
    return found


def _has_content(rows: pa.Table) -> Mask:
    found = np.zeros(len(rows), np.bool_)
    for name in CONTENT:
        column = rows[name]
        if pa.types.is_list(column.type):
            found |= pc.greater(pc.list_value_length(column), 0).fill_null(False).to_numpy()
        else:
            found |= column.is_valid().to_numpy()
    return found


def _empty_quarantine(hot: Hot, account: str, kept: Kept) -> int:
    """Empty what was refused and comes from the account; that it was refused stays.

    Items that name anything under a hold on content are left: what they hold is not known.
    """
    if account in kept.content:
        return 0
    held = [uri.encode() for uri in kept.content]
    own = partial(names_account, account=account)
    items = [i.id for i in _quarantine.items(hot) if own(i.raw) and not _any(held, i.raw)]
    _quarantine.clear(hot, items)
    return len(items)


def _any(needles: Sequence[bytes], raw: bytes) -> bool:
    return any(needle in raw for needle in needles)
