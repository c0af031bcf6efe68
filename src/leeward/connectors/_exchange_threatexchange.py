"""Meta ThreatExchange: the updates of a privacy group, in the order of their time.

Source: https://developers.facebook.com/docs/threat-exchange/reference/apis/threat-updates. The
group holds indicators, and members describe them. An indicator is one item here, and what each
owner of a description says is an opinion of it.

The access token goes into a header. The addresses of next pages, in which the server repeats it,
are stripped of it before they are used.
"""

from __future__ import annotations

import time
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import httpx
import msgspec
from msgspec import Struct, structs

from leeward.connectors._atproto import micros_of
from leeward.connectors._exchange import (
    ExchangeCheckpoint,
    ExchangeItem,
    Page,
    ToldOpinion,
    Withdrawal,
    plain_word,
    reviewed,
)
from leeward.connectors._exchange_http import JSON, ExchangeHttp, HttpLimits
from leeward.errors import InputError, UsageError
from leeward.model import hash_octets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leeward.connectors._exchange import ReviewedFeedback
    from leeward.model import Opinion

__all__ = ["THREATEXCHANGE_ADDRESS", "ThreatExchange"]

THREATEXCHANGE_ADDRESS: Final = "https://graph.facebook.com/v21.0"

_ALGORITHMS: Final = {
    "HASH_PDQ": "pdq",
    "HASH_MD5": "md5",
    "HASH_VIDEO_MD5": "md5",
    "HASH_SHA1": "sha1",
    "HASH_SHA256": "sha256",
}
_FIELDS: Final = (
    "id,indicator,type,last_updated,should_delete,descriptors{id,owner{id},status,tags,reactions}"
)
_ROWS: Final = 500
_REREAD_AFTER: Final = 85 * 86_400
"""Seconds without a sync after which all is read again: deletions are told for 90 days only."""
_STATUSES: Final[dict[str, Opinion]] = {"MALICIOUS": "affirmative", "NON_MALICIOUS": "negative"}
_REACTIONS: Final[dict[str, Opinion]] = {
    "HELPFUL": "affirmative",
    "DISAGREE_WITH_TAGS": "negative",
}
_SAID: Final = {opinion: reaction for reaction, opinion in _REACTIONS.items()}


class _Reaction(Struct):
    key: str = ""
    value: str = ""


class _Owner(Struct):
    id: str = ""


class _Description(Struct):
    id: str
    owner: _Owner | None = None
    status: str = ""
    tags: Any = None
    reactions: list[_Reaction] = []


class _Descriptions(Struct):
    data: list[_Description] = []


class _Update(Struct):
    id: str
    type: str = ""
    indicator: str = ""
    last_updated: int | str | None = None
    should_delete: bool = False
    descriptors: _Descriptions | None = None


class _Paging(Struct):
    next: str | None = None


class _Answer(Struct):
    data: list[msgspec.Raw]
    paging: _Paging | None = None


