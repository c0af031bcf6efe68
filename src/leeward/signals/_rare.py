"""The rare-text signal: who, and which thread, writes of the rare class again and again."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.errors import Corrupt, UsageError
from leeward.model import Finding, string_buffers
from leeward.signals._rare_heavy import Heaviest
from leeward.signals._rare_state import Keys, Memory
from leeward.signals._signal import ABSTAINED, HIT, UNASKED, Looked
from leeward.signals._text_model_file import pack, unpack
from leeward.signals._text_model_grams import marks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from leeward.model import Label
    from leeward.signals._rare_state import Added, Taken
    from leeward.signals._signal import Example
    from leeward.signals._text_model import Said, TextModel

__all__ = ["RARE_KEYS", "RARE_LINE", "RareLevel", "RareText"]

RareLevel = Literal["account", "thread"]

RARE_LINE: Final = math.log(199)
"""The score from which on it is told, 5.3: even odds, where one account in 200 is of the class. One
message alone does not reach it."""
RARE_KEYS: Final = 200_000
"""Accounts or threads that are remembered: some 200 bytes each, and their heaviest messages."""

_MAGIC: Final = b"LWRARE1\n"
_KINDS: Final[dict[RareLevel, tuple[str, ...]]] = {
    "account": ("post", "poll", "media", "account"),
    "thread": ("post", "poll"),
}
_WHOSE: Final[dict[RareLevel, str]] = {
    "account": "what an account writes",
    "thread": "what is written in a thread",
}
_COLUMNS: Final = ("seq", "seen", "actor", "object", "reply_to", "root", "text", "lang", "folded")


class RareText:
    """Adds up what a text model says of single messages, by account or by thread.

    The score is the log of a Bayes factor: how much likelier the messages are if the account, or
    the thread, is of the rare class. A finding is about that account, or about the post that began
    the thread; its evidence names the heaviest messages, with what each weighs by now. The weights
    do not add up to the score, which is a mixture. A message of which the model cannot speak is
    abstained of and changes nothing. Complaints are never read, nor is what somebody else wrote.

    A score over the line is told, and told again when it has risen by a half; the rows in between
    get no finding.

    Args:
        model: What one message says.
        level: Whether messages are added up by account or by thread.
        name: The signal's name; ``rare-text`` or ``rare-text-thread``, if not given.
        line: The score from which on it is told.
        keys: How many accounts or threads are remembered.
        examples: What the contract test replays; none for an operator's model, which is secret.

    Raises:
        UsageError: The line is no number, or there is no key.
    """

    def __init__(
        self,
        model: TextModel,
        level: RareLevel = "account",
        *,
        name: str | None = None,
        line: float = RARE_LINE,
        keys: int = RARE_KEYS,
        examples: tuple[Example, ...] = (),
    ) -> None:
        self._name: Final = name or ("rare-text" if level == "account" else "rare-text-thread")
        if keys < 1 or not math.isfinite(line):
            raise UsageError(
                "the line must be a number, and at least one key remembered", where=self._name
            )
        self._model: Final = model
        self._level: Final[RareLevel] = level
        self._line: Final = line
        self._most: Final = keys
        self._examples: Final = examples
        own = hashlib.sha256(f"{line!r} {keys}".encode()).hexdigest()[:8]
        self._version: Final = (
            model.version if (line, keys) == (RARE_LINE, RARE_KEYS) else f"{model.version}-{own}"
        )
        self._keys = Keys(keys)
        self._memory = Memory()
        self._heavy = Heaviest()

    def __repr__(self) -> str:
        """The name, the version and how many it remembers."""
        return f"<RareText {self._name}@{self._version} keys={len(self._keys)}>"

    @property
    def name(self) -> str:
        """As findings have it."""
        return self._name

    @property
    def version(self) -> str:
        """That of the model; a line or a number of keys of one's own is part of it."""
        return self._version

    @property
    def about(self) -> str:
        """What a hit means, in words."""
        return (
            f"{_WHOSE[self._level]} resembles the operator's examples of a rare class "
            "again and again"
        )

    @property
    def examples(self) -> tuple[Example, ...]:
        """None for an operator's model; the sample of this room has some."""
        return self._examples

    def tell(self, labels: Iterable[Label]) -> None:
        """Change nothing: what was concluded of a subject is no example of a text."""

    def look(self, batch: pa.RecordBatch, at: int) -> Looked:
        """What it says of each row: see :class:`~leeward.signals.Stateful`.

        Rows without text of the actor's own are not asked.
        """
        outcomes = np.full(batch.num_rows, UNASKED, np.int8)
        asked = np.flatnonzero(self._asked(batch))
        if not len(asked):
            return Looked(outcomes, ())
        rows = batch.select(_COLUMNS).take(pa.array(asked))
        folded = pc.coalesce(rows.column("folded"), pc.ascii_lower(rows.column("text")))
        said = self._model.say(folded, rows.column("lang"))
        counted = np.flatnonzero(said.why == 0)
        subjects = self._subjects(rows)
        taken = self._keys.touch([subjects[place] for place in counted.tolist()])
        self._memory.grow(len(self._keys))
        marks = marks_of(*string_buffers(folded))
        added = self._memory.add(
            taken.rows, taken.fresh, said.ratios[counted], marks[counted], self._line
        )
        outcomes[asked] = ABSTAINED
        outcomes[asked[counted]] = added.outcomes
        findings = dict(self._abstentions(rows, subjects, said, at))
        findings.update(self._hits(rows, subjects, counted, said, taken, added, at))
        return Looked(outcomes, tuple(findings[place] for place in sorted(findings)))

    def save(self) -> bytes:
        """All that it remembers; the same memory gives the same bytes."""
        keys, rows = self._keys.rows()
        names = [key.encode() for key in keys]
        heavy = self._heavy.save(keys)
        return pack(
            _MAGIC,
            {"signal": self._name, "version": self._version},
            {
                **self._memory.take(rows),
                "ends": np.cumsum([len(name) for name in names], dtype=np.int64),
                "keys": np.frombuffer(b"".join(names), np.uint8),
                "heavy": np.frombuffer(heavy, np.uint8),
            },
        )

    def load(self, saved: bytes) -> None:
        """Remember that instead.

        Raises:
            Corrupt: These bytes are not of this signal and version; nothing was changed.
        """
        described, arrays = unpack(_MAGIC, saved, self._name)
        if described != {"signal": self._name, "version": self._version}:
            raise Corrupt(
                "the memory is of another signal or version",
                where=self._name,
                hint="replay the log from its beginning",
            )
        heavy, memory = Heaviest(), Memory()
        try:
            octets, ends = arrays["keys"].tobytes(), arrays["ends"].tolist()
            starts = [0, *ends][: len(ends)]
            keys = [octets[start:end].decode() for start, end in zip(starts, ends, strict=True)]
            heavy.load(keys, arrays["heavy"].tobytes())
            memory.grow(len(keys))
            for name in Memory.NAMES:
                getattr(memory, name)[: len(keys)] = arrays[name]
        except (KeyError, ValueError, msgspec.DecodeError):
            raise Corrupt("the memory is not complete", where=self._name) from None
        self._keys.reset(keys)
        self._heavy, self._memory = heavy, memory

    def _asked(self, batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
        own = pc.is_in(batch.column("kind"), pa.array(_KINDS[self._level]))
        stands = pc.not_equal(batch.column("op"), "delete")
        written = pc.match_substring_regex(batch.column("text"), r"[^\s\pZ]")
        asked: npt.NDArray[np.bool_] = pc.fill_null(
            pc.and_(pc.and_(own, stands), written), False
        ).to_numpy(zero_copy_only=False)
        return asked

    def _subjects(self, rows: pa.RecordBatch) -> list[str]:
        """Whom or what each message is counted for."""
        if self._level == "account":
            column = rows.column("actor")
        else:
            column = pc.coalesce(*(rows.column(name) for name in ("root", "reply_to", "object")))
        subjects: list[str] = column.to_pylist()
        return subjects

    def _abstentions(
        self, rows: pa.RecordBatch, subjects: list[str], said: Said, at: int
    ) -> Iterator[tuple[int, Finding]]:
        silent = np.flatnonzero(said.why)
        whens = rows.select(["seq", "seen"]).take(pa.array(silent)).to_pydict()
        for place, seq, seen in zip(silent.tolist(), whens["seq"], whens["seen"], strict=True):
            yield (
                place,
                Finding(
                    seq=seq,
                    signal=self._name,
                    version=self._version,
                    subject=subjects[place],
                    outcome="abstained",
                    at=min(at, seen),
                    reason=self._model.reason(int(said.why[place])),
                ),
            )

    def _hits(
        self,
        rows: pa.RecordBatch,
        subjects: list[str],
        counted: npt.NDArray[np.int64],
        said: Said,
        taken: Taken,
        added: Added,
        at: int,
    ) -> Iterator[tuple[int, Finding]]:
        """The hits, in the order of the rows: what is heavy is noted, and keys go, as they come."""
        heard = (said.ratios[counted] > 0) & (added.again == 1)
        gone = iter([*taken.gone, (len(counted), "")])
        when, oldest = next(gone)
        for n in np.flatnonzero(heard | (added.outcomes == HIT)).tolist():
            while when <= n:
                self._heavy.forget(oldest)
                when, oldest = next(gone)
            place = int(counted[n])
            key, age = subjects[place], float(added.ages[n])
            if heard[n]:
                self._note(rows, place, key, age, float(said.ratios[place]))
            if added.outcomes[n] == HIT:
                seq, seen = (rows.column(name)[place].as_py() for name in ("seq", "seen"))
                yield (
                    place,
                    Finding(
                        seq=seq,
                        signal=self._name,
                        version=self._version,
                        subject=key,
                        outcome="hit",
                        at=min(at, seen),
                        score=float(added.scores[n]),
                        evidence=self._heavy.evidence(key, age),
                    ),
                )
        while when < len(counted):
            self._heavy.forget(oldest)
            when, oldest = next(gone)

    def _note(self, rows: pa.RecordBatch, place: int, key: str, age: float, ratio: float) -> None:
        subject = rows.column("object")[place].as_py()
        if self._heavy.wants(key, age, ratio, subject):
            span = self._model.span(rows.column("text")[place].as_py())
            self._heavy.note(key, age, ratio, subject, span)
