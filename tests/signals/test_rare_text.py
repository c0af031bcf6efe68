"""The rare-text signal: a mixture of Bayes factors over what an account or a thread writes."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leeward.errors import UsageError
from leeward.model import fold
from leeward.signals import (
    ABSTAINED,
    HIT,
    MISS,
    RARE_EVIDENCE,
    RARE_LINE,
    UNASKED,
    RareText,
    bayes_factor_mixture,
)
from tests.signals._lists import rows_of
from tests.signals._rare_texts import message, model_of, post, posts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leeward.model import Event, Finding

_SHARES = (0.02, 0.04, 0.08, 0.15, 0.3)


def _naive(texts: Sequence[str]) -> list[float]:
    """The score behind each message, from the formula of the docstring, all anew each time."""
    ratios = model_of().say_texts(texts).ratios.tolist()
    scores, weights, recent = [], list[float](), list[tuple[str, int]]()
    for text in texts:
        mark = " ".join(fold(text).split())
        count = next((n for known, n in recent if known == mark), 0) + 1
        recent = [(mark, count), *((k, n) for k, n in recent if k != mark)][:8]
        weights.append(1 / count)
        products = []
        for share in _SHARES:
            log = 0.0
            for n, weight in enumerate(weights):
                age = sum(weights[n + 1 :])
                term = math.log(1 - share + share * math.exp(ratios[n]))
                log += weight * term * 0.5 ** (age / 256)
            products.append(math.exp(log))
        scores.append(math.log(sum(products) / len(products)))
    return scores


def _texts(seed: int, count: int, share: float) -> list[str]:
    rng = random.Random(seed)  # noqa: S311 - made-up messages
    texts: list[str] = []
    for _ in range(count):
        again = texts and rng.random() < 0.2
        rare = rng.random() < share
        texts.append(rng.choice(texts[-9:]) if again else message(rng, rare=rare))
    return texts


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
def test_the_score_is_that_of_the_formula(share: float) -> None:
    texts = _texts(3, 60, share)
    signal = RareText(model_of(), line=-1e6)
    told = {f.seq - 1: f.score for f in signal.look(posts(texts), at=9).findings}

    expected = _naive(texts)
    assert told
    for place, score in told.items():
        assert score == pytest.approx(expected[place], abs=1e-6)
    groups = np.zeros(len(texts), np.int64)
    marks = np.array([texts.index(text) + 1 for text in texts], np.uint64)
    ratios = model_of().say_texts(texts).ratios
    assert bayes_factor_mixture(ratios, groups, marks)[0] == pytest.approx(expected[-1], abs=1e-6)


def test_messages_of_which_nothing_is_known_do_not_count() -> None:
    ratios = np.array([2.0, np.nan, 1.0, np.nan])
    scores = bayes_factor_mixture(ratios, np.array([0, 0, 0, 1]))
    assert scores[0] == bayes_factor_mixture(np.array([2.0, 1.0]), np.array([0, 0]))[0]
    assert np.isnan(scores[1])


def _rows(seed: int, count: int) -> list[Event]:
    """Posts, replies, profiles, complaints and deletions of seven accounts in five threads."""
    rng = random.Random(seed)  # noqa: S311 - made-up messages
    events = []
    for number in range(count):
        who = rng.randrange(7)
        text = message(rng, rare=rng.random() < (0.6 if who < 2 else 0.05))
        if rng.random() < 0.1:
            text = "якорь" if rng.random() < 0.5 else ""
        more: dict[str, object] = {}
        if rng.random() < 0.7:
            more["root"] = f"post/root/{rng.randrange(5)}"
        if rng.random() < 0.2:
            more |= {"kind": rng.choice(("flag", "repost", "account", "poll"))}
        if rng.random() < 0.1:
            more |= {"op": rng.choice(("update", "delete"))}
        events.append(post(number, text, f"boat:{who}", **more))
    return events


@pytest.mark.parametrize("level", ["account", "thread"])
@given(seed=st.integers(0, 10**6), cuts=st.lists(st.integers(0, 120), max_size=6))
@settings(deadline=None, max_examples=15)
def test_any_split_gives_the_same_findings_and_memory(
    level: str, seed: int, cuts: list[int]
) -> None:
    """Also with so few keys that some go, and through a save and a load at each cut."""
    batch = rows_of(_rows(seed, 120))
    make: Callable[[], RareText] = lambda: RareText(model_of(), level, line=1.0, keys=3)  # type: ignore[arg-type]  # noqa: E731 - two lines of a closure would say no more
    whole, parts, loaded = make(), make(), make()
    expected = whole.look(batch, at=10**6)

    findings: list[Finding] = []
    outcomes: list[int] = []
    for low, high in pairwise([0, *sorted(cuts), 120]):
        looked = parts.look(batch.slice(low, high - low), at=10**6)
        findings += looked.findings
        outcomes += looked.outcomes.tolist()
        kept = make()
        kept.load(loaded.save())
        loaded = kept
        loaded.look(batch.slice(low, high - low), at=10**6)

    assert tuple(findings) == expected.findings
    assert outcomes == expected.outcomes.tolist()
    assert parts.save() == whole.save() == loaded.save()


def test_a_few_rare_messages_among_many_are_told_and_one_mention_is_not() -> None:
    rng = random.Random(1)  # noqa: S311 - made-up messages
    often = [message(rng, rare=n % 10 == 0) for n in range(60)]
    once = [message(rng, rare=n == 30) for n in range(60)]
    signal = RareText(model_of())
    hits = signal.look(posts(often, "boat:often"), at=9).findings
    assert {f.subject for f in hits} == {"boat:often"}
    assert not signal.look(posts(once, "boat:once"), at=9).findings


def test_what_nine_good_messages_in_ten_dilute_a_sum_would_lose() -> None:
    """A plain sum of log likelihood ratios is below zero here; the mixture is not."""
    rng = random.Random(2)  # noqa: S311 - made-up messages
    ratios = model_of().say_texts([message(rng, rare=n % 10 == 0) for n in range(100)]).ratios
    assert ratios.sum() < 0
    assert bayes_factor_mixture(ratios, np.zeros(100, np.int64))[0] > 3


def test_one_message_says_what_one_message_can_and_is_not_enough() -> None:
    rng = random.Random(3)  # noqa: S311 - made-up messages
    texts = [message(rng, rare=True) for _ in range(50)]
    scores = []
    for n, text in enumerate(texts):
        (finding,) = RareText(model_of(), line=0.5).look(posts([text], f"boat:{n}"), at=9).findings
        scores.append(finding.score or 0.0)
        assert not RareText(model_of()).look(posts([text]), at=9).findings
    assert 0.5 <= min(scores) < max(scores) < math.log(0.118 * 1_000) + 1e-9 < RARE_LINE


def test_an_account_that_writes_nothing_else_scores_highest() -> None:
    rng = random.Random(4)  # noqa: S311 - made-up messages
    ratios = [
        model_of().say_texts([message(rng, rare=n < k) for n in range(30)]).ratios
        for k in (0, 3, 10, 30)
    ]
    scores = [bayes_factor_mixture(one, np.zeros(30, np.int64))[0] for one in ratios]
    assert scores == sorted(scores)


def test_a_message_repeated_counts_ever_less() -> None:
    rng = random.Random(5)  # noqa: S311 - made-up messages
    text = message(rng, rare=True)
    ratios = model_of().say_texts([text] * 20).ratios
    groups = np.zeros(20, np.int64)
    different = bayes_factor_mixture(ratios, groups)[0]
    same = bayes_factor_mixture(ratios, groups, np.ones(20, np.uint64))[0]
    twice = bayes_factor_mixture(ratios[:2], groups[:2])[0]
    assert bayes_factor_mixture(ratios[:1], groups[:1])[0] < twice < same < different / 2
    signal = RareText(model_of(), line=0.0)
    (*_, last) = signal.look(posts([text, text.upper(), f" {text} "]), at=9).findings
    assert len(last.evidence) == 1


def test_nobody_hides_behind_a_long_past() -> None:
    """After 3,000 ordinary messages ten rare ones are told."""
    rng = random.Random(6)  # noqa: S311 - made-up messages
    texts = [message(rng, rare=n >= 3_000) for n in range(3_010)]
    signal = RareText(model_of())
    assert not signal.look(posts(texts[:3_000]), at=9).findings
    assert signal.look(posts(texts[3_000:]), at=9).findings


def test_evidence_names_the_heaviest_messages_and_where_they_speak() -> None:
    rng = random.Random(7)  # noqa: S311 - made-up messages
    texts = [message(rng, rare=n % 2 == 0) for n in range(40)]
    looked = RareText(model_of()).look(posts(texts), at=9)
    last = looked.findings[-1]
    assert len(last.evidence) == RARE_EVIDENCE
    weights = [item.weight for item in last.evidence]
    assert weights == sorted(weights, reverse=True)
    for item in last.evidence:
        place = int(item.subject.partition("/")[2])
        ratio = float(model_of().say_texts([texts[place]]).ratios[0])
        assert place % 2 == 0
        assert item.value == pytest.approx(ratio)
        assert item.weight == pytest.approx(ratio * 0.5 ** ((last.seq - 1 - place) / 256))
        assert texts[place][item.start : item.end].strip()


def test_it_is_told_again_only_when_it_rose_by_a_half() -> None:
    rng = random.Random(8)  # noqa: S311 - made-up messages
    texts = [message(rng, rare=n % 8 == 0) for n in range(200)]
    looked = RareText(model_of(), line=1.0).look(posts(texts), at=9)
    scores = [f.score for f in looked.findings if f.score is not None]
    naive = _naive(texts)
    assert len(scores) > 3
    assert (looked.outcomes == UNASKED).sum() > 50
    told = -math.inf
    for outcome, score in zip(looked.outcomes.tolist(), naive, strict=True):
        if score < 1.0:
            assert outcome == MISS
            told = -math.inf if score < 0.5 else told
        else:
            assert outcome == (HIT if score >= told + 0.5 else UNASKED)
            told = score if outcome == HIT else told


def test_a_thread_is_judged_by_all_who_write_in_it() -> None:
    rng = random.Random(9)  # noqa: S311 - made-up messages
    events = [
        post(n, message(rng, rare=n > 0), f"boat:{n}", **({"root": "post/0"} if n else {}))
        for n in range(6)
    ]
    threads = RareText(model_of(), "thread").look(rows_of(events), at=9).findings
    accounts = RareText(model_of()).look(rows_of(events), at=9).findings
    assert {f.subject for f in threads} == {"post/0"}
    assert {f.signal for f in threads} == {"rare-text-thread"}
    assert not accounts


def test_complaints_and_what_others_wrote_are_never_read() -> None:
    rng = random.Random(10)  # noqa: S311 - made-up messages
    kinds = ("flag", "repost", "like", "follow", "hashtag")
    events = [post(n, message(rng, rare=True), kind=kinds[n % 5]) for n in range(30)]
    events += [post(n + 30, message(rng, rare=True), op="delete") for n in range(5)]
    events += [post(50, None), post(51, ""), post(52, "  \n\u3000 ")]
    for level in ("account", "thread"):
        signal = RareText(model_of(), level, line=0.0)
        assert (signal.look(rows_of(events), at=9).outcomes == UNASKED).all()


def test_what_it_cannot_speak_of_is_abstained_of_and_changes_nothing() -> None:
    signal = RareText(model_of())
    before = signal.save()
    looked = signal.look(rows_of([post(1, "якорь и парус")]), at=9)
    assert looked.outcomes.tolist() == [ABSTAINED]
    assert "script" in (looked.findings[0].reason or "")
    assert signal.save() == before


def test_labels_change_nothing() -> None:
    from leeward.model import Label

    signal = RareText(model_of())
    before = signal.save()
    signal.tell([Label(kind="account", subject="boat:1", label="offender", since=0)])
    assert signal.save() == before


def test_another_line_is_another_version_and_an_impossible_one_is_refused() -> None:
    assert RareText(model_of()).version == model_of().version
    assert RareText(model_of(), line=2.0).version != model_of().version
    with pytest.raises(UsageError):
        RareText(model_of(), line=math.nan)
    with pytest.raises(UsageError):
        RareText(model_of(), keys=0)
