"""Text of unknown origin, and numbers, as a page shows them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.console._text import (
    chance,
    count,
    fitting,
    isolated,
    number,
    share,
    shortened,
    signed,
    title,
    visible,
    width,
)

anything = st.text(st.characters(exclude_categories=()), max_size=300)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ada\u202egnp.exe", "ada⟨U+202E⟩gnp.exe"),
        ("one\ntwo\tthree", "one\u240atwo\u2409three"),
        ("quay\u200bside", "quay⟨U+200B⟩side"),
        ("\ufeffpier", "⟨U+FEFF⟩pier"),
        ("\u3164", "⟨U+3164⟩"),
        ("lone \ud800 half", "lone ⟨U+D800⟩ half"),
        ("\N{FAMILY}\u200d\N{BOY}", "\N{FAMILY}\u200d\N{BOY}"),
        ("a\u200db", "a⟨U+200D⟩b"),
        ("e\u0301", "e\u0301"),
        ("e" + "\u0301" * 5, "e" + "\u0301" * 3 + "⟨U+0301⟩" * 2),
    ],
)
def test_what_cannot_be_seen_stands_by_its_number(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(anything)
def test_every_text_can_be_seen_and_written(text: str) -> None:
    shown = visible(text, 60)
    shown.encode()
    assert len(shown) <= 60
    unseen = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
    assert not {c for c in shown if unicodedata.category(c) in unseen} - {"\u200c", "\u200d"}


def test_a_long_text_keeps_its_ends() -> None:
    shown = visible("left" + "x" * 1_000_000 + "right", 30)
    assert (len(shown), shown[:4], shown[-5:]) == (30, "left", "right")


def test_markup_is_escaped_and_isolated() -> None:
    assert isolated("<b>&\"'") == "<bdi>&lt;b&gt;&amp;&#34;&#39;</bdi>"
    assert title('"><script>') == "\u2068&#34;&gt;&lt;script&gt;\u2069"


@pytest.mark.parametrize(
    ("account", "short"),
    [
        ("https://harbour.example/users/ada", "ada"),
        ("https://harbour.example/@ada/", "@ada"),
        ("at://did:plc:abc", "abc"),
        ("boat:17", "17"),
        ("", "(no name)"),
        ("///", "///"),
        ("https://harbour.example/" + "x" * 40, "xxxxxxxxxxx…xxxxxx"),
    ],
)
def test_an_account_is_known_by_the_end_of_its_uri(account: str, short: str) -> None:
    assert shortened(account) == short


@pytest.mark.parametrize(
    ("function", "value", "shown"),
    [
        (count, 1234567, "1,234,567"),
        (count, 12.25, "12.2"),
        (count, float("nan"), "not known"),
        (share, 0.456, "46%"),
        (share, 0.0, "0%"),
        (share, 1.0, "100%"),
        (share, 0.0004, "<0.1%"),
        (share, 0.0042, "0.4%"),
        (share, 0.9999, "99.9%"),
        (share, float("inf"), "not known"),
        (share, None, "not known"),
        (number, 0.012345, "0.0123"),
        (number, 4.56e-7, "4.56 \N{MULTIPLICATION SIGN} 10⁻⁷"),
        (number, 0, "0"),
        (number, 12345.0, "1.23 \N{MULTIPLICATION SIGN} 10⁴"),
        (number, float("nan"), "not known"),
        (signed, 3.24, "+3.2"),
        (signed, -1.06, "\N{MINUS SIGN}1.1"),
        (signed, -0.04, "0"),
        (signed, float("-inf"), "not known"),
        (chance, 0.999, ">99%"),
        (chance, 0.99, "99%"),
        (chance, 0.004, "<1%"),
        (chance, 0.5, "50%"),
        (chance, float("nan"), "not known"),
    ],
)
def test_a_number_reads_well(function: object, value: float | None, shown: str) -> None:
    assert callable(function)
    assert function(value) == shown


def test_a_wide_letter_counts_as_wide() -> None:
    assert width("illi") < width("oooo") < width("mmmm")
    assert width("\N{ARABIC LIGATURE BISMILLAH AR-RAHMAN AR-RAHEEM}") > 5


@given(anything, st.floats(2, 20))
def test_a_name_is_cut_to_the_room_it_has(text: str, most: float) -> None:
    assert width(fitting(visible(text, 18), most)) <= max(most, 12.0)


def test_a_name_that_fits_is_left_alone() -> None:
    assert fitting("anchor", 12) == "anchor"
    assert fitting("\ufdfa" * 8, 12) == "\u2026"
