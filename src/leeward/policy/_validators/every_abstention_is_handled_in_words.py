"""What could not be computed is never read as clear: the rule says what follows then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeward.policy._source import Problem
from leeward.policy._unknown import can_be_unknown, reasons

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.policy._draft import Draft
    from leeward.policy._unknown import Reason

__all__ = ["every_abstention_is_handled_in_words"]


def every_abstention_is_handled_in_words(draft: Draft) -> Iterator[Problem]:
    """Name each rule that may abstain and does not say what follows, or says it for nothing."""
    for rule in draft.rules:
        if rule.when is None:
            continue
        says = rule.node.get("if_abstained")
        unknown = can_be_unknown(rule.when)
        if unknown and says is None:
            yield _unsaid(rule.name, reasons(rule.when))
        elif says is not None and not unknown:
            yield Problem(
                "this condition can always be computed",
                says.span,
                "leave out `if_abstained`: nothing will ever follow from it",
            )


def _unsaid(name: str, reasons: list[Reason]) -> Problem:
    first = reasons[0]
    others = len({reason.what for reason in reasons}) - 1
    more = f", and for {others} more such reason{'s' * (others > 1)}" if others else ""
    return Problem(
        f"the rule `{name}` does not say what follows where {first.what}{more}",
        first.span,
        "add `if_abstained: open_case`, `abstain` or `no`, or test it in the condition",
    )
