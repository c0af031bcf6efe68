"""Taking a person's text and profile out of the log, and rows whose time has passed.

Both rewrite what they touch: blocks in place, segments as a new generation that replaces the
old one in one transaction. The identities stay in the index, so that what was erased does
not come back when a producer sends it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.store import _findings, _quarantine
from leeward.store._hash import Domain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from leeward.store._log import Log
    from leeward.store._segment import Segment
    from leeward.store._writer import Writer

    Mask = npt.NDArray[np.bool_]

__all__ = ["Erased", "Expired", "Kept", "Proof", "erase", "expire", "prove"]

CONTENT: Final = ("text", "folded", "lang", "tags", "links", "mentions", "extra")
"""What a skeleton does not have: text and profile, and what was taken from them."""


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
    """

    removed: int
    skeletons: int
    withheld: int
    findings: int
    quarantined: int


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
    """

    scanned: int
    content: int
    skeletons: int


def erase(writer: Writer, account: str, kept: Kept) -> Erased:
    """Remove what an account said and what is said of it as a profile.

    What other people wrote about it is theirs and stays.

    Args:
        writer: The log's writer.
        account: URI of the account.
        kept: What open holds forbid.
    """
    counts = {"removed": 0, "skeletons": 0, "withheld": 0}
    gone: list[npt.NDArray[np.int64]] = []
    key = writer.hasher.one(account, Domain.ACCOUNT)
    profile = writer.hasher.one(account, Domain.POST)

    def change(rows: pa.Table) -> pa.Table | None:
        own = _own(rows, account)
        if not own.any():
            return None
        withheld = own & _touches(rows, kept.content)
        skeleton = own & ~withheld & _touches(rows, kept.skeleton)
        removed = own & ~withheld & ~skeleton
        for name, mask in zip(counts, (removed, skeleton, withheld), strict=True):
            counts[name] += int(mask.sum())
        gone.append(rows["seq"].to_numpy()[removed | skeleton])
        if not (removed | skeleton).any():
            return None
        return _bare(rows, skeleton).filter(pa.array(~removed))

    def may_touch(segment: Segment) -> bool:
        return bool(segment.postings.find(key) or segment.postings.find(profile))

    with writer.quiet():
        writer.rewrite(change, may_touch)
        seqs = np.concatenate([*gone, np.empty(0, np.int64)])
        findings = _drop_findings(writer, seqs, None if account in kept.content else account)
        emptied = 0 if account in kept.content else _empty_quarantine(writer, account)
        writer.forget_free_pages()
    return Erased(**counts, findings=findings, quarantined=emptied)


def expire(
    writer: Writer, ages: Mapping[str, int], now: int, kept: Kept, *, apply: bool = True
) -> Expired:
    """Remove rows whose kind is kept for a time that has passed since they were received.

    Args:
        writer: The log's writer.
        ages: Kind to age in microseconds; kinds that are not named are kept for ever.
        now: The present, microseconds since 1970 UTC.
        kept: What open holds forbid to delete; such rows stay as they are.
        apply: Remove them; otherwise only count.
    """
    removed: dict[str, int] = {}
    held = 0
    holds = kept.content | kept.skeleton
    gone: list[npt.NDArray[np.int64]] = []

    def change(rows: pa.Table) -> pa.Table | None:
        nonlocal held
        due = np.zeros(len(rows), np.bool_)
        seen = rows["seen"].to_numpy()
        for kind, age in ages.items():
            due |= _equal(rows["kind"], kind) & (seen < now - age)
        blocked = due & _touches(rows, holds)
        held += int(blocked.sum())
        due &= ~blocked
        if not due.any():
            return None
        for kind, count in zip(
            *np.unique(rows["kind"].to_numpy()[due], return_counts=True), strict=True
        ):
            removed[kind] = removed.get(kind, 0) + int(count)
        if not apply:
            return None
        gone.append(rows["seq"].to_numpy()[due])
        return rows.filter(pa.array(~due))

    def may_touch(segment: Segment) -> bool:
        spans = segment.info.kinds
        return any(kind in spans and spans[kind].min_seen < now - age for kind, age in ages.items())

    with writer.quiet():
        writer.rewrite(change, may_touch)
        _drop_findings(writer, np.concatenate([*gone, np.empty(0, np.int64)]), None)
        if gone:
            writer.forget_free_pages()
    return Expired(removed, held)


def prove(log: Log, account: str) -> Proof:
    """Look for an account's text and profile in every row of the log."""
    scanned = content = skeletons = 0
    for batch in log.scan(["actor", "kind", "object", *CONTENT]):
        rows = pa.Table.from_batches([batch])
        own = _own(rows, account)
        full = own & _has_content(rows)
        scanned += len(rows)
        content += int(full.sum())
        skeletons += int((own & ~full).sum())
    return Proof(scanned, content, skeletons)


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


def _bare(rows: pa.Table, bare: Mask) -> pa.Table:
    """The same rows, some of them without content."""
    if not bare.any():
        return rows
    for name in CONTENT:
        field = rows.schema.field(name)
        empty = pa.scalar([] if pa.types.is_list(field.type) else None, field.type)
        column = pc.if_else(pa.array(bare), empty, rows[name].combine_chunks())
        rows = rows.set_column(rows.schema.get_field_index(name), field, column)
    return rows


def _drop_findings(writer: Writer, seqs: npt.NDArray[np.int64], subject: str | None) -> int:
    """Remove findings of these events and about this subject."""
    if not len(seqs) and subject is None:
        return 0
    with writer.transaction() as hot:
        count = _findings.drop(hot, writer.layout.findings, writer.layout.scratch, seqs, subject)
    _findings.sweep(hot, writer.layout.findings)
    return count


def _empty_quarantine(writer: Writer, account: str) -> int:
    """Empty what was refused and names the account; that it was refused stays."""
    needle = account.encode()
    with writer.transaction() as hot:
        named = [item.id for item in _quarantine.items(hot) if needle in item.raw]
        _quarantine.clear(hot, named)
    return len(named)
