"""The split into batches, a restart and the bounds of memory."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leeward.errors import Corrupt, UsageError
from leeward.model import Label
from leeward.signals import (
    AccountTracker,
    CommunityTracker,
    ContextSignal,
    MediaTracker,
    TagTracker,
    Templates,
    ThreadTracker,
)
from leeward.signals._behaviour_table import find, new_table, pack, place, roomy, unpack
from leeward.signals._scorecard import Scorecard
from tests.signals._harbour import event, harbour, picture, rows_at

if TYPE_CHECKING:
    from leeward.model import Event, Finding
    from leeward.signals import Stateful

_MOST = 1 << 10
_TRACKERS = (MediaTracker, ThreadTracker, AccountTracker, TagTracker, CommunityTracker)
_WORDS = tuple("the boats at the pier wait for a calm sea and a fair wind to sail".split(" "))  # noqa: SIM905


def _signal(name: str) -> Stateful:
    """One that says much: whatever is known of anything is near its line."""
    if name == "template":
        return Templates(most=256, least_accounts=2)
    make = next(one for one in _TRACKERS if one.kind == name)
    card = Scorecard.cautious(make.kind)
    parts = [
        replace(part, weights=tuple(4.0 + weight for weight in part.weights))
        if part.feature not in card.never_alone
        else part
        for part in card.parts
    ]
    return ContextSignal(make(most=_MOST), replace(card, parts=tuple(parts)))


def _events(seed: int) -> list[Event]:
    rng = random.Random(seed)  # noqa: S311 - made-up messages
    return [
        replace(one, text=" ".join((*rng.choices(_WORDS, k=3), *_WORDS[: rng.randint(4, 14)])))
        if one.kind == "post"
        else one
        for one in harbour(seed, 60)
    ]


def _labels(seed: int) -> list[Label]:
    rng = random.Random(seed)  # noqa: S311 - made-up labels
    return [
        Label(
            kind="account",
            subject=f"rower{rng.randrange(5)}",
            label=rng.choice(("offender", "innocent")),
            since=rng.randrange(60),
            case=rng.choice((None, "case")),
        )
        for _ in range(4)
    ] + [
        Label(
            kind="media",
            subject=str(picture("boat").sha256),
            label="offender",
            since=rng.randrange(60),
        )
    ]


@pytest.mark.parametrize("name", [*(one.kind for one in _TRACKERS), "template"])
@given(seed=st.integers(0, 1 << 20), cuts=st.sets(st.integers(0, 60), max_size=5))
def test_neither_the_split_nor_a_restart_matters(name: str, seed: int, cuts: set[int]) -> None:
    batch, labels = rows_at(_events(seed)), _labels(seed)
    whole = _signal(name)
    whole.tell(labels)
    expected = whole.look(batch, at=1 << 60)

    parted = _signal(name)
    findings: list[Finding] = []
    outcomes: list[int] = []
    edges = sorted(cuts | {0, len(batch)})
    for low, high in pairwise(edges):
        parted.tell(labels)  # told again, as after a restart: that changes nothing
        looked = parted.look(batch.slice(low, high - low), at=1 << 60)
        findings += looked.findings
        outcomes += looked.outcomes.tolist()
        again = _signal(name)
        again.load(parted.save())
        assert again.save() == parted.save()
        parted = again
    assert outcomes == expected.outcomes.tolist()
    assert tuple(findings) == expected.findings
    if len(edges) > 1:
        assert parted.save() == whole.save()


def test_the_memory_of_another_key_size_or_scorecard_is_refused() -> None:
    card = Scorecard.cautious("tag")
    saved = ContextSignal(TagTracker(most=_MOST), card).save()
    heavier = replace(card, line=card.line + 1)
    for other in (
        ContextSignal(TagTracker(most=_MOST, key=b"0123456789abcdef"), card),
        ContextSignal(TagTracker(most=2 * _MOST), card),
        ContextSignal(TagTracker(most=_MOST), heavier),
    ):
        with pytest.raises(Corrupt):
            other.load(saved)


@pytest.mark.parametrize("wrong", [{"key": b"short"}, {"most": 3}])
def test_a_tracker_says_what_it_needs(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        TagTracker(**wrong)  # type: ignore[arg-type]


def test_memory_stays_within_its_bound_and_what_was_touched_last_stays() -> None:
    many = [event("post", f"p{n}", f"rower{n}", tags=(f"tag{n}",)) for n in range(3 * _MOST)]
    tracker = TagTracker(most=_MOST)
    signal = ContextSignal(tracker, Scorecard.cautious("tag"))
    signal.look(rows_at(many), at=7)
    assert int(tracker.memory[0].state[0]) == _MOST
    assert len(pack(tracker.memory[0])[0]) == _MOST


def test_a_picture_that_was_forgotten_is_no_trouble_to_those_who_reply() -> None:
    posts = [
        event("post", f"p{n}", "keeper", at=n, media=(picture(f"boat{n}"),))
        for n in range(4 * _MOST)
    ]
    replies = [
        event("post", f"r{n}", f"rower{n}", at=n, reply_to=f"p{n}", root=f"p{n}")
        for n in range(4 * _MOST - 1, 0, -1)
    ]
    signal = _signal("media")
    batch = rows_at([*posts, *replies])
    findings = signal.look(batch, at=1 << 60).findings

    names = {str(picture(f"boat{n}").sha256) for n in range(4 * _MOST)}
    assert {finding.subject for finding in findings} <= names
    assert findings
    again = _signal("media")
    again.load(signal.save())
    assert again.save() == signal.save()


@given(keys=st.lists(st.integers(1, 40), max_size=300))
def test_a_table_forgets_what_is_untouched_longest(keys: list[int]) -> None:
    table = roomy(new_table(16, 2, 1), 16)
    expected: dict[int, int] = {}
    for key in keys:
        slot = place(table, np.uint64(key))
        table.ints[slot, 0] += 1
        count = expected.pop(key, 0) + 1
        if len(expected) == 16:
            del expected[next(iter(expected))]
        expected[key] = count
        for other in range(1, 41):
            assert (find(table, np.uint64(other)) >= 0) is (other in expected)
    packed = pack(table)
    assert packed[0].tolist() == [*expected]
    assert packed[1][:, 0].tolist() == [*expected.values()]
    again = pack(unpack(16, *packed))
    assert all((one == other).all() for one, other in zip(packed, again, strict=True))
