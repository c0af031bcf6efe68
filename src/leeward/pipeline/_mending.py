"""Putting what waits in quarantine into the log, after a fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from leeward.connectors import Jetstream, NativeLines, Table, read_map
from leeward.pipeline._replay import replay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leeward.connectors import LineFormat
    from leeward.store import Log, Quarantined, Writer

__all__ = ["Mended", "replay_quarantine"]


class Mended(NamedTuple):
    """What became of the items that waited.

    Attributes:
        replayed: Events that entered the log.
        repeated: Events that were there already.
        ignored: Items that are sound, and no events here.
        waiting: Items that still may not enter.
        unmapped: How many of those are rows of a table that were not decoded, for want of its map.
    """

    replayed: int
    repeated: int
    ignored: int
    waiting: int
    unmapped: int


def replay_quarantine(writer: Writer, log: Log, table_map: Path | None = None) -> Mended:
    """Decode every item again; what passes enters the log and leaves the quarantine.

    Without a map the rows of tables cannot be decoded: they stay, and the rest is replayed.

    The event enters first. Where the process ends between the two, the next replay finds the
    event in the log and only lets go of the item.
    """
    formats: dict[str, LineFormat] = {"leeward": NativeLines(), "jetstream": Jetstream()}
    if table_map is not None:
        formats["table"] = Table(read_map(table_map))
    replayed = repeated = ignored = waiting = unmapped = 0

    def readable() -> Iterator[Quarantined]:
        nonlocal waiting, unmapped
        for item in log.quarantine():
            if item.format == "table" and table_map is None:
                waiting += 1
                unmapped += bool(item.raw)  # one that an erasure emptied waits with a map too
            else:
                yield item

    for item in replay(readable(), formats):
        # An erasure empties what names a person; that it was refused stays.
        if not item.item.raw or not item.passes:
            waiting += 1
            continue
        receipt = writer.append(item.decoded.batch, origin=item.item.origin)
        writer.release([item.item.id])
        replayed += receipt.accepted
        repeated += receipt.repeated
        ignored += item.decoded.ignored.total()
    return Mended(replayed, repeated, ignored, waiting, unmapped)
