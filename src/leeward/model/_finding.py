"""The Finding: what a signal says of one subject."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from leeward.model._event import Micros, Uri  # noqa: TC001 - msgspec reads annotations

__all__ = ["EvidenceItem", "Finding", "Outcome"]

Outcome: TypeAlias = Literal["hit", "miss", "abstained"]
Name: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z")]


class EvidenceItem(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One link in the chain that carries a score: what it is, whose, how much it weighs.

    Attributes:
        kind: The name of the evidence, as ``shared_media``.
        subject: URI of what it points to.
        weight: Log-odds that it adds.
        start, end: Offsets into the source text, in code points, for highlighting.
        value: The measured quantity, in the unit that its name states: a share, a count, days.
        low, high: Its 90 % interval.
        count: How many observations it rests on.
    """

    kind: Name
    subject: Uri
    weight: float
    start: int | None = None
    end: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    count: int | None = None

    def __repr__(self) -> str:
        """The kind and the weight: content stays out of ``repr``."""
        return f"<EvidenceItem {self.kind} {self.weight:+.2f}>"


class Finding(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one version of a signal says of one subject at one event.

    Attributes:
        seq: The event that gave rise to it.
        signal: The signal's name.
        version: The signal's version; (seq, signal, version) is the key.
        subject: URI of the account, post, media item or tag it speaks of.
        outcome: ``abstained`` is not a miss: what could not be computed is never read as clear.
        at: When it was computed, microseconds since 1970 UTC.
        reason: Why it abstained.
        score: In the signal's own unit; none where it abstained.
        evidence: What carries the score, heaviest first.
    """

    seq: int
    signal: Name
    version: Annotated[str, Meta(min_length=1, max_length=64)]
    subject: Uri
    outcome: Outcome
    at: Micros
    reason: Annotated[str, Meta(max_length=1_000)] | None = None
    score: float | None = None
    evidence: tuple[EvidenceItem, ...] = ()

    def __repr__(self) -> str:
        """The key and the outcome: content stays out of ``repr``."""
        return f"<Finding seq={self.seq} {self.signal}@{self.version} {self.outcome}>"
