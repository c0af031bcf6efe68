"""The table of goals in words, and a folder with all that was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.evaluate._figures import figures
from leeward.evaluate._reached import reached
from leeward.evaluate._rows import DEVELOPED_ON, write_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from leeward.evaluate._reached import Reached
    from leeward.evaluate._rows import Measured

__all__ = ["report", "write_report"]

_HEAD: Final = ("figure", "accounts", "goal", "reached", "sd over draws", "range", "rows", "")
_RULE: Final = (
    "Average precision counts everybody but the seeds; reviewed accounts keep the place that "
    "their log-odds with the answers give them."
)
_PEERS: Final = "average precision"


def report(rows: Sequence[Measured]) -> str:
    """Markdown: the goals, then each method on each platform."""
    lines = [_told(line) for line in reached(rows)]
    developed = f"{', '.join(DEVELOPED_ON[:-1])} and {DEVELOPED_ON[-1]}"
    parts = [
        _table(_HEAD, lines),
        "",
        f"Developed on the structures {developed}, and the attack flood; all others were held out.",
        _RULE,
        "",
        *_by_method(rows),
    ]
    return "\n".join(parts)


def write_report(folder: Path, rows: Sequence[Measured]) -> list[Path]:
    """Write ``rows.jsonl``, ``report.md`` and figures; those of the same name are replaced.

    Returns:
        What was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / "rows.jsonl", rows)
    (folder / "report.md").write_text(report(rows) + "\n")
    drawn = figures(rows)
    for name, svg in drawn.items():
        (folder / name).write_text(svg)
    return [folder / name for name in ("rows.jsonl", "report.md", *drawn)]


def _told(line: Reached) -> tuple[str, ...]:
    signs = {"least": "≥", "most": "≤"}
    missing = f", {line.missing} without" if line.missing else ""
    span = "" if line.least is None else f"{_number(line.least)} to {_number(line.most)}"
    return (
        line.words,
        f"{line.accounts:,}",
        "" if line.limit is None else f"{signs[line.bound]} {_number(line.limit)}",
        _number(line.mean),
        _number(line.sd),
        span,
        f"{line.rows}{missing}",
        "" if line.good is None else "yes" if line.good else "**no**",
    )


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if value == 0 or value == round(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _by_method(rows: Sequence[Measured]) -> list[str]:
    """Average precision of each method on each platform: the mean over draws."""
    found: dict[tuple[str, ...], dict[str, list[float]]] = {}
    for row in rows:
        if row.figure == _PEERS and row.value is not None and not row.setting.placebo:
            at = row.setting
            seeds = f"{at.seeds}, {at.wrong} wrong" if at.wrong else f"{at.seeds or ''}"
            place = (at.structure, at.attack, f"{at.accounts:,}", f"{at.world}")
            method = row.method + (f", {row.answers} answers" if row.answers else "")
            found.setdefault((*place, seeds), {}).setdefault(method, []).append(row.value)
    methods = list(dict.fromkeys(method for of in found.values() for method in of))
    lines: list[tuple[str, ...]] = []
    for key, of in found.items():
        if key[-1]:
            of = {**found.get((*key[:-1], ""), {}), **of}  # and what needs no seeds
            cells = (_number(float(np.mean(of[m]))) if m in of else "" for m in methods)
            lines.append((*key, *cells))
    if not lines:
        return []
    head = ("structure", "attack", "accounts", "world", "seeds", *methods)
    return ["Average precision, mean over draws:", "", _table(head, lines)]


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*rows, *("| " + " | ".join(line) + " |" for line in lines)])
