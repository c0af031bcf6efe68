"""Versioned files of trained models: one folder a name, and which version is in force.

``DIR/signals/NAME/`` holds ``VERSION.model`` for each version, and ``in-force.json``: who put which
version in force when. Both are for the owner alone, and are whole or absent.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from leeward.errors import Corrupt, UsageError
from leeward.store._disk import make_folder, translated, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["ModelAct", "ModelFiles"]

_FOLDER: Final = "signals"
_POINTER: Final = "in-force.json"
_ENDING: Final = ".model"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,47}")
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class ModelAct(Struct, frozen=True, forbid_unknown_fields=True):
    """A version was put in force.

    Attributes:
        version: Which.
        at: When, microseconds since 1970 UTC.
        by: The person who did it.
    """

    version: str
    at: int
    by: str


class _Pointer(Struct, forbid_unknown_fields=True):
    history: list[ModelAct]


class ModelFiles:
    """The models of a data folder.

    Args:
        data: The data folder; it need not have a model yet.
    """

    def __init__(self, data: Path) -> None:
        self._root: Final = data / _FOLDER

    def names(self) -> tuple[str, ...]:
        """The names that have a model, in force or only kept, in the order of the alphabet."""
        with translated(self._root):
            found = self._root.glob(f"*/*{_ENDING}") if self._root.is_dir() else ()
            return tuple(sorted({path.parent.name for path in found}))

    def pointer(self, name: str) -> Path:
        """The file that says which version is in force; it changes when another one is."""
        return self._folder(name) / _POINTER

    def versions(self, name: str) -> tuple[str, ...]:
        """The versions of a model, in the order of the alphabet."""
        folder = self._folder(name)
        with translated(folder):
            found = folder.glob(f"*{_ENDING}") if folder.is_dir() else ()
            return tuple(sorted(path.name.removesuffix(_ENDING) for path in found))

    def history(self, name: str) -> tuple[ModelAct, ...]:
        """Which version was put in force when, the last one last.

        Raises:
            Corrupt: The file that says so cannot be read.
        """
        return tuple(self._pointer(name).history)

    def in_force(self, name: str) -> str | None:
        """The version in force; None where there is none."""
        history = self.history(name)
        return history[-1].version if history else None

    def read(self, name: str, version: str | None = None) -> bytes:
        """The bytes of a version; of the one in force, if none is named.

        Raises:
            UsageError: There is no such model or version.
        """
        asked = version or self.in_force(name)
        if asked is None:
            raise UsageError(
                "no model of this name is in force",
                where=name,
                hint="train one with `leeward signal train`; `leeward signal list` shows all",
            )
        path = self._path(name, asked)
        with translated(path):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                raise _no_version(name, asked) from None

    def add(self, name: str, version: str, octets: bytes, act: ModelAct | None) -> bool:
        """Keep a version, and put it in force.

        Args:
            name: Of the model.
            version: Of these bytes.
            octets: The model.
            act: Who puts it in force when; it is kept only, if not given.

        Returns:
            Whether it was not there before.
        """
        path = self._path(name, version)
        new = not path.exists()
        with self._alone(name):
            if new:
                write_whole(path, octets)
            if act is not None:
                self._put(name, act)
        return new

    def use(self, name: str, act: ModelAct) -> None:
        """Put a version in force that is there.

        Raises:
            UsageError: There is no such version.
        """
        if act.version not in self.versions(name):
            raise _no_version(name, act.version)
        with self._alone(name):
            self._put(name, act)

    def _put(self, name: str, act: ModelAct) -> None:
        stands = self._pointer(name)
        stands.history.append(act)
        write_whole(self.pointer(name), msgspec.json.encode(stands))

    def _pointer(self, name: str) -> _Pointer:
        path = self.pointer(name)
        with translated(path):
            if not path.exists():
                return _Pointer([])
            octets = path.read_bytes()
        try:
            return msgspec.json.decode(octets, type=_Pointer)
        except msgspec.DecodeError:
            raise Corrupt(
                "the file cannot be read that says which version is in force",
                where=str(path),
                hint="restore it from a backup, or remove it and use `leeward signal use`",
            ) from None

    def _folder(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise UsageError(
                "a model's name is lower-case letters, digits, `.`, `_` and `-`, 48 at most",
                where="NAME",
            )
        return self._root / name

    def _path(self, name: str, version: str) -> Path:
        if not _VERSION.fullmatch(version):
            raise UsageError("this is not a version of a model", where="VERSION")
        return self._folder(name) / f"{version}{_ENDING}"

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Make the folder, and keep others from changing it."""
        folder = self._folder(name)
        for place in (self._root, folder):
            make_folder(place)
        with translated(folder):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _no_version(name: str, version: str) -> UsageError:
    return UsageError(
        "there is no such version of this model",
        where=f"{name} {version}",
        hint="`leeward signal list` shows all",
    )
