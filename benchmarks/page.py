"""The page of results: sections that are measured at different times, each replaced by itself."""

from __future__ import annotations

import json
import os
import re
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["section_text", "write_sections"]

_MARK: Final = re.compile(r"^<!-- section (\S+) -->\n", re.MULTILINE)


def section_text(title: str, goal: str, figures: Mapping[str, Any]) -> str:
    """A section as Markdown: what was wanted, when it was measured, and the figures.

    The load is that of the machine over the last quarter of an hour: figures per CPU-second
    stand it, wall times do not.
    """
    when = time.strftime("%Y-%m-%d", time.gmtime())
    rows = [f"| {name} | {_figure(value)} |" for name, value in _flat(figures).items()]
    measured = f"Measured on {when} at a load of {os.getloadavg()[2]:.1f}."
    return "\n".join(
        [f"## {title}", "", goal, measured, "", "| figure | value |", "|---|---|", *rows]
    )


def write_sections(path: Path, head: str, order: list[str], new: Mapping[str, str]) -> None:
    """Put sections into the page. Those that are not new stay as they are.

    Args:
        path: The page; made where there is none.
        head: What stands above all sections.
        order: Names of all sections there are, as they follow each other; others are dropped.
        new: Section texts by name.
    """
    parts = _MARK.split(path.read_text()) if path.exists() else [""]
    texts = dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True)) | dict(new)
    body = [f"<!-- section {name} -->\n{texts[name]}\n" for name in order if name in texts]
    beside = path.with_suffix(".new")
    beside.write_text("\n".join([head.strip() + "\n", *body]))
    beside.replace(path)


def _flat(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of steps beside the others, a row each."""
    flat: dict[str, Any] = {}
    for name, value in figures.items():
        if isinstance(value, dict):
            flat |= {f"{name}: {inner}": one for inner, one in value.items()}
        else:
            flat[name] = value
    return flat


def _figure(value: Any) -> str:
    if isinstance(value, float):
        digits = 2 if abs(value) < 10 else 1 if abs(value) < 1_000 else 0
        return f"{value:,.{digits}f}"
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else json.dumps(value)
