"""The figures of the documentation, drawn from measured rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.evaluate._drawing import Axis, Curve, Interval, intervals, lines
from leeward.evaluate._run import OURS, RECALIBRATED, UNREVIEWED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leeward.evaluate._rows import Measured, Setting

__all__ = ["figures"]

_LEGEND: Final = ("oracle", OURS)
"""These stand first."""


def figures(rows: Sequence[Measured]) -> dict[str, str]:
    """By file name: precision and recall, answers and recall, calibration, sizes.

    What was not measured is not drawn.
    """
    found = {f"precision-recall-{_slug(name)}.svg": svg for name, svg in _curves(rows).items()}
    answers = _answers(rows)
    if len({x for curve in answers for x, _ in curve.points}) > 1:
        most = max(x for curve in answers for x, _ in curve.points)
        across, up = Axis("answers", most), Axis("share of the ring above the line")
        found["answers.svg"] = lines(
            "Recall at a line of precision .99, by answers", across, up, answers
        )
    if reliability := _calibration(rows):
        across, up = Axis("probability that was said"), Axis("share that belongs")
        found["calibration.svg"] = lines("Calibration", across, up, reliability, diagonal=True)
    if sizes := _sizes(rows):
        most = max(max(size.truth, min(size.high, 4 * size.truth)) for size in sizes)
        found["sizes.svg"] = intervals(
            "Estimated size of the ring: 90 % interval, and the truth (stroke)",
            Axis("accounts", most),
            sizes,
        )
    return found


def _curves(rows: Sequence[Measured]) -> dict[str, str]:
    """Precision and recall of each method, by platform: one draw of ten seeds."""
    found: dict[str, list[Curve]] = {}
    for row in rows:
        at = row.setting
        fits = row.figure == "curve" and at.seeds in (0, 10) and row.method != UNREVIEWED
        if fits and not (at.placebo or at.wrong):
            name = row.method + (f", {row.answers} answers" if row.answers else "")
            curves = found.setdefault(_name(at, accounts=True), [])
            if name not in {curve.name for curve in curves}:
                curves.append(Curve(name, [(x, y) for x, y in row.points]))
    return {
        name: lines(name, Axis("recall"), Axis("precision"), sorted(curves, key=_first))
        for name, curves in found.items()
    }


def _first(curve: Curve) -> bool:
    return not curve.name.startswith(_LEGEND)


def _answers(rows: Sequence[Measured]) -> list[Curve]:
    """Recall at the line by answers, means over draws."""
    found: dict[str, dict[int, list[float]]] = {}
    for row in rows:
        at = row.setting
        method = RECALIBRATED if row.answers else OURS
        if row.figure != "recall at the line" or row.method != method or not _plain(at):
            continue
        points = found.setdefault(_name(at, accounts=True), {})
        points.setdefault(row.answers, []).append(row.value or 0.0)
    return [
        Curve(name, [(float(x), float(np.mean(points[x]))) for x in sorted(points)])
        for name, points in found.items()
        if len(points) > 1
    ]


def _calibration(rows: Sequence[Measured]) -> list[Curve]:
    """What was said against what was so: bins of all platforms together."""
    kinds: tuple[tuple[str, Callable[[Measured], bool]], ...] = (
        ("seeds alone", lambda row: row.method == OURS and not row.answers),
        ("after answers", lambda row: row.method == RECALIBRATED),
    )
    curves = []
    for name, wanted in kinds:
        chosen = [
            row.points
            for row in rows
            if row.figure == "calibration" and wanted(row) and _plain(row.setting)
        ]
        bins = np.array([bin_ for points in chosen for bin_ in points]).reshape(-1, 3)
        if len(bins):
            curves.append(Curve(name, _pooled(bins)))
    return curves


def _pooled(bins: np.typing.NDArray[np.float64]) -> list[tuple[float, float]]:
    """The means over accounts, by tenths of what was said."""
    place = np.minimum((bins[:, 0] * 10).astype(np.int64), 9)
    return [
        (
            float(np.average(bins[place == p, 0], weights=bins[place == p, 2])),
            float(np.average(bins[place == p, 1], weights=bins[place == p, 2])),
        )
        for p in np.unique(place)
    ]


def _sizes(rows: Sequence[Measured]) -> list[Interval]:
    """Each estimate of the first draw: from seeds alone, and after answers."""
    ends: dict[str, dict[str, float]] = {}
    for row in rows:
        known = row.figure.startswith("size, ") and row.setting.draw == 0 and _plain(row.setting)
        if known and (row.method == RECALIBRATED or not row.answers) and row.value is not None:
            name = _name(row.setting, accounts=False)
            name += f", {row.answers} answers" if row.answers else ", seeds alone"
            ends.setdefault(name, {})[row.figure.removeprefix("size, ")] = row.value
    return [
        Interval(name, size["low"], size["estimated"], size["high"], size["true"])
        for name, size in ends.items()
    ]


def _plain(at: Setting) -> bool:
    return at.seeds == 10 and not at.wrong and not at.placebo


def _name(at: Setting, *, accounts: bool) -> str:
    name = at.structure if at.attack == "none" else f"{at.structure}, attack: {at.attack}"
    name += f", world {at.world}" if at.world else ""
    return f"{name}, {at.accounts:,} accounts" if accounts else name


def _slug(name: str) -> str:
    words = "".join(c if c.isalnum() else "-" for c in name.replace(",", ""))
    return "-".join(part for part in words.split("-") if part)
