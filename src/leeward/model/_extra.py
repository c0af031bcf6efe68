"""The free part of an event, brought to a form that every reader keeps exactly."""

from __future__ import annotations

from math import isfinite
from typing import Any

import msgspec

from leeward.model._bounds import MAX_DEPTH, MAX_EXTRA, MAX_INTEGER
from leeward.model._event import AccountBody, PollBody

__all__ = ["normal_extra"]

_BODIES: dict[str, type] = {"poll": PollBody, "account": AccountBody}


def normal_extra(extra: dict[str, Any]) -> dict[str, Any]:
    """The same JSON object with integers beyond 2^53 as strings.

    Raises:
        ValueError: A number is not finite, the nesting or the size is over its bound, or a
            documented key does not hold its body. The message names no value.
    """
    normal = {key: _normal(value, 2) for key, value in extra.items()}
    for key, body in _BODIES.items():
        if normal.get(key) is not None:
            try:
                msgspec.convert(normal[key], body)
            except msgspec.ValidationError:
                raise ValueError(f"`{key}` is not a {body.__name__}") from None
    try:
        size = len(msgspec.json.encode(normal))
    except UnicodeEncodeError:
        raise ValueError("holds a character that UTF-8 cannot write") from None
    if size > MAX_EXTRA:
        raise ValueError(f"is longer than {MAX_EXTRA} bytes as JSON")
    return normal


def _normal(value: Any, depth: int) -> Any:
    if isinstance(value, dict | list | tuple):
        if depth >= MAX_DEPTH:
            raise ValueError(f"is nested deeper than {MAX_DEPTH}")
        if isinstance(value, dict):
            return {str(key): _normal(item, depth + 1) for key, item in value.items()}
        return [_normal(item, depth + 1) for item in value]
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MAX_INTEGER else str(value)
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("holds a number that is not finite")
    return value
