"""Arachnid Shield: a service that is asked about one picture at a time and gives no list."""

from __future__ import annotations

import base64
import re
import time
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
from msgspec import Struct

from leeward.connectors._exchange import LookupAnswer, LookupKind
from leeward.connectors._exchange_http import JSON, ExchangeHttp, HttpLimits
from leeward.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["ARACHNID_ADDRESS", "ArachnidShield"]

T = TypeVar("T")

ARACHNID_ADDRESS: Final = "https://shield.projectarachnid.com"

_KINDS: Final[dict[str, LookupKind]] = {
    "csam": "illegal",
    "harmful-abusive-material": "harmful",
    "no-known-match": "unknown",
}
_AT_ONCE: Final = 32
"""Hashes of one question; how many the service takes is not documented."""
_PDQ_OCTETS: Final = 32
_MIME: Final = re.compile(r"(?:image|video)/[a-zA-Z0-9.+-]{1,64}")


class _Said(Struct):
    classification: str
    match_type: str | None = None
    near_match_details: list[msgspec.Raw] | None = None


class _Scanned(Struct):
    scanned_hashes: dict[str, _Said | None]


class ArachnidShield:
    """The Canadian Centre for Child Protection's look-up service.

    Args:
        user, password: As the service gave them.
        base: Its address.
        name: What findings call it.
        most_bytes: Of a picture or video that is sent.
        limits, proxy, sleep: As for :class:`ExchangeHttp`.
    """

    def __init__(
        self,
        user: str,
        password: str,
        *,
        base: str = ARACHNID_ADDRESS,
        name: str = "arachnid",
        most_bytes: int = 64 << 20,
        limits: HttpLimits | None = None,
        proxy: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers = {"authorization": f"Basic {pair}"}
        self._http = ExchangeHttp(name, base, headers, limits=limits, proxy=proxy, sleep=sleep)
        self.name = name
        self._most = most_bytes

    def __repr__(self) -> str:
        """The name only."""
        return f"<ArachnidShield {self.name}>"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def look_up_pdq(self, values: Sequence[bytes]) -> list[LookupAnswer | None]:
        """What is known of PDQ hashes."""
        if any(len(value) != _PDQ_OCTETS for value in values):
            raise UsageError("a value is no PDQ hash", where=self._where("PDQ"))
        words = [base64.b64encode(value).decode() for value in values]
        found: dict[str, LookupAnswer | None] = {}
        distinct = list(dict.fromkeys(words))
        for start in range(0, len(distinct), _AT_ONCE):
            some = distinct[start : start + _AT_ONCE]
            reply = self._http.request(
                "POST",
                "PDQ",
                "/v1/pdq/",
                headers={"content-type": "application/json"},
                body=msgspec.json.encode({"hashes": some}),
                kinds=JSON,
            )
            said = self._decoded(reply.body, _Scanned, "PDQ").scanned_hashes
            found |= {word: self._answer(said.get(word), "PDQ") for word in some}
        return [found[word] for word in words]

    def look_up_media(self, media: bytes, mime: str) -> LookupAnswer:
        """What is known of a picture or a video itself. Its bytes leave this machine."""
        where = self._where("media")
        if not _MIME.fullmatch(mime):
            raise UsageError("the type is none of a picture or a video", where=where)
        if not 0 < len(media) <= self._most:
            raise UsageError(f"the media has not 1 to {self._most:,} bytes", where=where)
        reply = self._http.request(
            "POST", "media", "/v1/media/", headers={"content-type": mime}, body=media, kinds=JSON
        )
        answer = self._answer(self._decoded(reply.body, _Said, "media"), "media")
        if answer is None:
            raise InputError("the service does not answer the question", where=where)
        return answer

    def _answer(self, said: _Said | None, step: str) -> LookupAnswer | None:
        if said is None:
            return None
        kind = _KINDS.get(said.classification)
        if kind is None:
            # What is not understood is never read as clear.
            raise InputError(
                "the service uses a classification that is not known here", where=self._where(step)
            )
        return LookupAnswer(
            kind=kind,
            classification=said.classification,
            exact=said.match_type == "exact",
            near=len(said.near_match_details or ()),
        )

    def _decoded(self, body: bytes, kind: type[T], step: str) -> T:
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise InputError(
                "the service's answer is not the JSON that it should be", where=self._where(step)
            ) from None

    def _where(self, step: str) -> str:
        return f"{self.name}, {step}"