class ThreatExchange:
    """A privacy group of ThreatExchange.

    Args:
        group: Its number.
        token: Access token of our app: its number, ``|`` and its secret.
        base: Address of the Graph API with its version.
        name: What provenance calls it.
        limits, proxy, sleep: As for :class:`ExchangeHttp`.
        clock: Seconds since 1970 UTC.

    Raises:
        UsageError: The group is no number.
    """

    def __init__(
        self,
        group: str,
        token: str,
        *,
        base: str = THREATEXCHANGE_ADDRESS,
        name: str = "threatexchange",
        limits: HttpLimits | None = None,
        proxy: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not (group.isascii() and group.isdigit()):
            raise UsageError("the privacy group is no number", where=f"{name}, its settings")
        headers = {"authorization": f"Bearer {token}"}
        self._http = ExchangeHttp(
            name, base, headers, limits=limits, proxy=proxy, sleep=sleep, clock=clock
        )
        self.name = name
        self._group = group
        self._app = token.partition("|")[0]
        self._clock = clock

    def __repr__(self) -> str:
        """The name only."""
        return f"<ThreatExchange {self.name}>"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def pages(self, since: ExchangeCheckpoint | None) -> Iterator[Page]:
        """What has changed. Updates come in the order of their time; the newest is the mark."""
        now = int(self._clock())
        if since is not None and not _is_recent(since, now):
            since = None
        newest = 0 if since is None else since.through
        path = f"/{self._group}/threat_updates/"
        params = {"fields": _FIELDS, "limit": str(_ROWS), "types": ",".join(_ALGORITHMS)}
        if since is not None:
            # Updates of one second may have been told in part, so its last second is asked again.
            params["start_time"] = str(max(since.through // 1_000_000 - 1, 0))
        known: set[str] = set()
        for _ in count():
            answer = self._answer("updates", path, params)
            found = _Found()
            for raw in answer.data:
                found.take(raw)
            newest = max(newest, found.newest)
            following = answer.paging.next if answer.paging is not None else None
            mark = None
            if not following:
                mark = ExchangeCheckpoint(through=newest, token=str(now))
            yield found.page(whole=since is None, mark=mark)
            if not following:
                return
            path, params = self._below(following)
            step = f"{path}?{urlencode(params)}"
            if step in known:
                raise InputError(
                    "the exchange's pages go in a circle", where=self._where("updates")
                )
            known.add(step)

    def send_feedback(self, feedback: ReviewedFeedback) -> None:
        """React to the descriptions that others gave of an indicator."""
        reviewed(self.name, feedback)
        fields = {"fields": "id,descriptors{id,owner{id}}"}
        item = feedback.external_id
        if not (item.isascii() and item.isdigit()):
            raise UsageError("the item is no indicator", where=self._where("feedback"))
        reply = self._http.request("GET", "feedback", f"/{item}", params=fields, kinds=JSON)
        try:
            found = msgspec.json.decode(reply.body, type=_Update, strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self._broken("feedback") from None
        body = urlencode({"reactions": _SAID[feedback.opinion]}).encode()
        for each in (found.descriptors or _Descriptions()).data:
            others = each.owner is not None and each.owner.id != self._app
            if others and each.id.isascii() and each.id.isdigit():
                self._http.request(
                    "POST",
                    "feedback",
                    f"/{each.id}",
                    headers={"content-type": "application/x-www-form-urlencoded"},
                    body=body,
                )

    def _answer(self, step: str, path: str, params: dict[str, str]) -> _Answer:
        reply = self._http.request("GET", step, path, params=params, kinds=JSON)
        try:
            return msgspec.json.decode(reply.body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self._broken(step) from None

    def _below(self, address: str) -> tuple[str, dict[str, str]]:
        """The path and the parameters of a full address, without the token."""
        try:
            url = httpx.URL(address)
        except httpx.InvalidURL:
            raise self._broken("updates") from None
        root = httpx.URL(self._http.base)
        prefix = root.path.rstrip("/")
        same = (url.scheme, url.host, url.port) == (root.scheme, root.host, root.port)
        if not same or url.userinfo or not url.path.startswith(f"{prefix}/"):
            raise InputError(
                "the exchange names an address that is not one of its own",
                where=self._where("updates"),
            )
        params = {key: value for key, value in url.params.items() if key != "access_token"}
        return url.path.removeprefix(prefix), params

    def _broken(self, step: str) -> InputError:
        return InputError(
            "the exchange's answer is not the JSON that it should be", where=self._where(step)
        )

    def _where(self, step: str) -> str:
        return f"{self.name}, {step}"


class _Found:
    """The updates of a page."""

    def __init__(self) -> None:
        self.newest = 0
        self._items: dict[str, ExchangeItem] = {}
        self._withdrawals: dict[str, Withdrawal] = {}
        self._ignored: Counter[str] = Counter()

    def page(self, *, whole: bool, mark: ExchangeCheckpoint | None) -> Page:
        """All of it."""
        return Page(
            items=tuple(self._items.values()),
            withdrawals=tuple(self._withdrawals.values()),
            ignored=dict(self._ignored),
            checkpoint=mark,
            whole=whole,
            last=mark is not None,
        )

    def take(self, raw: msgspec.Raw) -> None:
        """Read an update. One that is broken costs itself only."""
        try:
            update = msgspec.json.decode(raw, type=_Update, strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._ignored["an update that is not as it should be"] += 1
            return
        name = plain_word(update.id)
        if name is None:
            self._ignored["an update without a usable id"] += 1
            return
        at = _micros(update.last_updated)
        self.newest = max(self.newest, at or 0)
        self._items.pop(name, None)
        self._withdrawals.pop(name, None)
        # An update without descriptions is a deletion that is not marked as one.
        if update.should_delete or update.descriptors is None:
            self._withdrawals[name] = Withdrawal(member="", external_id=name, at=at)
            return
        self._describe(update, update.descriptors.data, name, at)

    def _describe(
        self, update: _Update, all_of_it: list[_Description], name: str, at: int | None
    ) -> None:
        seen = [each for each in all_of_it if each.owner is not None and plain_word(each.owner.id)]
        if not seen:
            # The server shows descriptions without their owners at times; it is no statement.
            self._ignored["an update of which no description is visible"] += 1
            return
        if all(_STATUSES.get(each.status) == "negative" for each in seen):
            self._withdrawals[name] = Withdrawal(member="", external_id=name, at=at)
            return
        algorithm = _ALGORITHMS.get(update.type)
        if algorithm is None:
            self._ignored["an indicator of a type not used here"] += 1
            return
        try:
            key = hash_octets(algorithm, update.indicator)
        except InputError as fault:
            self._ignored[f"an indicator that {fault.message}"] += 1
            return
        item = ExchangeItem(member="", external_id=name, hashes=(key,), at=at)
        tags = sorted({tag for each in seen for tag in _tags(each.tags)})
        self._items[name] = structs.replace(
            item, classification=plain_word(" ".join(tags)[:255]), told=_told(seen)
        )


def _told(seen: list[_Description]) -> tuple[ToldOpinion, ...]:
    """What owners say; a reaction counts where its member owns no description."""
    found: dict[str, Opinion] = {}
    for each in seen:
        opinion = _STATUSES.get(each.status)
        if opinion is not None and each.owner is not None:
            found[each.owner.id] = opinion
    owners = {each.owner.id for each in seen if each.owner is not None}
    for each in seen:
        for reaction in each.reactions:
            opinion = _REACTIONS.get(reaction.key)
            for member in reaction.value.split(","):
                who = plain_word(member)
                if opinion is not None and who is not None and who not in owners:
                    found.setdefault(who, opinion)
    return tuple(ToldOpinion(member=who, opinion=said) for who, said in sorted(found.items()))


def _tags(tags: Any) -> Iterator[str]:
    """Words of tags, which come as a list of words or as ``{"data": [{"text": ...}]}``."""
    for tag in tags.get("data", []) if isinstance(tags, dict) else tags or []:
        word = plain_word(tag.get("text") if isinstance(tag, dict) else tag)
        if word is not None:
            yield word


def _micros(moment: int | str | None) -> int | None:
    if isinstance(moment, str):
        if moment.isascii() and moment.isdigit():
            moment = int(moment)
        else:
            # The Graph API writes +0000 for what RFC 3339 writes +00:00.
            return micros_of(moment[:-2] + ":" + moment[-2:] if moment[-5:-4] in "+-" else moment)
    return None if moment is None or not 0 <= moment < 2**40 else moment * 1_000_000


def _is_recent(since: ExchangeCheckpoint, now: int) -> bool:
    """Whether the last reading, whose time the token holds, was not too long ago."""
    return (
        since.token.isascii() and since.token.isdigit() and now - int(since.token) < _REREAD_AFTER
    )
