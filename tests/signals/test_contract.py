"""What every signal keeps, replayed on its own examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from leeward.policy import Schema
from leeward.policy import Signal as Readable
from leeward.signals import ABSTAINED, HIT, MISS, UNASKED, every_finding, signal_samples
from tests.signals._lists import rows_of

if TYPE_CHECKING:
    from leeward.signals import Signal

_CODES = {None: UNASKED, "miss": MISS, "hit": HIT, "abstained": ABSTAINED}
each_signal = pytest.mark.parametrize("signal", signal_samples(), ids=lambda one: one.name)


@each_signal
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


@each_signal
def test_its_examples_show_a_hit_and_a_miss_and_it_says_what_it_is(signal: Signal) -> None:
    assert {"hit", "miss"} <= {example.outcome for example in signal.examples}
    assert signal.about
    assert Schema([], [Readable(name=signal.name, about=signal.about)]).signals


@each_signal
def test_a_finding_names_event_signal_version_and_time(signal: Signal) -> None:
    batch = rows_of([one.event for one in signal.examples])
    looked = signal.look(batch, at=7)

    findings = every_finding(signal, batch, looked, at=7)
    asked = np.flatnonzero(looked.outcomes != UNASKED)
    assert [finding.seq - 1 for finding in findings] == asked.tolist()
    for finding in findings:
        example = signal.examples[finding.seq - 1]
        assert (finding.signal, finding.version, finding.at) == (signal.name, signal.version, 7)
        assert (finding.subject, finding.outcome) == (example.event.object, example.outcome)
        assert (finding.reason is not None) == (finding.outcome == "abstained")
        assert (finding.score is not None) == (finding.outcome == "hit")


@each_signal
def test_rows_alone_in_parts_or_again_give_the_same(signal: Signal) -> None:
    batch = rows_of([one.event for one in signal.examples])
    whole = signal.look(batch, at=7)

    for size in (1, 3):
        parts = [signal.look(batch.slice(low, size), at=7) for low in range(0, len(batch), size)]
        assert np.concatenate([part.outcomes for part in parts]).tolist() == whole.outcomes.tolist()
        assert tuple(f for part in parts for f in part.findings) == whole.findings
    assert signal.look(batch, at=7).findings == whole.findings
    assert len(signal.look(batch.slice(0, 0), at=7).outcomes) == 0


@each_signal
def test_no_repr_shows_what_was_written(signal: Signal) -> None:
    looked = signal.look(rows_of([one.event for one in signal.examples]), at=7)

    shown = " ".join(map(repr, (signal, looked, *looked.findings, *signal.examples)))
    for example in signal.examples:
        for start, end in example.spans:
            if start >= 0 and example.event.text:
                assert example.event.text[start:end] not in shown
