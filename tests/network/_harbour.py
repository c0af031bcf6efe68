"""A made-up platform with a ring, for the tests of what finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from tests.network._events import event

if TYPE_CHECKING:
    from leeward.model import Event

__all__ = ["MEMBERS", "PEOPLE", "harbour"]

MEMBERS: Final = 40
PEOPLE: Final = 1_200
_TOWNS: Final = 30
_POSTS: Final = 10
"""Tainted posts by each of the first ten members."""


def harbour(seed: int = 0) -> list[Event]:
    """People of thirty towns like and repost posts of their towns; a ring does so, too.

    Forty of the people are ``ring/0`` to ``ring/39``. The first ten made ten posts each that
    members repost and like, and now and then a passer-by: ``post/tainted/{i}`` by
    ``ring/{i // 10}``. Everybody else is ``account/{i}``; most are as active as the ring.
    """
    rng = np.random.default_rng(seed)
    names = [f"ring/{i}" for i in range(MEMBERS)]
    names += [f"account/{i}" for i in range(PEOPLE - MEMBERS)]
    events: list[Event] = []

    def add(kind: str, actor: str, name: str | None = None, target: str | None = None) -> None:
        events.append(event(kind, len(events) + 1, actor, name, target=target))

    for town in range(_TOWNS):
        for i in range(20):
            add("post", f"account/{20 * town + i}", f"post/{town}/{i}")
    for i in range(10 * _POSTS):
        add("post", f"ring/{i // _POSTS}", f"post/tainted/{i}")
    for place, name in enumerate(names):
        acts = 8 if place < MEMBERS else int(rng.integers(4, 20))
        for i in rng.choice(20, acts, replace=False).tolist():
            town = place % _TOWNS if rng.random() < 0.8 else int(rng.integers(_TOWNS))
            add(str(rng.choice(["like", "repost"])), name, target=f"post/{town}/{i}")
        tainted = 8 if place < MEMBERS else int(rng.random() < 0.1)
        for i in rng.choice(10 * _POSTS, tainted, replace=False).tolist():
            if place != i // _POSTS:
                add(str(rng.choice(["like", "repost"])), name, target=f"post/tainted/{i}")
    return events
