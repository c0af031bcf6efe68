"""What a decoder found wrong, in words that hold no value from the input."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct

from leeward.model._event import AccountBody, Event, MediaRef, PollBody

__all__ = ["explain"]

_PATH: Final = re.compile(r" - at `(?:key in )?\$?\.?([^`]*)`$")
_SAFE: Final = re.compile(
    r"^(Expected `[^`]*`(?:, got `[a-z]+`)?"
    r"|Expected `\w+` (?:of length|[<>]=?|matching regex) .*"
    r"|Object missing required field `[a-z_0-9]+`"
    r"|Object contains unknown field"
    r"|Number out of range"
    r"|JSON is malformed: [a-z ]+(?: \(byte \d+\))?"
    r"|Input data was truncated)$"
)
_INDEX: Final = re.compile(r"\[(?:\d*|\.\.\.)\]")
_FIELDS: Final = frozenset(
    name for body in (Event, MediaRef, PollBody, AccountBody) for name in body.__struct_fields__
)
_QUOTED: Final = re.compile(r" [`'].*$")


def explain(error: Exception, *bodies: type[Struct]) -> tuple[str, str]:
    """The field at fault (``$`` is the whole event) and the reason.

    msgspec quotes an unknown word and the name of an unknown field; both come from the input,
    so both are left out here, and so is any message that is not known to be free of values.

    Args:
        error: What the decoder raised.
        bodies: Types that were decoded, beside the event and its bodies: their fields are named.

    >>> explain(msgspec.ValidationError("Invalid enum value 'secret' - at `$.kind`"))
    ('kind', 'is not one of the words that are known here')
    """
    if isinstance(error, UnicodeDecodeError):
        return "$", "is not UTF-8"
    message = str(error)
    field = "$"
    if (match := _PATH.search(message)) is not None:
        message = message[: match.start()]
        field = _known(match.group(1), _FIELDS.union(*(b.__struct_fields__ for b in bodies)))
    if message.startswith("Invalid enum value"):
        return field, "is not one of the words that are known here"
    if message.startswith("Object contains unknown field"):
        return field, "has a field that is not known here"
    if _SAFE.match(message):
        return field, message
    return field, _QUOTED.sub("", message) if isinstance(error, msgspec.DecodeError) else "is bad"


def _known(path: str, fields: frozenset[str]) -> str:
    """The part of a path that consists of our own names; the rest may come from the input."""
    names = _INDEX.sub("", path).split(".")
    if names[0] not in fields:
        return "$"
    return path if all(name in fields for name in names) else names[0]
