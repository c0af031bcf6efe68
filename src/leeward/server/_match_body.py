"""What a request to be matched carries: hashes in JSON, or a file. No answer quotes a hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from msgspec import Struct

from leeward.errors import InputError
from leeward.model import HASH_OCTETS
from leeward.pipeline import hash_query
from leeward.server._answers import ErrorBody, Problem, answer

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from leeward.pipeline import MatchQuery

__all__ = [
    "MAX_HASHES",
    "MAX_HASH_BYTES",
    "MAX_VIEWS",
    "BadHash",
    "MatchErrorAnswer",
    "kind_of",
    "positions_of",
    "queries_in",
]

MAX_HASHES: Final = 1_000
"""Hashes of one request."""

MAX_HASH_BYTES: Final = 1 << 20
"""Bytes of hashes in one request: they are read on the event loop."""

MAX_VIEWS: Final = 16
"""Further PDQ values of one picture: seven positions, as stored, over white, some frames."""

_QUALITY: Final = "quality"
_VIEWS: Final = "views"
_POSITIONS: Final = ("one", "eight")
_FIELDS: Final = frozenset(HASH_OCTETS)


class BadHash(Struct, frozen=True):
    """An item that is no hash: where it is, from 0, and why, without its value."""

    index: int
    field: str
    reason: str


class MatchErrorAnswer(Struct, frozen=True, omit_defaults=True):
    """An error; ``refused`` where items are at fault."""

    error: ErrorBody
    refused: list[BadHash] | None = None


class _BadHashes(Problem):
    """Items are at fault; all are named, and nothing was matched."""

    def __init__(self, bad: list[BadHash]) -> None:
        super().__init__(
            422,
            "refused",
            "the body holds items that are no hashes; nothing was matched",
            "mend the items named here and send the body again",
        )
        self.bad = bad

    def response(self) -> Response:
        """The answer."""
        error = ErrorBody(self.code, self.message, self.hint)
        return answer(MatchErrorAnswer(error, self.bad), self.status)


def kind_of(request: Request) -> Literal["hashes", "media"]:
    """What a request's headers say of its body.

    Raises:
        Problem: 415 or 400; it is not one that is read here.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise Problem(
            415,
            "unsupported_encoding",
            "the content encoding is not one that is read here",
            "send the body plain",
            headers={"accept-encoding": "identity"},
        )
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return "hashes"
    if kind.startswith(("image/", "video/")) or kind == "application/octet-stream":
        return "media"
    raise Problem(
        415,
        "unsupported_media_type",
        "the content type is not one that is read here",
        "send hashes as application/json, or a file as image/*",
        headers={"accept-post": "application/json, image/*, application/octet-stream"},
    )


def positions_of(request: Request, usual: str, *, upload: bool) -> str:
    """In which positions an upload is to be searched for: ``one`` or ``eight``.

    Args:
        request: Its query may say.
        usual: Where it does not.
        upload: Whether there is a file; the positions of a hash alone cannot be derived.

    Raises:
        Problem: 400; the query is not one that is known here.
    """
    given = request.query_params.multi_items()
    if not given:
        return usual
    if not upload or len(given) > 1 or given[0][0] != "positions" or given[0][1] not in _POSITIONS:
        hint = "send ?positions=one or ?positions=eight with a file, or none"
        raise Problem(400, "bad_query", "the query is not one that is known here", hint)
    return given[0][1]


def queries_in(body: bytes) -> list[MatchQuery]:
    """The hashes in a body.

    Raises:
        Problem: 400, 413 or 422.
    """
    items = _items(body)
    queries: list[MatchQuery] = []
    bad: list[BadHash] = []
    for index, item in enumerate(items):
        try:
            queries.append(_query(item))
        except InputError as fault:
            bad.append(BadHash(index, fault.where or "", fault.message))
    if bad:
        raise _BadHashes(bad)
    if sum(len(query.looks) for query in queries) > MAX_HASHES:
        raise _too_many()
    return queries


def _items(body: bytes) -> list[Any]:
    try:
        whole = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        whole = None
    items = whole.get("hashes") if isinstance(whole, dict) else None
    if not isinstance(items, list) or len(whole) != 1:
        raise Problem(
            400, "not_json", "the body is no JSON object with hashes", 'send {"hashes": [...]}'
        )
    if not items:
        raise Problem(400, "empty", "the body holds no hash", "send at least one")
    if len(items) > MAX_HASHES:
        raise _too_many()
    return items


def _too_many() -> Problem:
    message = f"the body holds more than {MAX_HASHES} items, or PDQ values with all views"
    return Problem(413, "too_many", message, "send smaller batches")


def _query(item: Any) -> MatchQuery:
    if not isinstance(item, dict):
        raise InputError("is no object")
    values = {name: text for name, text in item.items() if name not in {_QUALITY, _VIEWS}}
    if not _FIELDS.issuperset(values):
        raise InputError(
            f"has a member that is none of {', '.join(sorted(_FIELDS))}, quality and views"
        )
    if not values:
        raise InputError(f"has none of {', '.join(sorted(_FIELDS))}")
    for name, text in values.items():
        if not isinstance(text, str):
            raise InputError("is no text", where=name)
    quality = item.get(_QUALITY)
    sound = quality is None or (type(quality) is int and 0 <= quality <= 100)
    if not sound:
        raise InputError("is no whole number from 0 to 100", where=_QUALITY)
    if quality is not None and "pdq" not in values:
        raise InputError("is of a PDQ value, and there is none", where=_QUALITY)
    return hash_query(values, quality, _views(item, values))


def _views(item: dict[str, Any], values: dict[str, Any]) -> list[str]:
    """The further PDQ values of the same picture."""
    views = item.get(_VIEWS, [])
    if not isinstance(views, list) or not all(isinstance(text, str) for text in views):
        raise InputError("is no list of texts", where=_VIEWS)
    if len(views) > MAX_VIEWS:
        raise InputError(f"has more than {MAX_VIEWS} values", where=_VIEWS)
    if views and "pdq" not in values:
        raise InputError("are further PDQ values, and there is no first", where=_VIEWS)
    return views
