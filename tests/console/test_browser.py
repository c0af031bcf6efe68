"""The page in a real browser: phone and desktop, light and dark, with and without scripts."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from leeward.console import page
from leeward.network import TIERS, Evidence, Picture, Tie
from tests.console._found import abstained, found, judged, with_

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from playwright.sync_api import Page

    from tests.console.conftest import Opened

    Opening = Callable[..., AbstractContextManager[Opened]]

SIZES = [(360, 740), (1280, 900)]
SCHEMES = ["light", "dark"]

BOXES = """selector => [...document.querySelectorAll(selector)].map(element => {
  const box = element.getBoundingClientRect();
  return [box.left, box.top, box.right, box.bottom];
})"""

# WCAG 2.2, relative luminance and contrast ratio, of every text against what lies behind it.
CONTRAST = """() => {
  const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255)
      .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * x + .7152 * y + .0722 * z;
  };
  const ratio = (a, b) => {
    const [x, y] = [light(a), light(b)];
    return (Math.max(x, y) + .05) / (Math.min(x, y) + .05);
  };
  const solid = colour => colour.length === 3 || colour[3] > 0;
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length && solid(colour)) return colour;
    }
  };
  const disc = parse(getComputedStyle(document.querySelector(".disc")).fill);
  const seen = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.getClientRects().length) continue;
    if (element.closest("title, script, style")) continue;
    const style = getComputedStyle(element);
    const svg = element instanceof SVGElement;
    const colour = parse(svg ? style.fill : style.color);
    const grounds = [behind(element), ...(element.closest(".node") ? [disc] : [])];
    const name = element.tagName + "." + element.getAttribute("class") + " in " +
      (element.parentElement.getAttribute("class") || element.parentElement.tagName);
    grounds.forEach(ground => {
      const value = ratio(colour, ground);
      if (!seen.has(name) || seen.get(name) > value) seen.set(name, value);
    });
  }
  const marks = new Map();
  const sheet = parse(getComputedStyle(document.querySelector(".scroll")).backgroundColor);
  const ground = parse(getComputedStyle(document.body).backgroundColor);
  ["seed", "above-the-line", "suspect", "ask-first", "below", "shielded"].forEach(tier => {
    const style = getComputedStyle(document.querySelector(".node .t-" + tier));
    [sheet, ground, disc].forEach((back, place) => marks.set(tier + place,
      Math.max(ratio(parse(style.fill), back), ratio(parse(style.stroke), back))));
  });
  return {texts: Object.fromEntries(seen), marks: Object.fromEntries(marks)};
}"""


@pytest.fixture(scope="module")
def whole() -> str:
    return page(found(), title="Harbour, week 12", judged=judged())


def shown(page: Page, selector: str) -> int:
    """How many elements are rendered."""
    return int(
        page.locator(selector).evaluate_all(
            "all => all.filter(element => element.getClientRects().length).length"
        )
    )


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def overlap(a: list[float], b: list[float], by: float = 0.5) -> bool:
    return a[0] + by < b[2] and b[0] + by < a[2] and a[1] + by < b[3] and b[1] + by < a[3]


def focused(page: Page) -> Any:
    return page.evaluate("document.activeElement.id || document.activeElement.tagName")


@pytest.mark.parametrize(("wide", "high"), SIZES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_page_opens_quietly_and_fits(
    whole: str, opening: Opening, wide: int, high: int, scheme: str
) -> None:
    with opening(whole, wide=wide, high=high, scheme=scheme) as opened:
        assert fits(opened.page)
        opened.page.locator("label[for=every]").click()
        opened.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert fits(opened.page)
        opened.page.mouse.wheel(0, 5_000)
        opened.page.wait_for_timeout(50)
        assert ([], []) == (opened.requests, opened.said)


@pytest.mark.parametrize(("wide", "high"), SIZES)
def test_every_account_is_inside_the_picture_and_nothing_covers_anything(
    whole: str, opening: Opening, wide: int, high: int
) -> None:
    with opening(whole, wide=wide, high=high) as opened:
        [sheet] = opened.page.evaluate(BOXES, "#picture")
        marks = opened.page.evaluate(BOXES, ".node use")
        texts = opened.page.evaluate(BOXES, ".node.named text, .sign")
    assert len(marks) == 300
    assert len(texts) >= 30
    for box in marks + texts:
        assert sheet[0] <= box[0] <= box[2] <= sheet[2]
        assert sheet[1] <= box[1] <= box[3] <= sheet[3]
    for a, b in combinations(marks, 2):
        assert not overlap(a, b, by=1.5)
    for a, b in combinations(texts, 2):
        assert not overlap(a, b)
    for text in texts:
        assert not [mark for mark in marks if overlap(text, mark, by=2.5)]


def test_names_in_the_picture_can_be_read_on_a_phone(whole: str, opening: Opening) -> None:
    with opening(whole, wide=360, high=740) as opened:
        heights = [box[3] - box[1] for box in opened.page.evaluate(BOXES, ".node.named text")]
    assert min(heights) >= 11


@pytest.mark.parametrize("scheme", SCHEMES)
def test_everything_stands_out_from_its_ground(whole: str, opening: Opening, scheme: str) -> None:
    with opening(whole, scheme=scheme) as opened:
        for _ in range(2):
            measured = opened.page.evaluate(CONTRAST)
            assert len(measured["texts"]) > 20
            assert {} == {name: c for name, c in measured["texts"].items() if c < 4.5}
            assert {} == {name: c for name, c in measured["marks"].items() if c < 3}
            opened.page.locator("#theme").click()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_theme_changes_by_key(whole: str, opening: Opening, scheme: str) -> None:
    with opening(whole, scheme=scheme) as opened:
        colour = "getComputedStyle(document.body).backgroundColor"
        first = opened.page.evaluate(colour)
        opened.page.locator("#theme").focus()
        opened.page.keyboard.press("Enter")
        second = opened.page.evaluate(colour)
        opened.page.keyboard.press("Space")
        assert opened.page.evaluate(colour) == first != second


def test_the_list_is_filtered_by_keys_alone(whole: str, opening: Opening) -> None:
    tiers = [one.tier for one in found().ranking]
    with opening(whole) as opened:
        at, row = opened.page, ".list tbody tr"
        assert shown(at, row) == 100
        at.locator("#tier-all").focus()
        at.keyboard.press("ArrowRight")
        assert shown(at, row) == tiers.count("seed")
        for tier in list(TIERS)[1:]:
            at.keyboard.press("ArrowRight")
            assert shown(at, row) == tiers.count(tier) > 0
        for _ in TIERS:
            at.keyboard.press("ArrowLeft")
        at.keyboard.press("Tab")
        assert focused(at) == "every"
        at.keyboard.press("Space")
        assert shown(at, row) == 1_000
        at.keyboard.press("Tab")
        assert focused(at) == "find"
        at.keyboard.type("lark4 POSTS")
        assert shown(at, row) == len(
            [
                one
                for one in found().ranking
                if "lark4" in (told := one.account + "".join(e.words for e in one.evidence))
                and "posts" in told
            ]
        )
        assert re.fullmatch(r"Showing \d+ of 1,000 accounts\.", at.locator("#shown").inner_text())
        at.keyboard.press("Escape")
        assert shown(at, row) == 1_000


def test_the_list_is_sorted_by_its_heads(whole: str, opening: Opening) -> None:
    ranking = found().ranking
    with opening(whole) as opened:
        names = opened.page.locator(".list tbody tr:not(.more) .name")
        opened.page.get_by_role("button", name="Acts").click()
        most = sorted(ranking, key=lambda one: (-one.touches, one.rank))[:100]
        assert names.all_inner_texts() == [one.account.rpartition("/")[2] for one in most]
        assert opened.page.locator("th[aria-sort=descending]").inner_text() == "Acts"
        opened.page.get_by_role("button", name="Acts").click()
        least = sorted(ranking, key=lambda one: (one.touches, one.rank))[:100]
        assert names.all_inner_texts() == [one.account.rpartition("/")[2] for one in least]
        opened.page.get_by_role("button", name="Rank").click()
        assert names.all_inner_texts() == [one.account.rpartition("/")[2] for one in ranking[:100]]


def test_scores_below_zero_are_sorted_as_numbers(whole: str, opening: Opening) -> None:
    ranking = found().ranking
    assert ranking[-1].score < -2 < 2 < ranking[0].score
    with opening(whole) as opened:
        names = opened.page.locator(".list tbody tr:not(.more) .name")
        opened.page.get_by_role("button", name="Score").click()
        assert names.all_inner_texts() == [one.account.rpartition("/")[2] for one in ranking[:100]]
        opened.page.get_by_role("button", name="Score").click()
        last = ranking[:-101:-1]
        assert names.all_inner_texts() == [one.account.rpartition("/")[2] for one in last]
        assert (
            opened.page.locator(".list tbody .score")
            .first.inner_text()
            .startswith("\N{MINUS SIGN}")
        )


def test_what_speaks_against_looks_different_without_its_colour(
    whole: str, opening: Opening
) -> None:
    marks = """name => {
      const one = document.querySelector(`.why b.${name}`);
      return [one.textContent[0], getComputedStyle(one, "::before").content[1]];
    }"""
    with opening(whole) as opened:
        assert opened.page.evaluate(marks, "for") == ["+", "\u25b2"]
        assert opened.page.evaluate(marks, "against") == ["\N{MINUS SIGN}", "\u25bc"]


@pytest.mark.parametrize(("wide", "high"), SIZES)
def test_a_search_that_abstains_says_so_before_anything_else(
    opening: Opening, wide: int, high: int
) -> None:
    with opening(page(abstained()), wide=wide, high=high) as opened:
        notice = opened.page.locator(".notice")
        assert notice.bounding_box()["y"] < high  # type: ignore[index]  # it is shown
        assert notice.inner_text().startswith("The search abstains.")
        assert fits(opened.page)
        assert ([], []) == (opened.requests, opened.said)


def test_a_cell_that_is_a_question_leads_to_its_accounts(whole: str, opening: Opening) -> None:
    with opening(whole) as opened:
        opened.page.locator("#cells a").last.click()
        row = opened.page.locator(":target")
        assert "cell 2" in row.inner_text()


def test_the_picture_is_walked_by_arrow_keys(whole: str, opening: Opening) -> None:
    with opening(whole) as opened:
        at = opened.page
        assert at.locator(".node[tabindex='0']").count() == 1
        at.locator(".node[tabindex='0']").focus()
        first = at.locator("#tip").inner_text()
        at.keyboard.press("ArrowRight")
        second = at.locator("#tip").inner_text()
        assert first != second
        assert "rank" in second
        assert at.locator(".node.near").count() >= 2
        at.keyboard.press("Escape")
        assert at.locator("#tip").is_hidden()
        at.keyboard.press("Home")
        assert at.locator("#tip").inner_text() == first
        at.keyboard.press("Enter")
        target = at.evaluate("document.querySelector(':target').id")
        assert target == at.locator(".node").first.get_attribute("href", timeout=1_000)[1:]  # type: ignore[index]  # it has one


def test_a_pointer_over_an_account_shows_its_evidence(whole: str, opening: Opening) -> None:
    with opening(whole) as opened:
        node = opened.page.locator(".node:has(.t-suspect)").first
        node.locator("use").hover()
        tip = opened.page.locator("#tip")
        assert tip.is_visible()
        assert re.search(r"suspect, rank \d+", tip.inner_text())
        assert re.search(r"\n[+\N{MINUS SIGN}]\d+\.\d: ", tip.inner_text())
        assert opened.page.locator(".node title").count() == 0


def test_the_page_works_without_scripts(whole: str, opening: Opening) -> None:
    tiers = [one.tier for one in found().ranking]
    with opening(whole, scripts=False) as opened:
        at, row = opened.page, ".list tbody tr"
        assert shown(at, ".scripted, #theme") == 0
        assert shown(at, row) == 100
        at.locator("label[for=every]").click()
        assert shown(at, row) == 1_000
        at.locator("label[for=tier-shielded]").click()
        assert shown(at, row) == tiers.count("shielded")
        at.locator("label[for=tier-all]").click()
        at.locator("label[for=every]").click()
        details = at.locator(".list tbody tr:not(.more) details").first
        details.locator("summary").focus()
        at.keyboard.press("Enter")
        assert details.locator(".ids").is_visible()
        hidden = at.locator("#a250")
        assert hidden.is_hidden()
        at.locator('.node[href="#a250"]').focus()
        at.keyboard.press("Enter")
        assert hidden.is_visible()


def test_whoever_wants_no_motion_sees_none(whole: str, opening: Opening) -> None:
    with opening(whole, motion="reduce") as opened:
        durations = opened.page.evaluate(
            "[...document.querySelectorAll('*')].map(e => getComputedStyle(e).transitionDuration)"
        )
        assert set(durations) == {"0s"}
        scroll = opened.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior")
        assert scroll == "auto"


def test_on_paper_it_is_dark_on_light_without_controls(whole: str, opening: Opening) -> None:
    with opening(whole, wide=700, scheme="dark") as opened:
        opened.page.emulate_media(media="print")
        assert shown(opened.page, ".controls, nav, #theme") == 0
        assert opened.page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        assert fits(opened.page)


HOSTILE = [
    "<script>window.pwned=1</script>",
    '"><img src=x onerror="window.pwned=1">',
    "' onfocus='window.pwned=1' autofocus='",
    "</title></svg><script>alert(1)</script>",
    "</script><script>window.pwned=1</script><style>*{display:none}</style>",
    "{{ 7 * 7 }}{% raw %}${window.pwned=1}",
    "javascript:window.pwned=1",
    "abc\u202egnp.exe\u2066\u2069\u200f",
    "one\ntwo\r\n\tthree\x00\x1b[31m",
    "x" * 20_000,
    "ﷺ" * 60 + "𒐫" * 60 + "\N{FAMILY}" * 60,
    "Z" + "\u0301" * 300,
    "\ud800 half",
    "",
]


def hostile() -> str:
    result = found(60, 60)
    accounts = tuple(
        msgspec.structs.replace(
            one,
            account=f"https://harbour.example/{HOSTILE[place % len(HOSTILE)]}#{place}",
            evidence=tuple(
                Evidence(text, f"post#{text}", 1 / len(HOSTILE), text) for text in HOSTILE
            ),
        )
        for place, one in enumerate(result.ranking)
    )
    ties = tuple(Tie(t.a, t.b, t.weight, HOSTILE[t.a % 14]) for t in result.picture.ties)
    return page(
        with_(result, ranking=accounts, picture=Picture(accounts, ties), notes=tuple(HOSTILE)),
        title="".join(HOSTILE),
    )


@pytest.mark.parametrize(("wide", "high"), SIZES)
def test_hostile_text_is_only_text(opening: Opening, wide: int, high: int) -> None:
    html = hostile()
    assert "\u202e" not in html
    assert "⟨U+202E⟩" in html
    with opening(html, wide=wide, high=high) as opened:
        at = opened.page
        at.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        at.locator(".node").nth(3).focus()
        at.wait_for_timeout(50)
        assert at.evaluate("window.pwned") is None
        assert at.locator("script").count() == at.locator("style").count() == 1
        assert at.locator("img, [onerror], [onfocus], [autofocus]").count() == 0
        assert "<script>window.pwned=1</script>" in at.locator(".notes").inner_text()
        assert fits(at)
        assert ([], []) == (opened.requests, opened.said)
        [sheet] = at.evaluate(BOXES, "#picture")
        for box in at.evaluate(BOXES, ".node use"):
            assert sheet[0] <= box[0] <= box[2] <= sheet[2]


def test_scripts_that_were_not_written_for_the_page_do_not_run(
    whole: str, opening: Opening
) -> None:
    planted = whole.replace("</main>", "<script>window.pwned=1</script></main>")
    with opening(planted) as opened:
        assert opened.page.evaluate("window.pwned") is None
        assert len(opened.said) == 1
        assert "Content Security Policy" in opened.said[0]
