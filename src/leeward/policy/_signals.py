"""A list of signals as TOML, for checking a policy where the detectors themselves are not."""

from __future__ import annotations

import tomllib
from typing import Any

import msgspec

from leeward.errors import PolicyError
from leeward.model import VerdictCause, explain
from leeward.policy._schema import Signal, Value

__all__ = ["read_signals"]


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    about: str
    scored: bool = True
    unit: str = ""
    may: frozenset[VerdictCause] = frozenset()
    values: dict[str, str] = {}


def read_signals(text: str, path: str = "signals") -> list[Signal]:
    """The signals of a TOML file: a table each, with the keys of :class:`Signal`.

    ``values`` is a table, too: the name of each value, and what it is in words.

    Args:
        text: The file.
        path: What to call it in errors.

    Raises:
        PolicyError: It is not TOML, or does not say what a signal is.
    """
    try:
        tables: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"this is not TOML: {error}", where=path) from None
    return [_signal(name, body, path) for name, body in tables.items()]


def _signal(name: str, body: object, path: str) -> Signal:
    try:
        entry = msgspec.convert(body, _Entry)
    except msgspec.ValidationError as error:
        field, why = explain(error, _Entry)
        raise PolicyError(
            f"{field}: {why}" if field != "$" else why,
            where=f"{path}: [{name}]",
            hint="a signal has `about`; it may have `scored`, `unit`, `values` "
            'and `may = ["hide"]`',
        ) from None
    return Signal(
        name=name,
        about=entry.about,
        scored=entry.scored,
        unit=entry.unit,
        may=entry.may,
        values=tuple(Value(*pair) for pair in entry.values.items()),
    )
