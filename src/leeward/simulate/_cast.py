"""Who is who: the ring and its cells, and the people beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.simulate._accounts import END
from leeward.simulate._chance import DAY
from leeward.simulate._settings import FAN_COMMUNITIES, SMALLEST_CELL

if TYPE_CHECKING:
    from leeward.simulate._accounts import People
    from leeward.simulate._settings import Settings
    from leeward.simulate._topics import Topics
    from leeward.simulate._types import Ints, Longs, Octets, Shorts


__all__ = ["PARTS", "ROLES", "Cast", "Group", "make_cast"]

PARTS: Final = ("producer", "distributor", "reposter", "silent")
"""What a member of a ring does."""

ROLES: Final = (
    *("ordinary", *PARTS, "fan", "child", "family", "school", "critic"),
    *("flagger", "bot", "passer_by", "tag_user", "neighbour"),
)
"""The roles in ``truth.parquet``."""

PRODUCER, DISTRIBUTOR, REPOSTER, SILENT = range(4)
_LARGEST_CELL: Final = 40
_IN_COMMON: Final = 0.2
"""The share of the neighbours whose first interest is that of the ring's cell beside them."""


class Group(NamedTuple):
    """Accounts that act together, in cells.

    Attributes:
        members: The accounts.
        cell: The cell of each, from 0.
        part: What each does: a place in :data:`PARTS`.
        before: The place in ``members`` of the account that returned as this one, or -1.
        cells: How many cells there are.
    """

    members: Ints
    cell: Ints
    part: Octets
    before: Ints
    cells: int


class Cast(NamedTuple):
    """The roles of all accounts; ``family`` belongs to the children in ``family_of``."""

    role: Octets
    cell: Ints
    ring: Group
    fans: list[Group]
    children: Ints
    family: Ints
    family_of: Ints
    schools: Ints
    critics: Ints
    flaggers: Ints
    bots: Ints
    passers_by: Ints
    tag_users: Ints
    neighbours: Group | None


class _Casting:
    """Gives each account one role at most."""

    def __init__(self, rng: np.random.Generator, people: People) -> None:
        self.rng = rng
        self.people = people
        count = len(people.activity)
        self.role = np.zeros(count, np.uint8)
        self.cell = np.full(count, -1, np.int32)
        self.cells = 0
        there = (people.begin < 0.7 * END) & (people.end > 0.5 * END)
        self._eligible = there & (people.end - people.begin > 0.2 * END)

    def choose(self, count: int, role: str, *, by_activity: float = 0.0) -> Ints:
        """Accounts without a role; ``by_activity`` prefers the active ones, with that power."""
        free = np.flatnonzero(self._eligible & (self.role == 0))
        if len(free) < count:  # a crowded platform: those who are there but shortly come too
            free = np.flatnonzero(self.role == 0)
        weights = np.minimum(self.people.activity[free], 20.0) ** by_activity
        order = np.argsort(self.rng.exponential(size=len(free)) / weights, kind="stable")
        chosen = self.rng.permutation(free[order[:count]]).astype(np.int32)
        self.role[chosen] = ROLES.index(role)
        return chosen

    def number_cells(self, members: Ints, cell: Ints, cells: int) -> None:
        """Give cells numbers that no other group has."""
        self.cell[members] = cell + self.cells
        self.cells += cells


def make_cast(rng: np.random.Generator, settings: Settings, people: People, topics: Topics) -> Cast:
    """Choose who is who. Interests, times and attributes of people change accordingly."""
    sizes, ring_size = settings.roles, settings.ring
    casting = _Casting(rng, people)
    ring = _group(casting, ring_size, None)
    _return(rng, people, ring, often=settings.structure == "migrating")
    gathers_around = _share_interests(rng, people, ring, topics, share=0.4, apart=True)
    fans = []
    for _ in range(FAN_COMMUNITIES if settings.fans_each else 0):
        fans.append(_group(casting, settings.fans_each, "fan"))
        _share_interests(rng, people, fans[-1], topics, share=0.8, apart=False)
    children = casting.choose(max(1, round(sizes.children * ring_size)), "child")
    people.minor[children] = rng.random(len(children)) < 0.9
    family = casting.choose(round(sizes.family * ring_size), "family")
    family_of = (np.arange(len(family)) % len(children)).astype(np.int32)
    casting.number_cells(children, np.arange(len(children), dtype=np.int32), len(children))
    casting.cell[family] = casting.cell[children[family_of]]
    schools = casting.choose(max(1, round(sizes.schools * ring_size)), "school", by_activity=0.5)
    bots = casting.choose(max(2, round(sizes.bots * settings.accounts)), "bot", by_activity=0.5)
    people.bot[bots] = True
    people.declared[bots] = rng.random(len(bots)) < 0.6
    people.activity[bots] = np.clip(people.activity[bots] * 6, 5, 60)
    tag_users = casting.choose(round(sizes.tag_users * ring_size), "tag_user", by_activity=0.4)
    people.interests[tag_users, 0] = topics.popular[rng.integers(0, 65_536)]
    return Cast(
        role=casting.role,
        cell=casting.cell,
        ring=ring,
        fans=fans,
        children=children,
        family=family,
        family_of=family_of,
        schools=schools,
        bots=bots,
        tag_users=tag_users,
        critics=casting.choose(round(sizes.critics * ring_size), "critic", by_activity=0.5),
        flaggers=casting.choose(round(sizes.flaggers * ring_size), "flagger", by_activity=0.2),
        passers_by=casting.choose(
            round(sizes.passers_by * ring_size), "passer_by", by_activity=0.5
        ),
        neighbours=_neighbours(casting, settings, topics, gathers_around),
    )


