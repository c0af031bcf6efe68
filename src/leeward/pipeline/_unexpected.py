"""A fault of ours in words that hold no content."""

from __future__ import annotations

import traceback

from leeward.errors import LeewardError

__all__ = ["unexpected"]


def unexpected(error: Exception) -> LeewardError:
    """A fault of ours, without its message: that could hold content."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return LeewardError(f"an unexpected {type(error).__name__} at {place.name}:{place.lineno}")
