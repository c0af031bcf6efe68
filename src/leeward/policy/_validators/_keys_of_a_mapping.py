"""What several validators ask of the keys of a mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeward.policy._shape import CASE, POLICY, RULE, Key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leeward.policy._draft import Draft
    from leeward.policy._yaml import Mapped

__all__ = ["shaped"]


def shaped(draft: Draft) -> Iterator[tuple[str, Mapped, Mapping[str, Key]]]:
    """Every mapping with a fixed form: what to call it, itself, and its keys."""
    yield "a policy", draft.root, POLICY
    for rule in draft.rules:
        yield "a rule", rule.node, RULE
    for case in draft.cases:
        yield "a case", case, CASE
