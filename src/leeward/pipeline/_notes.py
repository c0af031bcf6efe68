"""What a person has to know of a discovery before its ranking: in sentences."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from leeward.network import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.network import Discovery
    from leeward.pipeline._finding_priors import FindingPriors
    from leeward.pipeline._found import Figures

__all__ = ["notes", "of_findings", "summary"]

_MOST: Final = 0.5
"""The share of accounts from which on being among the first says nothing."""
_NAMED: Final = 3
"""Cells that are told one by one, at most."""


def summary(figures: Figures, found: Discovery) -> Iterator[str]:
    """How far the result may be relied on: what has to be read first."""
    if found.search.abstained is not None:
        yield f"The search abstains: {found.search.abstained}"
        yield "The order below is no better than chance, so everybody in it is asked first."
    elif figures.own is None:
        yield "Nothing could be checked: that takes at least 4 confirmed accounts, better ten."
        yield (
            "So the scores order the accounts and are no probabilities, how large the network is "
            "stays unknown, and the order may follow what is peculiar to one seed."
        )
    own, abstained = figures.own, found.search.abstained is not None
    if own is not None and not (abstained and own.within >= _MOST * figures.scored):
        yield (
            f"Of your own {own.of:,} seeds it would have found {own.found:,} in the first "
            f"{own.within:,}, each hidden in turn."
        )
    if figures.size is not None:
        size = figures.size
        yield (
            f"About {size.estimate:,} {_accounts(size.estimate)} are estimated to belong; the "
            f"90 % interval goes from {size.low:,} to {size.high:,}."
        )
        yield _line(figures, found)


def _line(figures: Figures, found: Discovery) -> str:
    above, line = figures.above_line, found.search.line
    if not above and line < inf:
        return (
            "A line could be drawn, but of everybody above it a person is asked first: see why "
            "below, in the notes and the evidence."
        )
    if not above:
        return "No line could be drawn above which 99 of 100 are expected to belong."
    listed = sum(ranked.tier == "above the line" for ranked in found.ranking)
    beyond = "" if listed == above else f" ({listed:,} of them in the ranking)"
    stand = "stands" if above == 1 else "stand"
    return (
        f"{above:,} {_accounts(above)}{beyond} {stand} above the line, where 99 of 100 are "
        "expected to belong."
    )


def notes(
    figures: Figures, found: Discovery, *, seeds: int, priors: int, shields: tuple[int, int]
) -> Iterator[str]:
    """What else to bear in mind.

    Args:
        figures: The result in numbers.
        found: The result.
        seeds: Seeds that were given.
        priors: Priors that were given.
        shields: How many were given, and how many of them fit nobody.
    """
    yield from _blend(found)
    yield from _cells(found)
    if lost := figures.seeds_unknown:
        yield f"{lost:,} of {seeds:,} seeds {_were_left_out(lost)}"
    if lost := figures.priors_unknown:
        yield f"{lost:,} of {priors:,} priors {_were_left_out(lost, 'about what is')}"
    given, lost = shields
    if lost:
        names = "names an account that is" if lost == 1 else "name accounts that are"
        yield f"{lost:,} of {given:,} shields {names} not in the log."


def of_findings(heard: FindingPriors) -> Iterator[str]:
    """What signals found, and how it was used.

    Args:
        heard: What was made of it.
    """
    if heard.findings:
        one = heard.findings == 1
        signals = "1 signal" if len(heard.signals) == 1 else f"{len(heard.signals):,} signals"
        yield (
            f"{heard.findings:,} {'finding' if one else 'findings'} of {signals} "
            f"{'was' if one else 'were'} used as priors: {', '.join(heard.signals)}."
        )
    if heard.held_back:
        what = "hint" if heard.held_back == 1 else "hints"
        yield (
            f"{heard.held_back:,} {what} that signals gave of posts, pictures and hashtags "
            f"{'was' if heard.held_back == 1 else 'were'} left out: beside fewer than four "
            "confirmed accounts they would outvote the seeds."
        )


def _were_left_out(count: int, about: str = "") -> str:
    are, were = ("is", "was") if count == 1 else ("are", "were")
    return f"{are}{f' {about}' if about else ''} not in the log and {were} left out."


def _blend(found: Discovery) -> Iterator[str]:
    """Which rankings were blended, where there is more than one."""
    weights = sorted(found.search.weights.items(), key=lambda item: (-item[1], item[0]))
    told = [f"{name_of(name)} ({weight:.0%})" for name, weight in weights if weight > 0]
    if len(told) > 1:
        names = f"{', '.join(told[:-1])} and {told[-1]}"
        why = "by how well each found hidden seeds" if found.search.worth else "for want of a check"
        yield f"The scores blend {names}, {why}."


def _cells(found: Discovery) -> Iterator[str]:
    """The cells that are questions: the largest one by one, the rest in one sentence.

    Nobody needs an answer about a cell in which all are unlikely: only those are told in which
    somebody of the ranking waits for it.
    """
    waiting = {ranked.cell for ranked in found.ranking if ranked.tier == "ask first"}
    groups = [(i, cell) for i, cell in enumerate(found.cells, 1) if cell.question and i in waiting]
    for number, cell in groups[:_NAMED]:
        common = f" In common: {cell.common[0]}." if cell.common else ""
        yield f"Cell {number} of {len(cell.members):,} accounts: {cell.words}.{common}"
    if more := groups[_NAMED:]:
        members = sum(len(cell.members) for _, cell in more)
        cells = "cell is" if len(more) == 1 else "cells are"
        yield f"{len(more):,} more {cells} the same question, {members:,} accounts in all."


def _accounts(count: int) -> str:
    return "account" if count == 1 else "accounts"
