"""What findings say of their subjects, as log-odds that a search may add.

A finding is a hint and no conclusion. So what it adds is shrunk, and capped below what the search
takes as a conclusion of a person (:data:`~leeward.network.CONCLUSIVE`): a hint makes nobody a
witness, says nothing of who made a post, and lifts nobody over the review line. That holds for a
match with a bank, too, until a person has looked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from leeward.network import CONCLUSIVE
from leeward.pipeline._lookback_judge import BANK_MATCH

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from leeward.model import Meaning

__all__ = ["BANK_MATCH", "CAPS", "MOST_OF_A_MATCH", "SHRUNK", "SUBJECTS", "Heard", "Said"]

SUBJECTS: Final = {
    "account-context": "account",
    "media-context": "media",
    "rare-text": "account",
    "rare-text-thread": "post",
    "tag-context": "tag",
    "template": "post",
    "thread-context": "post",
}
"""The signals that speak in log-odds, and what each speaks of. A lexicon does not, and discovery
has no place for what is said of a whole community."""

SHRUNK: Final = 0.5
"""How much of a score counts. Its model was not fitted on what discovery searches for, and both
look at the same reposts and replies: added in full they would be counted twice."""

CAPS: Final = {"account": 1.5, "media": 1.8, "post": 1.8, "tag": 1.8}
"""The most that all findings together say of a subject, for each kind: odds of 4.5 and 6 to 1."""

MOST_OF_A_MATCH: Final = 1.8
"""What a match with a bank of verified illegal pictures says of the picture: odds of 6 to 1. Lists
that err would allow far more. But a picture that is wrongly listed, or near to one that is, may be
loved by thousands; what nobody looked at shall not draw them over the line."""

_HINTED: Final = 1.0
"""The same with a bank that nobody verified, or of pictures that are not illegal themselves."""

_OF_MEANING: Final[dict[Meaning, float]] = {
    "illegal_verified": MOST_OF_A_MATCH,
    "illegal_unverified": _HINTED,
    "exploitative": _HINTED,
}
"""By what a bank means. A protected photograph accuses nobody who posts it, and a known innocent
picture nobody at all."""

_COLUMNS: Final = ("seq", "signal", "version", "subject", "outcome", "at", "score", "evidence")
_BANK: Final = "bank:"
_INTERCEPT: Final = "intercept"
_TEMPLATE: Final = "template"

assert max(*CAPS.values(), MOST_OF_A_MATCH) < CONCLUSIVE  # noqa: S101 - what the module promises


class Said(NamedTuple):
    """What the findings of one signal say of one subject.

    Attributes:
        kind, name: Of the subject, as in a :class:`~leeward.network.Prior`.
        log_odds: Above 0.
        signal: Its name.
        findings: How many hits speak of it.
    """

    kind: str
    name: str
    log_odds: float
    signal: str
    findings: int

    def __repr__(self) -> str:
        """The kind and the signal: a name stays out of logs."""
        return f"<Said {self.kind} {self.signal} {self.log_odds:+.2f}>"


class _Version:
    """The hits of one version of a signal."""

    def __init__(self) -> None:
        self.newest = (0, 0)
        self.said: dict[str, tuple[float, int]] = {}

    def add(self, row: Mapping[str, Any]) -> None:
        """Of several hits on a subject the highest counts: they look at the same acts."""
        self.newest = max(self.newest, (row["at"], row["seq"]))
        if row["outcome"] != "hit":
            return
        log_odds = SHRUNK * _added(row)
        if log_odds > 0:  # a score may move a subject up, and never down: see law 1
            most, count = self.said.get(row["subject"], (0.0, 0))
            self.said[row["subject"]] = max(most, log_odds), count + 1


class Heard:
    """Listens to findings, and says what follows from them.

    Of each signal only the newest version counts, that which spoke last: what an older one said
    was withdrawn by not being said again. Bank matches are looked at again one event at a time,
    so of them the last finding of each event counts.
    """

    def __init__(self) -> None:
        self._versions: dict[str, dict[str, _Version]] = {}
        self._matches: dict[int, tuple[int, Mapping[str, Any]]] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Listen to findings, of :data:`~leeward.model.FINDING_SCHEMA`."""
        known = pa.array([*SUBJECTS, BANK_MATCH])
        kept = batch.select(_COLUMNS).filter(pc.is_in(batch["signal"], known))
        for row in kept.to_pylist():
            if row["signal"] == BANK_MATCH:
                before = self._matches.get(row["seq"])
                if before is None or row["at"] >= before[0]:
                    self._matches[row["seq"]] = row["at"], row
            else:
                versions = self._versions.setdefault(row["signal"], {})
                versions.setdefault(row["version"], _Version()).add(row)

    def said(self, meanings: Callable[[Collection[int]], Mapping[int, Meaning]]) -> list[Said]:
        """What follows, by signal and subject.

        Args:
            meanings: Gives what the banks of some entries mean, by the number of the entry; those
                that match no longer are left out.
        """
        found = [
            _hint(signal, subject, log_odds, count)
            for signal, versions in sorted(self._versions.items())
            for subject, (log_odds, count) in max(
                versions.values(), key=lambda version: version.newest
            ).said.items()
        ]
        return [*found, *self._of_matches(meanings)]

    def _of_matches(
        self, meanings: Callable[[Collection[int]], Mapping[int, Meaning]]
    ) -> Iterator[Said]:
        hits = [row for _, row in self._matches.values() if row["outcome"] == "hit"]
        pairs = [list(_entries(row["evidence"])) for row in hits]
        meant = meanings({entry for pair in pairs for _, entry in pair})
        most: dict[str, tuple[float, int]] = {}
        for named in pairs:
            each: dict[str, float] = {}
            for uri, entry in named:
                weight = _OF_MEANING.get(meant[entry], 0.0) if entry in meant else 0.0
                each[uri] = max(each.get(uri, 0.0), weight)
            for uri, weight in each.items():
                before, count = most.get(uri, (0.0, 0))
                most[uri] = max(before, weight), count + 1
        for uri, (weight, count) in most.items():
            if weight > 0:
                yield Said("media", uri, weight, BANK_MATCH, count)


def _added(row: Mapping[str, Any]) -> float:
    """What a finding adds to log-odds: its score, without the base rate where that is in it.

    The score of a template counts accounts; what that weighs stands in its evidence.
    """
    items = row["evidence"] or ()
    if row["signal"] == _TEMPLATE:
        return float(sum(item["weight"] for item in items))
    base = sum(item["weight"] for item in items if item["kind"] == _INTERCEPT)
    return float((row["score"] or 0.0) - base)


def _entries(evidence: list[Mapping[str, Any]] | None) -> Iterator[tuple[str, int]]:
    """The media items of a bank match and the entries that each is near to.

    Each item stands before its entries. One without a handle is not named, and left out.
    """
    uri = None
    for item in evidence or ():
        if item["kind"] == "media":
            uri = item["subject"]
        elif uri is not None and item["subject"].startswith(_BANK):
            number = item["subject"].rpartition("#")[2]
            if number.isdigit():
                yield uri, int(number)


def _hint(signal: str, subject: str, log_odds: float, count: int) -> Said:
    kind = SUBJECTS[signal]
    name = subject.removeprefix("tag:") if kind == "tag" else subject
    return Said(kind, name, min(log_odds, CAPS[kind]), signal, count)
