"""Bluesky's Jetstream, v1 wire: one JSON object a line for each commit, identity and account."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from leeward.connectors._atproto import cid_of, micros_of, record_uri
from leeward.connectors._bluesky import COLLECTIONS, DID_PATTERN, BadRecordError, Draft
from leeward.connectors._decoded import Decoded, Refused
from leeward.connectors._lines import CUT_BYTES, Lines, split_lines
from leeward.model import Event, admit_events, bounds, explain, identity

__all__ = ["CID_MISMATCH", "CID_VERIFIED", "Jetstream"]

SOURCE: Final = "bluesky"
CID_VERIFIED: Final = "cid verified"
CID_MISMATCH: Final = "cid mismatch"

_MAX_COLLECTIONS: Final = 50
"""Collections that are counted by name. Anybody can make names up, so there is a bound."""

_DAY: Final = 86_400_000_000

Did = Annotated[str, Meta(pattern=DID_PATTERN)]
Count = Annotated[int, Meta(ge=0, le=bounds.MAX_INTEGER)]


class _Commit(Struct, frozen=True):
    rev: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{1,64}\Z")]
    operation: Literal["create", "update", "delete"]
    collection: Annotated[str, Meta(pattern=r"^[a-zA-Z][a-zA-Z0-9.-]{0,316}\Z")]
    rkey: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:~-]{1,512}\Z")]
    record: dict[str, Any] | None = None
    cid: Any = None


class _Identity(Struct, frozen=True):
    seq: Count | None = None
    handle: Annotated[str, Meta(max_length=512)] | None = None
    time: Any = None


class _Account(Struct, frozen=True):
    active: bool
    seq: Count | None = None
    status: Annotated[str, Meta(max_length=64)] | None = None
    time: Any = None


class _Message(Struct, frozen=True):
    did: Did
    time_us: Count
    kind: Literal["commit", "identity", "account"]
    commit: _Commit | None = None
    identity: _Identity | None = None
    account: _Account | None = None


_BODIES: Final = (_Message, _Commit, _Identity, _Account)
_DECODER: Final = msgspec.json.Decoder(_Message)


class _RefusedError(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason


class _Read(NamedTuple):
    """What one message says: an event, or why it is none."""

    event: Event | None = None
    ignored: str | None = None


class Jetstream:
    """Decodes Jetstream v1, on the wire or in a file.

    Posts, reposts, likes, follows and profiles become events; so do changes of an identity and
    of an account's status. Other collections are ignored and counted by name.

    The CID of every record is computed again. Where it differs from the one that came with it
    the event is accepted all the same, with ``extra.cid_mismatch``: JSON cannot spell all of
    what a record can hold, so the relay's translation may be at fault, and an event that
    vanishes at a wrong CID would give every writer a way to hide.

    One object decodes one input; it remembers which collections it has named.
    """

    name: Final = "jetstream"

    def __init__(self) -> None:
        self._named: set[str] = set()

    def decode(self, lines: bytes, first_line: int = 1) -> Decoded:
        """Decode whole lines; see :class:`~leeward.connectors.LineFormat`."""
        records = split_lines(lines, first_line)
        refused: list[Refused] = []
        ignored: Counter[str] = Counter()
        noted: Counter[str] = Counter({CUT_BYTES: records.cut} if records.cut else {})
        events: list[Event] = []
        places: list[int] = []
        for record in range(len(records)):
            try:
                read = self._read(records, record, noted)
            except _RefusedError as error:
                refused.append(records.refuse(record, error.field, error.reason))
                continue
            if read.event is None:
                ignored[read.ignored or ""] += 1
            else:
                events.append(read.event)
                places.append(record)
        admission = admit_events(events)
        refused += [
            records.refuse(places[row], field, reason) for row, field, reason in admission.refusals
        ]
        refused.sort(key=lambda item: item.line)
        return Decoded(admission.batch, refused, ignored, noted, len(records))

    def _read(self, records: Lines, record: int, noted: Counter[str]) -> _Read:
        if (fault := records.fault(record)) is not None:
            raise _RefusedError("$", fault)
        try:
            message = _DECODER.decode(records.raw(record))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _RefusedError(*explain(error, *_BODIES)) from None
        body = getattr(message, message.kind)
        if body is None:
            raise _RefusedError(message.kind, "is missing")
        if isinstance(body, _Identity):
            return _Read(_identity_event(message, body))
        if isinstance(body, _Account):
            return _Read(_account_event(message, body))
        return self._commit(message, body, noted)

    def _commit(self, message: _Message, commit: _Commit, noted: Counter[str]) -> _Read:
        if commit.operation != "delete":
            if commit.record is None:
                raise _RefusedError("commit.record", "is missing")
            verified = commit.cid == cid_of(commit.record)
            noted[CID_VERIFIED if verified else CID_MISMATCH] += 1
        else:
            verified = True
        if commit.collection not in COLLECTIONS:
            return _Read(ignored=self._reason(commit.collection))
        draft = _draft(message, commit)
        if not verified:
            draft.extra["cid_mismatch"] = True
        for part in sorted(draft.left_out):
            noted[f"left out: {part}"] += 1
        return _Read(_event(draft))

    def _reason(self, collection: str) -> str:
        if collection not in self._named and len(self._named) >= _MAX_COLLECTIONS:
            return "other collections"
        self._named.add(collection)
        return f"collection {collection}"


def _draft(message: _Message, commit: _Commit) -> Draft:
    kind, read = COLLECTIONS[commit.collection]
    draft = Draft(message.did)
    draft.fields["at"] = message.time_us
    op: str = commit.operation
    uri = record_uri(message.did, commit.collection, commit.rkey)
    if kind == "account":
        # The record is the account's profile; the account itself neither begins nor ends here.
        uri = message.did
        if op == "delete":
            draft.extra["profile"] = "deleted"
        op = "update"
    if commit.record is not None and commit.operation != "delete":
        try:
            read(commit.record, draft)
        except BadRecordError as error:
            raise _RefusedError(f"commit.record.{error.part}", "is missing or malformed") from None
        if commit.operation == "create":
            _claimed_time(commit.record, draft, message.time_us)
    draft.fields |= {
        "id": identity(SOURCE, uri, commit.rev, op),
        "kind": kind,
        "op": op,
        "object": uri,
        "visibility": "public",
    }
    return draft


def _claimed_time(record: dict[str, Any], draft: Draft, received: int) -> None:
    """``createdAt`` of a new record, if it is a time and no more than a day ahead of the relay.

    An updated record keeps the ``createdAt`` of its first form, so there it says nothing.
    """
    claimed = micros_of(record.get("createdAt"))
    if claimed is None or claimed > received + _DAY:
        draft.left_out.add("createdAt")
    else:
        draft.fields["at"] = claimed


def _identity_event(message: _Message, body: _Identity) -> Event:
    draft = Draft(message.did)
    if body.handle is not None:
        draft.extra["account"] = {"handle": body.handle}
    return _of_account(message, draft, body, "update")


def _account_event(message: _Message, body: _Account) -> Event:
    draft = Draft(message.did)
    status = "active" if body.active else body.status or "inactive"
    draft.extra["account"] = {"status": status}
    return _of_account(message, draft, body, "delete" if status == "deleted" else "update")


def _of_account(message: _Message, draft: Draft, body: _Identity | _Account, op: str) -> Event:
    version = f"{message.kind}-{message.time_us if body.seq is None else body.seq}"
    claimed = micros_of(body.time)
    sound = claimed is not None and claimed <= message.time_us + _DAY
    draft.fields |= {
        "id": identity(SOURCE, message.did, version, op),
        "kind": "account",
        "op": op,
        "at": claimed if sound else message.time_us,
        "object": message.did,
    }
    return _event(draft)


def _event(draft: Draft) -> Event:
    if draft.left_out:
        draft.extra["left_out"] = sorted(draft.left_out)
    fields = {**draft.fields, "source": SOURCE, "actor": draft.did}
    if draft.extra:
        fields["extra"] = draft.extra
    try:
        return msgspec.convert(fields, Event)
    except msgspec.ValidationError as error:
        raise _RefusedError(*explain(error)) from None
