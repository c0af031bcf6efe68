"""What the tables accept: named people, subjects, words, JSON; and the time."""

from __future__ import annotations

import json
import time
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from leeward.errors import UsageError
from leeward.model import bounds

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["canonical", "now", "person", "plain_line", "subject_uri", "words"]

MAX_PERSON: Final = 200
MAX_BASIS: Final = 4_000
MAX_DETAILS: Final = 65_536
"""Bytes of one JSON value in the tables."""


def now() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1_000


def plain_line(text: str, what: str, most: int) -> str:
    """A text that fits in a list: one line, not empty.

    Args:
        text: It.
        what: What a message calls it.
        most: Its greatest length in characters.

    Raises:
        UsageError: It is empty, too long or not one line of text.
    """
    if not text.strip():
        raise UsageError(f"{what} is empty", hint=f"give {what}")
    if len(text) > most:
        raise UsageError(f"{what} is longer than {most} characters")
    if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in text):
        # UTF-8 has no lone surrogates, PostgreSQL no NUL, and an entry is one line of a list.
        raise UsageError(f"{what} holds a control character or a line break")
    return text


def person(name: str) -> str:
    """The name of the person who acts: every act has one.

    Raises:
        UsageError: It is empty, too long or not plain text.
    """
    return plain_line(name, "the name of the person who acts", MAX_PERSON)


def subject_uri(uri: str) -> str:
    """The URI of an account, a post or a media item.

    Raises:
        UsageError: It is empty, too long or not plain text.
    """
    return plain_line(uri, "the subject", bounds.MAX_URI)


def words(text: str, what: str) -> str:
    """A reason or a basis, which may have several lines.

    Raises:
        UsageError: It is empty, too long or not text.
    """
    plain_line(text.replace("\n", " ").replace("\t", " "), what, MAX_BASIS)
    return text


def canonical(value: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no blanks, the one form that the tables hold.

    Raises:
        UsageError: It is not JSON, or longer than :data:`MAX_DETAILS`.
    """
    try:
        # Not msgspec, which writes null for a number that is not finite.
        text = json.dumps(
            dict(value), allow_nan=False, ensure_ascii=False, separators=(",", ":"), sort_keys=True
        )
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError):
        raise UsageError("the details are not JSON") from None
    if size > MAX_DETAILS:
        raise UsageError(f"the details are longer than {MAX_DETAILS} bytes as JSON")
    return text
