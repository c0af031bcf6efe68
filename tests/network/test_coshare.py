"""Coordinated sharing, against its definition, a self join in DuckDB, and real posts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.errors import UsageError
from leeward.network._touches import coshare
from leeward.network._touches.coshare import co_shares, components
from tests.network._coshare_oracles import Act, by_hand, election_shares, join, of, shares

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MINUTE = 60_000_000
ADA, BEN, CLEO, DORA = range(4)
MAP, POEM, SONG = range(3)

ACTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(-12, 12)), max_size=40)


def test_two_accounts_that_share_two_things_within_a_minute_are_a_pair() -> None:
    """By hand: Ada and Ben share the map 60 s apart and the poem 1 s apart; Cleo is too late."""
    acts = [
        (ADA, MAP, 0),
        (BEN, MAP, 60_000_000),
        (CLEO, MAP, 120_000_001),
        (BEN, POEM, 500_000_000),
        (ADA, POEM, 501_000_000),
        (CLEO, POEM, 561_000_001),
        (DORA, SONG, 0),
    ]

    assert of(co_shares(*shares(acts), window=MINUTE)) == {(ADA, BEN): (2, 2, 1_000_000)}


def test_one_thing_shared_again_and_again_is_one_thing() -> None:
    """Ada repeats herself a hundred times beside one act of Ben: 100 acts, 1 thing."""
    acts = shares([(ADA, MAP, second) for second in range(100)] + [(BEN, MAP, 50)])

    assert of(co_shares(*acts, window=MINUTE, repeated=1)) == {(ADA, BEN): (100, 1, 0)}
    assert of(co_shares(*acts, window=MINUTE, repeated=2)) == {}


def test_nobody_is_a_pair_with_themselves() -> None:
    acts = [(ADA, thing, 0) for thing in (MAP, MAP, POEM, SONG)]

    assert of(co_shares(*shares(acts), window=MINUTE, repeated=1)) == {}


@pytest.mark.parametrize("acts", [[], [(ADA, MAP, 0)], [(7, 3, -5)]])
def test_nothing_comes_of_nothing(acts: list[Act]) -> None:
    found = co_shares(*shares(acts), window=MINUTE, repeated=1)

    assert ({}, [], 0) == (of(found), found.crowded.tolist(), found.crowded_acts)


def test_equal_times_are_within_every_window() -> None:
    acts = [(CLEO, MAP, -9), (BEN, MAP, -9), (ADA, MAP, -8), (CLEO, POEM, 4), (BEN, POEM, 4)]

    assert of(co_shares(*shares(acts), window=0)) == {(BEN, CLEO): (2, 2, 0)}


def test_times_at_the_ends_of_their_range_can_be_compared() -> None:
    first, last = -(2**63), 2**63 - 1
    acts = shares([(ADA, MAP, first), (BEN, MAP, last), (CLEO, MAP, last - 1)])

    assert of(co_shares(*acts, window=last, repeated=1)) == {(BEN, CLEO): (1, 1, 1)}


def test_indexes_may_be_sparse() -> None:
    top = 2**31 - 1
    acts = shares([(top, top, 0), (3, top, 1), (top, 5, 0), (3, 5, 0), (0, 5, 1)])

    assert of(co_shares(*acts, window=1)) == {(3, top): (2, 2, 0)}
    assert [5] == co_shares(*acts, window=1, crowd=2).crowded.tolist()


def test_what_a_crowd_shares_at_once_is_left_out_and_named() -> None:
    crowd = [(account, MAP, account % 60) for account in range(5)]
    few = [(account, POEM, 100 * account) for account in range(5)]
    acts = shares(crowd + few + [(ADA, SONG, 0), (BEN, SONG, 0)])
    found = co_shares(*acts, window=99, repeated=1, crowd=4)

    assert {(ADA, BEN): (1, 1, 0)} == of(found)
    assert ([MAP], 5) == (found.crowded.tolist(), found.crowded_acts)
    assert 10 == len(co_shares(*acts, window=99, repeated=1, crowd=5).a)


def test_a_crowd_is_counted_by_accounts_and_not_by_acts() -> None:
    acts = shares([(account, MAP, i) for i in range(50) for account in (ADA, BEN)])
    found = co_shares(*acts, window=10, repeated=1, crowd=2)

    assert not found.crowded.size
    assert of(found) == by_hand(_acts(acts), 10)[0]


@given(ACTS, st.integers(0, 15), st.integers(1, 3), st.integers(2, 6))
def test_pairs_are_what_the_definition_says(
    acts: list[Act], window: int, repeated: int, crowd: int
) -> None:
    found = co_shares(*shares(acts), window=window, repeated=repeated, crowd=crowd)

    assert (of(found), found.crowded.tolist(), found.crowded_acts) == by_hand(
        acts, window, repeated, crowd
    )


@given(ACTS, st.integers(0, 15), st.randoms(use_true_random=False))
def test_the_order_of_the_acts_is_of_no_matter(
    acts: list[Act], window: int, random: object
) -> None:
    shuffled = list(acts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis does not name its class

    assert of(co_shares(*shares(acts), window=window, repeated=1)) == of(
        co_shares(*shares(shuffled), window=window, repeated=1)
    )


@given(ACTS, st.integers(0, 15), st.integers(1, 2), st.integers(1, 6))
def test_where_memory_is_short_classes_of_accounts_are_paired_one_by_one(
    acts: list[Act], window: int, repeated: int, at_once: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coshare, "_AT_ONCE", at_once)
        found = of(co_shares(*shares(acts), window=window, repeated=repeated))

    assert by_hand(acts, window, repeated)[0] == found


@pytest.mark.parametrize("repeated", [1, 2, 4])
def test_many_shares_give_what_a_self_join_gives(
    repeated: int, rounds: Callable[[int, int], int]
) -> None:
    """Enough pairs for the table to grow several times; skewed accounts and things."""
    random, count = np.random.default_rng(8), rounds(200_000, 40_000)
    acts = shares(
        zip(
            (random.pareto(1, count) * 50).astype(np.int64) % 3_000,
            (random.pareto(0.8, count) * 20).astype(np.int64) % 9_000,
            random.integers(0, 1_000_000, count),
            strict=True,
        )
    )
    expected = join(acts, 4_000, repeated)

    assert len(expected) > 1_000
    assert expected == of(co_shares(*acts, window=4_000, repeated=repeated, crowd=10**6))


def test_a_million_accounts_that_share_one_thing_in_a_minute_do_no_harm(
    rounds: Callable[[int, int], int],
) -> None:
    """All pairs would be 5 * 10^11; two of the accounts meet on two other things as well."""
    count = rounds(1_000_000, 200_000)
    rush = [(account, MAP, account % MINUTE) for account in range(count)]
    pair = [(account, thing, 0) for account in (ADA, BEN) for thing in (POEM, SONG)]
    found = co_shares(*shares(rush + pair), window=MINUTE)

    assert {(ADA, BEN): (2, 2, 0)} == of(found)
    assert ([MAP], count) == (found.crowded.tolist(), found.crowded_acts)


def test_two_accounts_that_act_all_the_time_do_no_harm(rounds: Callable[[int, int], int]) -> None:
    """Each act of one is paired with every act of the other: a count that only fits 64 bits."""
    count = rounds(1_000_000, 100_000)
    acts = shares([(i % 2, thing, 0) for thing in (MAP, POEM) for i in range(2 * count)])

    assert {(ADA, BEN): (2 * count**2, 2, 0)} == of(co_shares(*acts, window=0))


@pytest.mark.parametrize(
    ("window", "repeated", "crowd", "words"),
    [
        (-1, 1, 2, "window has to be 0 or above"),
        (0, 0, 2, "repeated has to be 1 or above"),
        (0, 1, 1, "crowd has to be 2 or above"),
    ],
)
def test_an_option_out_of_its_range_is_named(
    window: int, repeated: int, crowd: int, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        co_shares(*shares([(ADA, MAP, 0)]), window=window, repeated=repeated, crowd=crowd)


def test_arrays_that_do_not_fit_are_refused() -> None:
    account, thing, at = shares([(ADA, MAP, 0), (BEN, MAP, 0)])
    with pytest.raises(UsageError, match="of one length"):
        co_shares(account, thing[:1], at, window=1)
    with pytest.raises(UsageError, match="0 or above"):
        co_shares(account - 1, thing, at, window=1)


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=15))
def test_components_hang_together(pairs: list[tuple[int, int]]) -> None:
    """The oracle: spread the smallest label along the pairs until nothing changes."""
    expected = list(range(12))
    for _ in range(12):
        for a, b in pairs:
            expected[a] = expected[b] = min(expected[a], expected[b])
    rows = np.array(pairs, np.int32).reshape(-1, 2)

    assert expected == components(rows[:, 0].copy(), rows[:, 1].copy(), 12).tolist()


def test_a_long_chain_is_one_component() -> None:
    order = np.random.default_rng(4).permutation(5_000).astype(np.int32)

    assert not components(order[:-1], order[1:], 5_000).any()


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["url_id"], 1_119),
        (["phash_id"], 306),
        (["hashtag_id"], 214),
        (["domain_id"], 205),
        (["url_id", "phash_id", "hashtag_id", "domain_id"], 3_311),
    ],
    ids=["links", "pictures", "hashtags", "domains", "all"],
)
def test_real_posts_give_what_a_self_join_gives(
    shared_data: Path, columns: list[str], expected: int
) -> None:
    acts = election_shares(shared_data / "german_elections" / "posts.csv.gz", columns).shares
    once = of(co_shares(*acts, window=MINUTE, repeated=1))

    assert join(acts, MINUTE, 1) == once
    assert expected == sum(things >= 2 for _, things, _ in once.values())
    assert {pair: counts for pair, counts in once.items() if counts[1] >= 2} == of(
        co_shares(*acts, window=MINUTE)
    )


def test_the_largest_group_behind_fast_links_has_45_accounts(shared_data: Path) -> None:
    """Found by others before this code was written: same link, within 10 s, at least twice."""
    table = shared_data / "german_elections" / "posts.csv.gz"
    acts, accounts, _ = election_shares(table, ["url_id"])
    found = co_shares(*acts, window=10_000_000)
    label = components(found.a, found.b, len(accounts))
    sizes = sorted(Counter(label.tolist()).values(), reverse=True)

    assert [45, 19, 12, 9, 7] == sizes[:5]


def _acts(acts: coshare.Shares) -> list[Act]:
    return list(zip(*(x.tolist() for x in acts), strict=True))
