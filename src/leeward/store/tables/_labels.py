"""Labels: what people concluded of a subject, for the signals that learn from it.

A label is never changed. Who concludes otherwise later puts another one on the same subject.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, get_args

from sqlalchemy import insert, select

from leeward.errors import UsageError
from leeward.model import Label, LabelledKind, LabelWord, fold_tag
from leeward.store.tables._audit import lock_audit, record
from leeward.store.tables._checks import now, person, plain_line, subject_uri, words
from leeward.store.tables._schema import label as table

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["LabelRow", "labels_since", "list_labels", "put_label"]

_PARTS: Final = 1_000
"""A weight is kept in thousandths: the tables hold no fractions."""
_LONGEST_CASE: Final = 64
_COLUMNS: Final = tuple(table.c)


class LabelRow(NamedTuple):
    """A label and how it came to be.

    Attributes:
        id: Its number; a later one has a higher.
        label: What signals get.
        at, by: When, microseconds since 1970 UTC, and by whom it was put.
        reason: Why, in words.
    """

    id: int
    label: Label
    at: int
    by: str
    reason: str

    def __repr__(self) -> str:
        """The number and the word: whom it concerns stays out of ``repr``."""
        return f"<LabelRow {self.id} {self.label.label}>"


def put_label(
    connection: Connection,
    kind: LabelledKind,
    subject: str,
    word: LabelWord,
    by: str,
    reason: str,
    *,
    since: int,
    weight: float = 1.0,
    case: str | None = None,
    at: int | None = None,
) -> LabelRow:
    """Note what a person concluded of a subject.

    Args:
        connection: The tables, in a transaction.
        kind: What kind of thing it is about.
        subject: What it is about; a hashtag with or without ``#``.
        word: What was concluded.
        by: The person.
        reason: Why, in words.
        since: The log's last place now.
        weight: How sure, from 0.001 to 1; kept in thousandths.
        case: The case that it belongs to.
        at: When, microseconds since 1970 UTC; now by default.

    Raises:
        UsageError: An argument is not usable.
    """
    parts = round(weight * _PARTS) if 0 < weight <= 1 else 0
    if kind not in get_args(LabelledKind) or word not in get_args(LabelWord) or parts < 1:
        raise UsageError(
            "a label has a kind of subject, one of two words, and a weight above 0 up to 1",
            hint=f"the kinds are {', '.join(get_args(LabelledKind))}; the words are "
            f"{' and '.join(get_args(LabelWord))}",
        )
    lock_audit(connection)  # so numbers become known in their order
    row = {
        "kind": kind,
        "subject": subject_uri(fold_tag(subject) if kind == "tag" else subject),
        "label": word,
        "weight": parts,
        "case": None if case is None else plain_line(case, "the case", _LONGEST_CASE),
        "since": since,
        "at": now() if at is None else at,
        "by": person(by),
        "reason": words(reason, "the reason"),
    }
    query = insert(table).values(**row).returning(*_COLUMNS)
    put = _row(*connection.execute(query).one())
    details = {"label": put.id, "kind": kind, "word": word, "weight": parts, "reason": reason}
    record(connection, by, "label.put", put.label.subject, details, at=put.at)
    return put


def list_labels(
    connection: Connection, *, subject: str | None = None, most: int | None = None
) -> list[LabelRow]:
    """The labels, oldest first.

    Args:
        connection: The tables.
        subject: Only of this one, as it was put.
        most: Only the last so many.
    """
    query = select(*_COLUMNS).order_by(table.c.id.desc()).limit(most)
    if subject is not None:
        query = query.where(table.c.subject == subject)
    return [_row(*row) for row in connection.execute(query)][::-1]


def labels_since(connection: Connection, after: int) -> list[LabelRow]:
    """The labels that were put behind a number, oldest first."""
    query = select(*_COLUMNS).where(table.c.id > after).order_by(table.c.id)
    return [_row(*row) for row in connection.execute(query)]


def _row(
    number: int,
    kind: LabelledKind,
    subject: str,
    word: LabelWord,
    weight: int,
    case: str | None,
    since: int,
    at: int,
    by: str,
    reason: str,
) -> LabelRow:
    label = Label(
        kind=kind, subject=subject, label=word, weight=weight / _PARTS, case=case, since=since
    )
    return LabelRow(number, label, at, by, reason)
