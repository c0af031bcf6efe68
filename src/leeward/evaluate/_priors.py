"""What discovery gains from findings, and what false ones that somebody plants can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec.structs import replace

from leeward.evaluate._placing import seeds_of
from leeward.evaluate._priors_made import made_findings, odds_of, planted
from leeward.evaluate._rows import Measured
from leeward.evaluate._scored import above_line, ranked_figures
from leeward.evaluate._searching import searched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy.typing as npt

    from leeward.evaluate._priors_made import Planted, Rates
    from leeward.evaluate._rows import Setting
    from leeward.evaluate._searching import Searched, Searching
    from leeward.evaluate._world import World

    Bools = npt.NDArray[np.bool_]

__all__ = ["PLANTED", "WITH", "WITHOUT", "measure_priors", "priors_table"]

WITHOUT: Final = "search"
WITH: Final = "with findings"
PLANTED: Final = "with planted findings, too"

_COLUMNS: Final = (
    ("average precision", "average precision"),
    ("above the line", "above the line"),
    ("recall at the line", "recall at the line"),
    ("precision at the line", "precision at the line"),
    ("shields above the line", "shields above"),
    ("planted on, above the line", "planted on, above"),
    ("planted people, best place", "planted people, best place"),
)


def measure_priors(
    world: World,
    setting: Setting,
    searching: Searching,
    rates: Rates,
    *,
    seeds: int = 10,
    draws: int = 1,
    plants: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> Iterator[Measured]:
    """Search without findings, with them, and with false ones planted beside them.

    Args:
        world: The platform.
        setting: Its structure, attack, size and seed.
        searching: The search.
        rates: Of findings.
        seeds: How many seeds.
        draws: Draws of seeds and findings.
        plants: In how many of these false findings are planted, too.
        progress: Told what happens.
    """
    for draw in range(draws):
        now = replace(setting, seeds=seeds, draw=draw)
        given = seeds_of(world, seeds, 0, draw)
        progress(f"draw {draw + 1} of {draws}: without findings")
        yield from _measured(world, now, WITHOUT, searched(world, searching, given))
        findings = made_findings(world, rates, draw)
        odds, used = odds_of(findings, seeds)
        yield from _told(world, now, odds, used)
        progress(f"draw {draw + 1} of {draws}: {used:,} findings")
        found = searched(world, searching, given, odds)
        yield from _measured(world, now, WITH, found)
        if draw < plants:
            bait = planted(world, draw)
            yield from _drawn_in(now, WITH, bait, found)
            odds, used = odds_of([*findings, *bait.findings], seeds)
            progress(f"draw {draw + 1} of {draws}: {len(bait.findings):,} false ones planted")
            found = searched(world, searching, given, odds)
            yield from _measured(world, now, PLANTED, found)
            yield from _drawn_in(now, PLANTED, bait, found)
            yield Measured(now, PLANTED, 0, "findings planted", len(bait.findings))


def _measured(world: World, setting: Setting, method: str, found: Searched) -> Iterator[Measured]:
    counted = ~found.seeds
    for figure, value in (
        *ranked_figures(world, found.log_odds, counted),
        *above_line(world, found.above, counted),
    ):
        yield Measured(setting, method, 0, figure, value)
    yield Measured(setting, method, 0, "abstained", float(found.search.abstained is not None))
    yield Measured(setting, method, 0, "seconds", found.cost.seconds)


def _told(world: World, setting: Setting, odds: dict[int, float], used: int) -> Iterator[Measured]:
    nodes = np.fromiter(odds, np.int64, len(odds))
    yield Measured(setting, WITH, 0, "findings", used)
    yield Measured(setting, WITH, 0, "subjects", len(nodes))
    yield Measured(setting, WITH, 0, "subjects that are tainted", int(world.tainted[nodes].sum()))


def _drawn_in(setting: Setting, method: str, bait: Planted, found: Searched) -> Iterator[Measured]:
    """Where those stand on whom false findings are planted; and where they stood before."""
    above, counted = found.above, ~found.seeds
    whom = bait.community | bait.people
    drawn = int((above & counted & whom).sum())
    yield Measured(setting, method, 0, "accounts planted on", int(whom.sum()))
    yield Measured(setting, method, 0, "planted on, above the line", drawn)
    scores = np.where(counted, found.log_odds, -np.inf)
    best = scores[bait.people].max(initial=-np.inf)
    place = int((scores > best).sum()) + 1 if np.isfinite(best) else None
    yield Measured(setting, method, 0, "planted people, best place", place)


def priors_table(rows: Iterable[Measured]) -> str:
    """A table in Markdown: a line for each structure and way, the mean over draws."""
    held: dict[tuple[str, int, int, str], dict[str, list[float]]] = {}
    draws: dict[tuple[str, int, int, str], set[int]] = {}
    for row in rows:
        key = (row.setting.structure, row.setting.accounts, row.setting.world, row.method)
        draws.setdefault(key, set()).add(row.setting.draw)
        if row.value is not None:
            held.setdefault(key, {}).setdefault(row.figure, []).append(row.value)
    heads = ["structure", "accounts", "world", "draws", "way", *(name for _, name in _COLUMNS)]
    lines = [_line(heads), _line(["---"] * len(heads))]
    for key, drawn in draws.items():
        structure, accounts, world, method = key
        means = {name: float(np.mean(values)) for name, values in held.get(key, {}).items()}
        cells = [_cell(figure, means.get(figure)) for figure, _ in _COLUMNS]
        lines.append(
            _line([structure, f"{accounts:,}", str(world), str(len(drawn)), method, *cells])
        )
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(figure: str, value: float | None) -> str:
    if value is None:
        return ""
    is_share = figure.startswith(("average", "recall", "precision"))
    return f"{value:.3f}" if is_share else f"{value:,.10g}"
