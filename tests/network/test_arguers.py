"""Critics who repost what they argue about, told from members by nothing but members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from leeward.network import Search, search
from leeward.network._evidence.arguers import Sorts, against, sorts_of
from leeward.network._statistics.betabinomial import Beta
from tests.network._events import HASHER, event, graph_of
from tests.network._harbour import MEMBERS, harbour

if TYPE_CHECKING:
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

CRITICS: Final = 24
SEEDS: Final = range(10, 20)
OPEN: Final = range(20, MEMBERS)


def test_what_arguing_takes_away_is_bayes_rule() -> None:
    """Three sorts of accounts with these replies, beside the distribution as scipy has it."""
    sorts = Sorts(Beta(0.6, 11.4), 0.03, 0.2)
    k, n = np.array([0.0, 1, 2, 5, 1]), np.array([7.0, 1, 6, 5, 40])
    log_odds = np.array([3.0, 2.5, 0.5, 9.0, -1.0])
    found = against(k, n, log_odds, sorts)
    assert found[0] == 0  # who never replies there argues with nobody
    ratios = []
    for i in range(1, len(k)):
        argues = betabinom.pmf(k[i], n[i], 1, 1) / (1 - betabinom.pmf(0, n[i], 1, 1))
        member = 0.97 * betabinom.pmf(k[i], n[i], 0.6, 11.4) + 0.03 * argues
        # For one member as many others as its log-odds say, and a fifth of an arguer.
        belongs = 1 / (1 + np.exp(-log_odds[i]) + 0.2 * argues / member)
        loss = log_odds[i] - np.log(belongs / (1 - belongs))
        most = 2 * max(np.log(argues / member), 0)
        assert found[i] == pytest.approx(-min(loss, most))
        ratios.append(loss < most)
    assert {*ratios} == {True, False}


def drawn(seed: int, members: int, arguers: int) -> tuple[Doubles, Doubles, Doubles, Bools]:
    """Members reply here once in twenty times, arguers as often as not."""
    rng = np.random.default_rng(seed)
    n = rng.geometric(0.1, members + arguers).astype(np.float64)
    share = np.concatenate([rng.beta(1, 19, members), rng.beta(4, 4, arguers)])
    k = rng.binomial(n.astype(np.int64), share).astype(np.float64)
    k[members:] = np.maximum(k[members:], 1)
    confirmed = np.zeros(len(k), np.bool_)
    confirmed[:10] = True
    return k, n, rng.normal(5, 1, len(k)), confirmed


def test_sorts_are_told_apart_that_were_drawn() -> None:
    k, n, log_odds, confirmed = drawn(3, 900, 150)
    sorts = sorts_of(k, n, log_odds, confirmed)
    mean = sorts.members.a / (sorts.members.a + sorts.members.b)
    assert mean == pytest.approx(0.05, abs=0.02)
    assert sorts.arguers == pytest.approx(150 / 900, abs=0.09)
    after = log_odds + against(k, n, log_odds, sorts)
    members, arguers = after[10:900], after[900:]
    pairs = (members[:, None] > arguers).mean()
    assert pairs > 0.9


def test_where_the_confirmed_argue_too_it_says_little() -> None:
    """A ring that argues as a cover: five of ten confirmed ones do so, and many others."""
    k, n, log_odds, confirmed = drawn(4, 900, 150)
    alone = against(k, n, log_odds, sorts_of(k, n, log_odds, confirmed))
    k[:5], n[:5] = 4, 6
    cover = against(k, n, log_odds, sorts_of(k, n, log_odds, confirmed))
    assert np.median(alone[900:]) < -1.5
    assert np.median(cover[900:]) > -0.5


@given(
    st.integers(0, 10_000),
    st.integers(1, 60),
    st.integers(0, 30),
)
def test_it_never_speaks_for_anybody(seed: int, members: int, arguers: int) -> None:
    k, n, log_odds, confirmed = drawn(seed, members, arguers)
    sorts = sorts_of(k, n, log_odds, confirmed)
    found = against(k, n, log_odds, sorts)
    assert np.isfinite(found).all()
    assert (found <= 0).all()
    assert not found[k < 0.5].any()
    assert 0 < sorts.arguing < 1
    assert sorts.arguers > 0


def platform(*, replies_of_members: int) -> tuple[Search, dict[str, int]]:
    """Each critic reposts six tainted posts, hardly fewer than members, and answers under six."""
    events = harbour()
    rng = np.random.default_rng(5)

    def add(kind: str, actor: str, name: str | None = None, **fields: str) -> None:
        events.append(event(kind, len(events) + 1, actor, name, **fields))

    def answers(actor: str, posts: list[str]) -> None:
        for post in posts:
            add("post", actor, f"reply/{len(events) + 1}", reply_to=post)

    def some(prefix: str, of: int, count: int) -> list[str]:
        return [f"{prefix}/{i}" for i in rng.choice(of, count, replace=False).tolist()]

    for i in range(CRITICS):
        town = some(f"post/{i}", 20, 10)
        for post in town[:8]:
            add("like", f"critic/{i}", target=post)
        tainted = some("post/tainted", 100, 12)
        for post in tainted[:6]:
            add("repost", f"critic/{i}", target=post)
        answers(f"critic/{i}", tainted[6:] + town[8:])
    for i in range(MEMBERS):
        answers(f"ring/{i}", some(f"post/{i % 30}", 20, 6))
        answers(f"ring/{i}", some("post/tainted", 100, replies_of_members))
    graph = graph_of(events)
    nodes = [graph.find("account", f"ring/{i}", HASHER) for i in SEEDS]
    found = search(graph, {node: 1.0 for node in nodes if node is not None})
    names = [graph.name(node) for node in found.touches.accounts.tolist()]
    return found, {name: i for i, name in enumerate(names)}


def test_critics_who_repost_stand_below_members() -> None:
    found, at = platform(replies_of_members=0)
    members = found.log_odds[[at[f"ring/{i}"] for i in OPEN]]
    critics = [at[f"critic/{i}"] for i in range(CRITICS)]
    shared = found.log_odds - found.parts["argued"]
    assert np.median(shared[critics]) > 0  # by what they share they look like members
    assert found.log_odds[critics].max() < members.min()
    assert (found.parts["argued"][critics] < -1).all()
    assert not found.parts["argued"][[at[f"ring/{i}"] for i in OPEN]].any()


def test_a_ring_that_answers_itself_loses_little_by_it() -> None:
    found, at = platform(replies_of_members=5)
    members = [at[f"ring/{i}"] for i in OPEN]
    assert found.parts["argued"][members].min() > -1
