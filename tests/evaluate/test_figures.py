"""Figures: they are SVG, they hold what was measured, and leave out what was not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from leeward.errors import InputError
from leeward.evaluate import (
    Measured,
    Setting,
    figures,
    read_rows,
    rows_file,
    write_report,
    write_rows,
)
from leeward.evaluate._drawing import Axis, Curve, Interval, intervals, lines

if TYPE_CHECKING:
    from pathlib import Path

AT = Setting("links", accounts=2_000, world=1)
CALIBRATED = "search, calibrated by answers"
ROWS = [
    Measured(AT, "search", 0, "curve", points=((0.5, 1.0), (1.0, 0.25))),
    Measured(AT, "pagerank", 0, "curve", points=((1.0, 0.1),)),
    Measured(AT, "search", 0, "recall at the line", 0.1),
    Measured(AT, CALIBRATED, 300, "recall at the line", 0.4),
    Measured(AT, "search", 0, "calibration", points=((0.1, 0.2, 90.0), (0.9, 0.8, 10.0))),
    *(
        Measured(AT, "search", 0, f"size, {name}", value)
        for name, value in (("low", 10), ("estimated", 20), ("high", 40), ("true", 28))
    ),
]


def texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)  # noqa: S314 - we made it
    return [node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}text")]


def test_a_curve_goes_through_its_points() -> None:
    svg = lines("Sails & oars", Axis("across"), Axis("up", 10), [Curve("a < b", [(0, 0), (1, 10)])])
    assert texts(svg)[0] == "Sails & oars"
    assert texts(svg)[-1] == "a < b"
    (path,) = re.findall(r'd="(M[^"]*)" fill="none"', svg)
    assert path == "M64.0 340.0L430.0 48.0"


def test_what_lies_beyond_an_axis_stays_at_its_end() -> None:
    svg = intervals("Sizes", Axis("accounts", 100), [Interval("harbour", 20, 90, 900, 50)])
    assert re.findall(r'd="M([\d.]+) 62H([\d.]+)"', svg) == [("322.0", "690.0")]


@pytest.mark.parametrize(
    ("most", "marks"),
    [
        (1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (600, ["0", "100", "200", "300", "400", "500", "600"]),
        (8_353, ["0", "2,000", "4,000", "6,000", "8,000"]),
    ],
)
def test_an_axis_is_marked_at_round_numbers(most: float, marks: list[str]) -> None:
    svg = intervals("Sizes", Axis("accounts", most), [])
    assert texts(svg)[1:-1] == marks


def test_the_first_curve_lies_above_the_others_and_stands_first_in_the_legend() -> None:
    curves = [Curve("search", [(0, 0), (1, 1)]), Curve("evidence", [(0, 0), (1, 1)])]
    svg = lines("Both", Axis("across"), Axis("up"), curves)
    assert texts(svg)[-2:] == ["search", "evidence"]
    colours = re.findall(r'fill="none" stroke-width="2" stroke="(#\w+)"', svg)
    legend = re.findall(r'h20" stroke-width="2" stroke="(#\w+)"', svg)
    assert colours == legend[::-1]


def test_an_estimate_that_misses_the_truth_has_another_colour() -> None:
    rows = [Interval("a", 1, 2, 3, 2), Interval("b", 1, 2, 3, 4)]
    dots = re.findall(r'<circle [^>]*fill="(#\w+)"', intervals("Sizes", Axis("", 4), rows))
    assert len({*dots}) == 2


def test_the_four_figures_are_made_of_rows() -> None:
    drawn = figures(ROWS)
    assert [*drawn] == [
        *("precision-recall-links-world-1-2000-accounts.svg", "answers.svg"),
        *("calibration.svg", "sizes.svg"),
    ]
    curves = texts(drawn["precision-recall-links-world-1-2000-accounts.svg"])
    assert curves[-2:] == ["search", "pagerank"]
    assert "links, world 1, seeds alone" in texts(drawn["sizes.svg"])
    assert 'M64.0 310.8L430.0 223.2"' in drawn["answers.svg"]  # from .1 to .4 of 292 points


def test_what_was_not_measured_is_not_drawn() -> None:
    assert figures([]) == {}
    assert [*figures(ROWS[:3])] == ["precision-recall-links-world-1-2000-accounts.svg"]


# --- rows --------------------------------------------------------------------------------------


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", ROWS)
    assert read_rows(tmp_path / "rows.jsonl") == ROWS


def test_rows_that_are_measured_one_by_one_are_there_at_once(tmp_path: Path) -> None:
    file = tmp_path / "new" / "rows.jsonl"
    with rows_file(file) as write:
        for count, row in enumerate(ROWS, 1):
            write(row)
            assert read_rows(file) == ROWS[:count]


def test_a_last_row_that_was_cut_short_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    write_rows(file, ROWS[:2])
    whole = file.read_bytes()
    for end in range(whole.index(b"\n") + 1, len(whole)):
        file.write_bytes(whole[:end])
        assert read_rows(file) == ROWS[:1]


def test_a_report_replaces_an_earlier_one(tmp_path: Path) -> None:
    for rows in (ROWS[:1], ROWS):
        written = write_report(tmp_path / "out", rows)
    assert {path.name for path in written} == {path.name for path in (tmp_path / "out").iterdir()}
    assert read_rows(tmp_path / "out" / "rows.jsonl") == ROWS


@pytest.mark.parametrize("text", ["", "canary", '{"setting": {}}'])
def test_what_are_no_rows_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rows.jsonl"
    if text:
        file.write_text(text)
    with pytest.raises(InputError) as refused:
        read_rows(file)
    assert refused.value.hint
    assert "canary" not in str(refused.value)
