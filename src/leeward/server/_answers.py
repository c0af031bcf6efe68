"""What the door answers: JSON bodies, and errors that hold no value from any request."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from msgspec import Struct
from starlette.responses import Response

from leeward.errors import (
    DependencyDown,
    InputError,
    LeewardError,
    OutOfSpace,
    Overloaded,
    QuarantineFull,
    StoreError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leeward.store import Refused

__all__ = [
    "MAX_NAMED",
    "BadLine",
    "ErrorAnswer",
    "ErrorBody",
    "EventsAnswer",
    "HealthAnswer",
    "Problem",
    "answer",
    "named",
    "problem_of",
]

MAX_NAMED: Final = 1_000
"""Bad lines that one answer names; ``refused_total`` counts the rest too."""

RETRY_SECONDS: Final = 1
OUTAGE_SECONDS: Final = 5
"""When to ask again after a service did not answer: it is rarely back within a second."""


class BadLine(Struct, frozen=True):
    """A line that may not enter: where it is, and why, without its value."""

    line: int
    field: str
    reason: str


class EventsAnswer(Struct, frozen=True):
    """What became of a batch; all of it is durable.

    Attributes:
        accepted: Events that are now in the log.
        repeated: Events that were there already.
        quarantined: Bad lines that are kept in quarantine.
        first_seq: Place of the first accepted event; null where none was accepted.
        refused: The first bad lines.
        refused_total: How many bad lines there are.
    """

    accepted: int
    repeated: int
    quarantined: int
    first_seq: int | None
    refused: list[BadLine]
    refused_total: int


class ErrorBody(Struct, frozen=True):
    """What is wrong, and what to do next."""

    code: str
    message: str
    hint: str | None = None


class ErrorAnswer(Struct, frozen=True, omit_defaults=True):
    """An error; ``refused`` and ``refused_total`` where lines are at fault."""

    error: ErrorBody
    refused: list[BadLine] | None = None
    refused_total: int | None = None


class HealthAnswer(Struct, frozen=True):
    """Whether events can be taken, and what needs a person's attention."""

    status: Literal["ok", "degraded", "down"]
    reasons: list[str]


class Problem(Exception):
    """A request that is answered with an error.

    Args:
        status: The HTTP status.
        code: The error in one word, stable, for programs.
        message: The error in a sentence without a full stop.
        hint: What to do next.
        headers: Further headers of the answer.
        refused: Lines at fault.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        refused: Sequence[Refused] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.headers = dict(headers or {})
        self.refused = refused

    def response(self) -> Response:
        """The answer."""
        error = ErrorBody(self.code, self.message, self.hint)
        lines = named(self.refused) if self.refused else None
        total = len(self.refused) if self.refused else None
        return answer(ErrorAnswer(error, lines, total), self.status, self.headers)


def answer(body: Struct, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(body), status, headers, "application/json")


def named(refused: Sequence[Refused]) -> list[BadLine]:
    """The first bad lines, without their bytes."""
    return [BadLine(item.line, item.field, item.reason) for item in refused[:MAX_NAMED]]


def problem_of(error: LeewardError, refused: Sequence[Refused] = ()) -> Problem:
    """The answer to an error of ours. Its ``where`` stays inside: it is a path of this machine."""
    status, code, retry = 503, "unavailable", RETRY_SECONDS
    message, hint = error.message, error.hint
    match error:
        case DependencyDown():
            # Its words are about the database and its login, and the sender may have no key.
            retry = OUTAGE_SECONDS
            message = "a service that this server needs does not answer"
            hint = f"send the same again in {retry} s; the server's log has the reason"
        case Overloaded():
            status, code, retry = 429, "overloaded", ceil(error.retry_after)
        case QuarantineFull():
            status, code, retry = 507, "quarantine_full", 0
        case OutOfSpace():
            status, code, retry = 507, "out_of_space", 0
        case InputError():
            status, code, retry = 400, "unreadable", 0
        case StoreError():
            pass
        case _:
            status, code, retry = 500, "failed", 0
    headers = {"retry-after": str(retry)} if retry else None
    return Problem(status, code, message, hint, headers=headers, refused=refused)
