"""What discovery says: the ranked accounts, the evidence of each, and a picture of them."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

from leeward.errors import UsageError
from leeward.model import SUBJECT_KINDS

__all__ = [
    "HEAVIEST",
    "LIGHTEST",
    "TIERS",
    "Evidence",
    "Label",
    "Picture",
    "Ranked",
    "Seed",
    "Tie",
    "Tier",
]

Label: TypeAlias = Literal["offender", "innocent"]
Tier: TypeAlias = Literal["seed", "suspect", "ask first", "shielded"]

LIGHTEST: Final = 1e-6
HEAVIEST: Final = 1e6
"""Between these stands the weight of a seed; only what one has beside another counts."""

TIERS: Final[dict[Tier, str]] = {
    "seed": "given as a starting point",
    "suspect": "a question for a reviewer",
    "ask first": "has opposed what the others spread, or rests on one other account: a person "
    "looks before anything is built on it",
    "shielded": "only protective actions exist for it",
}
"""What the tiers mean."""


class Seed(Struct, frozen=True):
    """A confirmed starting point.

    Attributes:
        kind: ``account``, ``post``, ``media`` or ``tag``.
        name: Its URI or, for a tag, its word; media by handle, SHA-256 or PDQ hash.
        label: What a person concluded of it.
        weight: How much it counts beside the others, from 0.000001 to 1,000,000.

    Raises:
        UsageError: The kind, the label or the weight is none of these.
    """

    kind: str
    name: str
    label: Label = "offender"
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in SUBJECT_KINDS:
            _refuse("kind", " or ".join(SUBJECT_KINDS))
        if self.label not in get_args(Label):
            _refuse("label", " or ".join(get_args(Label)))
        if not LIGHTEST <= self.weight <= HEAVIEST:
            _refuse("weight", "a number from 0.000001 to 1,000,000")

    def __repr__(self) -> str:
        """The kind and the label: a name stays out of logs."""
        return f"<Seed {self.kind} {self.label}>"


def _refuse(field: str, allowed: str) -> None:
    raise UsageError(f"a seed has no such {field}", where=f"Seed.{field}", hint=f"give {allowed}")


class Evidence(Struct, frozen=True):
    """One named link that carries a part of an account's score.

    Attributes:
        kind: What was shared, or how: ``reposted``, ``liked``, ``media``, ``tag``, ``link``,
            ``community``, ``follows``, ``co-shared``.
        subject: The shared thing as an opaque id: ``post#1234`` is the post that first stands
            at place 1234 of the log. Accounts and tags stand by name.
        weight: The share of the score that it carries, 0 to 1.
        words: The same for a person to read. Plain text; escape it where it is shown.
    """

    kind: str
    subject: str
    weight: float
    words: str

    def __repr__(self) -> str:
        """The kind and the weight: whom it names stays out of logs."""
        return f"<Evidence {self.kind} {self.weight:.3f}>"


class Ranked(Struct, frozen=True):
    """An account in the ranking.

    Attributes:
        rank: 1 for the highest score.
        account: Its URI.
        score: Comparable within one ranking only.
        probability: None where it could not be calibrated.
        tier: What follows from it; see :data:`TIERS`.
        touches: How many acts of this account were looked at.
        shield: The role under which only protective actions exist, if there is one.
        evidence: What carries the score, the strongest first.
    """

    rank: int
    account: str
    score: float
    probability: float | None
    tier: Tier
    touches: int
    shield: str | None
    evidence: tuple[Evidence, ...]

    def __repr__(self) -> str:
        """The rank and the tier: who it is stays out of logs."""
        return f"<Ranked {self.rank} {self.tier}>"


class Tie(Struct, frozen=True):
    """What two accounts of a picture share.

    Attributes:
        a, b: Their places in :attr:`Picture.accounts`, ``a < b``.
        weight: How much it says that they share this; above 0.
        words: The same for a person to read.
    """

    a: int
    b: int
    weight: float
    words: str


class Picture(Struct, frozen=True):
    """A part of a network that is small enough to be drawn."""

    accounts: tuple[Ranked, ...]
    ties: tuple[Tie, ...]
