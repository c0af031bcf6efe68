"""How floods of hash banks are shown: by ``leeward bank show`` and ``leeward status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leeward.cli._options import stamp

if TYPE_CHECKING:
    from leeward.store.tables import Flood

__all__ = ["flood_line", "flood_row"]


def flood_line(flood: Flood) -> str:
    """A flood in a line, with what to do about it."""
    what, option = "as a whole", ""
    if flood.entry is not None:
        what, option = f"entry {flood.entry}", f" --entry {flood.entry}"
    done = "it is paused" if flood.paused else "it stays in force"
    return (
        f"the bank {flood.bank}, {what}, floods since {stamp(flood.began_at)}: {flood.why}; {done};"
        f" look at its matches, then `leeward bank resume {flood.bank}{option}` or withdraw it"
    )


def flood_row(flood: Flood) -> dict[str, Any]:
    """A flood as JSON has it."""
    return flood._asdict() | {
        "began_at": stamp(flood.began_at),
        "ended_at": stamp(flood.ended_at),
    }
