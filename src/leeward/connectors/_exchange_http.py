"""HTTP to exchanges: bounded in time and size, to one host only, and with no secret in sight.

httpx's transport is used below its client. The client would write each address into the log of
the process, keep cookies and follow redirects; here none of that may happen.
"""

from __future__ import annotations

import random
import re
import ssl
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import httpx

from leeward.connectors._exchange_address import checked_base, joined
from leeward.errors import DependencyDown, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["JSON", "XML", "ExchangeHttp", "HttpLimits", "Reply"]

XML: Final = frozenset({"application/xml", "text/xml"})
# The Graph API long called its JSON a script.
JSON: Final = frozenset({"application/json", "text/json", "text/javascript"})

_BUSY: Final = frozenset({429, 500, 502, 503, 504})
_NOT_DONE: Final = frozenset({429, 503})
"""Answers after which even what must not happen twice may be tried again."""
_FIRST_WAIT: Final = 0.5
_DIGITS: Final = re.compile(r"[0-9]{1,9}")
_GONE_WRONG: Final = (httpx.TransportError, ssl.SSLError, OSError)


class HttpLimits(NamedTuple):
    """How long and how much.

    Attributes:
        connect: Seconds to connect.
        read: Seconds between two pieces of an answer.
        total: Seconds for one answer as a whole; a server may not drip for ever.
        attempts: How often a request is tried.
        longest_wait: Seconds between two tries; an exchange that asks for more is left alone.
        body: Bytes of an answer.
    """

    connect: float = 10.0
    read: float = 60.0
    total: float = 300.0
    attempts: int = 5
    longest_wait: float = 120.0
    body: int = 32 << 20


class Reply(NamedTuple):
    """An answer.

    Attributes:
        status: Its status.
        body: Its bytes.
        date: The server's clock, seconds since 1970 UTC; None where it does not tell.
    """

    status: int
    body: bytes
    date: int | None

    def __repr__(self) -> str:
        """Without the bytes."""
        return f"<Reply {self.status} bytes={len(self.body)}>"


