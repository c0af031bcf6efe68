"""Fetching one file from a listed origin, bounded in time, size and place.

No proxy, no cookies, no credentials in addresses, and no redirect but to listed origins. What a
server says of a file (its type, its name) is not believed; its bytes go to the hasher as they are.
"""

from __future__ import annotations

import logging
import ssl
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Self, TypeAlias, get_args

import httpcore
import httpx

from leeward.connectors._fetch_body import BodyRefused, read_body
from leeward.connectors._fetch_connect import AddressRefused, Connector, NameUnknown, resolve
from leeward.connectors._fetch_origin import place_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from leeward.connectors._fetch_connect import Resolve
    from leeward.connectors._fetch_origin import Origin, Origins, Place

__all__ = ["FETCH_REASONS", "FetchReason", "FetchReply", "Fetcher"]

FetchReason: TypeAlias = Literal[
    "not_listed",
    "address_refused",
    "redirected_out",
    "too_many_redirects",
    "gone",
    "refused",
    "too_large",
    "encoded",
    "busy",
    "timeout",
    "unreachable",
    "unknown_name",
    "untrusted",
    "broken",
]
FETCH_REASONS: Final[tuple[FetchReason, ...]] = get_args(FetchReason)
"""Why a file was not fetched."""

# At DEBUG httpcore logs the headers of each answer: names of files, digests, addresses.
_log: Final = logging.getLogger("httpcore")
if _log.level == logging.NOTSET:
    _log.setLevel(logging.INFO)

