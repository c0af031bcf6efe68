"""A small platform: two seeds, their accomplice, and the people who must not be taken for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leeward.model import MediaRef
from tests.network._events import event

if TYPE_CHECKING:
    from leeward.model import Event

__all__ = ["CROWD", "SEEDS", "quay"]

SEEDS: Final = ("ada", "ben")
CROWD: Final = tuple(f"crowd/{n}" for n in range(30))
_SAIL: Final = MediaRef(uri="picture/sail", sha256="5a" * 32)


def quay() -> list[Event]:
    """The events, in the order of the log.

    ``cleo``, the accomplice, reposts three posts that both seeds made or reposted. ``dora``, a
    child, posts a picture that one seed reposts and likes and the other copies; both follow and
    mention her. ``edna`` argues with a seed, flags his post and reposts it once, to show it.
    ``finn``, a bot, and ``gale``, a passer-by, repost what everybody reposts; gale one post of a
    seed as well. ``hugo`` has done what cleo did, and is said to be a minor.
    """
    acts: list[tuple[str, dict[str, Any]]] = [
        ("account", {"actor": "dora", "object": "dora", "extra": _told(minor=True)}),
        ("account", {"actor": "hugo", "object": "hugo", "extra": _told(minor=True)}),
        ("account", {"actor": "finn", "object": "finn", "extra": _told(bot=True)}),
        ("post", {"actor": "dora", "object": "dora/boat", "media": (_SAIL,)}),
        ("post", {"actor": "ada", "object": "ada/1", "tags": ("reef",)}),
        ("post", {"actor": "ada", "object": "ada/2"}),
        ("post", {"actor": "ben", "object": "ben/1", "tags": ("reef",)}),
        ("post", {"actor": "star", "object": "star/1"}),
        ("post", {"actor": "star", "object": "star/2"}),
        *(("repost", {"actor": "ben", "target": f"ada/{n}"}) for n in (1, 2)),
        ("repost", {"actor": "ada", "target": "ben/1"}),
        *(_repost(who, what) for who in ("cleo", "hugo") for what in ("ada/1", "ada/2", "ben/1")),
        _repost("ada", "dora/boat"),
        ("like", {"actor": "ada", "target": "dora/boat"}),
        ("post", {"actor": "ben", "object": "ben/copy", "media": (_SAIL,), "mentions": ("dora",)}),
        ("post", {"actor": "ada", "object": "ada/reply", "reply_to": "dora/boat"}),
        *(("follow", {"actor": seed, "target": "dora"}) for seed in SEEDS),
        ("post", {"actor": "edna", "object": "edna/no", "reply_to": "ada/1"}),
        ("flag", {"actor": "edna", "target": "ada/1"}),
        _repost("edna", "ada/1"),
        *(_repost(who, f"star/{n}") for who in (*CROWD, "finn", "gale", "ada") for n in (1, 2)),
        _repost("gale", "ada/2"),
        *(
            ("post", {"actor": who, "object": f"{who}/day", "tags": ("tide",)})
            for who in (*CROWD, "gale", "cleo", "hugo")
        ),
    ]
    return [event(kind, seq, **fields) for seq, (kind, fields) in enumerate(acts, 1)]


def _told(**attributes: bool) -> dict[str, Any]:
    """What the platform says of an account."""
    return {"account": attributes}


def _repost(who: str, what: str) -> tuple[str, dict[str, Any]]:
    return "repost", {"actor": who, "target": what}
