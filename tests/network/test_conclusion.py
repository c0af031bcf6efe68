"""Who stands above the line, and who is asked about first although the evidence is high."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from leeward.network._searching.agreement import AGREEMENT
from leeward.network._searching.conclusion import concluded
from leeward.network._searching.growth import Confirmed, Step, step_of
from leeward.network._touches.touches import touches_of
from tests.network._events import HASHER, event, graph_of
from tests.network._harbour import MEMBERS, harbour

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from leeward.model import Event
    from leeward.network import Graph
    from leeward.network._searching.conclusion import Conclusion
    from leeward.network._touches.touches import Touches

    Doubles = npt.NDArray[np.float64]

SEEDS = range(10, 20)
OPEN = range(20, MEMBERS)


class Judged:
    """A platform on which the ring is suspected, and nobody else."""

    def __init__(self, events: list[Event]) -> None:
        self.graph: Graph = graph_of(events)
        self.touches: Touches = touches_of(self.graph)
        count = len(self.touches.accounts)
        seeds = np.sort([self.place(i) for i in SEEDS]).astype(np.int32)
        self.things: Doubles = np.zeros(len(self.touches.things))
        self.confirmed = Confirmed(seeds, np.ones(len(seeds)), seeds[:0], self.things, seeds)
        suspicion = np.zeros(count)
        suspicion[[self.place(i) for i in range(MEMBERS)]] = 1
        votes = np.zeros(count)
        self.step: Step = step_of(
            self.graph, self.touches, self.things, suspicion, votes, 30, seeds
        )

    def place(self, member: int) -> int:
        node = self.graph.find("account", f"ring/{member}", HASHER)
        assert node is not None
        return int(self.touches.account_at[node])

    def concluded(self, agreement: Doubles, unheard: Sequence[int] = ()) -> Conclusion:
        few = np.zeros(len(agreement), np.bool_)
        few[list(unheard)] = True
        return concluded(
            self.graph,
            self.touches,
            self.confirmed,
            self.confirmed.members,
            self.step,
            {
                "made": self.step.total,
                AGREEMENT: agreement,
                "priors": np.zeros(len(agreement)),
            },
            30.0,
            unheard=few,
            draw_line=True,
        )

    def above(self, said: Conclusion) -> list[int]:
        """The members who stand above the line, by number."""
        stands = (said.log_odds >= said.line) & ~said.asked_first
        return [i for i in OPEN if stands[self.place(i)]]


@pytest.fixture(scope="module")
def platform() -> Judged:
    return Judged(harbour())


def test_members_stand_above_the_line(platform: Judged) -> None:
    said = platform.concluded(np.zeros(len(platform.step.total)))
    assert len(platform.above(said)) > 15


def test_for_whom_the_confirmed_hardly_vote_is_asked_about_first(platform: Judged) -> None:
    """A family that shares what is tainted as members do has the evidence and not the votes."""
    nothing = np.zeros(len(platform.step.total))
    before = platform.concluded(nothing)
    first, second, *rest = platform.above(before)
    said = platform.concluded(nothing, [platform.place(first), platform.place(second)])
    assert platform.above(said) == rest
    assert said.asked_first[[platform.place(first), platform.place(second)]].all()
    assert said.log_odds.tolist() == before.log_odds.tolist()


def test_what_searches_agree_on_alone_lifts_nobody_above_the_line(platform: Judged) -> None:
    """The reasons of one member would not put it there."""
    nothing = np.zeros(len(platform.step.total))
    before = platform.concluded(nothing)
    first, *rest = platform.above(before)
    place = platform.place(first)
    lifted = nothing.copy()
    lifted[place] = 50.0
    platform.step.total[place] -= 50.0
    try:
        said = platform.concluded(lifted)
    finally:
        platform.step.total[place] += 50.0
    assert said.log_odds[place] == pytest.approx(before.log_odds[place])
    assert said.asked_first[place]
    assert platform.above(said) == rest


def test_what_searches_take_away_asks_about_nobody(platform: Judged) -> None:
    """It lowers the sum, which is all that it says."""
    nothing = np.zeros(len(platform.step.total))
    members = platform.above(platform.concluded(nothing))
    said = platform.concluded(nothing - 0.01)
    assert platform.above(said) == members


def test_who_answers_suspects_as_often_as_it_passes_them_on_is_asked_about_first() -> None:
    """Also where it answers what nobody else took note of: a critic does."""
    events = harbour()

    def add(kind: str, actor: str, name: str, **more: str) -> None:
        events.append(event(kind, len(events) + 1, actor, name, **more))

    for i in range(10):
        add("post", f"ring/{i}", f"plain/{i}")
        add("post", "ring/25", f"re/{i}", reply_to=f"plain/{i}")
        add("post", "ring/26", f"town/re/{i}", reply_to=f"post/3/{i}")
    add("post", "ring/27", "re/once", reply_to="plain/0")
    judged = Judged(events)
    said = judged.concluded(np.zeros(len(judged.step.total)))
    members = judged.above(said)
    assert 25 not in members
    assert said.asked_first[judged.place(25)]
    assert {26, 27} <= set(members)