_AGAIN: Final = frozenset({"busy", "timeout", "unreachable", "unknown_name", "untrusted", "broken"})
"""What may be otherwise at another time."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_GONE: Final = frozenset({404, 410})
_IDLE: Final = 15.0
"""Seconds that a connection is kept for the next file."""


class FetchReply(NamedTuple):
    """What came of it.

    Attributes:
        reason: Why there is no file; None where there is one.
        body: The file.
        wait: Seconds that the origin asks to be left alone; None where it does not.
    """

    reason: FetchReason | None
    body: bytes = b""
    wait: float | None = None

    @property
    def again(self) -> bool:
        """Whether another try may help."""
        return self.reason in _AGAIN

    def __repr__(self) -> str:
        """Without the bytes."""
        return f"<FetchReply {self.reason or 'fetched'} bytes={len(self.body)}>"


class _Ended(Exception):
    """There will be no file."""

    def __init__(self, reason: FetchReason, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reply = FetchReply(reason, wait=wait)


class Fetcher:
    """Fetches files, one at a time. Each thread has one of its own.

    Args:
        origins: All that is listed.
        redirected: Called with the name of each origin that a redirect leads to.
        resolver: Gives the addresses of a name; the system's by default.
        trust: Which certificates are trusted; the usual ones, and those that the variables
            ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name, by default.
    """

    def __init__(
        self,
        origins: Origins,
        *,
        redirected: Callable[[str], None] = lambda _: None,
        resolver: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._origins = origins
        self._redirected = redirected
        self._resolver = resolver
        self._trust = _usual_trust() if trust is None else trust
        self._open: dict[str, tuple[Connector, httpcore.ConnectionPool]] = {}
        self._aborted = False

    def fetch(self, address: str) -> FetchReply:
        """Fetch one file.

        Never raises for what a server does. The deadline is that of the first origin.
        """
        place = place_of(address)
        origin = None if place is None else self._origins.find(place)
        if place is None or origin is None:
            return FetchReply("not_listed")
        until = time.monotonic() + origin.settings.total_seconds
        left = origin.settings.redirects
        try:
            while True:
                answer = self._ask(origin, place, until)
                if isinstance(answer, bytes):
                    return FetchReply(None, answer)
                if left == 0:
                    return FetchReply("too_many_redirects")
                left -= 1
                place, origin = self._follow(place, answer)
                self._redirected(origin.name)
        except _Ended as ended:
            return ended.reply

    def abort(self) -> None:
        """End what is under way, from another thread; nothing can be fetched any more."""
        self._aborted = True
        for connector, _ in list(self._open.values()):
            connector.abort()

    def close(self) -> None:
        """Close the connections."""
        for _, pool in self._open.values():
            pool.close()
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _: type[BaseException] | None,
        __: BaseException | None,
        ___: TracebackType | None,
    ) -> None:
        self.close()

    def _follow(self, place: Place, location: str) -> tuple[Place, Origin]:
        """Where a redirect leads: checked like the first address.

        Raises:
            _Ended: To no listed origin.
        """
        try:
            joined = str(_url(place).join(location))
        except (httpx.InvalidURL, ValueError, TypeError):
            raise _Ended("redirected_out") from None
        found = place_of(joined)
        origin = None if found is None else self._origins.find(found)
        if found is None or origin is None:
            raise _Ended("redirected_out")
        return found, origin

    def _ask(self, origin: Origin, place: Place, until: float) -> bytes | str:
        """The file, or where it is said to be.

        Raises:
            _Ended: Neither.
        """
        connector, pool = self._pool(origin)
        connector.until = until
        try:
            with pool.stream(
                b"GET",
                httpcore.URL(
                    scheme=place.scheme.encode(),
                    host=place.host.encode(),
                    port=place.port,
                    target=place.target.encode(),
                ),
                headers=_headers(origin, place),
            ) as response:
                return _taken(response, origin.settings.max_bytes)
        except AddressRefused:
            raise _Ended("address_refused") from None
        except NameUnknown:
            raise _Ended("unknown_name") from None
        except BodyRefused as refusal:
            raise _Ended("too_large" if refusal.too_large else "encoded") from None
        except httpcore.TimeoutException:
            raise _Ended("timeout") from None
        except httpcore.ProtocolError:
            raise _Ended("broken") from None
        except (httpcore.NetworkError, ssl.SSLError, OSError) as error:
            raise _Ended(_explained(error)) from None

    def _pool(self, origin: Origin) -> tuple[Connector, httpcore.ConnectionPool]:
        """The connections of one origin: none is shared with another, whose rules may differ."""
        found = self._open.get(origin.name)
        if found is None:
            seconds = float(origin.settings.connect_seconds)
            connector = Connector(origin.networks, seconds, self._resolver)
            connector.aborted = self._aborted
            pool = httpcore.ConnectionPool(
                ssl_context=self._trust,
                max_connections=1,
                max_keepalive_connections=1,
                keepalive_expiry=_IDLE,
                network_backend=connector,
            )
            found = self._open[origin.name] = connector, pool
        return found


@cache
def _usual_trust() -> ssl.SSLContext:
    # To read all certificates anew takes a while, and every thread can use the same.
    return httpx.create_ssl_context()


def _url(place: Place) -> httpx.URL:
    host = f"[{place.host}]" if ":" in place.host else place.host
    return httpx.URL(f"{place.scheme}://{host}:{place.port}{place.target}")


def _headers(origin: Origin, place: Place) -> list[tuple[bytes, bytes]]:
    url = _url(place)
    given = [
        ("host", url.netloc.decode("ascii")),
        ("user-agent", "leeward"),
        ("accept", "*/*"),
        # Otherwise a small answer may unpack to a huge one.
        ("accept-encoding", "identity"),
        *origin.headers,
    ]
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in given]


def _taken(response: httpcore.Response, most: int) -> bytes | str:
    """The body, or the address that a redirect names.

    Raises:
        _Ended, BodyRefused: Neither.
    """
    headers = {name.lower(): value for name, value in reversed(response.headers)}
    status = response.status
    if status == 200:
        return read_body(response, headers, most)
    if status in _REDIRECTS:
        location = headers.get(b"location", b"")
        try:
            return location.decode("ascii")
        except UnicodeDecodeError:
            raise _Ended("redirected_out") from None
    if status in _GONE:
        raise _Ended("gone")
    if status in _BUSY:
        raise _Ended("busy", _asked(headers.get(b"retry-after", b"").decode("latin-1")))
    raise _Ended("refused")


def _asked(text: str) -> float | None:
    """Seconds that a server asks to wait: it states them, or a date."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
        # RFC 9110: dates of HTTP are UTC, whatever zone this machine is in.
        aware = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max(0.0, aware.timestamp() - time.time())
    except (ValueError, IndexError, OverflowError, TypeError):
        return None


def _explained(error: BaseException | None) -> FetchReason:
    seen = 0
    while error is not None and seen < 16:
        if isinstance(error, ssl.SSLError):
            return "untrusted"
        error = error.__cause__ or error.__context__
        seen += 1
    return "unreachable"
