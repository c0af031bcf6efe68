"""Every error that Leeward raises on purpose, in one tree.

* LeewardError                      (exit code 1)
  x UsageError                      (2) the call itself is wrong
    + SettingsError                 leeward.toml cannot be used
    + MapError                      a table map cannot be used
    + PolicyError                   a policy cannot be used
  x StoreError                      the data folder cannot be used as asked
    + NotALog                       no log where one was expected
    + AlreadyExists                 something stands where nothing may stand
    + WriterBusy                    another process writes to this log
    + NewerFormat                   written by a newer Leeward
    + Corrupt                       bytes differ from what was written
    + OutOfSpace                    the disk is full
    + NoPermission                  the system refuses access
    + QuarantineFull                refused input can no longer be kept
  x InputError                      input that cannot be read at all
  x Overloaded                      the writer's queue is full; try again
  x DependencyDown                  (3) a package or a service is missing
  x ApprovalRequired                (4) a person must allow it first

An error says what is wrong, where, and what to do next. It never holds a value from
an event, a hash or a secret.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AlreadyExists",
    "ApprovalRequired",
    "Corrupt",
    "DependencyDown",
    "InputError",
    "LeewardError",
    "MapError",
    "NewerFormat",
    "NoPermission",
    "NotALog",
    "OutOfSpace",
    "Overloaded",
    "PolicyError",
    "QuarantineFull",
    "SettingsError",
    "StoreError",
    "UsageError",
    "WriterBusy",
]


class LeewardError(Exception):
    """The root of the tree.

    Args:
        message: What is wrong, in one sentence without a full stop.
        where: The file, field, line or address that it concerns.
        hint: What to do next, in the imperative.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        lines = [self.message]
        if self.where is not None:
            lines.append(f"  where: {self.where}")
        if self.hint is not None:
            lines.append(f"  next:  {self.hint}")
        return "\n".join(lines)


class UsageError(LeewardError):
    """The call itself is wrong: an option, an argument, a file the caller wrote."""

    exit_code = 2


class SettingsError(UsageError):
    """``leeward.toml`` holds something that cannot be used."""


class MapError(UsageError):
    """A table map holds something that cannot be used, or does not fit the table."""


class PolicyError(UsageError):
    """A policy does not check, or cannot be read."""


class StoreError(LeewardError):
    """The data folder cannot be used as asked."""


class NotALog(StoreError):
    """There is no Leeward log where one was expected."""


class AlreadyExists(StoreError):
    """Something stands where nothing may stand yet."""


class WriterBusy(StoreError):
    """Another process does what one alone may do: write to a log, or sync an exchange."""


class NewerFormat(StoreError):
    """The data was written by a newer Leeward than this one."""


class Corrupt(StoreError):
    """Bytes on disk differ from what was written."""


class OutOfSpace(StoreError):
    """The disk is full; nothing was acknowledged that is not stored."""


class NoPermission(StoreError):
    """The operating system refuses access to a file or folder."""


class QuarantineFull(StoreError):
    """Refused input can no longer be kept, so it is handed back to its sender."""


class InputError(LeewardError):
    """Input that cannot be read at all: wrong format, wrong compression, cut short."""


class Overloaded(LeewardError):
    """The writer's queue is full.

    Args:
        message: As for :class:`LeewardError`.
        retry_after: Seconds after which a new try is sensible.
    """

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, hint=f"try again in {retry_after:g} s")
        self.retry_after = retry_after


class DependencyDown(LeewardError):
    """A package that is not installed, or a service that does not answer."""

    exit_code = 3


class ApprovalRequired(LeewardError):
    """A person must allow this step before it is taken."""

    exit_code = 4
