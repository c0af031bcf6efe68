"""What discovery says: the ranked accounts, the evidence of each, and a picture of them."""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

from leeward.errors import UsageError
from leeward.model import SUBJECT_KINDS, LabelWord

__all__ = [
    "CONCLUSIVE",
    "HEAVIEST",
    "LIGHTEST",
    "MOST_LOG_ODDS",
    "TIERS",
    "Evidence",
    "Picture",
    "Prior",
    "Ranked",
    "Seed",
    "Tie",
    "Tier",
]

Tier: TypeAlias = Literal["seed", "above the line", "suspect", "ask first", "below", "shielded"]

CONCLUSIVE: Final = 2.0
"""Log-odds from which what is said of an account or a thing is taken as a conclusion. Below it is a
hint: it makes nobody a witness, says nothing of who made a post, and draws nobody over the line."""

LIGHTEST: Final = 1e-6
HEAVIEST: Final = 1e6
"""Between these stands the weight of a seed; only what one has beside another counts."""

MOST_LOG_ODDS: Final = 20.0
"""What a prior may say at most, for or against: odds of 485 million to one."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

TIERS: Final[dict[Tier, str]] = {
    "seed": "given as a starting point",
    "above the line": "99 of 100 of these are expected to belong; still a question for a reviewer",
    "suspect": "likelier than not to belong, or within the estimated size of the network: a "
    "question for a reviewer",
    "ask first": "has opposed what the others spread, rests on fewer than two other accounts or "
    "owners or on what other searches found, is hardly voted for by the confirmed, may be of a "
    "neighbouring group, or was found by whom it answered: a person looks before anything is built "
    "on it",
    "below": "stands lower than the network is thought to reach: no question follows from it",
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
    label: LabelWord = "offender"
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in SUBJECT_KINDS:
            _refuse("seed", "kind", " or ".join(SUBJECT_KINDS))
        if self.label not in get_args(LabelWord):
            _refuse("seed", "label", " or ".join(get_args(LabelWord)))
        if not LIGHTEST <= self.weight <= HEAVIEST:
            _refuse("seed", "weight", "a number from 0.000001 to 1,000,000")

    def __repr__(self) -> str:
        """The kind and the label: a name stays out of logs."""
        return f"<Seed {self.kind} {self.label}>"


class Prior(Struct, frozen=True):
    """What somebody else, or a reviewer who may err, says of a subject.

    Attributes:
        kind: ``account``, ``post``, ``media`` or ``tag``.
        name: Its URI or, for a tag, its word; media by handle, SHA-256 or PDQ hash.
        log_odds: How much it speaks for belonging (above 0) or against it: what it adds to the
            log-odds. That is ``ln(p / q)``, where ``p`` is how often the source says so of what
            belongs and ``q`` how often of what does not. From -20 to 20.
        source: Who says so, as a reader of the evidence is told.

    Raises:
        UsageError: The kind, the log-odds or the source is none of these.
    """

    kind: str
    name: str
    log_odds: float
    source: str

    def __post_init__(self) -> None:
        if self.kind not in SUBJECT_KINDS:
            _refuse("prior", "kind", " or ".join(SUBJECT_KINDS))
        if not -MOST_LOG_ODDS <= self.log_odds <= MOST_LOG_ODDS:
            _refuse("prior", "log_odds", "a number from -20 to 20")
        if not self.source.strip() or _CONTROL.search(self.source):
            _refuse("prior", "source", "a few words on one line")

    def __repr__(self) -> str:
        """The kind and the log-odds: names and sources stay out of logs."""
        return f"<Prior {self.kind} {self.log_odds:+.2f}>"


def _refuse(of: str, field: str, allowed: str) -> None:
    raise UsageError(
        f"a {of} has no such {field}", where=f"{of.capitalize()}.{field}", hint=f"give {allowed}"
    )


class Evidence(Struct, frozen=True):
    """One named part of an account's score.

    Attributes:
        kind: What it did: ``posted``, ``reposted``, ``liked``, ``media``, ``tag``, ``link``,
            ``activity``, ``replied``, ``argued``, ``complained``; when it did: ``time``; how it
            stands: ``votes of the confirmed``, ``agreement``, ``PageRank``, ``trust ratio``,
            ``cosine``, ``naive Bayes``, ``co-sharing``; what was known before: ``base rate``,
            ``priors``; ``further evidence``; and beside the score ``co-shared``.
        subject: The thing as an opaque id: ``post#1234`` is the post that first stands at place
            1234 of the log. Accounts and tags stand by name; what is about no thing has the
            account itself.
        weight: What it adds to the score, as log-odds: below 0 where it speaks against, 0 where
            it stands beside the score.
        words: The same for a person to read. Plain text; escape it where it is shown.
    """

    kind: str
    subject: str
    weight: float
    words: str

    def __repr__(self) -> str:
        """The kind and the weight: whom it names stays out of logs."""
        return f"<Evidence {self.kind} {self.weight:+.3f}>"


class Ranked(Struct, frozen=True):
    """An account in the ranking.

    Attributes:
        rank: 1 for the highest score.
        account: Its URI.
        score: Log-odds that the account belongs, as a natural logarithm: 0 is as likely as not.
        probability: The same as a probability; None where it could not be calibrated, since
            nothing could be hidden and looked for, or the seeds carry no signal.
        tier: What follows from it; see :data:`TIERS`.
        touches: How many acts of this account were looked at.
        shield: The role under which only protective actions exist, if there is one.
        evidence: What makes up the score, the weightiest first and the base rate last. The
            weights add up to the score.
        cell: The number of the group that it hangs together with, 1 for the largest; None for
            those in none.
    """

    rank: int
    account: str
    score: float
    probability: float | None
    tier: Tier
    touches: int
    shield: str | None
    evidence: tuple[Evidence, ...]
    cell: int | None = None

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
