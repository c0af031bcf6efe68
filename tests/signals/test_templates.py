"""Messages that accounts copy from each other, made apart from the code that finds them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from leeward.errors import UsageError
from leeward.signals import HIT, MISS, UNASKED, Templates
from tests.signals._harbour import DAY, event, rows_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from leeward.model import Event

_TEXT = "the rowing club looks for hands to paint the old ferry before the spring fair"


def _sent(*messages: tuple[str, str], apart: int = 1) -> list[Event]:
    return [
        event("post", f"p{n}", who, at=n * apart, text=text)
        for n, (who, text) in enumerate(messages)
    ]


def _outcomes(events: list[Event]) -> list[int]:
    outcomes: list[int] = Templates(most=1 << 10).look(rows_at(events), at=7).outcomes.tolist()
    return outcomes


def test_the_third_account_with_a_message_is_a_hit_and_names_the_others() -> None:
    events = _sent(("a", _TEXT), ("b", _TEXT + "!"), ("c", _TEXT))
    looked = Templates(most=1 << 10).look(rows_at(events), at=1 << 60)

    assert looked.outcomes.tolist() == [MISS, MISS, HIT]
    (finding,) = looked.findings
    assert finding.score == 3
    assert [item.subject for item in finding.evidence] == ["p2", "p1", "p0"]
    assert (finding.evidence[0].start, finding.evidence[0].end) == (0, len(_TEXT))


def test_one_account_that_repeats_itself_is_no_template() -> None:
    assert _outcomes(_sent(*[("a", _TEXT)] * 5)) == [MISS] * 5


@pytest.mark.parametrize(
    "texts",
    [
        [f"{_TEXT} @helper{n} come by" for n in range(3)],
        [f"{_TEXT} https://fair{n}.example/{n}?from={n * 77}" for n in range(3)],
        [f"{_TEXT} fair{n}.example/boats/{n * 31}" for n in range(3)],
        [f"{n * 37} {_TEXT} {n * 1999}" for n in range(3)],
        [_TEXT.upper(), _TEXT, _TEXT.title()],
        [f"  {_TEXT}", _TEXT.replace(" ", "\n"), _TEXT],
        ["\u0661" + _TEXT, "\u0662\u0663" + _TEXT, "\u0669" + _TEXT],
    ],
    ids=["mentions", "links", "bare links", "numbers", "case", "blanks", "other digits"],
)
def test_what_differs_from_copy_to_copy_does_not_count(texts: list[str]) -> None:
    assert _outcomes(_sent(*zip("abc", texts, strict=True)))[2] == HIT


@pytest.mark.parametrize("text", ["good wind", "@a @b @c @d https://fair.example/1 12345", ""])
def test_what_everybody_says_is_not_asked(text: str) -> None:
    assert _outcomes(_sent(*[(who, text) for who in "abc"])) == [UNASKED] * 3


def test_scripts_without_blanks_are_compared_too() -> None:
    text = "\u6e2f\u306b\u306f\u5c0f\u3055\u306a\u8239\u304c\u4e26\u3093\u3067\u3044\u307e\u3059"
    assert _outcomes(_sent(*[(who, text) for who in "abc"]))[2] == HIT


def test_what_is_older_than_a_week_counts_no_more() -> None:
    near = _sent(("a", _TEXT), ("b", _TEXT), ("c", _TEXT), apart=3 * DAY)
    far = _sent(("a", _TEXT), ("b", _TEXT), ("c", _TEXT), apart=4 * DAY)
    assert _outcomes(near)[2] == HIT
    assert _outcomes(far)[2] == MISS


def test_a_complaint_and_a_deletion_are_no_messages() -> None:
    events = _sent(("a", _TEXT), ("b", _TEXT))
    events += [
        event("flag", "f", "c", target="p1", text=_TEXT),
        event("post", "p1", "d", op="delete", text=_TEXT),
    ]
    assert _outcomes(events) == [MISS, MISS, UNASKED, UNASKED]


def test_the_oldest_messages_go_first() -> None:
    rng = random.Random(4)  # noqa: S311 - made-up messages
    words = _words(rng, 400)
    others = [(f"x{n}", " ".join(rng.choices(words, k=12))) for n in range(300)]
    signal = Templates(most=256)
    events = _sent(("a", _TEXT), ("b", _TEXT), *others, ("c", _TEXT))
    assert signal.look(rows_at(events), at=7).outcomes[-1] == MISS
    assert Templates(most=512).look(rows_at(events), at=7).outcomes[-1] == HIT


@pytest.mark.parametrize("wrong", [{"least_accounts": 1}, {"most": 3}, {"key": b"short"}])
def test_bounds_are_kept(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Templates(**wrong)  # type: ignore[arg-type]


def test_copies_are_found_and_little_else_is(rounds: Callable[[int, int], int]) -> None:
    """Each copy changes, drops or adds up to two words, and has a mention, link or number."""
    rng = random.Random(11)  # noqa: S311 - made-up messages
    count = rounds(60_000, 6_000)
    words = _words(rng, 3_000)
    often = [1 / (rank + 3) for rank in range(len(words))]

    def sentence(shortest: int, longest: int) -> list[str]:
        return rng.choices(words, often, k=rng.randint(shortest, longest))

    messages: list[tuple[int, str]] = []
    for number in range(count // 50):
        template = sentence(8, 16)
        copies = rng.randint(3, 12)
        messages += [(number, _copied(rng, template, words)) for _ in range(copies)]
    messages += [(-1, " ".join(sentence(5, 18))) for _ in range(count - len(messages))]
    rng.shuffle(messages)

    events = _sent(*[(f"account{n}", text) for n, (_, text) in enumerate(messages)])
    hits = Templates().look(rows_at(events), at=7).outcomes == HIT
    before: dict[int, int] = {}
    caught = wanted = 0
    for hit, (template_number, _) in zip(hits, messages, strict=True):
        before[template_number] = before.get(template_number, 0) + 1
        if template_number >= 0 and before[template_number] >= 3:
            wanted += 1
            caught += bool(hit)
    assert caught / wanted >= 0.9
    assert caught / hits.sum() >= 0.97


def _copied(rng: random.Random, template: list[str], words: list[str]) -> str:
    copy = [*template]
    for _ in range(rng.choice((0, 1, 1, 2))):
        place, what = rng.randrange(len(copy)), rng.random()
        if what < 0.4:
            copy[place] = rng.choice(words)
        elif what < 0.6:
            copy.insert(place, rng.choice(words))
        elif what < 0.75:
            del copy[place]
        else:
            copy[place] = copy[place][:-1] + rng.choice("aeiou")
    if rng.random() < 0.5:
        copy.append(f"@{rng.choice(words)}")
    if rng.random() < 0.5:
        copy.append(f"https://{rng.choice(words)}.example/{rng.randrange(9_999)}")
    if rng.random() < 0.3:
        copy.insert(0, str(rng.randrange(99)))
    return " ".join(copy)


def _words(rng: random.Random, count: int) -> list[str]:
    return [
        "".join(rng.choice(("bdfghjklmnprstvwz", "aeiou")[k % 2]) for k in range(rng.randint(3, 9)))
        for _ in range(count)
    ]
