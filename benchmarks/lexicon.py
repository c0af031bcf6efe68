# ruff: noqa: RUF001 - made-up words in several scripts
"""A lexicon of 100,000 made-up terms over short messages: plain view, and both views.

Terms and messages are syllables drawn at random, in Latin, Cyrillic, Greek, Arabic, Han, kana and
Hangul. One message in fifty holds a term, one in a hundred a term in disguise. The two are
measured in turn, per second of processor time, Findings of hits and abstentions included.

    python benchmarks/lexicon.py --terms 100000 --messages 100000
"""

from __future__ import annotations

import argparse
import random
import time
from statistics import median
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from leeward.model import fold
from leeward.signals import HIT, Lexicon, Term

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]

_ROUNDS: Final = 5
# A weight, what syllables begin with, and what they end with.
_SCRIPTS: Final[tuple[tuple[int, str, str], ...]] = (
    (
        12,
        "b bl br d dr f g gr h k kl l m n p pr r s st t tr v w z",
        "a e i o u an ar el en er in is on or os ul un us",
    ),
    (3, "б бр в г д др ж з к кл л м н п пр р с ст т тр ф х", "а е и о у я ан ар ел ен ер ин он ор"),
    (1, "β γ δ ζ θ κ κρ λ μ ν π πρ ρ σ στ τ τρ φ χ", "α ε ι ο υ αν ες ις ος ον"),
    (1, "ب ت ث ج ح د ر ز س ش ع ف ق ك ل م ن", "ا و ي ان ار ين ون ال"),
    (1, "港 船 海 風 花 庭 木 水 山 川 石 田 村 町 帆 岸", "口 子 手 目 月 日 車 門 橋 道 家 畑"),
    (1, "か き く け こ さ し す せ そ た ち つ て と", "ん あ い う え お ら り る れ ろ"),
    (1, "가 나 다 라 마 바 사 아 자 차 카 타 파 하", "각 난 달 람 밥 삿 앙 강 산 글"),
)


def _word(rng: random.Random, syllables: int) -> str:
    """A made-up word; one script a word."""
    _, heads, tails = rng.choices(_SCRIPTS, [weight for weight, _, _ in _SCRIPTS])[0]
    return "".join(rng.choice(heads.split()) + rng.choice(tails.split()) for _ in range(syllables))


def _terms(count: int, common: Sequence[str], rng: random.Random) -> list[Term]:
    found: dict[str, Term] = {}
    known = set(common)
    while len(found) < count:
        term = _word(rng, rng.choice((3, 3, 4, 4, 5)))
        if rng.random() < 0.1:
            term += " " + _word(rng, 2)
        if term not in known:
            found[term] = Term(term=term, of=rng.choice(("boats", "gardens", "harbours")))
    return list(found.values())


def _messages(
    count: int, common: Sequence[str], terms: Sequence[Term], rng: random.Random
) -> list[str]:
    found = []
    for _ in range(count):
        words = rng.choices(common, k=rng.randint(3, 10))
        draw = rng.random()
        if draw < 0.03:
            term = rng.choice(terms).term
            words.insert(rng.randrange(len(words)), " ".join(term) if draw < 0.01 else term)
        if draw > 0.95:
            words.append("#" + rng.choice(common))
        found.append(" ".join(words).capitalize() + rng.choice((".", "!", "")))
    return found


def _batch(texts: Sequence[str]) -> pa.RecordBatch:
    """Rows as the log holds them: folded where a text is not ASCII."""
    count = len(texts)
    folded = [None if text.isascii() else fold(text) for text in texts]
    return pa.RecordBatch.from_arrays(
        [
            pa.array(range(count), pa.int64()),
            pa.array([f"post:{n}" for n in range(count)]),
            pa.array(texts, pa.string()),
            pa.array([[]] * count, pa.list_(pa.string())),
            pa.array(folded, pa.string()),
        ],
        ["seq", "object", "text", "tags", "folded"],
    )


def run(terms: int, messages: int) -> dict[str, float | str]:
    """The figures."""
    rng = random.Random(7)  # noqa: S311 - made-up words
    common = list({_word(rng, rng.choice((1, 1, 2, 2, 3, 4))): None for _ in range(20_000)})
    listed = _terms(terms, common, rng)
    texts = _messages(messages, common, listed, rng)
    batch = _batch(texts)
    began = time.process_time()
    both = Lexicon(listed)
    built = time.process_time() - began
    plain = Lexicon(listed, disguised=False)
    spent: dict[str, list[float]] = {"plain": [], "both": []}
    hits = {}
    for _ in range(_ROUNDS + 1):
        for name, lexicon in (("plain", plain), ("both", both)):
            began = time.process_time()
            looked = lexicon.look(batch, at=0)
            spent[name].append(time.process_time() - began)
            hits[name] = int((looked.outcomes == HIT).sum())
    assert hits["both"] > hits["plain"] > messages // 100
    # The first round of each compiles.
    rates = {name: messages / median(times[1:]) for name, times in spent.items()}
    return {
        "terms": f"{len(listed):,}",
        "messages": f"{messages:,} of {sum(map(len, texts)) / messages:.0f} characters on average",
        "plain view, messages per CPU-second (goal 300,000)": rates["plain"],
        "both views, messages per CPU-second (goal 50,000)": rates["both"],
        "messages hit, plain view": hits["plain"],
        "messages hit, both views": hits["both"],
        "built for both views, CPU-seconds": built,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--terms", type=int, default=100_000)
    parser.add_argument("--messages", type=int, default=100_000)
    arguments = parser.parse_args()
    for name, value in run(arguments.terms, arguments.messages).items():
        print(f"{name}: {value if isinstance(value, str) else f'{value:,.1f}'}")


if __name__ == "__main__":
    main()
