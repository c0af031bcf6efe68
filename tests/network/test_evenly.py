"""Whether hidden seeds stand among likely members as one of them would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leeward.network._searching.evenly import stand_evenly

if TYPE_CHECKING:
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]

ACCOUNTS, LIKELY, SEEDS = 2_000, 180, 10
ALIKE = np.full(ACCOUNTS, 20, np.int64)


def is_even(places: list[int], activity: npt.NDArray[np.int64] = ALIKE) -> bool:
    """Seeds at such places of the evidence, among 180 who are held to belong."""
    evidence = np.linspace(9, -9, ACCOUNTS)
    likely = np.zeros(ACCOUNTS, np.bool_)
    likely[:LIKELY] = True
    likely[places] = False
    parts = [np.array(places[i::5], np.int32) for i in range(5)]
    return stand_evenly(likely, activity, [evidence] * 5, parts)


def test_members_of_a_network_stand_anywhere_in_it() -> None:
    rng = np.random.default_rng(0)
    drawn = [rng.choice(LIKELY, SEEDS, replace=False).tolist() for _ in range(400)]
    fired = sum(not is_even(places) for places in drawn)
    assert fired <= 12  # one in a hundred by chance, and it never makes too little of a place


def test_where_all_of_them_stand_in_the_first_quarter_the_others_are_no_members() -> None:
    """(1/4)^10 is one in a million."""
    assert not is_even([4 * i for i in range(SEEDS)])


def test_lower_than_the_others_is_even_too() -> None:
    """Hidden ones who were not found tell nothing of those who were."""
    assert is_even([500 + i for i in range(SEEDS)])


def test_they_are_compared_with_those_of_their_activity_alone() -> None:
    """The quiet ones below have nothing to do with ten who are ten times as active."""
    activity = ALIKE.copy()
    activity[:50] = activity[1_000:1_200] = 200
    places = [2, 7, 12, 18, 23, 27, 33, 38, 42, 48]
    assert is_even(places, activity)
    assert not is_even(places)


def test_with_nobody_to_compare_with_nothing_is_said() -> None:
    evidence, nobody = np.zeros(ACCOUNTS), np.zeros(ACCOUNTS, np.bool_)
    assert stand_evenly(nobody, ALIKE, [evidence], [np.arange(SEEDS, dtype=np.int32)])
    assert stand_evenly(nobody, ALIKE, (), [])
