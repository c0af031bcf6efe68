"""Chance that depends on what it is for, and on nothing else.

A draw is a hash of a key and a counter, so that an account, a post or a picture has the same
properties whichever thread or chunk asks for them. The hash is the finaliser of SplitMix64
(Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.simulate._types import Floats, Ints, Longs, Shorts, Whole

    Chances = npt.NDArray[np.float32]

__all__ = [
    "DAY",
    "DAYS",
    "RHYTHM",
    "TIME_OF_DAY",
    "alias",
    "delay",
    "draw",
    "fill_alias",
    "key_of",
    "mix",
    "moment",
    "normal",
    "picked",
    "unit",
    "wakeful",
    "zipf_table",
]

DAY: Final = 86_400_000
"""Milliseconds."""
DAYS: Final = 60
"""How long the platform is watched."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = (np.uint64(n) for n in (30, 27, 31, 11))
_MEDIAN_DELAY = 5_400_000.0
_SPREAD = 1.9


def _rhythm() -> Floats:
    """How much is going on in each of 96 quarters of a local day; the busiest has 1."""
    hours = np.arange(96) / 4
    awake = 1 / (1 + np.exp(-(hours - 7.5) * 1.6)) * (1 / (1 + np.exp((hours - 23.2) * 1.8)))
    evening = 1 + 0.6 * np.exp(-(((hours - 20.5) / 2.2) ** 2))
    level = 0.06 + awake * evening
    found: Floats = level / level.max()
    return found


RHYTHM: Final = _rhythm()
TIME_OF_DAY: Final = np.interp(
    np.linspace(0, 1, 1025), np.append(0, np.cumsum(RHYTHM) / RHYTHM.sum()), np.linspace(0, 1, 97)
)
"""The inverse of the rhythm's distribution function: part of the day by quantile / 1024."""


@kernel
def mix(x: np.uint64) -> np.uint64:
    """Scramble 64 bits; one to one."""
    x = (x ^ (x >> _S30)) * _M1
    x = (x ^ (x >> _S27)) * _M2
    return np.uint64(x ^ (x >> _S31))


@kernel
def draw(key: np.uint64, counter: Whole) -> np.uint64:
    """The draw of that number for that key, 64 bits."""
    return mix(key + (np.uint64(counter) + np.uint64(1)) * _GOLDEN)


@kernel
def unit(bits: np.uint64) -> float:
    """A draw as a number from 0 to 1, 1 excluded."""
    return float(bits >> _S11) * 1.1102230246251565e-16


@kernel
def normal(one: float, other: float) -> float:
    """Two uniform numbers as one normal one (Box, Muller)."""
    return float(np.sqrt(-2.0 * np.log(1.0 - one)) * np.cos(6.283185307179586 * other))


@kernel
def delay(one: float, other: float) -> float:
    """How long a reaction takes, milliseconds: log-normal, half of them within 90 minutes."""
    return float(1_000.0 + _MEDIAN_DELAY * np.exp(_SPREAD * normal(one, other)))


@kernel
def wakeful(at: Whole, zone: Whole, rhythm: Floats) -> float:
    """How likely an account of that time zone (hours) is to act at that time, 0 to 1."""
    local = (at + zone * 3_600_000) % DAY
    return float(rhythm[local // 900_000])


@kernel
def moment(
    one: float, other: float, begin: Whole, end: Whole, zone: Whole, time_of_day: Floats
) -> Whole:
    """A time from ``begin`` to ``end`` in the daily rhythm, milliseconds."""
    day = (begin + int(one * (end - begin))) // DAY
    place = other * 1024
    low = int(place)
    part = time_of_day[low] + (place - low) * (time_of_day[low + 1] - time_of_day[low])
    at = int((day + part) * DAY) - zone * 3_600_000
    if at < begin or at >= end:
        return begin + int(one * (end - begin))
    return at


@kernel
def fill_alias(weights: Floats, chance: Chances, other: Ints) -> None:
    """Vose's alias table for one set of weights, into arrays of the same length."""
    count = len(weights)
    mean = weights.sum() / count
    small = np.empty(count, np.int64)
    large = np.empty(count, np.int64)
    smalls = larges = 0
    left = weights / mean
    for i in range(count):
        chance[i] = 1.0
        other[i] = i
        if left[i] < 1.0:
            small[smalls] = i
            smalls += 1
        else:
            large[larges] = i
            larges += 1
    while smalls > 0 and larges > 0:
        smalls -= 1
        low, high = small[smalls], large[larges - 1]
        chance[low] = left[low]
        other[low] = high
        left[high] -= 1.0 - left[low]
        if left[high] < 1.0:
            larges -= 1
            small[smalls] = high
            smalls += 1


@kernel
def alias(starts: Longs, weights: Floats) -> tuple[Chances, Ints]:
    """An alias table for each group of weights; group ``g`` is ``starts[g]:starts[g + 1]``."""
    chance = np.empty(len(weights), np.float32)
    other = np.empty(len(weights), np.int32)
    for group in range(len(starts) - 1):
        low, high = starts[group], starts[group + 1]
        if high > low:
            fill_alias(weights[low:high], chance[low:high], other[low:high])
    return chance, other


@kernel
def picked(one: float, chance: Chances, other: Ints) -> int:
    """A place in one alias table, by one uniform number."""
    place = one * len(chance)
    low = int(place)
    return low if place - low < chance[low] else int(other[low])


def key_of(seed: int, purpose: int) -> np.uint64:
    """The key of the draws for one purpose."""
    found: np.uint64 = np.random.SeedSequence([seed, purpose]).generate_state(1, np.uint64)[0]
    return found


def zipf_table(count: int, exponent: float, offset: float = 1.0) -> Shorts:
    """Ranks by quantile / 65536: rank ``r`` has a weight of ``(r + offset) ** -exponent``."""
    weights = (np.arange(count) + offset) ** -exponent
    edges = np.cumsum(weights) / weights.sum()
    quantiles = (np.arange(65_536) + 0.5) / 65_536
    return np.minimum(np.searchsorted(edges, quantiles), count - 1).astype(np.uint16)
