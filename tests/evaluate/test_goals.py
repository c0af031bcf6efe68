"""The table of goals, from rows that are made by hand."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from leeward.evaluate import Measured, Reached, Setting, reached, report

RATIO = "average precision over the ceiling's"
DEVELOPED = "average precision over the oracle's, structures developed on"
HELD_OUT = "average precision over the oracle's, structures held out"


def row(value: float | None, figure: str = RATIO, **setting: object) -> Measured:
    at = replace(Setting("shared-posts", accounts=2_000), **setting)
    return Measured(at, "search", 0, figure, value)


def line(rows: list[Measured], words: str) -> Reached:
    (found,) = [found for found in reached(rows) if found.words == words]
    return found


def test_a_line_is_the_mean_of_its_rows() -> None:
    rows = [row(0.9, draw=0), row(0.98, draw=1), row(0.5, structure="migrating"), row(0.1, wrong=3)]
    found = line(rows, DEVELOPED)
    assert found.mean == pytest.approx(0.94)
    assert found.sd == pytest.approx(0.0566, abs=1e-4)  # 0.08 / sqrt(2)
    assert (found.least, found.most, found.rows, found.good) == (0.9, 0.98, 2, True)


def test_structures_that_were_held_out_stand_by_themselves() -> None:
    rows = [row(0.9), *(row(0.6, structure=name) for name in ("migrating", "new"))]
    found = line(rows, HELD_OUT)
    assert (found.mean, found.rows, found.good) == (0.6, 2, False)


def test_the_spread_is_that_of_draws_and_not_of_platforms() -> None:
    held_out = [row(0.2, structure="migrating", draw=draw) for draw in (0, 1)]
    rows = [*held_out, row(0.8), row(0.8)]
    assert line(rows, HELD_OUT).sd == 0
    assert line(rows, "spread over draws (sd) of average precision over the oracle's").good


def test_an_attack_counts_for_no_structure() -> None:
    rows = [row(0.9), row(0.1, attack="flood"), row(3, "shields above the line", attack="flood")]
    assert line(rows, DEVELOPED).rows == 1
    assert line(rows, "average precision over the oracle's, under attack").mean == 0.1
    shields = line(rows, "shields above the line, seeds alone, under attack")
    assert (shields.mean, shields.good) == (3, False)


def test_what_has_no_value_is_not_reached() -> None:
    rows = [row(1.0, "precision at the line"), row(None, "precision at the line", draw=1)]
    found = line(rows, "realised precision at the line, seeds alone")
    assert (found.mean, found.missing, found.good) == (1.0, 1, False)


def test_further_seeds_should_not_make_it_worse() -> None:
    rows = [row(0.5, seeds=3), row(0.7, seeds=10), row(0.6, seeds=50)]
    found = line(rows, "what further seeds add to it")
    assert found.least == pytest.approx(-0.1)
    assert found.most == pytest.approx(0.2)
    assert found.good is False
    assert line(rows[:2], "what further seeds add to it").good is True


def test_it_stands_beside_pagerank_draw_by_draw() -> None:
    ours = [row(0.6, "average precision", draw=0), row(0.9, "average precision", draw=1)]
    theirs = [replace(one, method="pagerank", value=0.6) for one in ours]
    found = line([*ours, *theirs], "average precision over PageRank's")
    assert (found.least, found.most) == (1.0, 1.5)


def test_sizes_of_platforms_are_not_mixed() -> None:
    rows = [row(0.9), row(0.5, accounts=9_000)]
    means = {found.accounts: found.mean for found in reached(rows) if found.words == DEVELOPED}
    assert means == {2_000: 0.9, 9_000: 0.5}


def test_what_an_attack_takes_is_told_beside_the_same_platform() -> None:
    rows = [row(0.9), row(0.7, draw=1), row(0.5, attack="flood"), row(0.1, structure="migrating")]
    found = line(rows, "what an attack takes of it")
    assert found.mean == pytest.approx(0.3)
    assert found.rows == 1


def test_time_that_grows_as_fast_as_events_has_the_exponent_one() -> None:
    rows = []
    for accounts, seconds in ((2_000, 3.0), (20_000, 30.0)):
        at = Setting("shared-posts", accounts=accounts)
        rows.append(Measured(at, "platform", 0, "events", 25.0 * accounts))
        rows.append(Measured(at, "search", 0, "seconds", seconds))
    assert line(rows, "exponent of a search's seconds by events").mean == pytest.approx(1)
    assert not [one for one in reached(rows[:2]) if "exponent" in one.words]


def test_nothing_measured_is_an_empty_table() -> None:
    assert reached([]) == []


def test_the_report_tells_goals_and_methods_in_markdown() -> None:
    ours = row(0.5, "average precision")
    rows = [
        row(0.9),
        ours,
        replace(ours, method="pagerank", value=0.25),
        Measured(Setting("shared-posts", accounts=2_000, seeds=0), "oracle", 0, *ORACLE),
    ]
    text = report(rows)
    assert f"| {DEVELOPED} | 2,000 | ≥ 0.930 | 0.900 |  | 0.900 to 0.900 | 1 | **no** |" in text
    assert "| structure | attack | accounts | world | seeds | search | pagerank | oracle |" in text
    assert "| shared-posts | none | 2,000 | 0 | 10 | 0.500 | 0.250 | 0.930 |" in text
    assert "shared-posts, hashtags, adjacent, links and trade, and the attack flood;" in text


ORACLE = ("average precision", 0.93)
