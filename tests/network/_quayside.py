"""Made-up platforms on which members of a ring differ from others by when they act, if at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from tests.network._events import event

if TYPE_CHECKING:
    from leeward.model import Event

__all__ = ["DAY", "Habit", "alike", "nearly_alike"]

DAY: Final = 86_400.0
Habit = Literal["none", "together", "early"]
_Acts = list[tuple[float, str, str, dict[str, Any]]]


def alike(habit: Habit, *, second: int = 1, seed: int = 0) -> list[Event]:
    """Twenty accounts of a ring and 200 others repost 15 of the same 60 posts, and anything else.

    Where the habit is ``together``, the ring reposts each within 30 seconds of each other, on some
    day; nothing else tells them from the others. Eight hundred people repost other posts.

    Args:
        habit: Of the ring.
        second: Times are rounded down to so many seconds.
        seed: Of what is drawn.
    """
    rng, acts = np.random.default_rng(seed), _Acts()
    meet = rng.uniform(2 * DAY, 30 * DAY, 60).tolist()
    for p in range(60):
        acts.append((rng.uniform(0, DAY), "post", f"owner/{p}", {"object": f"post/{p}"}))
    for p in range(800):
        acts.append((rng.uniform(0, DAY), "post", f"author/{p % 200}", {"object": f"back/{p}"}))
    names = [f"ring/{i}" for i in range(20)] + [f"crowd/{i}" for i in range(200)]
    for who in [*names, *(f"account/{i}" for i in range(800))]:
        chosen = [] if who.startswith("account") else rng.choice(60, 15, replace=False).tolist()
        for p in chosen:
            at = rng.uniform(2 * DAY, 30 * DAY)
            if who.startswith("ring") and habit == "together":
                at = meet[p] + rng.uniform(0, 30)
            acts.append((at, "repost", who, {"target": f"post/{p}"}))
        for p in rng.choice(800, 20, replace=False).tolist():
            at = rng.uniform(2 * DAY, 30 * DAY)
            acts.append((at, "repost", who, {"target": f"back/{p}"}))
    return _logged(acts, second)


def nearly_alike(habit: Habit, seed: int = 0) -> list[Event]:
    """Sixty accounts of a ring repost eight of 80 posts, 120 others one to six of them.

    All of them, and 1,500 others, like and repost posts of their towns. What a ring with a habit
    does in time it does with six of ten.
    """
    rng, acts = np.random.default_rng(seed), _Acts()
    made, town_made = rng.uniform(0, 30 * DAY, 80), rng.uniform(0, 30 * DAY, (30, 20))
    meet = made + rng.uniform(0.2 * DAY, 5 * DAY, 80)
    for p in range(80):
        acts.append((float(made[p]), "post", f"owner/{p % 40}", {"object": f"post/{p}"}))
    for town, i in np.ndindex(30, 20):
        at = float(town_made[town, i])
        acts.append((at, "post", f"author/{town}/{i}", {"object": f"town/{town}/{i}"}))
    names = [f"ring/{i}" for i in range(60)] + [f"crowd/{i}" for i in range(120)]
    for n, who in enumerate([*names, *(f"account/{i}" for i in range(1_500))]):
        ring = n < 60
        count = 8 if ring else int(rng.integers(1, 7)) if n < 180 else int(rng.random() < 0.03)
        for p in rng.choice(80, count, replace=False).tolist():
            at = made[p] + rng.uniform(600, 6 * DAY)
            if ring and habit != "none" and rng.random() < 0.6:
                late = meet[p] + rng.uniform(0, 40)
                at = late if habit == "together" else made[p] + rng.uniform(20, 600)
            acts.append((at, "repost", who, {"target": f"post/{p}"}))
        for i in rng.choice(20, int(rng.integers(5, 15)), replace=False).tolist():
            town = n % 30 if rng.random() < 0.8 else int(rng.integers(30))
            at = town_made[town, i] + rng.uniform(60, 6 * DAY)
            kind = str(rng.choice(["like", "repost"]))
            acts.append((at, kind, who, {"target": f"town/{town}/{i}"}))
    return _logged(acts, 1)


def _logged(acts: _Acts, second: int) -> list[Event]:
    acts.sort(key=lambda act: act[0])
    return [
        event(
            kind,
            seq,
            who,
            at=int(at) // second * second * 1_000_000,
            seen=(int(at) + 1) * 1_000_000,
            **fields,
        )
        for seq, (at, kind, who, fields) in enumerate(acts, 1)
    ]
