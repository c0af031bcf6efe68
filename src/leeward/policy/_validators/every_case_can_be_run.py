"""A case gives what the schema has, and expects it of rules that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeward.policy._given import OUTCOMES, given_value
from leeward.policy._source import Problem, Wrong, suggestion
from leeward.policy._yaml import Mapped, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.policy._draft import Draft

__all__ = ["every_case_can_be_run"]


def every_case_can_be_run(draft: Draft) -> Iterator[Problem]:
    """Name each given thing and each expectation that cannot be."""
    rules = [rule.name for rule in draft.rules]
    for case in draft.cases:
        given, expect = case.get("given"), case.get("expect")
        if isinstance(given, Mapped):
            for key, value in given.items:
                try:
                    given_value(key, value, draft.schema)
                except Wrong as wrong:
                    yield wrong.problem
        if isinstance(expect, Mapped):
            if not expect.items:
                yield Problem("the case expects nothing", expect.span)
            for key, value in expect.items:
                if key.value not in rules:
                    hint = suggestion(key.value, rules) or f"there are {', '.join(rules)}"
                    yield Problem(f"there is no rule `{key.value}`", key.span, hint)
                if not isinstance(value, Text) or value.value not in OUTCOMES:
                    hint = f"use {', '.join(OUTCOMES)}"
                    yield Problem("a rule does not end like this", value.span, hint)
