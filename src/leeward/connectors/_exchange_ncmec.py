"""NCMEC Hash Sharing v2: XML, windows of time, and pages that are in no order of time.

Source: https://report.cybertip.org/hashsharing/v2/documentation. What the server changed between
two moments is one window. Its pages come in any order, so a window is done when its last page has
been given, and not before. Entries that change while it is read may be missed or seen twice; the
next window overlaps it by some minutes and states them again.
"""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from msgspec import structs

from leeward.connectors._exchange import ExchangeCheckpoint, Page, reviewed
from leeward.connectors._exchange_http import XML, ExchangeHttp, HttpLimits, Reply
from leeward.connectors._exchange_ncmec_read import (
    Entries,
    Member,
    read_entries,
    read_members,
    read_reasons,
    settled,
)
from leeward.connectors._exchange_xml import read_xml
from leeward.errors import DependencyDown, InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator

    from leeward.connectors._exchange import ReviewedFeedback
    from leeward.connectors._exchange_ncmec_read import Large

__all__ = ["NCMEC_ADDRESSES", "NcmecExchange"]

NCMEC_ADDRESSES: Final = {
    "industry": "https://report.cybertip.org/hashsharing",
    "industry_exploitative": "https://report.cybertip.org/exploitative-hashsharing",
    "law_enforcement": "https://lesp.ncmec.org/csam-hashsharing",
    "ngo": "https://hashsharing.ncmec.org/npo",
    "exploitative": "https://hashsharing.ncmec.org/exploitative",
    "generative_ai": "https://hashsharing.ncmec.org/generative-ai-csam",
    "generative_ai_exploitative": "https://hashsharing.ncmec.org/generative-ai-exploitative",
    "test_industry": "https://exttest.cybertip.org/hashsharing",
    "test_industry_exploitative": "https://exttest.cybertip.org/exploitative-hashsharing",
    "test_law_enforcement": "https://betalesp.ncmec.org/csam-hashsharing",
    "test_ngo": "https://hashsharing-test.ncmec.org/npo",
    "test_exploitative": "https://hashsharing-test.ncmec.org/exploitative",
}
"""Lists of NCMEC. Those on ``ngo`` hold Take It Down too, as a member."""

_NAMESPACE: Final = "https://hashsharing.ncmec.org/hashsharing/v2"
_DAY: Final = 86_400
_MARGIN: Final = 60
"""Seconds before the present at which a window ends: what is being written is not yet shown."""
_OVERLAP: Final = 300
"""Seconds of the last window that are read again, for what was shown late."""
_PAGE_LIVES: Final = 12 * 3_600
"""Seconds after which the address of a page means nothing any more."""
_SHORTEST: Final = 3_600
"""Seconds of the shortest window."""
_TRIES: Final = 3
_FEW_PAGES: Final = 2
_MANY_PAGES: Final = 50
_STALE: Final = frozenset({400, 404, 410})
_TYPES: Final = frozenset(
    {"MD5", "SHA1", "PDNA", "PDQ", "NETCLEAN", "VIDENTIFIER", "TMK_PDQF", "SSVH_PDNA"}
    | {"SSVH_SAFER_HASH"}
)


