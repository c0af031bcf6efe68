"""What was reached, beside the goals."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leeward.evaluate._goals import AVERAGE, RATIO, attacks, clean, goals, usual
from leeward.evaluate._run import OURS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from leeward.evaluate._goals import Goal
    from leeward.evaluate._rows import Measured, Setting

    Chosen = Callable[[Setting], bool]
    Platform = tuple[str, str, int]

__all__ = ["Reached", "reached"]


class Reached(NamedTuple):
    """What was reached.

    Attributes:
        words: What is measured.
        accounts: The size of the platforms.
        limit, bound: As of the :class:`Goal`.
        mean: Over all rows with a value; None where there are none.
        sd: The mean, over platforms, of the standard deviation over draws; None with one draw.
        least, most: The range.
        rows: How many there are.
        missing: Rows without a value: a precision of nobody, a tier that was not certified.
        good: Whether the mean reaches the goal, with nothing missing; None without a goal.
    """

    words: str
    accounts: int
    limit: float | None
    bound: str
    mean: float | None
    sd: float | None
    least: float | None
    most: float | None
    rows: int
    missing: int
    good: bool | None


def reached(rows: Iterable[Measured]) -> list[Reached]:
    """The table, by size of the platforms; lines of which nothing was measured are left out."""
    rows = list(rows)
    answers = sorted({row.answers for row in rows if row.method == OURS} - {0})
    found = []
    for accounts in sorted({row.setting.accounts for row in rows}):
        of_size = [row for row in rows if row.setting.accounts == accounts]
        found += [_line(goal, accounts, of_size) for goal in goals(answers)]
        found += [by(accounts, of_size) for by in (_spread, _further, _walk, _lost)]
    found.append(_exponent(rows))
    return [line for line in found if line.rows]


def _line(goal: Goal, accounts: int, rows: list[Measured]) -> Reached:
    chosen = [
        row
        for row in rows
        if (row.figure, row.method, row.answers) == (goal.figure, goal.method, goal.answers)
        and goal.when(row.setting)
    ]
    values = [(_platform(row.setting), row.value) for row in chosen]
    return _summed(goal.words, accounts, values, goal.limit, goal.bound)


def _spread(accounts: int, rows: list[Measured]) -> Reached:
    """The spread over draws as a line of its own."""
    words = "spread over draws (sd) of average precision over the oracle's"
    values = [
        (platform, float(np.std(found, ddof=1)))
        for platform, found in _by_platform(rows, usual).items()
        if len(found) > 1
    ]
    return _summed(words, accounts, values, 0.03, "most")


def _further(accounts: int, rows: list[Measured]) -> Reached:
    """What further seeds add: from each number of seeds to the next, means over draws."""
    values: list[tuple[Platform, float | None]] = []
    by_count = {
        count: _by_platform([row for row in rows if row.setting.seeds == count], clean)
        for count in sorted({row.setting.seeds for row in rows if clean(row.setting)})
    }
    for before, after in itertools.pairwise(by_count.values()):
        both = sorted(before.keys() & after.keys())
        values += [(p, float(np.mean(after[p]) - np.mean(before[p]))) for p in both]
    line = _summed("what further seeds add to it", accounts, values, 0.0, "least")
    return line._replace(good=line.least >= 0 if line.least is not None else None)


def _walk(accounts: int, rows: list[Measured]) -> Reached:
    """Average precision over that of PageRank, draw by draw."""
    of = {
        name: {
            row.setting: row.value
            for row in rows
            if (row.figure, row.method, row.answers) == (AVERAGE, name, 0) and usual(row.setting)
        }
        for name in (OURS, "pagerank")
    }
    values: list[tuple[Platform, float | None]] = [
        (_platform(at), value / walked if value is not None else None)
        for at, value in of[OURS].items()
        if (walked := of["pagerank"].get(at))
    ]
    return _summed("average precision over PageRank's", accounts, values, 0.95, "least")


def _by_platform(rows: list[Measured], when: Chosen) -> dict[Platform, list[float]]:
    found: dict[Platform, list[float]] = {}
    for row in rows:
        wanted = (row.figure, row.method, row.answers) == (RATIO, OURS, 0) and when(row.setting)
        if wanted and row.value is not None:
            found.setdefault(_platform(row.setting), []).append(row.value)
    return found


def _summed(
    words: str,
    accounts: int,
    values: Sequence[tuple[Platform, float | None]],
    limit: float | None,
    bound: str,
) -> Reached:
    known = [value for _, value in values if value is not None]
    missing = len(values) - len(known)
    mean = float(np.mean(known)) if known else None
    groups = {p: [v for q, v in values if q == p and v is not None] for p, _ in values}
    spreads = [float(np.std(found, ddof=1)) for found in groups.values() if len(found) > 1]
    good = None
    if limit is not None:
        reaches = mean is not None and (mean >= limit if bound == "least" else mean <= limit)
        good = reaches and not missing
    return Reached(
        words,
        accounts,
        limit,
        bound,
        mean,
        float(np.mean(spreads)) if spreads else None,
        min(known, default=None),
        max(known, default=None),
        len(values),
        missing,
        good,
    )


def _lost(accounts: int, rows: list[Measured]) -> Reached:
    """What an attack hides: what is reached without it, less what is reached under it."""
    plain = _by_platform(rows, usual)
    attacked = _by_platform(rows, attacks)
    values: list[tuple[Platform, float | None]] = []
    for (structure, attack, world), found in sorted(attacked.items()):
        if without := plain.get((structure, "none", world)):
            lost = float(np.mean(without) - np.mean(found))
            values.append(((structure, attack, world), lost))
    return _summed("what an attack takes of it", accounts, values, None, "most")


def _exponent(rows: list[Measured]) -> Reached:
    """How a search's seconds grow with the events, from each size of platforms to the next."""

    def means(figure: str, method: str) -> dict[int, float]:
        found: dict[int, list[float]] = {}
        for row in rows:
            if (row.figure, row.method) == (figure, method) and row.value:
                found.setdefault(row.setting.accounts, []).append(row.value)
        return {accounts: float(np.mean(found[accounts])) for accounts in sorted(found)}

    events = means("events", "platform")
    seconds = {n: value for n, value in means("seconds", OURS).items() if n in events}
    values: list[tuple[Platform, float | None]] = []
    for few, many in itertools.pairwise(seconds):
        more = np.log(seconds[many] / seconds[few]) / np.log(events[many] / events[few])
        values.append((("", "", many), float(more)))
    words = "exponent of a search's seconds by events"
    return _summed(words, max(seconds, default=0), values, 1.1, "most")


def _platform(setting: Setting) -> Platform:
    return (setting.structure, setting.attack, setting.world)
