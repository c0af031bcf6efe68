"""What the tests of the log share: events by number, small sizes, other processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leeward.model import Event, MediaRef, admit_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pyarrow as pa

    from leeward.store import Log

ROOT: Final = Path(__file__).parents[2]
KINDS: Final = (
    *("post", "repost", "like", "follow", "media"),
    *("hashtag", "poll", "flag", "account"),
)

SIZES: Final = {
    "_blocks.ROWS_PER_PART": 3,
    "_compaction.FAN_IN": 2,
    "_compaction.LONG_RUN": 4,
    "_compaction.RANGE_BYTES": 4_096,
    "_idset._MANY": 8,
    "_order.WINDOW": 7,
    "_postings._PORTION": 5,
    "_segment._GROUPS": 2,
    "_segment_writer.ROWS_PER_GROUP": 4,
    "_segment_writer._SLICE": 8,
    "_writer.DIRECT_ROWS": 60,
    "_writer.GROUP_ROWS": 40,
    "_writer.SMALL_BLOCKS": 4,
    "_writer.SMALL_ROWS": 10,
}
"""Sizes at which a hundred events go down every path that millions take."""


def shrink(set_size: Callable[[str, int], object]) -> None:
    """Make the log's sizes small; ``set_size`` gets the full name of each."""
    for name, size in SIZES.items():
        set_size(f"leeward.store.{name}", size)


def set_globally(name: str, size: int) -> None:
    """For :func:`shrink` in a process that lives for the test alone."""
    module, _, attribute = name.rpartition(".")
    __import__(module)
    setattr(sys.modules[module], attribute, size)


def event(number: int) -> Event:
    """The event of a number: always the same one, and its subjects are shared with others."""
    kind = KINDS[number % len(KINDS)]
    return Event(
        id=f"example:boat:{number}@1#create",
        source="example",
        kind=kind,  # type: ignore[arg-type]  # one of the kinds
        op="create",
        at=1_000_000 + (number * 7_919) % 1_000,
        actor=f"skipper:{number % 5}",
        object=f"boat:{number % 11}",
        target=f"boat:{number % 7}" if number % 2 else None,
        reply_to=f"boat:{number % 13}" if number % 3 else None,
        root="boat:0" if number % 5 == 0 else None,
        text=None if number % 4 == 0 else f"Überfahrt {number}" if number % 4 == 1 else "Ahoy",
        community=f"pier:{number % 3}" if number % 2 else None,
        tags=tuple(f"tag{n}" for n in range(number % 4)),
        media=(MediaRef(uri=f"m:{number % 6}", sha256=f"{number % 6:064x}"),) * (number % 3),
        links=("https://harbour.example/",) * (number % 2),
        mentions=tuple(f"skipper:{n}" for n in range(number % 3)),
        extra={"n": number} if number % 6 == 0 else None,
    )


def batch(numbers: Iterable[int]) -> pa.RecordBatch:
    """The events of some numbers, admitted."""
    admission = admit_events([event(number) for number in numbers])
    assert not admission.refusals
    return admission.batch


def number_of(identity: str) -> int:
    """The number of the event with this identity."""
    return int(identity.split("@")[0].rsplit(":", 1)[1])


def in_order(log: Log, after: int = 0) -> list[tuple[int, int]]:
    """(seq, number) of all events behind a place, as ``tail`` gives them."""
    return [
        (seq, number_of(identity))
        for part in log.tail(after)
        for seq, identity in zip(part["seq"].to_pylist(), part["id"].to_pylist(), strict=True)
    ]


def assert_dense(rows: list[tuple[int, int]]) -> None:
    """Places without a gap from 1 on, and no event twice."""
    assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))
    assert len({number for _, number in rows}) == len(rows)


def assert_whole(log: Log) -> list[tuple[int, int]]:
    """A log that every way of reading agrees on; its rows as :func:`in_order` gives them."""
    rows = in_order(log)
    assert_dense(rows)
    scanned = [
        (seq, number_of(identity))
        for part in log.scan(["seq", "id"])
        for seq, identity in zip(part["seq"].to_pylist(), part["id"].to_pylist(), strict=True)
    ]
    assert sorted(scanned) == rows
    status = log.status()
    assert status.events == len(rows)
    assert status.last_seq == len(rows)
    assert status.segments == log.verify()
    for account in range(5):
        own = [number for _, number in reversed(rows) if number % 5 == account]
        found = log.of(account=f"skipper:{account}", last=max(1, len(rows)))
        assert [number_of(e.id) for e in found] == own
    return rows


def program(module: str, *arguments: object) -> list[str]:
    """The command that runs a module of these tests."""
    return [sys.executable, "-m", f"tests.store.{module}", *map(str, arguments)]


def start(module: str, *arguments: object, before: Iterable[str] = ()) -> subprocess.Popen[bytes]:
    """Start a module of these tests as a process of its own; its output is a pipe."""
    command = [*before, *program(module, *arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
