"""What every signal keeps, replayed on its own examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from leeward.errors import Corrupt
from leeward.policy import Schema
from leeward.policy import Signal as Readable
from leeward.signals import (
    ABSTAINED,
    HIT,
    MISS,
    UNASKED,
    Stateful,
    every_finding,
    signal_samples,
)
from tests.signals._lists import rows_of

if TYPE_CHECKING:
    from leeward.signals import Signal

_CODES = {None: UNASKED, "miss": MISS, "hit": HIT, "abstained": ABSTAINED}
_NAMES = [one.name for one in signal_samples()]
_STATEFUL = [one.name for one in signal_samples() if isinstance(one, Stateful)]


def _fresh(name: str) -> Signal:
    """The sample of that name, with an empty memory."""
    return next(one for one in signal_samples() if one.name == name)


@pytest.fixture(params=_NAMES)
def signal(request: pytest.FixtureRequest) -> Signal:
    return _fresh(request.param)


@pytest.fixture(params=_STATEFUL)
def stateful(request: pytest.FixtureRequest) -> Stateful:
    found = _fresh(request.param)
    assert isinstance(found, Stateful)
    return found


def test_it_says_of_each_example_what_the_example_states(signal: Signal) -> None:
    looked = signal.look(rows_of([one.event for one in signal.examples]), at=7)

    findings = {finding.seq: finding for finding in looked.findings}
    for number, example in enumerate(signal.examples, 1):
        assert looked.outcomes[number - 1] == _CODES[example.outcome], example.about
        evidence = findings[number].evidence if number in findings else ()
        spans = [
            (-1 if e.start is None else e.start, -1 if e.end is None else e.end) for e in evidence
        ]
        assert tuple(spans) == example.spans, example.about


def test_its_examples_show_a_hit_and_a_miss_and_it_says_what_it_is(signal: Signal) -> None:
    assert {"hit", "miss"} <= {example.outcome for example in signal.examples}
    assert signal.about
    assert Schema([], [Readable(name=signal.name, about=signal.about)]).signals


def test_a_finding_names_event_signal_version_and_time(signal: Signal) -> None:
    batch = rows_of([one.event for one in signal.examples])
    looked = signal.look(batch, at=7)

    findings = every_finding(signal, batch, looked, at=7)
    asked = np.flatnonzero(looked.outcomes != UNASKED)
    assert [finding.seq - 1 for finding in findings] == asked.tolist()
    for finding in findings:
        example = signal.examples[finding.seq - 1]
        assert (finding.signal, finding.version) == (signal.name, signal.version)
        assert finding.outcome == example.outcome
        if not isinstance(signal, Stateful):
            assert (finding.subject, finding.at) == (example.event.object, 7)
        elif finding.outcome != "miss":  # it may be of the account or the thread, at the row's time
            assert finding.at == min(7, finding.seq)  # the rows here are seen at their seq
        assert (finding.reason is not None) == (finding.outcome == "abstained")
        assert (finding.score is not None) == (finding.outcome == "hit")


def test_rows_alone_or_in_parts_give_the_same(signal: Signal) -> None:
    batch = rows_of([one.event for one in signal.examples])
    whole = signal.look(batch, at=7)

    for size in (1, 3):
        other = _fresh(signal.name)
        parts = [other.look(batch.slice(low, size), at=7) for low in range(0, len(batch), size)]
        assert np.concatenate([part.outcomes for part in parts]).tolist() == whole.outcomes.tolist()
        assert tuple(f for part in parts for f in part.findings) == whole.findings
        if isinstance(signal, Stateful) and isinstance(other, Stateful):
            assert other.save() == signal.save()
    assert len(signal.look(batch.slice(0, 0), at=7).outcomes) == 0


def test_one_without_memory_says_the_same_again(signal: Signal) -> None:
    batch = rows_of([one.event for one in signal.examples])
    if not isinstance(signal, Stateful):
        assert signal.look(batch, at=7).findings == signal.look(batch, at=7).findings


def test_what_was_saved_goes_on_where_it_was(stateful: Stateful) -> None:
    batch = rows_of([one.event for one in stateful.examples])
    for cut in range(len(batch) + 1):
        first, second = _fresh(stateful.name), _fresh(stateful.name)
        whole = _fresh(stateful.name)
        assert isinstance(first, Stateful)
        assert isinstance(second, Stateful)
        assert isinstance(whole, Stateful)
        before = first.look(batch.slice(0, cut), at=7).findings
        second.load(first.save())
        assert second.save() == first.save()
        after = second.look(batch.slice(cut), at=7).findings
        assert before + after == whole.look(batch, at=7).findings
        assert second.save() == whole.save()


def test_a_memory_that_is_not_its_own_changes_nothing(stateful: Stateful) -> None:
    batch = rows_of([one.event for one in stateful.examples])
    stateful.look(batch, at=7)
    saved = stateful.save()
    for bad in (b"", b"boat", saved[:-1], saved[:40] + b"!" + saved[41:]):
        with pytest.raises(Corrupt):
            stateful.load(bad)
        assert stateful.save() == saved
    for name in _STATEFUL:
        other = _fresh(name)
        assert isinstance(other, Stateful)
        if name != stateful.name:
            with pytest.raises(Corrupt):
                other.load(saved)


def test_no_repr_shows_what_was_written(signal: Signal) -> None:
    looked = signal.look(rows_of([one.event for one in signal.examples]), at=7)

    shown = " ".join(map(repr, (signal, looked, *looked.findings, *signal.examples)))
    for example in signal.examples:
        for start, end in example.spans:
            if start >= 0 and example.event.text:
                assert example.event.text[start:end] not in shown
