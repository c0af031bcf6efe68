"""What waits in quarantine, decoded again: after a fix some of it may enter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from leeward.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from leeward.connectors import Decoded, LineFormat
    from leeward.store import Quarantined

__all__ = ["Replayed", "replay"]


class Replayed(NamedTuple):
    """What became of one item.

    Attributes:
        item: As it lies in quarantine.
        decoded: What its format makes of it now.
    """

    item: Quarantined
    decoded: Decoded

    def __repr__(self) -> str:
        """The counts only: content stays out of ``repr``."""
        return f"<Replayed item={self.item.id} passes={self.passes}>"

    @property
    def passes(self) -> bool:
        """Whether all of it is an event now, or is known to be none."""
        return not self.decoded.refused


def replay(items: Iterable[Quarantined], formats: Mapping[str, LineFormat]) -> Iterator[Replayed]:
    """Decode items again, each by the format that it came in.

    Args:
        items: From :meth:`leeward.store.Log.quarantine`.
        formats: Name to format; ``table`` needs its map, so there is no default.

    Raises:
        UsageError: An item is of a format that is not among them.
    """
    for item in items:
        if item.format not in formats:
            raise UsageError(
                f"Items of the format `{item.format}` are in quarantine, and cannot be read",
                where=item.origin,
                hint="give the map that they came with" if item.format == "table" else None,
            )
        yield Replayed(item, formats[item.format].decode(item.raw, item.line))
