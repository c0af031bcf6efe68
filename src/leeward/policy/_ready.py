"""Ready-made policies: a file for each situation, to copy and to adapt."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

from leeward.errors import UsageError
from leeward.policy._signals import read_signals
from leeward.policy._source import suggestion

if TYPE_CHECKING:
    from leeward.policy._schema import Signal

__all__ = ["READY", "ready_policy", "ready_signals"]

READY: Final = (
    "known-hash-upload",
    "child-photograph-reposted",
    "age-poll",
    "trade-solicitation",
    "gathers-under-minors",
    "turned-hashtag",
    "community-gone-bad",
)
"""Their names."""


def ready_policy(name: str) -> str:
    """The text of a ready-made policy, to copy and to adapt.

    Raises:
        UsageError: There is none of this name.
    """
    if name not in READY:
        raise UsageError(
            "there is no ready-made policy of this name",
            where=name,
            hint=suggestion(name, READY) or f"there are {', '.join(READY)}",
        )
    return _text(f"{name}.yaml")


def ready_signals() -> list[Signal]:
    """The signals that they read, for checking them where no data folder is."""
    return read_signals(_text("signals.toml"), "ready/signals.toml")


def _text(name: str) -> str:
    return (resources.files("leeward.policy") / "ready" / name).read_text("utf-8")
