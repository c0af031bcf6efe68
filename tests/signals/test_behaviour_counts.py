"""What trackers count, beside the same counted with sets and lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import Label
from leeward.signals import (
    AccountTracker,
    CommunityTracker,
    MediaTracker,
    TagTracker,
    ThreadTracker,
)
from leeward.signals._behaviour_rows import read_rows
from tests.signals._harbour import harbour, rows_at
from tests.signals._naive import NaiveAccounts, NaiveItems, NaivePlaces

if TYPE_CHECKING:
    from leeward.model import Event
    from leeward.signals import Tracker
    from tests.signals._naive import Entry

_MOST = 1 << 10

_PAIRS: dict[str, tuple[Any, Any]] = {
    "media": (MediaTracker, lambda: NaiveItems("media")),
    "thread": (ThreadTracker, lambda: NaiveItems("thread")),
    "account": (AccountTracker, NaiveAccounts),
    "tag": (TagTracker, lambda: NaivePlaces("tag")),
    "community": (CommunityTracker, lambda: NaivePlaces("community")),
}


def _labels(events: list[Event], picks: list[tuple[int, int, int]]) -> list[Label]:
    """Of posts, their authors and their pictures, some time after the post."""
    found = []
    posts = [(number, one) for number, one in enumerate(events, 1) if one.kind in ("post", "poll")]
    for which, later, word in picks if posts else ():
        number, post = posts[which % len(posts)]
        what: list[tuple[str, str]] = [("account", post.actor), ("post", post.object)]
        if post.media:
            what.append(("media", str(post.media[0].sha256)))
        kind, subject = what[which % len(what)]
        found.append(
            Label(
                kind=kind,  # type: ignore[arg-type]
                subject=subject,
                label="innocent" if word == 0 else "offender",
                since=number + later,
                weight=0.5 if word == 1 else 1.0,
                case=f"case{which % 2}" if word < 3 else None,
            )
        )
    unique = {(one.since, one.subject): one for one in found}
    return sorted(unique.values(), key=lambda one: (one.since, one.kind, one.subject))


def _counted(tracker: Tracker, events: list[Event], labels: list[Label]) -> list[Entry]:
    batch = rows_at(events)
    rows = read_rows(batch, tracker.key)
    waiting, found = [*labels], []
    for row in range(len(events)):
        while waiting and waiting[0].since < row + 1:
            tracker.conclude(waiting.pop(0))
        out = tracker.watch(batch, rows, row, row + 1)
        found += [
            (row, tracker.name_of(batch, rows, row, int(key)), k.tolist(), n.tolist())
            for key, k, n in zip(out.subject, out.k, out.n, strict=True)
        ]
    return found


@pytest.mark.parametrize("kind", _PAIRS)
@given(
    seed=st.integers(0, 1 << 30),
    picks=st.lists(
        st.tuples(st.integers(0, 99), st.integers(0, 20), st.integers(0, 3)), max_size=6
    ),
)
def test_every_count_is_that_of_the_plain_way(
    kind: str, seed: int, picks: list[tuple[int, int, int]]
) -> None:
    make, plain = _PAIRS[kind]
    events = harbour(seed, 80)
    labels = _labels(events, picks)

    naive: NaiveItems | NaiveAccounts | NaivePlaces = plain()
    expected: list[Entry] = []
    waiting = [*labels]
    for row, one in enumerate(events):
        while waiting and waiting[0].since < row + 1:
            naive.label(waiting.pop(0))
        expected += naive.take(row, one)

    tracker: Tracker = make(most=_MOST)
    actual = _counted(tracker, events, labels)
    assert [(row, name) for row, name, _, _ in actual] == [(r, name) for r, name, _, _ in expected]
    for got, want in zip(actual, expected, strict=True):
        np.testing.assert_allclose(got[2], want[2], rtol=1e-9, atol=1e-8, err_msg=str(want))
        np.testing.assert_allclose(got[3], want[3], rtol=1e-9, atol=1e-8, err_msg=str(want))
