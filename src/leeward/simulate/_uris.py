"""URIs: of accounts, and of what accounts make, written straight into Arrow's buffers.

A reference says what a URI is of, in one integer: -1 is nothing, ``v >= 0`` is what the act at
place ``v`` of the timeline made, ``-2 - a`` is account ``a``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from leeward.model import kernel
from leeward.simulate._rows import ACCOUNT, KIND_WORDS, SUSPENSION
from leeward.simulate._words import table_of

if TYPE_CHECKING:
    from leeward.simulate._order import Timeline
    from leeward.simulate._types import Ints, Longs, Mask, Octets, Whole

__all__ = [
    "EPOCH",
    "SOURCE",
    "Names",
    "identities",
    "key_characters",
    "names_of",
    "string_array",
    "uris",
]

SOURCE: Final = "sim.example"
EPOCH: Final = 1_735_689_600_000_000
"""When the platform is first watched: 2025-01-01, microseconds since 1970 UTC."""

KEY_LENGTH: Final = 11
_LOW = np.uint64(31)
BASE32: Final = np.frombuffer(b"234567abcdefghijklmnopqrstuvwxyz", np.uint8)
_BASE: Final = np.frombuffer(b"https://sim.example/@", np.uint8)
_PATHS: Final = table_of(
    ["/" + {"post": "", "account": ""}.get(word, word + "s/") for word in KIND_WORDS]
)


class Names(NamedTuple):
    """What kernels need to write a URI. Keys are times, which no two acts share."""

    at: Longs
    actor: Ints
    kind: Octets
    handles: Octets
    base: Octets
    path_starts: Longs
    paths: Octets
    base32: Octets


class _Around(NamedTuple):
    """What stands before and behind each URI; one tail for what is new, one for a change."""

    head: Octets
    tail_starts: Longs
    tails: Octets


_TAILS: Final = table_of(["@1#create", "@2#update"])
_IDENTITY: Final = _Around(
    np.frombuffer(f"{SOURCE}:".encode(), np.uint8), _TAILS.starts, _TAILS.octets
)
_NOTHING: Final = np.frombuffer(b"", np.uint8)
_BARE: Final = _Around(_NOTHING, np.zeros(3, np.int64), _NOTHING)


def names_of(timeline: Timeline, handles: Octets) -> Names:
    """The names of a timeline's acts and accounts."""
    paths = (_PATHS.starts, _PATHS.octets)
    return Names(timeline.at, timeline.actor, timeline.kind, handles, _BASE, *paths, BASE32)


def uris(names: Names, refs: Longs) -> pa.StringArray:
    """The URIs of references; null where a reference is of nothing."""
    starts, octets = _write(names, refs, _BARE)
    return string_array(starts, octets, refs != -1)


def identities(names: Names, refs: Longs) -> pa.StringArray:
    """The ids of the events at these places."""
    starts, octets = _write(names, refs, _IDENTITY)
    return string_array(starts, octets)


def string_array(starts: Ints, octets: Octets, valid: Mask | None = None) -> pa.StringArray:
    """Arrow strings over buffers that kernels wrote."""
    mask = None
    if valid is not None and not valid.all():
        mask = pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.StringArray.from_buffers(
        len(starts) - 1, pa.py_buffer(starts), pa.py_buffer(octets), mask
    )


# A kernel below names all arrays that it needs, and hands no tuple of them to a function for a row:
# that costs more than to write a URI.


@kernel
def _write(names: Names, refs: Longs, around: _Around) -> tuple[Ints, Octets]:
    at, actor, kind, handles = names.at, names.actor, names.kind, names.handles
    path_starts, paths, base32 = names.path_starts, names.paths, names.base32
    tail_starts, tails = around.tail_starts, around.tails
    width = handles.shape[1]
    front = np.append(around.head, names.base)
    starts = _starts(names, refs, around)
    out = np.empty(starts[-1], np.uint8)
    for i in range(len(refs)):
        ref, place = refs[i], starts[i]
        if ref == -1:
            continue
        what = kind[ref] if ref >= 0 else ACCOUNT
        who = actor[ref] if ref >= 0 else -2 - ref
        for j in range(len(front)):
            out[place + j] = front[j]
        place += len(front)
        for j in range(width):
            out[place + j] = handles[who, j]
        place += width
        if what > SUSPENSION:
            for j in range(path_starts[what], path_starts[what + 1]):
                out[place] = paths[j]
                place += 1
            key_characters(np.uint64(at[ref] + EPOCH), out, place, KEY_LENGTH, base32)
            place += KEY_LENGTH
        tail = int(what == SUSPENSION)
        for j in range(tail_starts[tail], tail_starts[tail + 1]):
            out[place] = tails[j]
            place += 1
    return starts, out


@kernel
def _starts(names: Names, refs: Longs, around: _Around) -> Ints:
    """Where each URI begins, and the last ends."""
    kind, path_starts, tail_starts = names.kind, names.path_starts, around.tail_starts
    plain = len(around.head) + len(names.base) + names.handles.shape[1]
    starts = np.zeros(len(refs) + 1, np.int32)
    for i in range(len(refs)):
        length = 0
        if refs[i] != -1:
            what = kind[refs[i]] if refs[i] >= 0 else ACCOUNT
            tail = int(what == SUSPENSION)
            length = plain + tail_starts[tail + 1] - tail_starts[tail]
            if what > SUSPENSION:
                length += path_starts[what + 1] - path_starts[what] + KEY_LENGTH
        starts[i + 1] = starts[i] + length
    return starts


@kernel
def key_characters(
    value: np.uint64, out: Octets, place: Whole, length: int, base32: Octets
) -> None:
    """Write a number in base 32, so that keys sort as numbers do."""
    for i in range(length):
        out[place + length - 1 - i] = base32[(value >> np.uint64(5 * i)) & _LOW]
