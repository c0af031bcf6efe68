"""What stands of the matches of one query, and what may follow. Pure arithmetic on facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct

from leeward.model._bank import AUTOMATIC, Cause, HashBank
from leeward.model._bank_entry import DIGESTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["BankMatch", "Settled", "Standing", "Withheld", "settle_matches"]

Withheld: TypeAlias = Literal["bank_paused", "entry_paused", "beyond_automation"]

_INNOCENT: Final = "known_innocent"
_PROTECTED: Final = "protected_photograph"
_NOTHING: Final[frozenset[Cause]] = frozenset()


class BankMatch(Struct, frozen=True, kw_only=True):
    """One entry that a query is near to.

    Attributes:
        bank: The bank as it stands, which says what a match means.
        entry: Number of the entry.
        algorithm: Of the entry and of the query.
        distance: How far apart they are: bits for PDQ, 0 for a digest.
        paused: Whether the entry is paused.
    """

    bank: HashBank
    entry: int
    algorithm: str
    distance: float = 0
    paused: bool = False

    def __repr__(self) -> str:
        """What matched, and how near."""
        return f"<BankMatch {self.bank.name} {self.entry} {self.algorithm} {self.distance:g}>"


class Standing(Struct, frozen=True):
    """A match that stands.

    Attributes:
        match: It.
        causes: What it may cause now.
        withheld: Why it causes less than its bank says; None where it does not.
    """

    match: BankMatch
    causes: frozenset[Cause]
    withheld: Withheld | None = None


class Settled(Struct, frozen=True):
    """What stands of the matches of one query.

    Attributes:
        standing: The matches that stand, in the order given. Innocent ones stand too: they
            explain what was suppressed, and cause nothing.
        suppressed: The matches that a known innocent picture explains.
        causes: What may follow from all of them together.
        needs_person: Whether one of them is paused, which is a person's task.
    """

    standing: tuple[Standing, ...]
    suppressed: tuple[BankMatch, ...]
    causes: frozenset[Cause]
    needs_person: bool

    @property
    def accuses(self) -> bool:
        """Whether some match that stands says something against the picture."""
        return any(
            standing.match.bank.settings.meaning not in {_INNOCENT, _PROTECTED}
            for standing in self.standing
        )


def settle_matches(matches: Iterable[BankMatch]) -> Settled:
    """Decide what stands, and what may follow.

    * A PDQ match beyond its bank's own distance is none; it is left out.
    * A known innocent match suppresses another one of the same algorithm that is not nearer than
      itself. One by SHA-256 is the very file and suppresses all. MD5 and SHA-1 do not reach
      beyond themselves: two files with one such digest can be made on purpose.
    * What is paused causes nothing, and suppresses nothing: a sudden flood of innocence is as
      suspicious as one of guilt.
    * A protected photograph causes protection only, and innocence takes it away from nobody: such
      a photograph is innocent itself.
    * What acts by itself needs a digest, or a PDQ match within the bank's automation distance.
    """
    near = [match for match in matches if _near(match)]
    innocent = [m for m in near if m.bank.settings.meaning == _INNOCENT and not _paused(m)]
    suppressed = tuple(match for match in near if _explained(match, innocent))
    gone = set(map(id, suppressed))
    standing = tuple(_standing(match) for match in near if id(match) not in gone)
    return Settled(
        standing,
        suppressed,
        frozenset[Cause]().union(*(found.causes for found in standing)),
        any(_paused(found.match) for found in standing),
    )


def _near(match: BankMatch) -> bool:
    return match.algorithm != "pdq" or match.distance <= match.bank.settings.distance


def _paused(match: BankMatch) -> bool:
    return match.paused or match.bank.paused is not None


def _explained(match: BankMatch, innocent: Sequence[BankMatch]) -> bool:
    if match.bank.settings.meaning in {_INNOCENT, _PROTECTED}:
        return False
    return any(
        known.algorithm == "sha256"
        or (known.algorithm == match.algorithm and known.distance <= match.distance)
        for known in innocent
    )


def _standing(match: BankMatch) -> Standing:
    if match.bank.paused is not None:
        return Standing(match, _NOTHING, "bank_paused")
    if match.paused:
        return Standing(match, _NOTHING, "entry_paused")
    causes = match.bank.settings.may_cause
    if causes & AUTOMATIC and not _may_act(match):
        return Standing(match, causes - AUTOMATIC, "beyond_automation")
    return Standing(match, causes)


def _may_act(match: BankMatch) -> bool:
    """Law 1: by itself only a verified bank acts, on the same file or within a set distance."""
    settings = match.bank.settings
    if settings.meaning != "illegal_verified":
        return False
    if match.algorithm in DIGESTS:
        return True
    within = settings.automation_distance
    return match.algorithm == "pdq" and within is not None and match.distance <= within
