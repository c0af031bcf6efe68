"""A name that no condition uses is a condition that somebody forgot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeward.policy._source import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.policy._draft import Draft

__all__ = ["every_let_name_is_used"]


def every_let_name_is_used(draft: Draft) -> Iterator[Problem]:
    """Name each one that is not."""
    for let in draft.lets:
        if let.name.value not in draft.used:
            hint = "use it, or leave it out"
            yield Problem(f"no condition uses `{let.name.value}`", let.name.span, hint)
