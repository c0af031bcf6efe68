"""The page as a file: what stands in it, and what must not."""

from __future__ import annotations

import base64
import hashlib
import math
import os
import re
import stat
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import msgspec
import pytest

from leeward.console import page, write_page
from leeward.errors import StoreError
from leeward.evaluate import judge
from leeward.network import Evidence, Picture, Tie
from leeward.pipeline import Found, Histogram
from tests.console._found import abstained, found, judged, with_

if TYPE_CHECKING:
    from pathlib import Path

NAN = float("nan")


class Elements(HTMLParser):
    """Every element with its attributes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def whole() -> str:
    return page(found(), title="Harbour, week 12", judged=judged())


def empty() -> Found:
    nothing = found(0, 0)
    return with_(nothing, notes=(), histogram=Histogram((), ()))


def test_no_element_can_load_or_leave(whole: str) -> None:
    elements = Elements(whole)
    for tag, attributes in elements.found:
        assert tag not in {"img", "iframe", "object", "embed", "base", "form", "video", "audio"}
        assert not {"src", "srcset", "action", "background", "xlink:href", "ping"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert attributes.get("href", "#").startswith("#") or (tag, attributes["href"]) == (
            "link",
            "data:,",
        )
    assert not re.findall(r"url\(|@import|@font-face", whole)


def test_only_its_own_script_and_style_may_run(whole: str) -> None:
    [policy] = [
        meta["content"]
        for meta in Elements(whole).of("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        [source] = re.findall(rf"<{tag}>(.*?)</{tag}>", whole, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_every_place_that_is_linked_is_there_once(whole: str) -> None:
    elements = Elements(whole)
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {a["href"][1:] for _, a in elements.found if a.get("href", "").startswith("#")}
    assert targets <= set(ids)


def test_three_hundred_accounts_and_a_thousand_rows_stay_small(whole: str) -> None:
    assert len(Elements(whole).of("tr")) > 1_000
    assert len(whole.encode()) < 2_000_000


def test_the_same_result_gives_the_same_page(whole: str) -> None:
    assert page(found(), title="Harbour, week 12", judged=judged()) == whole


def test_the_numbers_stand_at_the_top(whole: str) -> None:
    head = whole.partition("<main>")[0]
    for number in ("1,284,302", "50,000", ">12<", ">396<", ">58<", ">74<", "4.21", "6,312"):
        assert number in head
    assert ">9 of 12<" in head
    assert "found in the first 500, each hidden in turn" in head
    assert "goes from 310 to 905</dt><dd>about 480<" in head
    assert "3\n  priors were used; 1 more is\n" in head
    assert "never a proof" in head


def test_everything_found_is_listed_with_its_weightiest_evidence_first(whole: str) -> None:
    result = found()
    rows = re.findall(r'<tr id="a\d+".*?</tr>', whole, re.DOTALL)
    assert len(rows) == len(result.ranking) == 1_000
    for row, account in zip(rows, result.ranking, strict=True):
        assert f"<bdi>{account.account}</bdi>" in row
        words = re.findall(r"<li><b[^>]*>[^<]*</b> <bdi>(.*?)</bdi>", row)
        assert words == [one.words for one in account.evidence if abs(one.weight) >= 0.05]
        left = len(account.evidence) - len(words)
        assert (f"{left} weaker, together" in row) == (left > 0)


def test_the_pieces_that_are_shown_add_up_to_the_score(whole: str) -> None:
    rows = re.findall(r'<tr id="a\d+".*?</tr>', whole, re.DOTALL)
    for row, account in zip(rows, found().ranking, strict=True):
        if account.tier == "seed":  # made without evidence here
            continue
        weights = re.findall(r"<li><b[^>]*>([^<]*)</b>|weaker, together (\S+)\.<", row)
        total = sum(float((a or b).replace("\N{MINUS SIGN}", "-")) for a, b in weights)
        assert total == pytest.approx(account.score, abs=0.05 * len(weights) + 0.01)


def test_weak_evidence_is_counted_and_added_up() -> None:
    result = found(20, 20)
    weak = tuple(Evidence("tag", f"tag:{n}", 0.04, f"used #{n}") for n in range(5))
    ranking = (msgspec.structs.replace(result.ranking[0], evidence=weak), *result.ranking[1:])
    html = page(with_(result, ranking=ranking))
    assert "<summary>weaker ones</summary><p>5 weaker, together +0.2.</p>" in html


def test_a_complaint_is_seen_at_once_though_it_adds_nothing() -> None:
    result = found(20, 20)
    about = Evidence("complained", "post#9", 0.0, "complained about 1 post that suspects spread")
    one = result.ranking[15]
    with_complaint = msgspec.structs.replace(one, evidence=(*one.evidence, about))
    ranking = (*result.ranking[:15], with_complaint, *result.ranking[16:])
    row = page(with_(result, ranking=ranking)).partition('<tr id="a16"')[2].partition("</tr>")[0]
    assert f"<li><b>0</b> <bdi>{about.words}" in row.partition("<details>")[0]


def test_a_search_that_abstains_says_so_first_and_gives_no_probability() -> None:
    html = page(abstained())
    head = html.partition("<main>")[0]
    assert "The search abstains." in head
    assert "The seeds have no more in common" in head
    assert "would have found" not in head
    assert "estimated to belong" not in head
    assert ">probability" not in html
    assert "There is no line" in html
    assert "A score of 0 is as likely as not" not in html


def test_with_few_seeds_it_says_what_could_not_be_checked() -> None:
    result = found(20, 20)
    figures = msgspec.structs.replace(result.figures, own=None, size=None, above_line=0)
    first = "Nothing could be checked: that takes at least 4 confirmed accounts, better ten."
    html = page(with_(result, figures=figures, summary=(first,), notes=(first,)))
    assert f'<p class="first"><bdi>{first}</bdi></p>' in html
    assert html.count(first) == 1
    assert "Here it could not be checked" in html


def test_only_cells_that_are_questions_are_asked_about(whole: str) -> None:
    section = whole.partition('id="cells"')[2].partition("</section>")[0]
    assert re.findall(r"<h3>(.*?)</h3>", section) == ["Cell 2: 200 accounts"]
    inside = [one for one in found().ranking if one.cell == 2]
    assert re.search(rf"{len(inside):,} of them\s+are in the list", section)
    assert section.count("<a href") == 12
    assert 'id="cells"' not in page(abstained())


def test_why_somebody_is_shielded_is_not_on_the_page() -> None:
    """Whether a person is a minor, for one, stays inside."""
    result = found(60, 60)
    marked = tuple(
        msgspec.structs.replace(one, shield=one.shield and "xylophonist") for one in result.ranking
    )
    assert any(one.shield for one in marked)
    html = page(with_(result, ranking=marked, picture=Picture(marked, result.picture.ties)))
    assert "xylophonist" not in html
    assert "only protective actions" in html


def test_numbers_that_are_none_are_never_shown() -> None:
    result = found(30, 30)
    bad = tuple(
        msgspec.structs.replace(
            one,
            score=(NAN, math.inf, -math.inf)[one.rank % 3],
            probability=NAN,
            evidence=(Evidence("tag", "tag:tide", NAN, "used a tag"), *one.evidence),
        )
        for one in result.ranking
    )
    html = page(
        with_(
            result,
            ranking=bad,
            picture=Picture(bad, (Tie(0, 1, NAN, "x"), Tie(0, 2, math.inf, "y"))),
            figures=msgspec.structs.replace(result.figures, seconds=NAN),
            histogram=Histogram((NAN, 1.0), (3,)),
        )
    )
    html = re.sub(r"<(script|style)>.*?</\1>", "", html, flags=re.DOTALL)
    body = " ".join(Elements(html).text)
    assert not re.search(r"\b(nan|inf|infinity|none|undefined)\b", body, re.IGNORECASE)
    assert not re.search(r'="[^"]*\b(nan|inf)\b', html)


def test_a_result_without_anybody_is_a_page_too() -> None:
    html = page(empty())
    assert "Nobody was found." in html
    assert "There is no account to draw." in html
    assert "No account has a score." in html


def test_a_truth_in_which_nothing_is_hidden_is_shown_without_measures() -> None:
    truth = judge([1.0, 0.5], ["bot", "fan"], [False, False], [True, False])
    html = page(empty(), judged=truth)
    assert "0 accounts of the ring were hidden" in html
    assert "Precision over recall" not in html


def test_the_line_stands_in_the_chart_where_there_is_one(whole: str) -> None:
    assert '<path class="threshold"' in whole
    assert '<path class="threshold"' not in page(abstained())


def test_the_truth_is_compared_with_the_walk(whole: str) -> None:
    truth = judged()
    [at] = [at for at in truth.found_at if at.k == truth.top]
    section = whole.partition('id="judged"')[2].partition("</section>")[0]
    assert f"{at.found:,.0f} belong to the" in section
    assert f"{truth.two_hop.accused:,} accounts" in section
    assert f"{truth.two_hop.accused - truth.two_hop.right:,} accounts accused wrongly" in section
    assert [f"{share.in_top:,.0f}" for share in truth.by_role] == re.findall(
        r'<th scope="row"><bdi>[^<]*</bdi></th><td class="n">([\d,]+)</td>', section
    )


def test_the_bars_of_the_distribution_add_up(whole: str) -> None:
    counts = re.findall(r"<title>([\d,]+) with a score from", whole)
    assert sum(int(count.replace(",", "")) for count in counts) == sum(found().histogram.counts)


def test_a_file_is_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    target.write_text("an older page")
    target.chmod(0o644)
    umask = os.umask(0)
    try:
        assert write_page(target, found(20, 20), title="Quay") == target
    finally:
        os.umask(umask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert target.read_text() == page(found(20, 20), title="Quay")
    assert [target] == list(tmp_path.iterdir())


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        write_page(tmp_path / "nowhere" / "page.html", found(20, 20))
    assert "nowhere" in str(caught.value)
