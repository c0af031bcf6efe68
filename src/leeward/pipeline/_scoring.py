"""Scoring: the events of a log, in their order, through all signals and policies.

What it comes to is a pure function of the log's rows, of the labels, and of the places at which
lists, models and policies changed. It reads the log; what is to be stored is handed out, and
whoever stores it says when that is done.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from leeward.pipeline._scoring_gaps import covers, cut, outside
from leeward.pipeline._scoring_labels import Labels
from leeward.pipeline._scoring_late import LateRules
from leeward.pipeline._scoring_memory import Memory
from leeward.pipeline._scoring_rows import Part, Rows
from leeward.pipeline._scoring_state import Saved, StateFile
from leeward.signals import Stateful
from leeward.store import SCORING, Scored, scoring_standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leeward.model import Verdict
    from leeward.pipeline._scoring_rules import Rules
    from leeward.signals import Looked, Signal
    from leeward.store import Log
    from leeward.store.tables import LabelRow

__all__ = ["AT_ONCE", "Detecting", "Scorer", "Step"]

AT_ONCE: Final = 2_048
"""Rows that are scored at a time where many wait."""

_AGAIN_AT_ONCE: Final = 512
"""Rows that are replayed at a time while scoring goes on: new ones do not wait for longer."""


class Detecting(Protocol):
    """Where the signals come from."""

    def anew(self) -> Sequence[Signal]:
        """All signals as they are in force now; those with a memory have an empty one."""
        ...


class Step(NamedTuple):
    """What came of some rows.

    Attributes:
        scored: What is to be stored; None where that is nothing.
        rewritten: What ``Log.rewritten`` said before the rows were read.
        through: How far this work has come.
        upto: How far it has to come.
        events: Rows that were looked at.
        replayed: They had been scored before; a memory is made again from them.
    """

    scored: Scored | None
    rewritten: int
    through: int
    upto: int
    events: int
    replayed: bool

    @property
    def replay(self) -> tuple[int, int]:
        """How far a replay has come, and how far it has to; twice 0 where it is none."""
        return (self.through, self.upto) if self.replayed and self.events else (0, 0)


class Scorer:
    """Scores a log from where it was left.

    A memory that was saved is taken up again, and the rows since are replayed. One that is
    missing, damaged or of another version is made anew from the log's beginning before anything
    else is scored; one that rows went into which are erased since, when there is time.

    Args:
        log: The log.
        detecting: The signals.
        rules: The policies.
        labels: Reads the labels behind a number, oldest first.
        states: The file of what the signals remember.
        job: Whose place in the log it is.
        banks: Says up to which place the hash banks have looked.
    """

    def __init__(
        self,
        log: Log,
        detecting: Detecting,
        rules: Rules,
        labels: Callable[[int], Sequence[LabelRow]],
        states: StateFile,
        *,
        job: str = SCORING,
        banks: Callable[[], int] = lambda: 0,
    ) -> None:
        self._log, self._detecting, self._read_labels = log, detecting, labels
        self._states, self._job, self._banks = states, job, banks
        self.rules = rules
        self._rows, self._rows_again = Rows(log), Rows(log)
        self.begin()

    def begin(self) -> None:
        """Take up what is stored: at the start, and where what was handed out was not."""
        standing = scoring_standing(self._log, self._job)
        self.through, self._spent = standing.through, standing.spent
        self._coverage = standing.coverage
        self._labels = Labels(self._read_labels, standing.told)
        self._new_labels = self._labels.refresh(self.through)
        self._rows, self._rows_again = Rows(self._log), Rows(self._log)
        self._late = LateRules(self._log, self._banks)
        signals = self._detecting.anew()
        self._plain = [one for one in signals if not isinstance(one, Stateful)]
        self._again: Memory | None = None
        self._replays = self._restored(_with_memory(signals))
        self._saved_at = self._memory.through

    def _restored(self, signals: list[Stateful]) -> list[tuple[Memory, int]]:
        """Load what was saved; what has to be replayed, and up to where."""
        saved = self._states.load()
        if saved is None or saved.through > self.through:
            saved = Saved(0, self._log.rewritten(), {})
        missing = set(Memory.load(signals, saved.memory))
        if len(missing) == len(signals):
            saved = Saved(0, self._log.rewritten(), {})
        self._base = saved.rewritten
        replays = []
        if missing and saved.through:
            late = [one for one in signals if one.name in missing]
            replays.append((Memory(late, self._labels), saved.through))
        self._memory = Memory(signals, self._labels, saved.through)
        self._order = [one.name for one in signals]
        if signals and saved.through < self.through:
            replays.append((self._memory, self.through))
        elif not signals:
            self._memory.through = self.through
        return replays

    # --- what is asked for ---------------------------------------------------------------------

    def step(self, most: int = AT_ONCE) -> Step | None:
        """Score some rows; None where there is nothing to do now.

        Args:
            most: So many rows.
        """
        while self._replays:
            memory, upto = self._replays[0]
            if memory.through < upto:
                return self._replay(self._rows_again, memory, upto, most)
            self._replays.pop(0)
        part = self._rows.read(self.through, most)
        if part is not None:
            return self._score(part)
        return self._judge_late() or self._remember_again(most)

    @property
    def stale(self) -> bool:
        """Whether rows went into the memory that are erased since."""
        return bool(self._memory.signals) and self._log.rewritten() != self._base

    @property
    def unsaved(self) -> int:
        """How many places of the log a replay would have to go through."""
        return self._memory.through - self._saved_at if self._memory.signals else 0

    def save(self) -> None:
        """Save what the signals remember. All that was handed out must be stored by then.

        Raises:
            StoreError: It cannot be written.
        """
        if self._memory.signals and not self._replays:
            self._states.save(Saved(self._memory.through, self._base, self._memory.save()))
            self._saved_at = self._memory.through

    def memory(self) -> dict[str, tuple[str, bytes]]:
        """By name, the version of each signal that remembers, and all that it does."""
        return self._memory.save()

    def signals_changed(self) -> None:
        """Take the signals as they are in force now.

        Those without a memory look at the next rows. One with a memory whose version is another
        goes on as it was until the new one has seen what it saw.
        """
        signals = self._detecting.anew()
        self._plain = [one for one in signals if not isinstance(one, Stateful)]
        new = _with_memory(signals)
        self._order = [one.name for one in new]
        known = {_key(one) for one in self._memory.signals}
        changed = [one for one in new if _key(one) not in known]
        if self._again is not None and new:
            self._begin_again(new)
        elif changed:
            self._begin_again(changed)
        else:
            self._again = None
            self._keep({one.name: one for one in self._memory.signals})

    # --- the work ------------------------------------------------------------------------------

    def _score(self, part: Part) -> Step:
        """Rows that nobody has scored."""
        at = time.time_ns() // 1_000
        told = self._new_labels + self._labels.refresh(self.through)
        self._new_labels = ()
        looked = self._look(self._memory, part, at)
        if part.batch is not None:
            looked += [(one, one.look(part.batch, at)) for one in self._plain]
        findings = tuple(finding for _, said in looked for finding in said.findings)
        verdicts: list[Verdict] = []
        spent: dict[str, tuple[int, int]] = {}
        if part.batch is not None:
            names = frozenset(one.name for one, _ in looked)
            verdicts, spent = self.rules.at_once.judge(
                part.batch, findings, self._spent, lambda _: names
            )
        self._spent = self._spent | spent
        self.through = part.through
        coverage = [covers(one, part.first, part.through) for one in self._all()]
        scored = Scored(
            findings=findings,
            verdicts=tuple(verdicts),
            coverage=(*coverage, *self.rules.coverage(part.first, part.through)),
            through=part.through,
            told=told,
            spent=spent,
            job=self._job,
            # Where no rule waits for the banks, one that comes to be begins from here.
            late=0 if self.rules.late else part.through,
        )
        if scored.late:
            self._late.through = part.through
        return Step(scored, part.rewritten, part.through, part.through, _rows_in(part), False)

    def _judge_late(self) -> Step | None:
        """Rules that wait until the hash banks have looked."""
        judged = self._late.step(self.rules, self._spent, self.through)
        if judged is None:
            return None
        scored, rewritten, _ = judged
        self._spent = self._spent | scored.spent
        return Step(scored, rewritten, self._late.through, self.through, 0, True)

    def _all(self) -> list[Signal]:
        return [*self._memory.signals, *self._plain]

    def _look(self, memory: Memory, part: Part, at: int) -> list[tuple[Signal, Looked]]:
        looked = memory.look(part.batch, part.through, at)
        return list(zip(memory.signals, looked, strict=False))

    def _replay(self, rows: Rows, memory: Memory, upto: int, most: int) -> Step:
        """Rows that were scored before: what a version had not looked at yet is stored."""
        part = rows.read(memory.through, most)
        if part is None:
            part = Part(None, memory.through + 1, upto, self._log.rewritten())
        part = cut(part, upto)
        looked = self._look(memory, part, time.time_ns() // 1_000)
        scored = outside(self._coverage, looked, part, self._job)
        return Step(scored, part.rewritten, part.through, upto, _rows_in(part), True)

    # --- a memory made again while scoring goes on ---------------------------------------------

    def _remember_again(self, most: int) -> Step | None:
        if self._again is None:
            if not self.stale:
                return None
            self._begin_again(_with_memory(self._detecting.anew()))
        again = self._again
        assert again is not None  # noqa: S101 - for the type checker: it was begun
        step = None
        if again.through < self.through:
            step = self._replay(self._rows_again, again, self.through, min(most, _AGAIN_AT_ONCE))
        if again.through == self.through:
            if len(again.signals) == len(self._order):
                self._base = self._again_base
            self._again = None
            self._keep({one.name: one for one in [*self._memory.signals, *again.signals]})
            self._saved_at = -1  # what is saved is not to be used any more
        return step or Step(None, self._base, self.through, self.through, 0, True)

    def _keep(self, signals: dict[str, Stateful]) -> None:
        in_order = [signals[name] for name in self._order]
        self._memory = Memory(in_order, self._labels, self._memory.through)

    def _begin_again(self, signals: list[Stateful]) -> None:
        self._again_base = self._log.rewritten()
        self._rows_again = Rows(self._log)
        self._coverage = self._log.coverage()
        self._again = Memory(signals, self._labels)


def _with_memory(signals: Sequence[Signal]) -> list[Stateful]:
    return [one for one in signals if isinstance(one, Stateful)]


def _key(signal: Signal) -> tuple[str, str]:
    return signal.name, signal.version


def _rows_in(part: Part) -> int:
    return 0 if part.batch is None else len(part.batch)
