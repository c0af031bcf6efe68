"""From entries that are near to an answer: what stands, what is named, who listed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from leeward.model import Settled
from leeward.pipeline._match_query import Matched, MatchListing, MatchResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from leeward.model import BankEntry, BankMatch, Standing
    from leeward.pipeline._match_query import MatchQuery, Status

__all__ = ["Group", "Picked", "pick", "result_of"]

_LISTINGS: Final = 10
"""Members who list an entry that an answer names."""


class Group(NamedTuple):
    """Entries that are settled alike: of one bank, at one distance, paused or not.

    Attributes:
        match: The first of them, which stands for all.
        entries: Their numbers.
    """

    match: BankMatch
    entries: npt.NDArray[np.int64]


class Picked(NamedTuple):
    """What of the matches of one query is named in its answer.

    Attributes:
        settled: What stands of the groups, and what may follow.
        named: Each match with how it stands; None where it is suppressed.
        total: How many matches there are.
    """

    settled: Settled
    named: list[tuple[int, BankMatch, Standing | None]]
    total: int

    @property
    def entries(self) -> list[int]:
        """The numbers of the entries that are named."""
        return [entry for entry, _, _ in self.named]


def pick(groups: Sequence[Group], settled: Settled, most: int) -> Picked:
    """Choose the nearest matches, those that stand first."""
    entries = {id(group.match): group.entries for group in groups}
    found: list[tuple[BankMatch, Standing | None]] = [(s.match, s) for s in settled.standing]
    found += [(match, None) for match in settled.suppressed]
    found.sort(key=lambda pair: (pair[1] is None, pair[0].distance, pair[0].entry))
    named: list[tuple[int, BankMatch, Standing | None]] = []
    for match, standing in found:
        numbers = entries[id(match)][: most - len(named)].tolist()
        named += [(number, match, standing) for number in numbers]
    return Picked(settled, named, sum(len(entries[id(match)]) for match, _ in found))


def result_of(
    query: MatchQuery, picked: Picked | None, entries: Mapping[int, BankEntry]
) -> MatchResult:
    """The answer to one query.

    Args:
        query: It.
        picked: What was found; None where nothing was.
        entries: Those that are named, with their listings.
    """
    settled = Settled((), (), frozenset(), False) if picked is None else picked.settled
    named = () if picked is None else picked.named
    known = [one.match.bank.settings.meaning for one in settled.standing]
    # A known innocent picture says nothing of what could not be compared.
    status: Status = "unmatched" if query.abstained is None else "abstained"
    if any(meaning != "known_innocent" for meaning in known) or (known and not query.abstained):
        status = "matched"
    return MatchResult(
        status=status,
        may_follow=tuple(sorted(settled.causes)),
        accuses=settled.accuses,
        needs_person=settled.needs_person,
        matches=tuple(_matched(*one, entries) for one in named),
        matches_total=0 if picked is None else picked.total,
        abstained=query.abstained,
    )


def _matched(
    number: int, match: BankMatch, standing: Standing | None, entries: Mapping[int, BankEntry]
) -> Matched:
    entry = entries.get(number)
    listings = () if entry is None else entry.listings
    told = [listing.provenance for listing in listings if listing.withdrawn_at is None]
    settings = match.bank.settings
    return Matched(
        bank=match.bank.name,
        version=match.bank.version,
        meaning=settings.meaning,
        review=settings.review,
        entry=number,
        algorithm=match.algorithm,
        distance=int(match.distance),
        suppressed=standing is None,
        may_follow=() if standing is None else tuple(sorted(standing.causes)),
        withheld=None if standing is None else standing.withheld,
        listings=tuple(
            MatchListing(p.exchange, p.member, p.classification, p.at) for p in told[:_LISTINGS]
        ),
    )
