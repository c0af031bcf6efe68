"""A made-up platform with a ring that lives in replies, for the tests of what finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tests.network._events import event

if TYPE_CHECKING:
    from leeward.model import Event

__all__ = ["MEMBERS", "pier"]

MEMBERS: Final = 40
_PEOPLE: Final = 1_200
_TOWNS: Final = 30
_GARDENS: Final = 60


def pier(seed: int = 0) -> list[Event]:
    """People of thirty towns like and answer posts of their towns; so does a ring.

    Forty of them, ``ring/0`` to ``ring/39``, also answer eight of sixty posts, ``garden/{i}`` by
    ``owner/{i}``, under which a friend or two of the owner answer as well, and name two of the
    others there. ``talker/{i}`` answers as much as a member does, anywhere. Nobody shares a thing
    with the ring but by chance.

    ``dora`` posts four pictures of a garden under which the ring meets, and answers three of those
    who answered her, there; ``nora`` does the same and is left alone: three friends answer her.
    """
    log = _Log(np.random.default_rng(seed))
    for town in range(_TOWNS):
        for i in range(20):
            log.add("post", f"account/{20 * town + i}", f"post/{town}/{i}")
    for i in range(_GARDENS):
        log.add("post", f"owner/{i}", f"garden/{i}")
    for who in ("dora", "nora"):
        for i in range(4):
            log.add("post", who, f"{who}/{i}")
    _daily(log)
    _at_the_gardens(log)
    for i in range(40):
        for _ in range(12):
            log.answer(f"talker/{i}", f"post/{log.below(_TOWNS)}/{log.below(20)}")
    _two_owners(log)
    return log.events


class _Log:
    """Events as they are written, and chance."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.events: list[Event] = []

    def below(self, end: int) -> int:
        return int(self.rng.integers(end))

    def some(self, of: int, count: int) -> list[int]:
        """Different numbers."""
        chosen: list[int] = self.rng.choice(of, count, replace=False).tolist()
        return chosen

    def add(self, kind: str, actor: str, name: str | None = None, **other: Any) -> None:
        self.events.append(event(kind, len(self.events) + 1, actor, name, **other))

    def answer(self, actor: str, post: str, *named: str) -> str:
        name = f"answer/{len(self.events)}"
        self.add("post", actor, name, reply_to=post, root=post, mentions=named)
        return name


def _daily(log: _Log) -> None:
    """Everybody likes posts, mostly of the own town, and answers four of it."""
    names = [f"ring/{i}" for i in range(MEMBERS)]
    names += [f"account/{i}" for i in range(_PEOPLE - MEMBERS)]
    for place, name in enumerate(names):
        for i in log.some(20, 4 + log.below(8)):
            town = place % _TOWNS if log.rng.random() < 0.8 else log.below(_TOWNS)
            log.add("like", name, target=f"post/{town}/{i}")
        for i in log.some(20, 4):
            log.answer(name, f"post/{place % _TOWNS}/{i}")


def _at_the_gardens(log: _Log) -> None:
    """The ring meets, and friends of the owners come by."""
    for member in range(MEMBERS):
        for i in log.some(_GARDENS, 8):
            log.answer(f"ring/{member}", f"garden/{i}")
        for other in log.some(MEMBERS, 2):
            log.answer(f"ring/{member}", f"garden/{log.below(_GARDENS)}", f"ring/{other}")
    for i in range(_GARDENS):
        for friend in log.some(_PEOPLE - MEMBERS, 2):
            log.answer(f"account/{friend}", f"garden/{i}")


def _two_owners(log: _Log) -> None:
    """Half of the ring comes to one, friends come to the other; both answer."""
    for member in range(0, MEMBERS, 2):
        said = log.answer(f"ring/{member}", f"dora/{member % 4}", "dora")
        if member < 6:
            log.add("post", "dora", f"dora/to/{member}", reply_to=said, root=f"dora/{member % 4}")
    for i in range(3):
        said = log.answer(f"account/{i}", f"nora/{i}", "nora")
        log.add("post", "nora", f"nora/to/{i}", reply_to=said, root=f"nora/{i}")