def _neighbours(
    casting: _Casting, settings: Settings, topics: Topics, gathers_around: Shorts
) -> Group | None:
    """A community like those of the fans, whose cells lie beside those of the ring."""
    size = round(settings.roles.neighbours * settings.ring)
    if settings.structure != "adjacent" or size < SMALLEST_CELL:
        return None
    group = _group(casting, size, "neighbour")
    _share_interests(casting.rng, casting.people, group, topics, share=0.8, apart=False)
    beside = gathers_around[group.cell % len(gathers_around)]
    shares = casting.rng.random(size) < _IN_COMMON
    casting.people.interests[group.members[shares], 0] = beside[shares]
    return group


def _group(casting: _Casting, size: int, role: str | None) -> Group:
    """A group in cells; its members have the role, or that of their part where there is none."""
    sizes = _cell_sizes(casting.rng, size)
    cell = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    part = np.concatenate([_parts(size) for size in sizes])
    members = np.zeros(size, np.int32)
    for number, name in enumerate(PARTS):
        here = np.flatnonzero(part == number)
        power = 0.0 if number == SILENT else 0.7
        members[here] = casting.choose(len(here), role or name, by_activity=power)
    casting.number_cells(members, cell, len(sizes))
    return Group(members, cell, part, np.full(size, -1, np.int32), len(sizes))


def _cell_sizes(rng: np.random.Generator, size: int) -> list[int]:
    sizes: list[int] = []
    left = size
    while left > _LARGEST_CELL:
        most = min(_LARGEST_CELL, left - SMALLEST_CELL)
        sizes.append(int(np.clip(rng.lognormal(np.log(17), 0.45), SMALLEST_CELL, most)))
        left -= sizes[-1]
    return [*sizes, left]


def _parts(size: int) -> Octets:
    silent = round(size / 3)
    producers = max(1, round(0.2 * (size - silent)))
    distributors = max(1, round(0.3 * (size - silent)))
    counts = (producers, distributors, size - silent - producers - distributors, silent)
    return np.repeat(np.arange(4, dtype=np.uint8), counts)


def _return(rng: np.random.Generator, people: People, ring: Group, *, often: bool) -> None:
    """Some members are suspended and return as another member of the same cell and part."""
    for cell in range(ring.cells):
        for part in (PRODUCER, DISTRIBUTOR, REPOSTER):
            here = np.flatnonzero((ring.cell == cell) & (ring.part == part))
            pairs = len(here) // 3 if often else int(rng.random() < 0.04 and len(here) > 1)
            _pair(rng, people, ring, here[:pairs], here[pairs : 2 * pairs])
    if often and not (ring.before >= 0).any():  # a tiny ring
        here = np.flatnonzero(ring.part == REPOSTER)
        _pair(rng, people, ring, here[:1], here[1:2])


def _pair(
    rng: np.random.Generator,
    people: People,
    ring: Group,
    old: Longs,
    new: Longs,
) -> None:
    count = len(new)
    leaves, joins = ring.members[old[:count]], ring.members[new]
    ring.before[new] = old[:count]
    people.begin[leaves] = np.minimum(people.begin[leaves], 0.1 * END).astype(np.int64)
    people.created[leaves] = np.minimum(people.created[leaves], people.begin[leaves] - 60_000)
    people.end[leaves] = (END * (0.3 + 0.35 * rng.random(count))).astype(np.int64)
    people.suspended[leaves] = True
    away = (DAY * np.minimum(rng.lognormal(0.3, 0.8, count), 8.0)).astype(np.int64)
    people.created[joins] = people.end[leaves] + away
    people.begin[joins] = people.created[joins] + 60_000
    people.end[joins] = END
    people.suspended[joins] = False


def _share_interests(
    rng: np.random.Generator,
    people: People,
    group: Group,
    topics: Topics,
    *,
    share: float,
    apart: bool,
) -> Shorts:
    """Give members a common interest, one for each cell (``apart``) or one for all; which."""
    drawn = topics.popular[rng.integers(0, 65_536, group.cells if apart else 1)]
    common = drawn[group.cell] if apart else np.full(len(group.members), drawn[0])
    shares = rng.random(len(group.members)) < share
    people.interests[group.members[shares], 0] = common[shares]
    return drawn
