"""A verdict about what a finding is about needs that finding wherever the rule hits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeward.policy._draft import text_at
from leeward.policy._shape import FOUND
from leeward.policy._source import Problem, suggestion
from leeward.policy._validators._surely_hit import surely_hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.policy._draft import Draft

__all__ = ["every_subject_is_found"]


def every_subject_is_found(draft: Draft) -> Iterator[Problem]:
    """Name each subject of a signal that is none, or that the condition does not demand."""
    for rule in draft.rules:
        subject = text_at(rule.node, "subject")
        match = FOUND.match(subject.value) if subject is not None else None
        if subject is None or match is None:
            continue
        signal = match[2]
        if signal not in draft.schema.signals:
            hint = suggestion(signal, draft.schema.signals)
            yield Problem(f"there is no signal `{signal}`", subject.span, hint)
        elif rule.when is not None and signal not in surely_hit(rule.when):
            hint = f"`when` must demand it, as in `... and {signal}.hit`"
            yield Problem(f"there may be no finding of `{signal}`", subject.span, hint)
