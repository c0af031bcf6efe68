"""Folding: how text is compared, once and for all."""

# Characters that look like others are the point here.
# ruff: noqa: RUF001

from __future__ import annotations

import random
import sys
import unicodedata
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leeward.model import fold, fold_tag

# From the Unicode Character Database's NFKC_CF and CaseFolding.txt, by hand.
KNOWN = {
    "Harbour": "harbour",
    "STRASSE Straße": "strasse strasse",
    "ΜΆΙΟΣ": "μάιοσ",  # a final sigma is a sigma
    "İstanbul": "i\u0307stanbul",
    "ﬁsh ﬂag": "fish flag",
    "Ｂｏａｔ": "boat",
    "ℌafen": "hafen",
    "①②": "12",
    "㎏": "kg",
    "Å": "å",  # ANGSTROM SIGN
    "e\u0301": "é",
    "ſail": "sail",
    "ﷺ": "صلى الله عليه وسلم",
    "ᾳ": "αι",
    "Ⅻ": "xii",
    "ΐ": "ΐ",
    "½": "1\u20442",
    "…": "...",
    "𝓑𝓸𝓪𝓽": "boat",
    "ǅ": "dž",
    "ẞ": "ss",
    "\u1e9b\u0323": "\u1e69",  # a long s, its two dots in either order
}


@pytest.mark.parametrize(("written", "folded"), KNOWN.items())
def test_text_folds_to_its_compatibility_caseless_form(written: str, folded: str) -> None:
    assert folded == fold(written)


def test_every_character_folds_to_what_folds_no_further() -> None:
    characters = (chr(code) for code in range(sys.maxunicode + 1))
    moving = [
        f"U+{ord(c):04X}"
        for c in characters
        if unicodedata.category(c) not in ("Cs", "Cn") and fold(fold(c)) != fold(c)
    ]

    assert moving == []


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(text) == fold(fold(text))


@given(st.text(st.characters(max_codepoint=127), max_size=40))
def test_ascii_folds_to_its_lower_case(text: str) -> None:
    """Segments rely on it: they store no second copy of ASCII text."""
    assert text.lower() == fold(text)


@given(st.text(max_size=30))
def test_case_and_width_make_no_difference(text: str) -> None:
    assert fold(text) == fold(unicodedata.normalize("NFD", text))
    assert fold(text) == fold(unicodedata.normalize("NFC", text))


@given(st.text(st.sampled_from("# \u3000\u00a0\tAﬁ＃b"), max_size=8) | st.text(max_size=20))
@example("# #harbour")
def test_a_folded_tag_is_looked_up_under_itself(tag: str) -> None:
    """The log stores a folded tag, and folds what is asked for: both must be the same."""
    assert fold_tag(tag) == fold_tag(fold_tag(tag))


@pytest.mark.parametrize(
    "tag", ["harbour", "#Harbour", " ##HARBOUR ", "＃Harbour", "\u00a0#harbour"]
)
def test_a_tag_is_known_with_and_without_its_sign(tag: str) -> None:
    assert fold_tag(tag) == "harbour"


@given(st.integers(0, 2**32))
def test_long_runs_of_marks_fold_as_short_ones_do(seed: int) -> None:
    """As by the definition itself, which takes the square of their number."""
    rng = random.Random(seed)  # noqa: S311 - not a secret
    marks = "\u0301\u0323\u0345\u0308\u0300\u05b0\u0f71\u0e38\U0001d165\u20dd"
    runs = ["".join(rng.choices(marks, k=rng.randrange(80))) for _ in range(60)]
    text = "".join(rng.choice("aÅ한eﬁ각 ") + run for run in runs)
    once = normalize("NFKC", normalize("NFD", text).casefold())
    assert fold(text) == normalize("NFKC", once.casefold())
