"""StopNCII: JSON, function keys, pages by token. A record is known by its hash; it has no other id.

Source: the client of the threatexchange library, which is the public description of this
interface. That library compares the *hash* of a record with the words Withdrawn and Deleted, and
so never withdraws anything; it is the status that says it.
"""

from __future__ import annotations

import time
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta, Struct

from leeward.connectors._exchange import (
    ExchangeCheckpoint,
    ExchangeItem,
    Page,
    ToldOpinion,
    Withdrawal,
    named_by_hash,
    plain_word,
    reviewed,
)
from leeward.connectors._exchange_http import JSON, ExchangeHttp, HttpLimits
from leeward.errors import InputError, UsageError
from leeward.model import hash_octets, hash_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leeward.connectors._exchange import ReviewedFeedback
    from leeward.model import Opinion

__all__ = ["STOPNCII_ADDRESS", "StopNciiExchange"]

STOPNCII_ADDRESS: Final = "https://api.stopncii.org/v1"

_FIRST: Final = 10
"""The start that stands for "from the beginning"; 0 is not taken."""
_ROWS: Final = 800
_REREAD_AFTER: Final = 30 * 86_400
"""Seconds without a sync after which all is read again: how long withdrawn records are shown is
not documented, and one that is missed would stand for ever."""
_ALGORITHMS: Final = {"ImagePDQ": "pdq", "VideoMD5": "md5"}
_OTHER: Final = frozenset({"VideoTMK", "Text", "URL", "Unknown"})
_GONE: Final = frozenset({"Withdrawn", "Deleted"})
_OPINIONS: Final[dict[str, Opinion]] = {"Blocked": "affirmative", "NotBlocked": "negative"}
_VALUES: Final[dict[Opinion, str]] = {"affirmative": "Blocked", "negative": "NotBlocked"}

Seconds = Annotated[int, Meta(ge=0, le=2**40)]


class _Told(Struct):
    feedbackValue: str = "None"  # noqa: N815 - the names are the exchange's
    source: str = ""


class _Record(Struct):
    signalType: str  # noqa: N815
    hashValue: str  # noqa: N815
    hashStatus: str  # noqa: N815
    lastModtimestamp: Seconds | None = None  # noqa: N815
    CSPFeedbacks: list[_Told] | None = None


class _Answer(Struct):
    hasMoreRecords: bool  # noqa: N815
    nextSetTimestamp: Seconds  # noqa: N815
    nextPageToken: str | None = None  # noqa: N815
    hashRecords: list[msgspec.Raw] | None = None  # noqa: N815


