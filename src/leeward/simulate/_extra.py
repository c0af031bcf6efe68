"""``extra``: what accounts say of themselves, and polls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import pyarrow as pa

from leeward.simulate._rows import ACCOUNT, POLL, SUSPENSION
from leeward.simulate._uris import EPOCH

if TYPE_CHECKING:
    from leeward.simulate._world import World

__all__ = ["extras"]

_DAY: Final = 86_400_000_000
_OPTIONS: Final = ("velo", "dorume", "tavi", "zelora")


def extras(world: World, begin: int, end: int) -> pa.StringArray:
    """JSON for the acts from place ``begin`` to ``end``; null for most."""
    timeline = world.timeline
    kind = timeline.kind[begin:end]
    rows = np.flatnonzero((kind == ACCOUNT) | (kind == SUSPENSION) | (kind == POLL))
    texts = [_extra(world, begin + row) for row in rows.tolist()]
    starts = np.full(end - begin + 1, 0, np.int32)
    starts[rows + 1] = [len(text) for text in texts]
    valid = np.zeros(end - begin, np.bool_)
    valid[rows] = True
    mask = pa.py_buffer(np.packbits(valid, bitorder="little"))
    octets = pa.py_buffer(b"".join(texts))
    starts = np.cumsum(starts, dtype=np.int32)
    return pa.StringArray.from_buffers(end - begin, pa.py_buffer(starts), octets, mask)


def _extra(world: World, place: int) -> bytes:
    timeline = world.timeline
    if timeline.kind[place] == POLL:
        return msgspec.json.encode({"poll": _poll(int(timeline.at[place]))})
    return msgspec.json.encode({"account": _account(world, place)})


def _account(world: World, place: int) -> dict[str, object]:
    people = world.people
    who = int(world.timeline.actor[place])
    body: dict[str, object] = {
        "handle": people.handles[who].tobytes().decode(),
        "created": int(people.created[who]) * 1_000 + EPOCH,
        "followers": int(people.followers[who]),
    }
    if people.declared[who]:
        body["bot"] = True
    if people.minor[who]:
        body["minor"] = True
    if world.timeline.kind[place] == SUSPENSION:
        body["status"] = "suspended"
    return body


def _poll(at: int) -> dict[str, object]:
    """Two to four options; votes and closing time follow from the time it was made."""
    count = 2 + at % 3
    votes = [(at >> shift) % 400 // (shift + 1) for shift in range(count)]
    closes = at + EPOCH + (1 + at % 7) * _DAY
    return {"options": _OPTIONS[:count], "votes": votes, "closes": closes}
