"""Pages about policies: what stands on them, and that they ask nothing of anybody."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from leeward.console import (
    backtest_page,
    difference_page,
    write_backtest_page,
    write_difference_page,
)
from leeward.model import Operand
from leeward.pipeline import (
    Backtested,
    Changed,
    DayCount,
    Difference,
    DifferentPolicy,
    DifferentRule,
    Labelled,
    OnlyHere,
    PolicyBacktested,
    RuleBacktested,
    Sample,
    Sides,
    SignalLooked,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.console.conftest import Opened

_HOSTILE = "boat:<script>alert(1)</script>\u202e"
_OPERANDS = (
    Operand("tide.hit", True, (("tide.hit", True),)),
    Operand("tide.score >= 2", True, (("tide.score", 2.5),)),
)


def _backtested(**keys: object) -> Backtested:
    rule = RuleBacktested(
        rule="high-water",
        when="tide.hit and tide.score >= 2",
        causes=("open_case",),
        severity="high",
        daily_quota=20,
        events=60,
        abstained_events=4,
        hits=61,
        abstained=4,
        subjects=40,
        days=(DayCount(20_500, 40, 0, 20), DayCount(20_502, 21, 4, 5)),
        cut=25,
        labelled=Labelled(3, 1, 36),
        changed=Changed(50, 15, 5, 30, 12, 2),
        samples=(Sample(of="newly", seq=7, subjects=(("account", _HOSTILE),), operands=_OPERANDS),),
    )
    policy = PolicyBacktested(
        policy="boats",
        version=2,
        against="boats version 1",
        rules=(rule,),
        subjects=40,
        labelled=Labelled(3, 1, 36),
        changed=Changed(50, 15, 5, 30, 12, 2),
    )
    values = {
        "events": 12_345,
        "since": 20_500 * 86_400_000_000,
        "until": 20_502 * 86_400_000_000,
        "days": 3,
        "signals": (SignalLooked("tide", "1", 10_000, 0.81),),
        "policies": (policy,),
        "notes": ("tide has not looked at 2,345 of 12,345 events (19.0%).",),
        **keys,
    }
    return Backtested(**values)  # type: ignore[arg-type]


def _difference(**keys: object) -> Difference:
    sides = Sides(10, 14, 8, 2, 6)
    policy = DifferentPolicy(
        policy="boats",
        version=2,
        current="boats version 1",
        events=900,
        subjects=sides,
        rules=(
            DifferentRule(
                rule="high-water", hits=(12, 20), abstained=(1, 0), subjects=sides, overflows=(0, 1)
            ),
        ),
        days=((20_500, 12, 20),),
        samples=(
            OnlyHere(
                side="shadow",
                kind="account",
                subject=_HOSTILE,
                seq=7,
                at=20_500 * 86_400_000_000,
                rule="boats/high-water",
                operands=_OPERANDS,
            ),
        ),
    )
    values = {"days": 7, "until": 20_502 * 86_400_000_000, "policies": (policy,), **keys}
    return Difference(**values)  # type: ignore[arg-type]


class _Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


_PAGES = [backtest_page(_backtested()), difference_page(_difference())]


@pytest.mark.parametrize("page", _PAGES, ids=["backtest", "difference"])
def test_nothing_is_loaded_and_nothing_runs(page: str) -> None:
    tags = _Tags(page).tags
    policy = next(a["content"] for t, a in tags if a.get("http-equiv"))
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()

    assert not [tag for tag, _ in tags if tag in {"script", "iframe", "img", "form", "object"}]
    assert {a["href"] for _, a in tags if a.get("href")} == {"#main", "data:,"}
    assert not [a for _, a in tags if "style" in a or "src" in a]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert f"'sha256-{digest}'" in policy
    assert "url(" not in style[1]


@pytest.mark.parametrize("page", _PAGES, ids=["backtest", "difference"])
def test_an_id_can_neither_become_markup_nor_turn_the_line(page: str) -> None:
    assert "<script" not in page
    assert "\u202e" not in page
    assert "⟨U+202E⟩" in page


def test_a_backtest_shows_its_figures_and_why() -> None:
    page = _PAGES[0]
    for words in (
        "12,345", "81%", "+12", "\N{MINUS SIGN}2", "75%", "tide has not looked at", "2.5",
        "beyond the quota of 20 a day", "2026-02-16 to 2026-02-18", "tide.score &gt;= 2",
    ):  # fmt: skip
        assert words in page


def test_a_difference_shows_both_sides() -> None:
    page = _PAGES[1]
    for words in (
        "over 900 events that both have judged",
        "Only in shadow mode",
        "boats version 1",
    ):
        assert words in page


def test_pages_without_anything_are_pages_too() -> None:
    empty = _backtested(events=0, since=0, until=0, signals=(), policies=(), notes=("No events.",))

    assert "No events." in backtest_page(empty)
    assert "The log is empty." in difference_page(_difference(until=0, policies=()))


def test_a_file_is_for_its_owner_only(tmp_path: Path) -> None:
    first = write_backtest_page(tmp_path / "past.html", _backtested())
    second = write_difference_page(tmp_path / "shadow.html", _difference())

    assert [first.read_text("utf-8"), second.read_text("utf-8")] == _PAGES
    assert {path.stat().st_mode & 0o777 for path in (first, second)} == {0o600}


@pytest.mark.parametrize("page", _PAGES, ids=["backtest", "difference"])
@pytest.mark.parametrize(("wide", "scheme"), [(360, "light"), (1280, "dark")])
def test_it_fits_a_phone_and_a_desk_and_asks_for_nothing(
    opening: Callable[..., AbstractContextManager[Opened]], page: str, wide: int, scheme: str
) -> None:
    with opening(page, wide=wide, scheme=scheme, scripts=False) as opened:
        assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert opened.page.locator("h1").is_visible()
        bars = opened.page.locator("svg.daily rect").first
        assert (bars.bounding_box() or {"height": 0.0})["height"] > 10
        ground = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(17, 23, 29)") is (scheme == "dark")
        assert (opened.requests, opened.said) == ([], [])
