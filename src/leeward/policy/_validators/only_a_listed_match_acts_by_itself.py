"""Law 1: a score or an association opens or raises a case; only a match in a list may do more."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from leeward.policy._draft import text_at, texts_at
from leeward.policy._source import Problem
from leeward.policy._validators._surely_hit import surely_hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.model import VerdictCause
    from leeward.policy._draft import Draft

__all__ = ["only_a_listed_match_acts_by_itself"]


def only_a_listed_match_acts_by_itself(draft: Draft) -> Iterator[Problem]:
    """Name each cause that the condition's findings do not carry, and each subject too wide."""
    for rule in draft.rules:
        for cause in texts_at(rule.node, "causes"):
            if cause.value not in ("hide", "protect"):
                continue
            able = [
                name
                for name, signal in draft.schema.signals.items()
                if cast("VerdictCause", cause.value) in signal.may
            ]
            if rule.when is not None and not surely_hit(rule.when) & set(able):
                yield Problem(
                    f"this condition is not enough for `{cause.value}`",
                    cause.span,
                    _how(able),
                )
            subject = text_at(rule.node, "subject")
            if subject is not None and subject.value not in ("post", "media", "target"):
                hint = "use `post` or `media`, or cause `open_case`"
                message = f"`{cause.value}` concerns content, not `{subject.value}`"
                yield Problem(message, subject.span, hint)


def _how(able: list[str]) -> str:
    if not able:
        return "no signal here can carry it; use `open_case` or `raise_case`"
    hits = " or ".join(f"`{name}.hit`" for name in able)
    return f"`when` must demand {hits}, as in `... and {able[0]}.hit`"
