"""What is true of the platform, and what no platform would know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from leeward.simulate._cast import ROLES
from leeward.simulate._media import sha256_of
from leeward.simulate._rows import SUSPENSION
from leeward.simulate._uris import names_of, uris

if TYPE_CHECKING:
    from leeward.simulate._world import World

__all__ = ["ordinary_share", "tainted_of", "truth_of"]


def truth_of(world: World) -> dict[str, pa.Array]:
    """The role of every account, and its cell where it has one; in no order."""
    names = names_of(world.timeline, world.people.handles)
    cell = world.cast.cell
    return {
        "account": uris(names, -2 - np.arange(len(cell), dtype=np.int64)),
        "role": pa.array(ROLES).take(pa.array(world.cast.role)),
        "cell": pa.array(cell, mask=cell < 0),
    }


def tainted_of(world: World) -> dict[str, pa.Array]:
    """What the ring made as a ring: posts, media (by SHA-256), hashtags and links."""
    contents, timeline = world.contents, world.timeline
    made = contents.tainted
    staged = timeline.row.astype(np.int64) - world.first_staged
    inside = np.flatnonzero((staged >= 0) & (staged < len(made)))
    places = inside[made[staged[inside]]]
    posts = uris(names_of(timeline, world.people.handles), places).to_pylist()
    shown = made & (contents.picture != 0)
    pictures = np.unique(np.stack([contents.picture[shown], contents.copy[shown]]), axis=1)
    tags = np.intersect1d(contents.tag[made], world.ring_tags)  # and not those of a flooded group
    links = np.unique(contents.link[made & (contents.link >= 0)])
    subjects = {
        "post": posts,
        "media": sorted(sha256_of(int(a), int(b)) for a, b in pictures.T),
        "tag": sorted(world.tags[tag] for tag in tags.tolist()),
        "link": sorted(world.links[link] for link in links.tolist()),
    }
    kinds = [kind for kind, found in subjects.items() for _ in found]
    return {
        "kind": pa.array(kinds, pa.string()),
        "subject": pa.array([one for found in subjects.values() for one in found], pa.string()),
    }


def ordinary_share(world: World) -> float:
    """How much of what the ring's accounts do is what everybody does."""
    timeline = world.timeline
    member = np.isin(timeline.actor, world.cast.ring.members) & (timeline.kind > SUSPENSION)
    row = timeline.row[member]
    last = world.first_staged + len(world.contents.tainted)
    return float(np.mean((row < world.first_staged) | (row >= last)))
