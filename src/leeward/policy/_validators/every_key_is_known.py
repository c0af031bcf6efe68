"""A key that means nothing would be a rule that its author believes to be in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeward.policy._source import Problem, suggestion
from leeward.policy._validators._keys_of_a_mapping import shaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.policy._draft import Draft

__all__ = ["every_key_is_known"]


def every_key_is_known(draft: Draft) -> Iterator[Problem]:
    """Name each key that is none, with the one that was meant."""
    for what, node, keys in shaped(draft):
        for key, _ in node.items:
            if key.value not in keys:
                hint = suggestion(key.value, keys) or f"there are {', '.join(keys)}"
                yield Problem(f"{what} has no key `{key.value}`", key.span, hint)
