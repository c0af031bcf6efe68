"""What several validators ask of a condition: which signals must have hit where it is true."""

from __future__ import annotations

from leeward.policy._tree import All, AtLeast, Column, Either, Not, Part

__all__ = ["surely_hit"]


def surely_hit(part: Part) -> set[str]:
    """The signals that must have hit wherever the part is true."""
    match part:
        case Column():
            name, _, what = part.name.rpartition(".")
            return {name} if what == "hit" else set()
        case All(parts):
            return set[str]().union(*map(surely_hit, parts))
        case Either(parts):
            return set[str].intersection(*map(surely_hit, parts))
        case AtLeast(least, parts) if least == len(parts):
            return set[str]().union(*map(surely_hit, parts))
        case Not(Not(inner)):
            return surely_hit(inner)
    return set()
