"""A word that its field never holds makes a rule that never hits, and nobody notices."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from leeward.model import fold, fold_tag
from leeward.policy._source import Problem, Span, suggestion
from leeward.policy._tree import (
    Affix,
    Among,
    Column,
    Compare,
    Constant,
    Listing,
    Member,
    Overlap,
    Part,
    Within,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.policy._draft import Draft

__all__ = ["every_literal_can_match_its_field"]


def every_literal_can_match_its_field(draft: Draft) -> Iterator[Problem]:
    """Name each text that is not folded, or is none of the words that the field may hold."""
    conditions = [let.made for let in draft.lets] + [rule.made for rule in draft.rules]
    for part in chain.from_iterable(conditions):
        yield from _of(part)


def _of(part: Part) -> Iterator[Problem]:
    for column, texts, whole in _compared(part):
        for text, span in texts:
            yield from _folded(column, text, span)
            if whole and column.words and text not in column.words and text:
                hint = suggestion(text, column.words) or f"it is {', '.join(column.words)}"
                yield Problem(f"`{column.name}` is never this", span, hint)


def _compared(part: Part) -> Iterator[tuple[Column, list[tuple[str, Span]], bool]]:
    """Columns of text, the texts that they are compared with, and whether as a whole."""
    match part:
        case Compare(_, Column() as column, Constant() as text) if isinstance(text.value, str):
            yield column, [(text.value, text.span)], True
        case Compare(_, Constant() as text, Column() as column) if isinstance(text.value, str):
            yield column, [(text.value, text.span)], True
        case Among(Column() as column, Listing() as listing):
            yield column, _texts(listing), True
        case Member(Constant() as text, Column() as column) if isinstance(text.value, str):
            yield column, [(text.value, text.span)], True
        case Overlap(_, Column() as column, listing):
            yield column, _texts(listing), column.type == "texts"
        case Within(piece, Column() as column) | Affix(_, Column() as column, piece):
            yield column, [(piece, part.span)], False


def _texts(listing: Listing) -> list[tuple[str, Span]]:
    return [(value, listing.span) for value in listing.values if isinstance(value, str)]


def _folded(column: Column, text: str, span: Span) -> Iterator[Problem]:
    if not column.folded:
        return
    right = fold_tag(text) if column.type == "texts" else fold(text)
    if right != text:
        message = f"`{column.name}` is folded, and never holds this"
        yield Problem(message, span, f'write "{right}"')
