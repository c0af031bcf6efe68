"""What a version of a signal has not looked at."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

from leeward.store import Covered, Scored

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leeward.model import Finding
    from leeward.pipeline._scoring_rows import Part
    from leeward.signals import Looked, Signal

__all__ = ["covers", "cut", "gaps", "looked_at", "outside"]


def covers(signal: Signal, first: int, last: int) -> Covered:
    """That a signal has looked at the events from one place to another."""
    return Covered("signal", signal.name, signal.version, first, last)


def gaps(
    coverage: Sequence[Covered], signal: Signal, first: int, last: int
) -> list[tuple[int, int]]:
    """The ranges within another that a version of a signal has not looked at.

    Args:
        coverage: What was looked at, each version's ranges in order.
        signal: The signal.
        first: Where the range begins.
        last: Where it ends; included.
    """
    found = []
    for each in coverage:
        if each[:3] == ("signal", signal.name, signal.version) and each.last >= first:
            if each.first > last:
                break
            if each.first > first:
                found.append((first, each.first - 1))
            first = each.last + 1
    return [*found, (first, last)] if first <= last else found


def looked_at(coverage: Iterable[Covered], seqs: Sequence[int]) -> dict[int, frozenset[str]]:
    """The signals of which some version has looked at each of some events.

    Args:
        coverage: What was looked at.
        seqs: Places of the events, ascending.
    """
    edges = [0, len(seqs)]
    inside = []
    for each in coverage:
        begin, end = bisect_left(seqs, each.first), bisect_right(seqs, each.last)
        if each.by == "signal" and begin < end:
            inside.append((each.name, begin, end))
            edges += begin, end
    found: dict[int, frozenset[str]] = {}
    for begin, end in pairwise(sorted(set(edges))):
        names = frozenset(name for name, first, last in inside if first <= begin and end <= last)
        found.update(dict.fromkeys(seqs[begin:end], names))
    return found


def outside(
    coverage: Sequence[Covered], looked: Iterable[tuple[Signal, Looked]], part: Part, job: str
) -> Scored | None:
    """What was said of events that a version had not looked at yet; None where that is none.

    Args:
        coverage: What was looked at before.
        looked: The signals, and what each said of a part.
        part: The part.
        job: Who hands it out; its place in the log does not move.
    """
    findings: list[Finding] = []
    new: list[Covered] = []
    for signal, said in looked:
        for first, last in gaps(coverage, signal, part.first, part.through):
            findings += [one for one in said.findings if first <= one.seq <= last]
            new.append(covers(signal, first, last))
    if not new:
        return None
    return Scored(findings=tuple(findings), coverage=tuple(new), through=0, job=job)


def cut(part: Part, upto: int) -> Part:
    """A part without what lies behind a place."""
    if part.through <= upto:
        return part
    batch = part.batch
    if batch is not None:
        kept = int(batch["seq"].to_numpy().searchsorted(upto, "right"))
        batch = batch.slice(0, kept) if kept else None
    return part._replace(batch=batch, through=upto)
