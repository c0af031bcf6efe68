"""Events and graphs of them, for the tests of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from leeward.model import EVENT_SCHEMA, Event, Hasher, MediaRef
from leeward.model import columns_of as input_columns
from leeward.network import COLUMNS, Graph, GraphBuilder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["HASHER", "batch", "event", "graph_of", "in_pieces", "random_events"]

HASHER: Final = Hasher(b"a key for tests.")


def event(kind: str, seq: int, actor: str, object: str | None = None, **other: Any) -> Event:  # noqa: A002 - the name of the field
    """An event that the log received in the second of its place."""
    fields: dict[str, Any] = {
        "id": f"example:{seq}@1#create",
        "source": "example",
        "op": "create",
        "at": seq * 1_000_000,
        "seen": seq * 1_000_000,
        **other,
    }
    return Event(kind=kind, seq=seq, actor=actor, object=object or f"{kind}/{seq}", **fields)  # type: ignore[arg-type]  # one of the kinds


def batch(events: Sequence[Event]) -> pa.RecordBatch:
    """Events as the log gives them."""
    columns = input_columns([msgspec.structs.replace(e, folded=None) for e in events])
    arrays = [
        pa.array([getattr(e, name) for e in events], pa.int64())
        if name in ("seq", "seen")
        else columns[name]
        for name in COLUMNS
    ]
    schema = pa.schema([EVENT_SCHEMA.field(name) for name in COLUMNS])
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def graph_of(*parts: Iterable[Event], base: Graph | None = None, hasher: Hasher = HASHER) -> Graph:
    """The graph of some batches of events, or a graph with them."""
    builder = GraphBuilder(hasher, base)
    for part in parts:
        builder.add(batch(list(part)))
    return builder.finish()


def in_pieces(events: Sequence[Event], rng: np.random.Generator, hasher: Hasher = HASHER) -> Graph:
    """The graph of the same log, come in batches of other sizes, with a graph between them."""
    cuts = np.sort(rng.integers(0, len(events) + 1, 5)).tolist()
    parts = [events[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]
    return graph_of(*parts[3:], base=graph_of(*parts[:3], hasher=hasher), hasher=hasher)


def random_events(rng: np.random.Generator, count: int) -> list[Event]:
    """Events of ten accounts that act on each other's posts and carry the same things."""
    events: list[Event] = []
    for seq in range(1, count + 1):
        kind = str(rng.choice(["post", "repost", "like", "follow"], p=[0.5, 0.2, 0.2, 0.1]))
        actor = f"account/{rng.integers(10)}"
        if kind == "post":
            events.append(event(kind, seq, actor, f"post/{seq}", **_carried(rng, seq)))
        elif kind == "follow":
            events.append(event(kind, seq, actor, target=f"account/{rng.integers(10)}"))
        else:
            events.append(event(kind, seq, actor, target=f"post/{rng.integers(1, seq + 1)}"))
    return events


def _carried(rng: np.random.Generator, seq: int) -> dict[str, Any]:
    """What a post carries, and what it answers."""
    return {
        "tags": tuple(f"tag{n}" for n in rng.integers(4, size=rng.integers(3))),
        "links": tuple(f"link/{n}" for n in rng.integers(4, size=rng.integers(2))),
        "media": tuple(MediaRef(uri=f"media/{n}") for n in rng.integers(5, size=rng.integers(2))),
        "community": f"community/{rng.integers(2)}" if rng.random() < 0.3 else None,
        "reply_to": f"post/{rng.integers(1, seq + 1)}" if rng.random() < 0.2 else None,
    }
