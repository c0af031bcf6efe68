"""Reading ``leeward.toml``, the one file that holds all settings of a data folder."""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from itertools import groupby
from typing import TYPE_CHECKING, Final

import msgspec

from leeward.errors import NoPermission, SettingsError
from leeward.model import (
    ExchangeSettings,
    OriginSettings,
    Settings,
    SignalSettings,
    in_force,
    settings_of,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SETTINGS_FILE", "read_settings"]

SETTINGS_FILE: Final = "leeward.toml"

_GROUPS: Final = {
    group: [key.partition(".")[2] for key in keys]
    for group, keys in groupby(
        (line.key for line in in_force(Settings())), key=lambda key: key.partition(".")[0]
    )
} | {"exchanges": [], "origins": [], "signals": []}
_NAMED: Final = {
    "exchanges": ExchangeSettings,
    "origins": OriginSettings,
    "signals": SignalSettings,
}
_UNKNOWN: Final = re.compile(r"^Object contains unknown field `(.*)`$", re.DOTALL)
_AT: Final = re.compile(r" - at `\$\.(.*)`$", re.DOTALL)
_PLACE: Final = re.compile(r"\(at (line \d+, column \d+|end of document)\)$")
_NAME: Final = re.compile(r"^[A-Za-z0-9_.-]{1,64}\Z")


def read_settings(folder: Path) -> Settings:
    """The settings of a data folder; the defaults where it has no file.

    Raises:
        SettingsError: The file cannot be used. The error names the key, never a value.
        NoPermission: The system does not let it be read.
    """
    path = folder / SETTINGS_FILE
    try:
        text = path.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except PermissionError:
        raise NoPermission(
            "the settings cannot be read", where=str(path), hint="let this user read the file"
        ) from None
    except IsADirectoryError:
        raise SettingsError(
            "the settings are a folder", where=str(path), hint="put a TOML file in its place"
        ) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(
            "the settings are not UTF-8",
            where=f"{path}, line {line}",
            hint="save the file as UTF-8",
        ) from None
    try:
        return settings_of(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        # tomllib's own message may quote what stands there; its place says enough.
        place = _PLACE.search(str(error))
        raise SettingsError(
            "the settings are not TOML",
            where=f"{path}, {place[1]}" if place else str(path),
            hint="correct that line: text in quotes, one key a line, no key twice",
        ) from None
    except msgspec.ValidationError as error:
        raise _explained(path, str(error)) from None


def _explained(path: Path, message: str) -> SettingsError:
    at = _AT.search(message)
    key = at[1] if at else ""
    reason = message[: at.start()] if at else message
    unknown = _UNKNOWN.match(reason)
    if unknown is None:
        return SettingsError(
            f"the setting `{key}` cannot be used: {reason[0].lower()}{reason[1:]}",
            where=f"{path}, {key}",
            hint="correct its value, or take the line out to get the default",
        )
    hint = _nearest(key, unknown[1])
    key = f"{key}.{unknown[1]}".lstrip(".")
    if not _NAME.match(key):
        return SettingsError("a key is not a setting", where=str(path), hint=hint)
    return SettingsError(f"`{key}` is not a setting", where=f"{path}, {key}", hint=hint)


def _nearest(group: str, name: str) -> str:
    """What may have been meant, else what there is: in its group, else the groups."""
    if group:
        many = _NAMED.get(group.partition(".")[0])
        fields = list(many.__struct_fields__) if many else _GROUPS[group]
        close = get_close_matches(name, fields, n=1)
        if close:
            return f"did you mean `{group}.{close[0]}`?"
        return f"[{group}] has: {', '.join(fields)}"
    close = get_close_matches(name, _GROUPS, n=1)
    if close:
        return f"did you mean [{close[0]}]?"
    return f"the groups are: {', '.join(f'[{known}]' for known in _GROUPS)}"
