"""Nothing is taken for granted that a reader of the policy would have to guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeward.policy._draft import whole
from leeward.policy._source import Problem
from leeward.policy._validators._keys_of_a_mapping import shaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.policy._draft import Draft

__all__ = ["every_needed_key_is_there"]


def every_needed_key_is_there(draft: Draft) -> Iterator[Problem]:
    """Name each key that is missing."""
    for what, node, keys in shaped(draft):
        for name, key in keys.items():
            if key.needed and node.get(name) is None:
                words = f": {' or '.join(key.words)}" if key.words else ""
                hint = f"add `{name}`, {key.about}{words}"
                yield Problem(f"{what} needs `{name}`", whole(node), hint)
