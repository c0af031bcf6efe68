"""The audit chain: who did what to whom, so written that a change of it shows.

Entry ``n`` holds the digest of entry ``n - 1``. Its own digest is the SHA-256 of this JSON
array, in UTF-8 and without blanks::

    ["leeward.audit.1", seq, at, actor, verb, subject, details, prev_digest]

where ``details`` is the text of a JSON object and the first ``prev_digest`` is 64 zeros.
Someone who can write to the database can also write a whole new chain, or cut off its end
together with the head. Against that helps a copy of the head in another place, an anchor
(:func:`write_anchor`), against which :func:`verify_audit` compares.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from sqlalchemy import insert, select, update

from leeward.errors import UsageError
from leeward.store.tables._checks import canonical, now, person, subject_uri
from leeward.store.tables._schema import audit, audit_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Connection, Row

__all__ = [
    "GENESIS",
    "AuditEntry",
    "AuditFault",
    "AuditHead",
    "AuditReport",
    "audit_entries",
    "head_of",
    "lock_audit",
    "record",
    "verify_audit",
]

GENESIS: Final = "0" * 64
"""What stands for the digest before the first entry."""

_FORM: Final = "leeward.audit.1"
_VERB: Final = re.compile(r"[a-z][a-z_]{0,30}(?:\.[a-z][a-z_]{0,30})?")
_MOST_FAULTS: Final = 100


class AuditHead(NamedTuple):
    """The last entry of a chain; ``seq`` 0 is an empty chain."""

    seq: int
    digest: str


class AuditEntry(NamedTuple):
    """One act.

    Attributes:
        seq: Its place in the chain, from 1, dense.
        at: When, microseconds since 1970 UTC.
        actor: The person who did it.
        verb: What was done, as ``hold.place``.
        subject: URI or name of what it was done to.
        details: A JSON object.
        prev_digest, digest: The links of the chain, 64 hexadecimal digits each.
    """

    seq: int
    at: int
    actor: str
    verb: str
    subject: str
    details: dict[str, Any]
    prev_digest: str
    digest: str

    def __repr__(self) -> str:
        """The place and the verb: details stay out of ``repr``."""
        return f"<AuditEntry {self.seq} {self.verb}>"


class AuditFault(NamedTuple):
    """A place where the chain does not hold."""

    seq: int
    reason: str


class AuditReport(NamedTuple):
    """What a check of the chain found.

    Attributes:
        entries: How many entries were read.
        head: The last of them.
        faults: The first faults, about a hundred at most, in the order of the chain.
    """

    entries: int
    head: AuditHead
    faults: tuple[AuditFault, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing was changed, taken out, put in or moved."""
        return not self.faults


def record(
    connection: Connection,
    actor: str,
    verb: str,
    subject: str,
    details: Mapping[str, Any] | None = None,
    *,
    at: int | None = None,
) -> AuditHead:
    """Append an entry in the transaction of the act that it records.

    Two transactions that append wait for each other. One that changes other rows as well
    should call :func:`lock_audit` first, so that they cannot wait for each other in a circle.

    Args:
        connection: Of :meth:`Tables.begin`.
        actor: The person who acts.
        verb: Lower-case words, as ``hold.place``.
        subject: URI or name of what it is done to.
        details: A JSON object; it holds no content, no hash value and no secret.
        at: When, microseconds since 1970 UTC; now, if not given.

    Raises:
        UsageError: An argument is not of this form.
    """
    if not _VERB.fullmatch(verb):
        raise UsageError("the verb is not lower-case words, as `hold.place`")
    head = lock_audit(connection)
    row = {
        "seq": head.seq + 1,
        "at": now() if at is None else at,
        "actor": person(actor),
        "verb": verb,
        "subject": subject_uri(subject),
        "details": canonical(details or {}),
        "prev_digest": head.digest,
    }
    digest = _digest(row.values())
    connection.execute(insert(audit).values(**row, digest=digest))
    head = AuditHead(head.seq + 1, digest)
    connection.execute(update(audit_head).values(**head._asdict()))
    return head


def lock_audit(connection: Connection) -> AuditHead:
    """Wait until no other transaction appends, and keep others from it until this one ends."""
    row = connection.execute(select(audit_head.c.seq, audit_head.c.digest).with_for_update())
    return AuditHead(*row.one())


def head_of(connection: Connection) -> AuditHead:
    """The last entry."""
    return AuditHead(*connection.execute(select(audit_head.c.seq, audit_head.c.digest)).one())


def audit_entries(
    connection: Connection, *, after: int = 0, subject: str | None = None
) -> Iterator[AuditEntry]:
    """The entries after a place in the chain, in order; all, or those of one subject."""
    query = select(audit).where(audit.c.seq > after).order_by(audit.c.seq)
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    with connection.execute(query.execution_options(yield_per=1_000)) as rows:
        for row in rows:
            yield AuditEntry(**row._asdict() | {"details": msgspec.json.decode(row.details)})


def verify_audit(connection: Connection, expect_head: AuditHead | None = None) -> AuditReport:
    """Read the whole chain and compare every link.

    Args:
        connection: Of :meth:`Tables.read`.
        expect_head: The head at an earlier time, kept elsewhere. The chain must still hold
            that entry, which shows whether its end was cut off or all of it rewritten.
    """
    faults: list[AuditFault] = []
    previous = AuditHead(0, GENESIS)
    entries = 0
    anchored = expect_head is None or expect_head == previous
    query = select(audit).order_by(audit.c.seq).execution_options(yield_per=1_000)
    for row in connection.execute(query):
        if len(faults) < _MOST_FAULTS:
            faults.extend(_faults(previous, row))
        previous = AuditHead(row.seq, row.digest)
        anchored = anchored or previous == expect_head
        entries += 1
    stored = connection.execute(select(audit_head.c.seq, audit_head.c.digest)).all()
    if [tuple(head) for head in stored] != [tuple(previous)]:
        faults.append(AuditFault(previous.seq, "is the last entry, but not the recorded head"))
    if not anchored and expect_head is not None:
        faults.append(AuditFault(expect_head.seq, "is not the entry that the anchor names"))
    return AuditReport(entries, previous, tuple(faults))


def _faults(previous: AuditHead, row: Row[Any]) -> Iterator[AuditFault]:
    if row.seq != previous.seq + 1:
        yield AuditFault(row.seq, f"does not come next after {previous.seq}")
    elif row.prev_digest != previous.digest:
        yield AuditFault(row.seq, f"does not follow from {previous.seq}")
    if row.digest != _digest(row[:7]):
        yield AuditFault(row.seq, "differs from what was written")


def _digest(fields: Iterable[Any]) -> str:
    """The digest of an entry's first seven columns."""
    return hashlib.sha256(msgspec.json.encode([_FORM, *fields])).hexdigest()
