"""Whom or what a verdict is about, in the SQL of DuckDB: the same as :func:`subjects_of` says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from leeward.policy._shape import FOUND
from leeward.policy._sql import quoted_name

if TYPE_CHECKING:
    from leeward.policy._schema import Schema
    from leeward.policy._shape import Subject

__all__ = ["SUBJECT_COLUMNS", "subjects_sql"]

SUBJECT_COLUMNS: Final = (
    *("kind", "actor", "object", "target", "root", "community", "tags", "media"),
)
"""Columns of the log that the expressions read."""

_KIND: Final = (
    "CASE \"kind\" WHEN 'account' THEN 'account' WHEN 'media' THEN 'media' ELSE 'post' END"
)
_FOLLOWED: Final = "CASE \"kind\" WHEN 'follow' THEN 'account' ELSE 'post' END"
_ROOT: Final = "coalesce(nullif(root, ''), CASE \"kind\" WHEN 'post' THEN \"object\" END)"
_ITSELF: Final = f"[{{'kind': {_KIND}, 'subject': \"object\"}}]"

_NAMED: Final[dict[Subject, str]] = {
    "account": "[{'kind': 'account', 'subject': actor}]",
    "post": _ITSELF,
    "target": f"[{{'kind': {_FOLLOWED}, 'subject': target}}]",
    "thread": f"[{{'kind': 'thread', 'subject': {_ROOT}}}]",
    "community": "[{'kind': 'community', 'subject': community}]",
    "media": (
        "list_transform(coalesce(media, []), "
        "lambda m: {'kind': 'media', 'subject': coalesce(nullif(m.uri, ''), m.sha256)})"
    ),
    "tag": "list_transform(coalesce(tags, []), lambda t: {'kind': 'tag', 'subject': t})",
}


def subjects_sql(subject: str, schema: Schema) -> str:
    """An expression over the columns of the log: a list of ``{kind, subject}``, each once.

    A subject of a signal's finding is read from the column ``NAME.subject``.
    """
    if match := FOUND.match(subject):
        column = quoted_name(f"{schema.signals[match[2]].name}.subject")
        named = f"[{{'kind': '{match[1]}', 'subject': {column}}}]"
    else:
        named = _NAMED[cast("Subject", subject)]
    there = f"list_distinct(list_filter({named}, lambda s: s.subject IS NOT NULL))"
    return f"(CASE WHEN len({there}) > 0 THEN {there} ELSE {_ITSELF} END)"