class ExchangeHttp:
    """Requests to one exchange.

    Args:
        exchange: Its name, for errors.
        base: The address that all paths follow. ``https``, or ``http`` to this machine itself.
        headers: What each request carries; secrets among them.
        limits: How long and how much.
        proxy: Address of a proxy, where one is needed.
        sleep, clock: For tests.

    Raises:
        UsageError: The address cannot be used.
    """

    def __init__(
        self,
        exchange: str,
        base: str,
        headers: Mapping[str, str],
        *,
        limits: HttpLimits | None = None,
        proxy: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.base = checked_base(exchange, base)
        self._exchange = exchange
        self._headers = {"user-agent": "leeward", "accept-encoding": "identity", **headers}
        self._limits = limits or HttpLimits()
        self._sleep = sleep
        self._clock = clock
        self._transport = httpx.HTTPTransport(proxy=proxy)
        waits = self._limits
        self._timeout = httpx.Timeout(waits.read, connect=waits.connect).as_dict()

    def __repr__(self) -> str:
        """The exchange only."""
        return f"<ExchangeHttp {self._exchange}>"

    def close(self) -> None:
        """Close what is open."""
        self._transport.close()

    def request(
        self,
        method: str,
        step: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        kinds: Collection[str] | None = None,
        also: Collection[int] = (),
        repeatable: bool = True,
    ) -> Reply:
        """Ask, and ask again where that may help.

        Args:
            method: Of HTTP.
            step: What is done, for errors.
            path: Appended to the base; it may have a query.
            params: Further query parameters. A secret is never one: addresses are logged.
            headers: What this request carries besides.
            body: What is sent.
            kinds: Media types that the answer may have; any where None.
            also: Statuses that are handed back like success.
            repeatable: Whether doing it twice is the same as once.

        Raises:
            DependencyDown: No answer, or a refusal.
            InputError: An answer that cannot be read.
        """
        url = joined(self.base, path, params, where=self._where(step))
        sent = {**self._headers, **(headers or {})}
        problem = "the exchange does not answer"
        for attempt in range(1, self._limits.attempts + 1):
            wait = None
            try:
                reply, wait = self._once(method, step, url, sent, body, kinds)
            except _GONE_WRONG as error:
                problem = self._explain(step, error)
                again = repeatable or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            else:
                if reply.status in also or 200 <= reply.status < 300:
                    return reply
                problem = self._refusal(step, reply.status)
                again = repeatable or reply.status in _NOT_DONE
            if not again or attempt == self._limits.attempts:
                break
            self._wait(step, attempt, wait)
        raise DependencyDown(problem, where=self._where(step), hint=_LATER)

    def _once(
        self,
        method: str,
        step: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        body: bytes | None,
        kinds: Collection[str] | None,
    ) -> tuple[Reply, float | None]:
        """One try, and how long the server asks to wait before the next."""
        until = time.monotonic() + self._limits.total
        request = httpx.Request(
            method, url, headers=headers, content=body, extensions={"timeout": self._timeout}
        )
        response = self._transport.handle_request(request)
        try:
            if not response.is_success:
                # What an error page says is not read: it may repeat what was asked.
                return Reply(response.status_code, b"", None), self._asked(response)
            self._check(step, response, kinds)
            octets = self._read(step, response, until)
        finally:
            response.close()
        return Reply(response.status_code, octets, _seconds(response.headers.get("date"))), None

    def _check(self, step: str, response: httpx.Response, kinds: Collection[str] | None) -> None:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kinds is not None and kind not in kinds:
            raise InputError(
                "the exchange answers with another kind of document than it should",
                where=self._where(step),
                hint="see whether its address is right and whether it is under maintenance",
            )
        # A small answer that unpacks to a huge one is not asked for, so it is not taken.
        if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise InputError("the exchange compresses, unasked", where=self._where(step))

    def _read(self, step: str, response: httpx.Response, until: float) -> bytes:
        most = self._limits.body
        told = response.headers.get("content-length", "")
        if _DIGITS.fullmatch(told) and int(told) > most:
            raise self._too_large(step)
        parts: list[bytes] = []
        size = 0
        for part in response.iter_raw():
            size += len(part)
            if size > most:
                raise self._too_large(step)
            if time.monotonic() > until:
                raise httpx.ReadTimeout("the answer takes too long as a whole")
            parts.append(part)
        return b"".join(parts)

    def _too_large(self, step: str) -> InputError:
        return InputError(
            f"the exchange answers with more than {self._limits.body:,} bytes",
            where=self._where(step),
        )

    def _explain(self, step: str, error: Exception) -> str:
        """What went wrong, without what the error says: that may hold the address.

        Raises:
            DependencyDown: It is nothing that another try could mend.
        """
        if _is_certificate(error):
            raise DependencyDown(
                "the exchange cannot prove who it is: its certificate is not trusted",
                where=self._where(step),
                hint="check the address, this machine's clock and its certificates",
            ) from None
        if isinstance(error, httpx.TimeoutException):
            return "the exchange answers too slowly"
        if isinstance(error, httpx.RemoteProtocolError):
            return "the exchange's answer is cut short or is not HTTP"
        return "the exchange cannot be reached"

    def _refusal(self, step: str, status: int) -> str:
        """What a status means, where another try may help.

        Raises:
            DependencyDown: It would not.
        """
        if status in _BUSY:
            return f"the exchange is out of order or too busy (status {status})"
        if status in {401, 403}:
            problem = f"the exchange refuses the credentials (status {status})"
            hint = "check them, and that the exchange lets this machine's address in"
        elif 300 <= status < 400:
            problem = f"the exchange redirects (status {status}), which is never followed"
            hint = "ask the exchange for its present address"
        else:
            problem = f"the exchange refuses the request (status {status})"
            hint = "see whether its address and settings are right"
        raise DependencyDown(problem, where=self._where(step), hint=hint)

    def _asked(self, response: httpx.Response) -> float | None:
        """Seconds that the server asks to wait."""
        text = response.headers.get("retry-after", "").strip()
        if _DIGITS.fullmatch(text):
            return float(text)
        when = _seconds(text)
        return None if when is None else max(0.0, when - self._clock())

    def _wait(self, step: str, attempt: int, asked: float | None) -> None:
        longest = self._limits.longest_wait
        if asked is not None:
            if asked > longest:
                raise DependencyDown(
                    f"the exchange asks to be left alone for {asked:,.0f} s",
                    where=self._where(step),
                    hint=_LATER,
                )
            self._sleep(asked)
            return
        # Many that were turned away together should not come back together.
        most = min(longest, _FIRST_WAIT * 2 ** (attempt - 1))
        self._sleep(most * random.uniform(0.5, 1.0))  # noqa: S311 - no secret depends on it

    def _where(self, step: str) -> str:
        return f"{self._exchange}, {step}"


_LATER: Final = "try again later; what was stored stays, and the next sync goes on from there"


def _seconds(text: str | None) -> int | None:
    """Seconds since 1970 UTC of a date of HTTP."""
    if not text:
        return None
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    # RFC 9110: dates of HTTP are UTC, whatever zone this machine is in.
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


def _is_certificate(error: BaseException | None) -> bool:
    seen = 0
    while error is not None and seen < 16:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
        seen += 1
    return False
