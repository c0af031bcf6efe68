"""What disguises are seen through, what they cost on clean text, and where a match points."""

from __future__ import annotations

import ast
import random
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy
import pandas
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import fold
from leeward.signals import Lexicon, Term
from leeward.signals._offsets import source_offsets
from tests.signals._attacks import GUESSING, PLAIN
from tests.signals._lists import batch_of, found, lexicon_of, made_up, spans_of

if TYPE_CHECKING:
    from collections.abc import Callable

_WORDS = made_up(200, 5, 9, seed=2)
_LEXICON = lexicon_of(*_WORDS)


def _share(attack: Callable[[str, random.Random], str], seed: int) -> float:
    rng = random.Random(seed)  # noqa: S311 - a repeatable draw
    pairs = [(word, attack(word, rng)) for word in _WORDS]
    texts = [f"We saw {hidden} by the pier" for word, hidden in pairs if hidden != word]
    looked = _LEXICON.look(batch_of(texts), at=0)
    for row, spans in spans_of(looked, texts).items():
        # The highlight lies within what was hidden.
        hidden = texts[row].removeprefix("We saw ").removesuffix(" by the pier")
        assert all(span in hidden for span in spans)
    return len(looked.findings) / len(texts)


@pytest.mark.parametrize("name", PLAIN)
def test_what_needs_no_guessing_is_seen_through(name: str) -> None:
    assert _share(PLAIN[name], seed=5) >= 0.95


@pytest.mark.parametrize("name", GUESSING)
def test_what_needs_a_guess_is_documented_as_missed(name: str) -> None:
    share = _share(GUESSING[name], seed=5)

    assert share < 0.95
    page = Path(__file__).parents[2] / "docs" / "explanation" / "lexicon.md"
    assert f"| {name} |" in page.read_text()


def _clean(count: int) -> list[str]:
    """Sentences of the documentation inside installed packages: prose, formulas and code."""
    rng = random.Random(1)  # noqa: S311 - a repeatable draw
    sentences: set[str] = set()
    for package in (scipy, numpy, pandas):
        for path in sorted(Path(str(package.__file__)).parent.rglob("*.py"))[::3]:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                    text = ast.get_docstring(node) or ""
                    sentences |= {" ".join(s.split()) for s in re.split(r"[.!?]\s+|\n\s*\n", text)}
    kept = sorted(s for s in sentences if 20 <= len(s) <= 200 and s.count(" ") >= 4)
    assert len(kept) >= count
    return rng.sample(kept, count)


def test_a_thousand_short_terms_seldom_hit_clean_text() -> None:
    texts = _clean(10_000)
    known = {part for text in texts for part in re.split(r"[\W_]+", text.lower())}
    short = [word for word in made_up(3_000, 3, 5) if word not in known][:1_000]
    assert len(short) == 1_000

    bounded = lexicon_of(*short).look(batch_of(texts), at=0)
    unbounded = lexicon_of(*short, boundary="none").look(batch_of(texts), at=0)
    assert len(bounded.findings) <= 2
    assert len(unbounded.findings) > 100 * len(bounded.findings)


@pytest.mark.parametrize(
    "text",
    ["bail the ball out", "a wheel of coal", "see 3 oats", "b 3 b 4", "row1 and row2", "t[i]==n[i"],
)
def test_ordinary_writing_is_no_disguise(text: str) -> None:
    lexicon = lexicon_of("bali", "bell", "coall", "boats", "bebe", "rowi", "tini", "wele", "bal")
    assert found(lexicon, text) == [[]]


def test_letters_that_look_alike_are_told_apart_where_they_are_written_out() -> None:
    lexicon = lexicon_of("sail", "wili")

    texts = ("sall", "saiI", "sa1l", "will", "wi1i", "w!l!")
    assert found(lexicon, *texts) == [[], ["saiI"], ["sa1l"], [], ["wi1i"], ["w!l!"]]


def test_a_phrase_is_found_however_its_words_are_set_apart() -> None:
    lexicon = lexicon_of("red door")

    texts = ("r3d d00r", "red-d00r", "r e d  d o o r", "a re ddoor", "red doors")
    assert found(lexicon, *texts) == [["r3d d00r"], ["red-d00r"], ["r e d  d o o r"], [], []]


def test_a_term_that_is_not_looked_for_in_disguise_is_found_as_it_is_only() -> None:
    assert found(lexicon_of("reef", disguised=False), "r3ef", "reef") == [[], ["reef"]]
    plain = Lexicon([Term(term="reef", of="x")], disguised=False)
    assert found(plain, "r3ef", "reef") == [[], ["reef"]]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_offsets_into_folded_text_lead_back_to_the_source(text: str) -> None:
    starts, ends = source_offsets(text)

    folded = fold(text)
    assert len(starts) == len(ends) == len(folded)
    assert starts == sorted(starts)
    for start, end in set(zip(starts, ends, strict=True)):
        places = [k for k in range(len(folded)) if (starts[k], ends[k]) == (start, end)]
        assert fold(text[start:end]) == "".join(folded[k] for k in places)


@given(
    before=st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    after=st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    word=st.sampled_from(_WORDS),
    attack=st.sampled_from(sorted(PLAIN)),
    seed=st.integers(0, 1_000),
)
def test_a_match_points_at_what_becomes_the_term_again(
    before: str, after: str, word: str, attack: str, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311 - a repeatable draw
    text = f"{before} {PLAIN[attack](word, rng)} {after}"
    lexicon = lexicon_of(word, boundary="none")

    (spans,) = found(lexicon, text)
    for span in spans:
        # Alone, what was highlighted is the term, from the first to the last seen character.
        (again,) = found(lexicon, span)
        assert any(len(one) >= len(span) - _unseen(span) for one in again)


def test_what_stands_around_a_disguise_hides_nothing(rounds: Callable[[int, int], int]) -> None:
    rng = random.Random(9)  # noqa: S311 - a repeatable draw

    def around() -> str:
        ends = [rng.choice((0x250, 0x3000, 0xD800, 0x1FFFF)) for _ in range(rng.randrange(12))]
        points = (rng.randrange(0x20, end) for end in ends)
        return "".join(chr(point) for point in points if not 0xD800 <= point < 0xE000)

    count, missed = rounds(4_000, 400), 0
    for _ in range(count):
        word, attack = rng.choice(_WORDS), PLAIN[rng.choice(sorted(PLAIN))]
        text = f"{around()} {attack(word, rng)} {around()}"
        missed += found(lexicon_of(word), text) == [[]]
    assert missed <= count / 100


def _unseen(text: str) -> int:
    return sum(unicodedata.category(char) in ("Cf", "Cc", "Mn", "Me") for char in text)
