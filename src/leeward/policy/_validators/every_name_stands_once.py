"""A name is what a verdict and an audit entry refer to, so it means one thing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leeward.policy._draft import text_at
from leeward.policy._source import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leeward.policy._draft import Draft
    from leeward.policy._yaml import Text

__all__ = ["every_name_stands_once"]

_LET: Final = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_PYTHON: Final = frozenset({"and", "or", "not", "in", "if", "else", "is", "for", "lambda"})


def every_name_stands_once(draft: Draft) -> Iterator[Problem]:
    """Name each rule and case that is called like another, and each name that hides a field."""
    yield from _twice("rule", (text_at(rule.node, "rule") for rule in draft.rules))
    yield from _twice("case", (text_at(case, "case") for case in draft.cases))
    taken = {name.partition(".")[0] for name in draft.schema.names()}
    for let in draft.lets:
        if not _LET.match(let.name.value) or let.name.value in _PYTHON:
            hint = "use lower-case letters, digits and `_`"
            yield Problem("this cannot be a name of `let`", let.name.span, hint)
        elif let.name.value in taken:
            yield Problem(
                f"`{let.name.value}` is a field or signal already", let.name.span, "use another"
            )


def _twice(what: str, names: Iterable[Text | None]) -> Iterator[Problem]:
    seen: set[str] = set()
    for name in names:
        if name is None:
            continue
        if name.value in seen:
            yield Problem(f"another {what} has this name", name.span, "use another")
        seen.add(name.value)
