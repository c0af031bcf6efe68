"""Made-up events: few names, used for everything, so that all that can meet does meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from leeward.model import MediaRef
from tests.network._events import event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeward.model import Event

__all__ = ["PDQ", "SHA256", "streams"]

NAMES: Final = ("quay", "mole", "pier", "dock")
"""Each is the name of accounts, posts, tags, links, communities and media handles."""

SHA256: Final = tuple(f"{n:064x}" for n in (1, 2, 3))
PDQ: Final = tuple(
    f"{bits:064x}"
    for bits in (
        0,
        (1 << 10) - 1,  # 10 bits from the first
        (1 << 20) - 1,  # 10 bits from the one before, 20 from the first
        (1 << 15) - 1 << 100,  # 15 bits from the first: as far as near copies go
        (1 << 16) - 1 << 100,  # 16 bits from the first, one bit from the one before
        (1 << 128) - 1 << 128,  # far from all
        3,  # the number of a digest: a digest and a PDQ hash that look alike
    )
)
KINDS: Final = ("account", "post", "media", "repost", "like", "follow", "hashtag", "poll", "flag")


_name = st.sampled_from(NAMES)
_names = st.lists(_name, max_size=2).map(tuple)
_item = st.builds(
    MediaRef,
    uri=st.none() | _name,
    sha256=st.none() | st.sampled_from(SHA256),
    pdq=st.none() | st.sampled_from(PDQ),
)
_attributes = st.fixed_dictionaries(
    {},
    optional={
        "bot": st.none() | st.booleans(),
        "minor": st.booleans(),
        "status": st.sampled_from(["active", "suspended"]),
        "handle": _name,
    },
)
_extra = st.none() | st.just({"note": 1}) | st.fixed_dictionaries({"account": _attributes})
_when = st.integers(0, 9_000_000)


@st.composite
def streams(draw: st.DrawFn, kinds: Sequence[str] = KINDS, most: int = 20) -> list[Event]:
    """Events in the order of the log, with gaps in it."""
    events = []
    seq = 0
    for _ in range(draw(st.integers(0, most))):
        seq += draw(st.integers(1, 3))
        fields: dict[str, Any] = {
            "kind": draw(st.sampled_from(kinds)),
            "op": draw(st.sampled_from(["create", "create", "create", "update", "delete"])),
            "actor": draw(_name),
            "object": draw(_name),
            "at": draw(_when),
            "seen": draw(_when),
            "target": draw(st.none() | _name),
            "reply_to": draw(st.none() | _name),
            "root": draw(st.none() | _name),
            "community": draw(st.none() | _name),
            "tags": draw(_names),
            "links": draw(_names),
            "mentions": draw(_names),
            "media": draw(st.lists(_item, max_size=3).map(tuple)),
            "extra": draw(_extra),
        }
        events.append(event(seq=seq, **fields))
    return events
