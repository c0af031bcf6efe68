"""Reading what a request carries, within bounds of size and time."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa

from leeward.connectors import lines_of_body
from leeward.errors import InputError
from leeward.server._answers import Problem

if TYPE_CHECKING:
    from starlette.requests import Request

    from leeward.server._budget import Share

__all__ = ["Form", "empty", "form_of", "lines_in", "read_body", "too_large"]

BODY_SECONDS: Final = 30
"""How long a body may take to arrive: a slow sender holds a share of the budget."""

MAX_RECORDS: Final = 100_000
"""Lines or items of one body: what becomes of each costs memory, however short it is."""

_COMMAS: Final = 64 * MAX_RECORDS
"""More commas than an array of so many events has; the items of others may be one byte long."""
_LINES: Final = frozenset({"application/x-ndjson", "application/jsonl"})
_ARRAY: Final = "application/json"
_CODECS: Final = {"": None, "identity": None, "gzip": "gzip", "x-gzip": "gzip", "zstd": "zstd"}
_BLANKS: Final = b" \t\r\n"
_CHARSET: Final = re.compile(r'^\s*charset\s*=\s*"?utf-?8"?\s*$', re.IGNORECASE)


class Form(NamedTuple):
    """How a body is written.

    Attributes:
        array: One JSON array rather than lines.
        codec: Its compression; None is none.
    """

    array: bool
    codec: str | None


def form_of(request: Request) -> Form:
    """The form that a request's headers state.

    Raises:
        Problem: 415; it is not one that is read here.
    """
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    if (kind not in _LINES and kind != _ARRAY) or (rest.strip() and not _CHARSET.match(rest)):
        raise Problem(
            415,
            "unsupported_media_type",
            "the content type is not one that is read here",
            "send application/x-ndjson, application/jsonl or application/json, in UTF-8",
            headers={"accept-post": ", ".join([*sorted(_LINES, reverse=True), _ARRAY])},
        )
    codec = request.headers.get("content-encoding", "").strip().lower()
    if codec not in _CODECS:
        raise Problem(
            415,
            "unsupported_encoding",
            "the content encoding is not one that is read here",
            "send it plain, or compressed once with gzip or zstd",
            headers={"accept-encoding": "gzip, zstd, identity"},
        )
    return Form(kind == _ARRAY, _CODECS[codec])


async def read_body(request: Request, share: Share, most: int) -> bytes:
    """The body as it arrives.

    Args:
        request: The request.
        share: Grows with the body, so that bytes in flight stay bounded.
        most: Bytes at which reading stops.

    Raises:
        Problem: 413, 408, or 400 where the sender broke off.
        Overloaded: Other requests hold the bytes that it needs.
    """
    declared = request.headers.get("content-length")
    if declared is not None:
        if int(declared) > most:
            raise too_large(most)
        share.hold(int(declared))
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise Problem(400, "broken_off", "the sender closed the connection")
                part = message.get("body", b"")
                size += len(part)
                if size > most:
                    raise too_large(most)
                share.hold(size)
                parts.append(part)
                if not message.get("more_body", False):
                    break
    except TimeoutError:
        raise Problem(
            408,
            "too_slow",
            f"the body did not arrive within {BODY_SECONDS} s",
            "send smaller batches",
            headers={"connection": "close"},
        ) from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def lines_in(body: bytes, form: Form, share: Share, most: int) -> bytes:
    """The NDJSON in a body.

    Raises:
        Problem: 413 or 400.
        Overloaded: Other requests hold the bytes that it unpacks to.
    """
    if form.codec is not None:
        body = _unpacked(body, form.codec, most)
        share.hold(len(body))
    if not form.array:
        if body.count(b"\n") > MAX_RECORDS:
            raise _too_many()
        return body
    if body.count(b",") > _COMMAS:
        raise _too_many()
    if body.lstrip(_BLANKS).startswith(b"{"):
        body = b"[" + body + b"]"
    if not body.lstrip(_BLANKS).startswith(b"["):
        raise _no_json()
    try:
        lines = lines_of_body(body)
    except InputError:
        raise _no_json() from None
    if lines.count(b"\n") > MAX_RECORDS:
        raise _too_many()
    return lines


def too_large(most: int) -> Problem:
    """The answer to a body over the bound."""
    return Problem(
        413,
        "too_large",
        f"the body is larger than {most} bytes, as it arrives or unpacked",
        "send smaller batches, or raise server.max_body_bytes",
    )


def _too_many() -> Problem:
    return Problem(
        413,
        "too_many",
        f"the body holds more than {MAX_RECORDS} lines or items",
        "send smaller batches",
    )


def empty() -> Problem:
    """The answer to a body without events. An empty JSON array is not empty: it says "none"."""
    return Problem(400, "empty", "the body holds no event", "send at least one event")


def _unpacked(body: bytes, codec: str, most: int) -> bytes:
    """The body without its compression: what is over the bound is never produced."""
    try:
        with pa.CompressedInputStream(pa.BufferReader(body), codec) as stream:
            unpacked: bytes = stream.read(most + 1)
    except (OSError, pa.ArrowException):
        # Arrow's message is left out: it may quote bytes.
        raise Problem(
            400,
            "bad_compression",
            f"the body is not whole {codec}",
            "compress the whole body once, and name the compression in content-encoding",
        ) from None
    if len(unpacked) > most:
        raise too_large(most)
    return unpacked


def _no_json() -> Problem:
    return Problem(
        400,
        "not_json",
        "the body is not a JSON array",
        "send a whole JSON array, or NDJSON as application/x-ndjson, in which a bad line does not"
        " harm the rest",
    )
