"""Putting what waits in quarantine into the log, after a fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from leeward.connectors import Jetstream, NativeLines, Table, read_map
from leeward.pipeline._replay import replay

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.connectors import LineFormat
    from leeward.store import Log, Writer

__all__ = ["Mended", "replay_quarantine"]


class Mended(NamedTuple):
    """What became of the items that waited.

    Attributes:
        replayed: Events that entered the log.
        repeated: Events that were there already.
        ignored: Items that are sound, and no events here.
        waiting: Items that still may not enter.
    """

    replayed: int
    repeated: int
    ignored: int
    waiting: int


def replay_quarantine(writer: Writer, log: Log, table_map: Path | None = None) -> Mended:
    """Decode every item again; what passes enters the log and leaves the quarantine.

    The event enters first. Where the process ends between the two, the next replay finds the
    event in the log and only lets go of the item.
    """
    formats: dict[str, LineFormat] = {"leeward": NativeLines(), "jetstream": Jetstream()}
    if table_map is not None:
        formats["table"] = Table(read_map(table_map))
    replayed = repeated = ignored = 0
    waiting = 0
    for item in replay(log.quarantine(), formats):
        # An erasure empties what names a person; that it was refused stays.
        if not item.item.raw or not item.passes:
            waiting += 1
            continue
        receipt = writer.append(item.decoded.batch, origin=item.item.origin)
        writer.release([item.item.id])
        replayed += receipt.accepted
        repeated += receipt.repeated
        ignored += item.decoded.ignored.total()
    return Mended(replayed, repeated, ignored, waiting)
