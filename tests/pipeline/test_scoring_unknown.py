"""What nobody looked at is not known, and what is found meanwhile is not lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from msgspec.structs import replace

from leeward.errors import InputError
from leeward.model import Finding
from leeward.pipeline import _scoring_in_force
from leeward.pipeline._detector_kinds import KINDS, DetectorKind
from leeward.pipeline._scoring_job import ScoringJob
from leeward.pipeline._scoring_run import score
from leeward.policy import Signal as Readable
from leeward.signals import MISS, Looked
from leeward.store import Log, Writer, read_settings, scoring_standing
from tests.pipeline._scoring_worlds import Moorings, boats, install, installed, write_policy

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from leeward.model import SignalSettings
    from leeward.pipeline._scoring import Step
    from leeward.signals import Example, Signal

POLICY = """\
policy: matches
version: 1
about: Boats that a bank knows.
stands_on: Harbour rules, 5.
severity: low
rules:
  - rule: known
    about: A bank knows the boat.
    when: {when}
    if_abstained: open_case
    subject: post
    causes: [open_case]
    daily_quota: 1000
"""


class Fog:
    """Looks, and never finds anything."""

    name = "fog"
    version = "1"
    about = "there is fog"
    examples: tuple[Example, ...] = ()

    def look(self, batch: pa.RecordBatch, at: int) -> Looked:
        """A miss each."""
        return Looked(np.full(len(batch), MISS, np.int8), ())


@pytest.fixture(autouse=True)
def _signals(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    monkeypatch.setattr("leeward.pipeline._scoring_job.banks_through", lambda *_: lambda: 1_000)


def also(monkeypatch: pytest.MonkeyPatch, **more: DetectorKind) -> None:
    """Have further kinds of signals."""
    mine: dict[str, DetectorKind] = dict(KINDS)
    install(mine)
    monkeypatch.setattr("leeward.pipeline._detectors.KINDS", mine | more)


def harbour(data: Path, when: str) -> Path:
    """A log of 40 boats, and a policy."""
    with Writer.open(data) as writer:
        writer.append(boats(0, 40))
    write_policy(data)
    (data / "policies" / "matches.yaml").write_text(POLICY.format(when=when))
    return data


def match(seq: int, version: str = "1", score: float = 3.0) -> Finding:
    """A bank knows what an event carries."""
    return Finding(
        seq=seq,
        signal="bank-match",
        version=version,
        subject=f"boat:{seq - 1}",
        outcome="hit",
        score=score,
        at=0,
    )


def said(data: Path) -> list[tuple[int, str]]:
    """Each event that the policy spoke of, and what it said."""
    with Log(data) as log:
        rows = [row for batch in log.verdicts(policy="matches") for row in batch.to_pylist()]
    return sorted((row["seq"], row["outcome"]) for row in rows)


def store(writer: Writer, step: Step) -> None:
    """Store what came of a step."""
    if step.scored is not None:
        assert writer.add_scored(step.scored, rewritten=step.rewritten) is not None


def drain(writer: Writer, job: ScoringJob) -> None:
    """Do all that is to be done."""
    while (step := job.step()) is not None:
        store(writer, step)


@pytest.mark.parametrize("judged", [False, True])
def test_a_match_that_comes_while_its_event_is_being_judged_is_judged_too(
    tmp_path: Path, judged: bool
) -> None:
    """Between reading the findings and storing what came of them, the banks say something more."""
    data = harbour(tmp_path / "data", "bank_match.hit and bank_match.score >= 2")
    with Writer.open(data) as writer, ScoringJob(data, read_settings(data)) as job:
        if judged:
            drain(writer, job)  # the events were judged, without a match
            writer.add_findings([match(9, score=1.0)])
        else:
            step = job.step()
            assert step is not None
            store(writer, step)
        step = job.step()  # the matches are read
        assert step is not None
        writer.add_findings([match(7), match(9, "2")])
        store(writer, step)
        drain(writer, job)
        assert said(data) == [(7, "hit"), (9, "hit")]
        assert scoring_standing(job.log).spent["matches/known"][1] == 2  # none counts twice
        assert job.step() is None


def test_a_match_after_the_banks_could_not_tell_is_a_hit_beside_the_abstention(
    tmp_path: Path,
) -> None:
    """A picture is fetched, and its hash known, long after its event was judged without it."""
    data = harbour(tmp_path / "data", "bank_match.hit")
    unknown = replace(match(7), outcome="abstained", score=None, reason="it has no hash yet")
    with Writer.open(data) as writer:
        writer.add_findings([unknown])
        score(writer, data, read_settings(data))
        assert said(data) == [(7, "abstained")]
        for later in (match(7, "2"), match(7, "3"), replace(unknown, version="4")):
            writer.seal()
            writer.add_findings([later])
            score(writer, data, read_settings(data))
            assert said(data) == [(7, "abstained"), (7, "hit")]
    with Log(data) as log:
        spent = scoring_standing(log).spent
    assert sum(count for rule, (_, count) in spent.items() if rule.startswith("matches/")) == 2


def test_a_match_with_an_event_of_the_past_does_not_take_a_later_signal_for_a_miss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = harbour(tmp_path / "data", "bank_match.hit")
    with Writer.open(data) as writer:
        score(writer, data, read_settings(data))
        fog = DetectorKind(
            lambda *_: Fog(),
            lambda _: Readable(name="fog", about="there is fog"),
            lambda *_: [],
            True,
        )
        also(monkeypatch, fog=fog)
        text = POLICY.format(when="bank_match.hit and not fog.hit").replace(
            "version: 1", "version: 2"
        )
        (data / "policies" / "matches.yaml").write_text(text)
        writer.append(boats(40, 50))
        score(writer, data, read_settings(data))
        writer.add_findings([match(7), match(45)])
        score(writer, data, read_settings(data))
    assert said(data) == [(7, "abstained"), (45, "hit")]


def test_a_signal_that_is_still_gathering_its_memory_has_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes to be while scoring goes on, as a text model does that somebody trains."""
    monkeypatch.setattr(_scoring_in_force, "LOOK_SECONDS", 0.0)
    trained = tmp_path / "trained"

    class Tides(Moorings):
        name = "tides"

    def build(name: str, folder: Path, settings: SignalSettings) -> Signal:
        if not trained.exists():
            raise InputError("there is no model")
        return Tides("1", 1_000)

    rising = DetectorKind(
        build,
        lambda _: Readable(name="tides", about="it rises"),
        lambda *_: [trained],
        by_default=True,
    )
    also(monkeypatch, tides=rising)
    data = harbour(tmp_path / "data", "not tides.hit")
    with Writer.open(data) as writer, ScoringJob(data, read_settings(data)) as job:
        drain(writer, job)
        trained.touch()
        assert job.step() is None  # it may still be being written
        writer.append(boats(40, 50))
        drain(writer, job)  # these first, then the past
        writer.append(boats(50, 60))
        drain(writer, job)
    assert said(data) == [(seq, "abstained" if seq <= 50 else "hit") for seq in range(1, 61)]


def test_a_pointer_that_is_damaged_breaks_its_signal_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = harbour(tmp_path / "data", "bank_match.hit")
    (data / "leeward.toml").write_text('[signals.rare-text]\n[signals.words]\nkind = "lexicon"\n')
    also(monkeypatch, **{kind: KINDS[kind] for kind in ("lexicon", "rare-text")})
    pointer = data / "signals" / "rare-text" / "in-force.json"
    pointer.parent.mkdir(parents=True)
    pointer.write_text("{")
    with Writer.open(data) as writer:
        done = score(writer, data, read_settings(data))
    assert done.events == 40
    assert len(done.broken) == 2
