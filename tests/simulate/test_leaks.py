"""Nothing that a platform would not know tells the ring from the others.

The measure is the chance that a member of the ring, or an act of one, comes behind an ordinary
one (the area under the ROC curve, by ranks): one half where a property says nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.stats import rankdata

from leeward.simulate import RoleSizes, simulate
from tests.simulate._platform import POSTS, Platform

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Values: TypeAlias = list[tuple[str, float]]
    """An account and a number; as many of each as there are acts, or one."""

RING_SIZE = 400


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """Enough members for a measure that is within a few hundredths of its expectation."""
    folder = tmp_path_factory.mktemp("crowd") / "out"
    summary = simulate(
        folder,
        accounts=9_000,
        ring=RING_SIZE,
        seed=11,
        events_per_account=12,
        roles=RoleSizes(fans=1.0, passers_by=1.0),
    )
    return Platform(folder, summary, "shared-posts")


def separation(platform: Platform, values: Values) -> float:
    """The area under the curve, ring against ordinary accounts."""
    ring, ordinary = platform.ring, platform.having("ordinary")
    sides = [[value for account, value in values if account in s] for s in (ring, ordinary)]
    assert min(map(len, sides)) >= RING_SIZE
    ranks = rankdata(np.concatenate(sides))[: len(sides[0])]
    n, m = len(sides[0]), len(sides[1])
    return float((ranks.sum() - n * (n + 1) / 2) / (n * m))


def _handle(letter: int) -> Callable[[Platform], Values]:
    place = len("https://sim.example/@") + letter
    return lambda platform: [(account, ord(account[place])) for account in platform.role]


def _place_in_truth(platform: Platform) -> Values:
    return [(row["account"], place) for place, row in enumerate(platform.truth)]


def _place_modulo(divisor: int) -> Callable[[Platform], Values]:
    return lambda platform: [
        (row["account"], place % divisor) for place, row in enumerate(platform.truth)
    ]


def _alphabet(platform: Platform) -> Values:
    return [(account, place) for place, account in enumerate(sorted(platform.role))]


def _made(platform: Platform) -> Values:
    return [(e["object"], e["at"]) for e in platform.events if _is_made(e)]


def _followers_digit(platform: Platform) -> Values:
    return [
        (event["object"], json.loads(event["extra"])["account"]["followers"] % 7)
        for event in platform.events
        if _is_made(event)
    ]


def _is_made(event: dict[str, Any]) -> bool:
    return bool(event["kind"] == "account" and event["op"] == "create")


def _acts(of: Callable[[dict[str, Any]], float | None]) -> Callable[[Platform], Values]:
    """A property of each act; None where an act does not have it."""
    return lambda platform: [
        (event["actor"], value) for event in platform.acts if (value := of(event)) is not None
    ]


def _words(event: dict[str, Any]) -> float | None:
    return len(event["text"].split()) if event["kind"] in POSTS else None


def _media_key(event: dict[str, Any]) -> float | None:
    return sum(map(ord, event["media"][0]["uri"])) if event["media"] else None


def _digest(event: dict[str, Any]) -> float | None:
    return int(event["media"][0]["sha256"][:8], 16) if event["media"] else None


def _ones(event: dict[str, Any]) -> float | None:
    return int(event["media"][0]["pdq"], 16).bit_count() if event["media"] else None


def _mime(event: dict[str, Any]) -> float | None:
    return len(event["media"][0]["mime"]) if event["media"] else None


def _visible(event: dict[str, Any]) -> float | None:
    return float(event["visibility"] == "public") if event["kind"] in POSTS else None


def _spoken(event: dict[str, Any]) -> float | None:
    return float(event["lang"] is None) if event["kind"] in POSTS else None


@pytest.mark.parametrize(
    "property_",
    [
        *(pytest.param(_handle(n), id=f"letter {n} of the handle") for n in range(8)),
        *(pytest.param(_place_modulo(n), id=f"place modulo {n}") for n in (2, 3, 7, 16)),
        pytest.param(_place_in_truth, id="place in the truth"),
        pytest.param(_alphabet, id="place in the alphabet"),
        pytest.param(_made, id="when the account was made"),
        pytest.param(_followers_digit, id="followers modulo 7"),
        pytest.param(_acts(lambda event: event["at"] % 2), id="even microseconds"),
        pytest.param(_acts(lambda event: event["at"] % 1_000), id="microseconds"),
        pytest.param(_acts(lambda event: event["at"] // 1_000 % 1_000), id="milliseconds"),
        pytest.param(_acts(lambda event: event["at"] // 3_600_000_000 % 24), id="hour"),
        pytest.param(_acts(lambda event: ord(event["object"][-1])), id="last letter of a URI"),
        pytest.param(_acts(lambda event: len(event["object"]) if event["kind"] == "like" else None),
                     id="length of a URI"),
        pytest.param(_acts(_words), id="words in a text"),
        pytest.param(_acts(_media_key), id="URI of a picture"),
        pytest.param(_acts(_digest), id="digest of a picture"),
        pytest.param(_acts(_ones), id="ones in a hash"),
        pytest.param(_acts(_mime), id="type of a picture"),
        pytest.param(_acts(_visible), id="visibility"),
        pytest.param(_acts(_spoken), id="language left out"),
    ],
)  # fmt: skip
def test_an_accident_of_making_says_nothing_of_the_ring(
    crowd: Platform, property_: Callable[[Platform], Values]
) -> None:
    """Four standard errors of the area for 400 members are about 0.06."""
    assert abs(separation(crowd, property_(crowd)) - 0.5) < 0.06


def test_the_measure_sees_what_is_there(crowd: Platform) -> None:
    """A tenth of the ring's acts are tainted, and none of an ordinary account's."""
    tainted = crowd.tainted["post"]
    known = _acts(lambda event: float(event["object"] in tainted or event["target"] in tainted))
    assert separation(crowd, known(crowd)) > 0.53


def test_the_suspended_are_not_all_of_the_ring(crowd: Platform) -> None:
    suspended = {event["object"] for event in crowd.events if event["op"] == "update"}
    assert len(suspended - crowd.ring) > 0.5 * len(suspended) > 0
