"""The figures that prototypes left behind, counted again from the files of a platform.

On 200,000 accounts with a ring of 2,800, 24 of the most shared tainted pictures reached half of
the ring, 66 reached 70 % and 121 reached 80 %; of everybody who liked or reposted one of the 200
most shared, 35 % were of the ring, with two 61 %, with three 78 %. The platform here is a fifth
of that, and so are the numbers of pictures. The bounds are wide: they pin the order of the
figures, and docs/explanation/synthetic-platform.md says what is measured at full size.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from leeward.simulate import simulate
from tests.simulate._platform import RING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path

RING_SIZE = 560
MOST_SHARED = 40


class Counted:
    """Who made, liked or reposted which tainted picture.

    Attributes:
        role: Of each account.
        ring: The accounts of the ring.
        makers: By picture, who posted it.
        sharers: By picture, who liked or reposted a post of it.
        ranked: The pictures, the one that most accounts touched first.
    """

    def __init__(self, folder: Path) -> None:
        truth = pq.read_table(folder / "truth.parquet").to_pylist()
        self.role = {row["account"]: row["role"] for row in truth}
        self.ring = {who for who, role in self.role.items() if role in RING}
        subjects = pq.read_table(folder / "tainted.parquet")
        posts = subjects.filter(pc.field("kind") == "post")["subject"]
        names = ["kind", "actor", "object", "target", "media"]
        events = pq.read_table(folder / "events.parquet", columns=names)
        picture = {}
        self.makers: dict[str, set[str]] = defaultdict(set)
        for row in events.filter(pc.is_in(events["object"], posts)).to_pylist():
            for item in row["media"]:
                picture[row["object"]] = item["sha256"]
                self.makers[item["sha256"]].add(row["actor"])
        self.sharers: dict[str, set[str]] = defaultdict(set)
        for row in events.filter(pc.is_in(events["target"], posts)).to_pylist():
            if row["kind"] in ("like", "repost") and row["target"] in picture:
                self.sharers[picture[row["target"]]].add(row["actor"])
        touched = {one: len(self.makers[one] | self.sharers[one]) for one in self.makers}
        self.ranked = sorted(touched, key=lambda one: (-touched[one], one))

    def needed(self, share: float) -> int:
        """How many of the most shared pictures reach that share of the ring."""
        reached: set[str] = set()
        for number, one in enumerate(self.ranked, 1):
            reached |= (self.makers[one] | self.sharers[one]) & self.ring
            if len(reached) >= share * len(self.ring):
                return number
        return len(self.ranked) + 1

    def of_the_ring(self, least: int) -> float:
        """The share of the ring in those who shared so many of the most shared, or more."""
        times = Counter(who for one in self.ranked[:MOST_SHARED] for who in self.sharers[one])
        return _share({who for who, n in times.items() if n >= least}, self.ring)


def _share(accounts: AbstractSet[str], of: AbstractSet[str]) -> float:
    return len(accounts & of) / len(accounts)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    folder = tmp_path_factory.mktemp("calibration") / "out"
    simulate(folder, accounts=40_000, ring=RING_SIZE, seed=2)
    return Counted(folder)


def test_few_items_reach_most_of_the_ring(counted: Counted) -> None:
    """Known, a fifth of it: 5, 13 and 24; were all posts equal, half would take some 60."""
    assert 2 <= counted.needed(0.5) <= 15
    assert counted.needed(0.5) < counted.needed(0.7) <= 45
    assert counted.needed(0.7) < counted.needed(0.8) <= 85


def test_the_more_items_somebody_shared_the_more_of_them_are_of_the_ring(counted: Counted) -> None:
    """Known: .35, .61, .78."""
    one, two, three = (counted.of_the_ring(least) for least in (1, 2, 3))
    assert 0.25 < one < 0.45
    assert 0.5 < two < 0.8
    assert 0.65 < three < 0.9
    assert one < two < three


def test_beside_the_ring_stand_bots_passers_by_and_critics(counted: Counted) -> None:
    sharers = set[str]().union(*(counted.sharers[one] for one in counted.ranked[:MOST_SHARED]))
    others = Counter(counted.role[who] for who in sharers - counted.ring)
    assert {"bot", "passer_by", "critic"} == set(others)
