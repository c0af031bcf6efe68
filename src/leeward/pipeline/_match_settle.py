"""From entries that are near to an answer: what stands, what is named, who listed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import Cause, Settled, settle_matches
from leeward.pipeline._match_query import Matched, MatchListing, MatchResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from leeward.model import BankEntry, BankMatch, Standing
    from leeward.pipeline._match_query import MatchQuery, SharedFrames, Status

__all__ = ["Group", "Named", "Picked", "pick", "result_of", "settle"]

_LISTINGS: Final = 10
"""Members who list an entry that an answer names."""


class Group(NamedTuple):
    """Entries that are settled alike: of one bank, by one look, at one distance, paused or not.

    Attributes:
        match: The first of them, which stands for all.
        entries: Their numbers.
        look: Which look of the query is near them; None for a digest or a video.
        scene: Number of the picture that the look is of; None where it is the file as a whole.
        video: What two videos have in common.
    """

    match: BankMatch
    entries: npt.NDArray[np.int64]
    look: str | None = None
    scene: int | None = None
    video: SharedFrames | None = None


class Named(NamedTuple):
    """A match that an answer names.

    Attributes:
        entry: Number of the entry.
        group: The group that it is of.
        standing: How it stands; None where it is suppressed.
    """

    entry: int
    group: Group
    standing: Standing | None


class Picked(NamedTuple):
    """What of the matches of one query is named in its answer.

    Attributes:
        settled: What stands of the groups, and what may follow.
        named: Each match with how it stands.
        total: How many matches there are.
    """

    settled: Settled
    named: list[Named]
    total: int

    @property
    def entries(self) -> list[int]:
        """The numbers of the entries that are named."""
        return [named.entry for named in self.named]


def settle(groups: Sequence[Group]) -> Settled:
    """Settle the matches of one query, each picture in it by itself.

    A known innocent picture explains matches of that picture. In a video, or an animation, it
    explains nothing of the other frames: who puts an innocent one before them gains nothing.
    """
    scenes = sorted({group.scene for group in groups if group.scene is not None})
    if len(scenes) < 2:
        return settle_matches(group.match for group in groups)
    whole = [group.match for group in groups if group.scene is None]
    innocent = [match for match in whole if match.bank.settings.meaning == "known_innocent"]
    parts = [settle_matches(whole)]
    known = {id(match) for match in innocent}
    for scene in scenes:
        mine = [group.match for group in groups if group.scene == scene]
        found = settle_matches([*mine, *innocent])
        once = tuple(stands for stands in found.standing if id(stands.match) not in known)
        parts.append(Settled(once, found.suppressed, found.causes, found.needs_person))
    return Settled(
        tuple(stands for part in parts for stands in part.standing),
        tuple(match for part in parts for match in part.suppressed),
        frozenset[Cause]().union(*(part.causes for part in parts)),
        any(part.needs_person for part in parts),
    )


def pick(groups: Sequence[Group], settled: Settled, most: int) -> Picked:
    """Choose the nearest matches, those that stand first; each entry once."""
    of = {id(group.match): group for group in groups}
    found: list[tuple[Group, Standing | None]] = [(of[id(s.match)], s) for s in settled.standing]
    found += [(of[id(match)], None) for match in settled.suppressed]
    found.sort(key=lambda pair: (pair[1] is None, pair[0].match.distance, pair[0].match.entry))
    several = len({group.scene for group in groups}) > 1
    seen = np.empty(0, np.int64)
    named: list[Named] = []
    total = 0
    for group, standing in found:
        entries = group.entries
        if several:  # frames that are near one entry
            entries = entries[~np.isin(entries, seen)]
            seen = np.concatenate([seen, entries])
        total += len(entries)
        named += [Named(n, group, standing) for n in entries[: most - len(named)].tolist()]
    return Picked(settled, named, total)


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
        matches=tuple(_matched(one, entries) for one in named),
        matches_total=0 if picked is None else picked.total,
        abstained=query.abstained,
    )


def _matched(named: Named, entries: Mapping[int, BankEntry]) -> Matched:
    group, standing = named.group, named.standing
    match = group.match
    entry = entries.get(named.entry)
    listings = () if entry is None else entry.listings
    told = [listing.provenance for listing in listings if listing.withdrawn_at is None]
    settings = match.bank.settings
    return Matched(
        bank=match.bank.name,
        version=match.bank.version,
        meaning=settings.meaning,
        review=settings.review,
        entry=named.entry,
        algorithm=match.algorithm,
        distance=int(match.distance),
        look=group.look,
        video=group.video,
        suppressed=standing is None,
        may_follow=() if standing is None else tuple(sorted(standing.causes)),
        withheld=None if standing is None else standing.withheld,
        listings=tuple(
            MatchListing(p.exchange, p.member, p.classification, p.at) for p in told[:_LISTINGS]
        ),
    )
