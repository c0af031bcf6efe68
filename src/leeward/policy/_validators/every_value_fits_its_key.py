"""YAML is read as texts; what a text may be is up to the key that it stands at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leeward.policy._shape import FOUND
from leeward.policy._source import Problem, suggestion
from leeward.policy._validators._keys_of_a_mapping import shaped
from leeward.policy._yaml import Listed, Mapped, Node, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.policy._draft import Draft
    from leeward.policy._shape import Key

__all__ = ["every_value_fits_its_key"]

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}\Z")


def every_value_fits_its_key(draft: Draft) -> Iterator[Problem]:
    """Name each value that cannot be one of its key."""
    for _, node, keys in shaped(draft):
        for key, value in node.items:
            if key.value in keys:
                yield from _misfits(key.value, value, keys[key.value])


def _misfits(name: str, node: Node, key: Key) -> Iterator[Problem]:
    match key.holds:
        case "mapping":
            if not isinstance(node, Mapped):
                yield Problem(f"`{name}` holds names and values", node.span, "as in `name: value`")
        case "list":
            yield from _list(name, node)
        case "texts":
            yield from _words(name, node, key)
        case _:
            if not isinstance(node, Text):
                yield Problem(f"`{name}` is a single text", node.span)
            else:
                yield from _text(name, node, key)


def _list(name: str, node: Node) -> Iterator[Problem]:
    if not isinstance(node, Listed):
        yield Problem(f"`{name}` is a list", node.span, "begin each item with `- `")
        return
    if not node.items:
        yield Problem(f"`{name}` is empty", node.span)
    for item in node.items:
        if not isinstance(item, Mapped):
            yield Problem(f"an item of `{name}` holds names and values", item.span)


def _words(name: str, node: Node, key: Key) -> Iterator[Problem]:
    if not isinstance(node, Listed):
        yield Problem(f"`{name}` is a list", node.span, "as in [open_case]")
        return
    if not node.items:
        yield Problem(f"`{name}` is empty", node.span, f"name {' or '.join(key.words)}")
    for item in node.items:
        if isinstance(item, Text):
            yield from _text(name, item, key)
        else:
            yield Problem(f"an item of `{name}` is a single word", item.span)


def _text(name: str, node: Text, key: Key) -> Iterator[Problem]:
    if key.holds == "subject" and FOUND.match(node.value):
        return
    if key.words and node.value not in key.words:
        hint = suggestion(node.value, key.words) or f"use {', '.join(key.words)}"
        yield Problem(f"this is none of the words for `{name}`", node.span, hint)
    elif key.holds == "name" and not _NAME.match(node.value):
        hint = "up to 64 of a-z, 0-9, `.`, `_` and `-`, beginning with a letter or digit"
        yield Problem("this cannot be a name", node.span, hint)
    elif key.holds == "number":
        if not _NUMBER.match(node.value) or int(node.value) > key.most:
            yield Problem(f"`{name}` is a whole number", node.span, f"from 1 to {key.most:,}")
    elif not node.value.strip():
        yield Problem(f"`{name}` is empty", node.span, key.about)
    elif len(node.value) > key.most:
        yield Problem(f"`{name}` has at most {key.most:,} characters", node.span)
