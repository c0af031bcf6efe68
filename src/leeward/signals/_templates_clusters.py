"""Messages that several accounts send nearly alike: clusters over a rolling window.

Signatures are looked up by bands of two positions (Indyk and Motwani 1998); what shares a band is
verified by the whole signature. A message joins the cluster of the one that it is most alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.signals._behaviour_kernel import borrowing_kernel
from leeward.signals._behaviour_table import Table, find, mix, new_table, place
from leeward.signals._templates_hash import PERMUTATIONS

if TYPE_CHECKING:
    import numpy.typing as npt

    Flags = npt.NDArray[np.bool_]
    Hashes = npt.NDArray[np.uint32]
    Longs = npt.NDArray[np.int64]
    Words = npt.NDArray[np.uint64]

__all__ = [
    "MEMBERS",
    "WINDOW",
    "Clusters",
    "compare",
    "new_clusters",
    "reband",
]

WINDOW: Final = 7 * 86_400_000_000
"""Microseconds for which a message is compared with those that follow."""

MEMBERS: Final = 16
"""Accounts of a cluster that are remembered and counted, the last to send one."""

_BANDS: Final = PERMUTATIONS // 2
_ALIKE: Final = PERMUTATIONS // 2

# A cluster: its accounts, when each sent its last message, and that message's number plus one.
ACCOUNTS: Final = 0
TIMES: Final = MEMBERS
NUMBERS: Final = 2 * MEMBERS


class Clusters(NamedTuple):
    """What is remembered; a message's slot is its number modulo the capacity.

    Attributes:
        signs: Signatures, shape (capacity, 32).
        facts: Shape (capacity, 3): account, time, cluster (0 is none).
        bands: Shape (16, twice the capacity): number plus one of the last message there.
        groups: By cluster.
        total: One element: how many messages there were.
    """

    signs: Hashes
    facts: Longs
    bands: Longs
    groups: Table
    total: Longs


def new_clusters(most: int) -> Clusters:
    """An empty memory of the last ``most`` messages."""
    places = 1 << most.bit_length()
    return Clusters(
        np.zeros((most, PERMUTATIONS), np.uint32),
        np.zeros((most, 3), np.int64),
        np.zeros((_BANDS, places), np.int64),
        new_table(max(most // 4, 1 << 12), 3 * MEMBERS),
        np.zeros(1, np.int64),
    )


@borrowing_kernel
def compare(
    clusters: Clusters,
    begin: int,
    end: int,
    signs: Hashes,
    asked: Flags,
    actor: Words,
    at: Longs,
    accounts: Longs,
    others: Longs,
) -> None:
    """Take messages in turn.

    Args:
        clusters: What is remembered; it changes.
        begin: The first row.
        end: Behind the last.
        signs: Signatures by row.
        asked: Which rows have one.
        actor: Who sent it.
        at: When.
        accounts: Takes how many accounts sent one alike within the window, this one included; it
            is left as it is where nothing was asked.
        others: Takes the numbers, plus one, of the last messages of the cluster's other accounts,
            the latest first; a row for each of the rows from ``begin`` on.
    """
    for i in range(begin, end):
        if asked[i]:
            accounts[i] = 1
            cluster = np.uint64(0)
            near = _nearest(clusters, signs[i], at[i])
            if near >= 0:
                cluster = _join(clusters, near, actor[i], at[i])
                group = find(clusters.groups, cluster)
                accounts[i] = _count(clusters.groups, group, at[i])
                _name(clusters.groups, group, actor[i], others[i - begin])
            _remember(clusters, signs[i], actor[i], at[i], cluster)


@kernel
def reband(clusters: Clusters) -> None:
    """Fill the bands from the messages that are remembered."""
    most = len(clusters.signs)
    for number in range(max(0, clusters.total[0] - most), clusters.total[0]):
        _band(clusters, clusters.signs[number % most], number)


@borrowing_kernel
def _place_of(sign: Hashes, band: int, places: int) -> np.uint64:
    pair = np.uint64(sign[2 * band]) << np.uint64(32) | np.uint64(sign[2 * band + 1])
    return mix(pair, np.uint64(band)) & np.uint64(places - 1)


@borrowing_kernel
def _band(clusters: Clusters, sign: Hashes, number: int) -> None:
    places = clusters.bands.shape[1]
    for band in range(_BANDS):
        clusters.bands[band, _place_of(sign, band, places)] = number + 1


@borrowing_kernel
def _nearest(clusters: Clusters, sign: Hashes, at: int) -> int:
    """The number of the most similar message of the window, the latest of several; -1 for none."""
    most, places = len(clusters.signs), clusters.bands.shape[1]
    gone = clusters.total[0] - most
    best = -1
    most_alike = _ALIKE - 1
    for band in range(_BANDS):
        number = clusters.bands[band, _place_of(sign, band, places)] - 1
        if number < 0 or number < gone or number == best:
            continue
        slot = number % most
        if abs(at - clusters.facts[slot, 1]) > WINDOW:
            continue
        alike = 0
        for j in range(PERMUTATIONS):
            alike += clusters.signs[slot, j] == sign[j]
        if alike > most_alike or (alike == most_alike and best >= 0 and number > best):
            best = number
            most_alike = alike
    return best


@borrowing_kernel
def _join(clusters: Clusters, near: int, actor: np.uint64, at: int) -> np.uint64:
    """Put an account into the cluster of a message, which is made where there is none."""
    slot = near % len(clusters.signs)
    facts = clusters.facts
    key = np.uint64(facts[slot, 2])
    if key == 0:
        key = mix(np.uint64(near), np.uint64(facts[slot, 0]))
        facts[slot, 2] = np.int64(key)
    known = find(clusters.groups, key)
    group = place(clusters.groups, key)
    if known < 0:
        _enter(clusters.groups, group, np.uint64(facts[slot, 0]), facts[slot, 1], near)
    _enter(clusters.groups, group, actor, at, clusters.total[0])
    return key


@borrowing_kernel
def _enter(groups: Table, group: int, actor: np.uint64, at: int, number: int) -> None:
    """Note an account's last message, in place of the account whose last is oldest."""
    ints = groups.ints
    spot = 0
    for j in range(MEMBERS):
        if ints[group, ACCOUNTS + j] == np.int64(actor):
            spot = j
            break
        if ints[group, NUMBERS + j] < ints[group, NUMBERS + spot]:
            spot = j
    ints[group, ACCOUNTS + spot] = np.int64(actor)
    ints[group, TIMES + spot] = at
    ints[group, NUMBERS + spot] = number + 1


