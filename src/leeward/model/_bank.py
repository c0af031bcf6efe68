"""Hash banks: lists of hashes with a meaning, a source, and what a match may cause."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, TypeAlias, get_args

from msgspec import Meta, Struct

from leeward.errors import UsageError

__all__ = [
    "AUTOMATIC",
    "CAUSES",
    "MAX_BANK_DISTANCE",
    "MEANINGS",
    "MEANINGS_ALLOW",
    "REVIEWS",
    "BankPause",
    "BankSettings",
    "Cause",
    "HashBank",
    "Meaning",
    "check_bank_name",
]

Meaning: TypeAlias = Literal[
    "illegal_verified",
    "illegal_unverified",
    "exploitative",
    "protected_photograph",
    "known_innocent",
]
MEANINGS: Final[tuple[Meaning, ...]] = get_args(Meaning)

Cause: TypeAlias = Literal["open_case", "refuse_upload", "hide", "protect"]
CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)

AUTOMATIC: Final[frozenset[Cause]] = frozenset({"refuse_upload", "hide"})
"""What happens to content before a person has seen it: law 1 of the design binds it."""

MEANINGS_ALLOW: Final[dict[Meaning, frozenset[Cause]]] = {
    "illegal_verified": frozenset({"open_case", "refuse_upload", "hide"}),
    "illegal_unverified": frozenset({"open_case"}),
    "exploitative": frozenset({"open_case"}),
    # It accuses nobody: whoever posts it may be the child, a parent or a friend.
    "protected_photograph": frozenset({"protect"}),
    "known_innocent": frozenset(),
}
"""What a match in a bank of each meaning may cause at the most."""

_USUAL: Final[dict[Meaning, frozenset[Cause]]] = {
    meaning: allowed - AUTOMATIC for meaning, allowed in MEANINGS_ALLOW.items()
}

MAX_BANK_DISTANCE: Final = 64
"""Bits of 256; the exact search goes no further."""

REVIEWS: Final[dict[int, str]] = {
    0: "nobody is known to have looked",
    1: "one person looked",
    2: "two people agreed",
    3: "a hotline or an authority decided",
}
"""How well entries were reviewed before they were listed, by level."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def check_bank_name(name: str) -> str:
    """The name, where it can be one: it stands in audit entries, file names and commands.

    Raises:
        UsageError: It cannot.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            "the bank's name cannot be used",
            hint="use up to 64 of a-z, 0-9, `.`, `_` and `-`, beginning with a letter or digit",
        )
    return name


class BankSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator decides about a bank. A change of it is a new version of the bank.

    Attributes:
        meaning: What it says of a picture to be in the bank.
        source: Where the entries come from, in words.
        distance: Bits of 256 within which two PDQ hashes match, 0 to 64. Digests match exactly.
        automation_distance: Bits within which a PDQ match may hide or refuse by itself; not above
            ``distance``, and only where the meaning is ``illegal_verified``. None: never.
        review: How well entries were reviewed before they were listed; see :data:`REVIEWS`.
        causes: What a match may cause: ``open_case``, ``refuse_upload``, ``hide``, ``protect``.
            None: all that the meaning allows and that does not act by itself.

    Raises:
        UsageError: They contradict each other.
    """

    meaning: Meaning
    source: Annotated[str, Meta(min_length=1, max_length=200)]
    distance: Annotated[int, Meta(ge=0, le=MAX_BANK_DISTANCE)] = 31
    automation_distance: Annotated[int, Meta(ge=0, le=MAX_BANK_DISTANCE)] | None = None
    review: Annotated[int, Meta(ge=0, le=max(REVIEWS))] = 0
    causes: frozenset[Cause] | None = None

    def __post_init__(self) -> None:
        """Refuse what no bank may be."""
        _check_ranges(self)
        too_much = self.may_cause - MEANINGS_ALLOW[self.meaning]
        if too_much:
            allowed = ", ".join(c for c in CAUSES if c in MEANINGS_ALLOW[self.meaning])
            raise UsageError(
                f"a match in a bank of {self.meaning} may not cause {', '.join(sorted(too_much))}",
                where="causes",
                hint=f"it may cause: {allowed or 'nothing; it suppresses other matches'}",
            )
        if self.automation_distance is None:
            return
        if self.meaning != "illegal_verified":
            raise UsageError(
                "only a bank of illegal_verified may act by itself",
                where="automation_distance",
                hint="leave it out: a match then waits for a person",
            )
        if not self.may_cause & AUTOMATIC:
            raise UsageError(
                "an automation distance has no effect without a cause that acts by itself",
                where="automation_distance",
                hint="name `hide` or `refuse_upload` among the causes, or leave it out",
            )
        if self.automation_distance > self.distance:
            raise UsageError(
                "the automation distance is above the bank's distance",
                where="automation_distance",
                hint=f"use 0 to {self.distance}",
            )

    @property
    def may_cause(self) -> frozenset[Cause]:
        """The causes, with the usual ones where none were named."""
        return _USUAL[self.meaning] if self.causes is None else self.causes


def _check_ranges(settings: BankSettings) -> None:
    """The bounds above, also for what was not decoded but made in Python."""
    if settings.meaning not in MEANINGS:
        raise UsageError("the meaning is none", where="meaning", hint=f"use {', '.join(MEANINGS)}")
    if not settings.may_cause <= set(CAUSES):
        raise UsageError("there is no such cause", where="causes", hint=f"use {', '.join(CAUSES)}")
    for name, value in (
        ("distance", settings.distance),
        ("automation_distance", settings.automation_distance),
    ):
        if value is not None and not 0 <= value <= MAX_BANK_DISTANCE:
            raise UsageError("a distance is out of range", where=name, hint="use 0 to 64 bits")
    if settings.review not in REVIEWS:
        levels = "; ".join(f"{level}: {words}" for level, words in REVIEWS.items())
        raise UsageError("there is no such review level", where="review", hint=levels)


class BankPause(Struct, frozen=True):
    """Why a bank or an entry causes nothing but a person's task: flood control.

    Attributes:
        at: Since when, microseconds since 1970 UTC.
        by: Who paused it.
        why: In words.
    """

    at: int
    by: str
    why: str


class HashBank(Struct, frozen=True, kw_only=True):
    """A hash bank as it stands at one version.

    Attributes:
        id: Number of the bank.
        name: What people, commands and the audit chain call it; it never changes.
        version: From 1; every change of settings and every pause gives the next one.
        settings: What was decided.
        paused: Why it causes nothing at present; None where it is in force.
        created_at, created_by: When and by whom the bank was made.
        changed_at, changed_by: When and by whom this version was made.
        reason: Why this version was made, in words.
    """

    id: int
    name: str
    version: int
    settings: BankSettings
    paused: BankPause | None = None
    created_at: int
    created_by: str
    changed_at: int
    changed_by: str
    reason: str | None = None

    def __repr__(self) -> str:
        """The name, the version and the meaning."""
        state = " paused" if self.paused is not None else ""
        return f"<HashBank {self.name}@{self.version} {self.settings.meaning}{state}>"