class StopNciiExchange:
    """StopNCII's list of hashes that people made of pictures of themselves.

    Args:
        subscription_key: Goes with each request.
        fetch_key: Function key for reading.
        feedback_key: Function key for feedback; None where we have none.
        base: Its address.
        name: What provenance calls it.
        limits, proxy, sleep: As for :class:`ExchangeHttp`.
        clock: Seconds since 1970 UTC.
    """

    def __init__(
        self,
        subscription_key: str,
        fetch_key: str,
        feedback_key: str | None = None,
        *,
        base: str = STOPNCII_ADDRESS,
        name: str = "stopncii",
        limits: HttpLimits | None = None,
        proxy: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        headers = {"ocp-apim-subscription-key": subscription_key}
        self._http = ExchangeHttp(
            name, base, headers, limits=limits, proxy=proxy, sleep=sleep, clock=clock
        )
        self.name = name
        self._fetch_key = fetch_key
        self._feedback_key = feedback_key
        self._clock = clock

    def __repr__(self) -> str:
        """The name only."""
        return f"<StopNciiExchange {self.name}>"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def pages(self, since: ExchangeCheckpoint | None) -> Iterator[Page]:
        """What has changed. The exchange's own clock says where the next reading begins."""
        now = int(self._clock())
        if since is not None and not _is_recent(since, now):
            since = None
        start = _FIRST if since is None else max(since.through // 1_000_000, _FIRST)
        token = ""
        known = {""}
        for _ in count():
            answer = self._fetch(start, token)
            items, withdrawals, ignored = _read(answer.hashRecords or [])
            mark = None
            if not answer.hasMoreRecords:
                # A server that answers 0 to an empty reading must not send us to the beginning.
                through = max(answer.nextSetTimestamp, start)
                mark = ExchangeCheckpoint(through=through * 1_000_000, token=str(now))
            yield Page(
                items=tuple(items),
                withdrawals=tuple(withdrawals),
                ignored=dict(ignored),
                checkpoint=mark,
                whole=since is None,
                last=mark is not None,
            )
            if mark is not None:
                return
            token = answer.nextPageToken or ""
            if token in known:
                raise InputError("the exchange's pages go in a circle", where=self._where("fetch"))
            known.add(token)

    def send_feedback(self, feedback: ReviewedFeedback) -> None:
        """Tell whether what a hash matched was blocked."""
        reviewed(self.name, feedback)
        if self._feedback_key is None:
            raise UsageError(
                "there is no function key for feedback",
                where=self._where("feedback"),
                hint="ask the exchange for a key to SubmitFeedback",
            )
        said = {
            "hashValue": hash_text(feedback.value),
            "feedbackValue": _VALUES[feedback.opinion],
            "tags": [feedback.reasons] if feedback.reasons else [],
        }
        self._http.request(
            "POST",
            "feedback",
            "/SubmitFeedback",
            headers={"x-functions-key": self._feedback_key, "content-type": "application/json"},
            body=msgspec.json.encode({"count": 1, "hashFeedbacks": [said]}),
        )

    def _fetch(self, start: int, token: str) -> _Answer:
        params = {"startTimestamp": str(start), "pageSize": str(_ROWS)}
        if token:
            params["nextPageToken"] = token
        reply = self._http.request(
            "GET",
            "fetch",
            "/FetchHashes",
            params=params,
            headers={"x-functions-key": self._fetch_key},
            kinds=JSON,
        )
        try:
            return msgspec.json.decode(reply.body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise InputError(
                "the exchange's answer is not the JSON that it should be",
                where=self._where("fetch"),
            ) from None

    def _where(self, step: str) -> str:
        return f"{self.name}, {step}"


def _read(
    records: list[msgspec.Raw],
) -> tuple[list[ExchangeItem], list[Withdrawal], Counter[str]]:
    """Records as items. One that is broken costs itself only."""
    items: dict[str, ExchangeItem] = {}
    withdrawals: dict[str, Withdrawal] = {}
    ignored: Counter[str] = Counter()
    for raw in records:
        try:
            record = msgspec.json.decode(raw, type=_Record)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            ignored["a record that is not as it should be"] += 1
            continue
        algorithm = _ALGORITHMS.get(record.signalType)
        if algorithm is None:
            shown = record.signalType if record.signalType in _OTHER else "unknown"
            ignored[f"a signal of a type not used here: {shown}"] += 1
            continue
        try:
            key = hash_octets(algorithm, record.hashValue)
        except InputError as fault:
            ignored[f"a record whose value {fault.message}"] += 1
            continue
        at = None if record.lastModtimestamp is None else record.lastModtimestamp * 1_000_000
        name = named_by_hash(*key)
        items.pop(name, None)
        withdrawals.pop(name, None)
        if record.hashStatus in _GONE:
            gone = Withdrawal(member="", external_id=name, hashes=(key,), at=at)
            withdrawals[name] = gone
        else:
            items[name] = ExchangeItem(
                member="", external_id=name, hashes=(key,), at=at, told=_told(record)
            )
    return list(items.values()), list(withdrawals.values()), ignored


def _is_recent(since: ExchangeCheckpoint, now: int) -> bool:
    """Whether the last reading, whose time the token holds, was not too long ago."""
    return (
        since.token.isascii() and since.token.isdigit() and now - int(since.token) < _REREAD_AFTER
    )


def _told(record: _Record) -> tuple[ToldOpinion, ...]:
    told = []
    for each in record.CSPFeedbacks or []:
        opinion = _OPINIONS.get(each.feedbackValue)
        member = plain_word(each.source)
        if opinion is not None and member is not None:
            told.append(ToldOpinion(member=member, opinion=opinion))
    return tuple(told)