@borrowing_kernel
def _count(groups: Table, group: int, at: int) -> int:
    count = 0
    for j in range(MEMBERS):
        known = groups.ints[group, NUMBERS + j] > 0
        count += known and abs(at - groups.ints[group, TIMES + j]) <= WINDOW
    return count


@borrowing_kernel
def _name(groups: Table, group: int, actor: np.uint64, others: Longs) -> None:
    """The last messages of other accounts, the latest first; numbers are told apart by each."""
    below = np.int64(1) << 62
    for j in range(len(others)):
        latest = np.int64(0)
        for spot in range(MEMBERS):
            number = groups.ints[group, NUMBERS + spot]
            is_other = groups.ints[group, ACCOUNTS + spot] != np.int64(actor)
            if is_other and latest < number < below:
                latest = number
        others[j] = latest
        below = latest


@borrowing_kernel
def _remember(
    clusters: Clusters, sign: Hashes, actor: np.uint64, at: int, cluster: np.uint64
) -> None:
    number = clusters.total[0]
    slot = number % len(clusters.signs)
    for j in range(PERMUTATIONS):
        clusters.signs[slot, j] = sign[j]
    clusters.facts[slot, 0] = np.int64(actor)
    clusters.facts[slot, 1] = at
    clusters.facts[slot, 2] = np.int64(cluster)
    _band(clusters, sign, number)
    clusters.total[0] += 1
