"""What is known of accounts beside their scores, on a platform with critics who repost, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from leeward.network import SIGNS, Said, Search, Signs, reweigh, search, signs_of
from tests.network._events import HASHER, event, graph_of
from tests.network._harbour import MEMBERS, harbour

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.model import Event

CRITICS = 24
SEEDS = range(10, 18)


class Place(NamedTuple):
    events: list[Event]
    found: Search
    signs: Signs
    at: dict[str, int]

    def column(self, sign: str, names: list[str]) -> list[float]:
        places = [self.at[name] for name in names]
        return [float(value) for value in self.signs.values[places, SIGNS.index(sign)]]


RING = [f"ring/{i}" for i in range(18, MEMBERS)]
CRITIC = [f"critic/{i}" for i in range(CRITICS)]


@pytest.fixture(scope="module")
def place() -> Place:
    """Each critic reposts four tainted posts, to show them, and answers under eight."""
    events = harbour()
    rng = np.random.default_rng(5)
    for i in range(CRITICS):
        town = int(rng.integers(30))
        for post in rng.choice(20, 8, replace=False).tolist():
            events.append(
                event("like", len(events) + 1, f"critic/{i}", target=f"post/{town}/{post}")
            )
        chosen = rng.choice(100, 12, replace=False).tolist()
        for post in chosen[:4]:
            seq = len(events) + 1
            events.append(event("repost", seq, f"critic/{i}", target=f"post/tainted/{post}"))
        for post in chosen[4:]:
            seq = len(events) + 1
            reply = event(
                "post", seq, f"critic/{i}", f"reply/{seq}", reply_to=f"post/tainted/{post}"
            )
            events.append(reply)
    graph = graph_of(events)
    nodes = [graph.find("account", f"ring/{i}", HASHER) for i in SEEDS]
    found = search(graph, {node: 1.0 for node in nodes if node is not None})
    names = [graph.name(node) for node in found.touches.accounts.tolist()]
    return Place(events, found, signs_of(graph, found), {name: i for i, name in enumerate(names)})


def test_there_is_a_column_for_each_sign(place: Place) -> None:
    assert place.signs.values.shape == (len(place.found.log_odds), len(SIGNS))
    assert len({*SIGNS}) == len(SIGNS)
    assert np.isfinite(place.signs.values).all()


def test_acts_and_tainted_acts_are_counted(place: Place) -> None:
    names = [*RING[:3], *CRITIC[:3]]
    acts = place.found.touches.acts[[place.at[name] for name in names]].sum(axis=1)
    assert place.column("acts", names) == pytest.approx(np.log(acts + 1.0))
    tainted = np.exp(place.column("tainted acts", names)) - 0.1
    assert (tainted[:3] > 4).all()
    assert (tainted[3:] > 2).all()  # of four, each by its probability
    assert (tainted[3:] < 4).all()
    share = np.exp(place.column("share of tainted acts", names))
    assert share == pytest.approx((tainted + 0.1) / (acts + 1))


def test_who_argues_is_told_from_who_passes_on(place: Place) -> None:
    for sign in ("replies under tainted posts", "replies under tainted posts beside tainted acts"):
        assert min(place.column(sign, CRITIC)) > max(place.column(sign, RING))
    replied = np.expm1(place.column("replies under tainted posts", CRITIC))
    assert (replied > 4).all()  # of eight, each by its probability
    assert (replied < 8).all()


def test_who_rests_on_one_author_or_mostly_answers_is_alone(place: Place) -> None:
    alone = place.signs.alone
    assert alone[[place.at[name] for name in CRITIC]].all()
    assert not alone[[place.at[name] for name in RING]].any()


def test_a_dozen_answers_put_critics_below_the_ring(place: Place) -> None:
    """The model was made to see some of it; answers about six of each show the rest."""
    scores = place.found.log_odds
    asked = np.array([place.at[name] for name in [*RING[:6], *CRITIC[:6]]])
    rates = np.full(12, 0.02)
    said = Said(asked, np.arange(12) < 6, rates, rates)
    highest = np.argsort(-scores, kind="stable")[:100]
    after = reweigh(scores, place.signs.values, said, highest).log_odds

    def gap(of: npt.NDArray[np.float64]) -> float:
        ring, critics = ([of[place.at[name]] for name in some[6:]] for some in (RING, CRITIC))
        return float(np.mean(ring) - np.mean(critics)) / float(np.std(of[highest]))

    assert gap(after) > 0
    assert gap(after) >= gap(scores)