class NcmecExchange:
    """A list of NCMEC Hash Sharing v2.

    Args:
        base: Its address, one of :data:`NCMEC_ADDRESSES`.
        user, password: As NCMEC gave them.
        name: What provenance calls it.
        licensed: Algorithms that are used besides those that Leeward knows, in the words of the
            exchange (``pdna``). Large fingerprints are fetched for these only.
        members: Ids of the members whose entries are wanted; all where None.
        first_span: Seconds of the first window, where there is more than that to read.
        limits, proxy, sleep: As for :class:`ExchangeHttp`.
        clock: Seconds since 1970 UTC.
    """

    def __init__(
        self,
        base: str,
        user: str,
        password: str,
        *,
        name: str = "ncmec",
        licensed: Collection[str] = (),
        members: Collection[str] | None = None,
        first_span: int = 30 * _DAY,
        limits: HttpLimits | None = None,
        proxy: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._http = ExchangeHttp(
            name,
            base,
            {"authorization": f"Basic {pair}"},
            limits=limits,
            proxy=proxy,
            sleep=sleep,
            clock=clock,
        )
        self.name = name
        self._licensed = frozenset(licensed)
        self._members = None if members is None else frozenset(members)
        self._first_span = max(first_span, _SHORTEST)
        self._clock = clock

    def __repr__(self) -> str:
        """The name only."""
        return f"<NcmecExchange {self.name}>"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def status(self) -> Member:
        """Who we are to the exchange.

        Raises:
            DependencyDown: It does not answer, or refuses.
            InputError: Its answer cannot be read.
        """
        reply = self._http.request("GET", "status", "/v2/status", kinds=XML)
        found = read_members(read_xml(reply.body, "status", self._where("status")))
        if len(found) != 1:
            raise InputError("the exchange does not say who we are", where=self._where("status"))
        return found[0]

    def members(self) -> list[Member]:
        """Who lists entries.

        Raises:
            DependencyDown: The exchange does not answer, or refuses.
            InputError: Its answer cannot be read.
        """
        reply = self._http.request("GET", "members", "/v2/members", kinds=XML)
        return read_members(read_xml(reply.body, "members", self._where("members")))

    def pages(self, since: ExchangeCheckpoint | None) -> Iterator[Page]:
        """What has changed, window after window; each window ends with a checkpoint.

        What has not been read for long is read in many windows. They grow while they are nearly
        empty and shrink when they are full, so that a reading that is killed loses one of them.
        """
        end = int(self._clock()) - _MARGIN
        start = 0 if since is None else max(since.through // 1_000_000 - _OVERLAP, 0)
        if start >= end:
            yield Page(checkpoint=since, last=True)
            return
        span = self._first_span
        while True:
            stop = min(start + span, end)
            last_page = yield from self._window(start, stop, whole=since is None, end=end)
            if last_page.last:
                return
            pages = last_page.number
            span = span * 2 if pages <= _FEW_PAGES else span
            span = max(span // 2, _SHORTEST) if pages >= _MANY_PAGES else span
            # Whether the ends belong to a window is not documented, so windows share a second.
            start = stop - 1

    def send_feedback(self, feedback: ReviewedFeedback) -> None:
        """Put our opinion of one fingerprint of an entry."""
        reviewed(self.name, feedback)
        kind = feedback.algorithm.upper()
        if kind not in _TYPES:
            raise UsageError(
                "the exchange takes no feedback on this algorithm", where=self._where("feedback")
            )
        said = "<affirmative/>"
        if feedback.opinion == "negative":
            guid = escape(self._reason(kind, feedback.reasons))
            said = f"<negative><reasonIds><guid>{guid}</guid></reasonIds></negative>"
        body = f'<feedbackSubmission xmlns="{_NAMESPACE}">{said}</feedbackSubmission>'
        item = f"{quote(feedback.member, safe='')}/{quote(feedback.external_id, safe='')}"
        self._http.request(
            "PUT",
            "feedback",
            f"/v2/entries/{item}/{kind}/feedback",
            headers={"content-type": "application/xml; charset=utf-8"},
            body=body.encode(),
        )

    def _reason(self, kind: str, words: str | None) -> str:
        """The id of a reason for negative feedback."""
        path = f"/v2/feedback/{kind}/reasons"
        reply = self._http.request("GET", "feedback reasons", path, kinds=XML)
        root = read_xml(reply.body, "availableFeedbackReasons", self._where("feedback reasons"))
        known = read_reasons(root)
        wanted = (words or "").strip().lower()
        for name, guid in known.items():
            if wanted in {name.lower(), guid.lower()}:
                return guid
        if not wanted and len(known) == 1:
            return next(iter(known.values()))
        raise UsageError(
            "negative feedback needs one of the exchange's reasons",
            where=self._where("feedback"),
            hint=f"use one of: {', '.join(known) or 'none; ask the exchange'}",
        )

    def _window(
        self, start: int, stop: int, *, whole: bool, end: int
    ) -> Generator[Page, None, _End]:
        """One window; from its beginning again where the address of a page has run out."""
        for _ in range(_TRIES):
            done = yield from self._read(start, stop, whole=whole, end=end)
            if done is not None:
                return done
        raise DependencyDown(
            "the addresses of pages run out before the window is read",
            where=self._where("entries"),
            hint="try again later; if it goes on, read shorter windows (first_span)",
        )

    def _read(
        self, start: int, stop: int, *, whole: bool, end: int
    ) -> Generator[Page, None, _End | None]:
        path = "/v2/entries"
        params: dict[str, str] | None = {"from": _utc(start), "to": _utc(stop)}
        known = {""}
        through = stop
        for number in count(1):
            asked = self._clock()
            also = _STALE if params is None else ()
            reply = self._http.request("GET", "entries", path, params=params, kinds=XML, also=also)
            if reply.status in also:
                return None
            if number == 1:
                through = _through(reply, stop)
            found = self._entries(reply)
            if not found.next:
                final = stop >= end or through < stop
                mark = ExchangeCheckpoint(through=through * 1_000_000)
                page = self._page(found, whole)
                yield structs.replace(page, checkpoint=mark, last=final)
                return _End(number, final)
            if found.next in known:
                raise InputError(
                    "the exchange's pages go in a circle", where=self._where("entries")
                )
            known.add(found.next)
            yield self._page(found, whole)
            if self._clock() - asked > _PAGE_LIVES:
                return None
            path, params = found.next, None
        return None

    def _entries(self, reply: Reply) -> Entries:
        root = read_xml(reply.body, "queryResult", self._where("entries"))
        return read_entries(root, self._licensed, self._members)

    def _page(self, found: Entries, whole: bool) -> Page:
        items = list(found.items)
        for large in found.large:
            value = self._fetch(large)
            item = items[large.item]
            hashes = (*item.hashes, (large.algorithm, value))
            items[large.item] = structs.replace(item, hashes=hashes)
        standing, gone = settled(items, found.withdrawals)
        return Page(
            items=standing,
            withdrawals=gone,
            ignored=dict(found.ignored),
            whole=whole,
        )

    def _fetch(self, large: Large) -> bytes:
        reply = self._http.request("GET", "large fingerprint", large.address)
        if not reply.body:
            raise InputError("a fingerprint is empty", where=self._where("large fingerprint"))
        return reply.body

    def _where(self, step: str) -> str:
        return f"{self.name}, {step}"


class _End:
    """How a window ended.

    Attributes:
        number: Pages that it had.
        last: Whether the reading ends with it.
    """

    __slots__ = ("last", "number")

    def __init__(self, number: int, last: bool) -> None:
        self.number = number
        self.last = last


def _through(reply: Reply, stop: int) -> int:
    """Until when a window is known to be complete.

    Where this machine's clock is ahead of the server's, a window reaches into the server's future:
    what happens there is not in the answer, so it must be asked for again.
    """
    return stop if reply.date is None else min(stop, max(reply.date - _MARGIN, 0))


def _utc(seconds: int) -> str:
    """A moment as the exchange writes it: in UTC, whatever zone this machine is in."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
