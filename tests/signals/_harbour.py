"""Random logs of a made-up harbour, and rows as a log would hold them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from leeward.model import EVENT_SCHEMA, Event, MediaRef, columns_of, fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeward.model import Kind, Op

__all__ = ["DAY", "event", "harbour", "picture", "rows_at"]

DAY = 86_400_000_000
_START = 1_700_000_000_000_000


def rows_at(events: Sequence[Event]) -> pa.RecordBatch:
    """Events as rows from place 1 on, seen when they say that they happened."""
    batch = columns_of(events)
    folded = [None if e.text is None or e.text.isascii() else fold(e.text) for e in events]
    seq = pa.array(range(1, len(events) + 1), pa.int64())
    seen = pa.array([e.at if e.seen is None else e.seen for e in events], pa.int64())
    columns = [seq, seen, *batch.columns, pa.array(folded, pa.string())]
    return pa.RecordBatch.from_arrays(columns, schema=EVENT_SCHEMA)


def event(
    kind: Kind, name: str, actor: str, *, op: Op = "create", at: int = 0, **rest: Any
) -> Event:
    """An event at so many microseconds behind the start."""
    return Event(
        id=f"harbour:{name}@{at}#{op}",
        source="harbour",
        kind=kind,
        op=op,
        at=_START + at,
        actor=actor,
        object=actor if kind == "account" else name,
        **rest,
    )


def picture(name: str) -> MediaRef:
    """A picture that has a digest of each kind."""
    digest = "".join(f"{ord(c):02x}" for c in name)
    return MediaRef(uri=f"media:{name}", sha256=digest.ljust(64, "0"), pdq=digest.rjust(64, "f"))


def harbour(seed: int, count: int) -> list[Event]:
    """A few accounts that do everything there is to each other."""
    rng = random.Random(seed)  # noqa: S311 - a made-up log
    people = [f"rower{n}" for n in range(rng.randint(3, 7))]
    posts = ["post:gone"]
    links: list[tuple[str, str, str]] = []
    events: list[Event] = []
    at = 0
    for number in range(count):
        at = max(0, at + rng.choice((-DAY // 200, DAY // 3_000, DAY // 100, DAY // 2)))
        actor = rng.choice(people)
        what = rng.random()
        if what < 0.45:
            events.append(_post(rng, f"post:{number}", actor, at, posts, people))
            posts.append(f"post:{number}")
        elif what < 0.65:
            kind: Kind = rng.choice(("repost", "like"))
            events.append(event(kind, f"{kind}:{number}", actor, at=at, target=rng.choice(posts)))
        elif what < 0.85:
            kind = rng.choice(("follow", "flag"))
            target = rng.choice(people if kind == "follow" else posts)
            name = f"{kind}:{number}"
            events.append(event(kind, name, actor, at=at, target=target))
            links.append((kind, name, actor))
        elif what < 0.92 and links:
            kind_, name, actor = rng.choice(links)
            events.append(event(kind_, name, actor, op="delete", at=at))  # type: ignore[arg-type]
        else:
            events.append(_account(rng, number, actor, at, people))
    return events


def _post(
    rng: random.Random, name: str, actor: str, at: int, posts: list[str], people: list[str]
) -> Event:
    rest: dict[str, Any] = {}
    if rng.random() < 0.5:
        rest["reply_to"] = rng.choice(posts)
        if rng.random() < 0.7:
            rest["root"] = rng.choice(posts)
    elif rng.random() < 0.1:
        rest["root"] = rng.choice(posts)  # a platform that names the thread alone
    if rng.random() < 0.4:
        shown = rng.sample(["boat", "pier", "gull", "rope", "buoy", "sail"], rng.randint(1, 5))
        rest["media"] = tuple(map(picture, shown))
    if rng.random() < 0.4:
        rest["tags"] = tuple(rng.sample(["mooring", "tide", "wind"], rng.randint(1, 2)))
    if rng.random() < 0.4:
        rest["community"] = rng.choice(("club:rowing", "club:sailing"))
    if rng.random() < 0.3:
        rest["mentions"] = tuple(rng.sample(people, 2))
    if rng.random() < 0.2:
        rest["links"] = ("https://pier.example/",)
    kind: Kind = "poll" if rng.random() < 0.2 else "post"
    if kind == "poll":
        options = rng.choice((["9", "10-12", "13+"], ["oak", "elm"]))
        rest["extra"] = {"poll": {"options": options}}
    return event(kind, name, actor, at=at, **rest)


def _account(rng: random.Random, number: int, actor: str, at: int, people: list[str]) -> Event:
    body: dict[str, Any] = {}
    if rng.random() < 0.7:
        body["minor"] = rng.random() < 0.6
    if rng.random() < 0.5:
        body["created"] = _START - rng.randrange(100) * DAY
    if rng.random() < 0.4:
        body["relatives"] = rng.sample(people, rng.randint(0, 2))
    return event("account", f"{actor}@{number}", actor, at=at, extra={"account": body})
