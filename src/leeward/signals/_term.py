"""An entry of an operator's list: a term, what it means, and where it counts."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

from leeward.model import Severity  # noqa: TC001 - msgspec reads annotations

__all__ = ["MAX_TERM", "MAX_TERMS", "Boundary", "InTags", "Term"]

MAX_TERMS: Final = 100_000
MAX_TERM: Final = 200

Boundary: TypeAlias = Literal["both", "start", "end", "none"]
InTags: TypeAlias = Literal["words", "parts", "whole", "only"]


class Term(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A term of a lexicon. Its ``repr`` shows neither term nor note: lists are secret.

    Attributes:
        term: A word, a phrase or an emoji, 1 to 200 characters.
        of: Its class, in the operator's words: lower-case letters, digits, ``-`` and ``_``.
        severity: ``low``, ``medium``, ``high`` or ``critical``.
        language: Language tag. It informs; a term is looked for in every text.
        boundary: At which of its ends a word has to end: ``both``, ``start``, ``end``, ``none``.
        hashtags: In a hashtag: ``words``, as in text, with the humps of CamelCase as words;
            ``parts``, also at the start or end of a word of the tag that was run together, from
            five letters on; ``whole``, only as the whole tag, and in text as ever; ``only``,
            only as the whole tag and never in text.
        cased: Capital and small letters differ. Such a term is not looked for in disguise.
        marked: Accents and other marks have to be those of the term.
        disguised: Look for it in disguise too.
        note: For the operator's own use.
    """

    term: Annotated[str, Meta(min_length=1, max_length=MAX_TERM)]
    of: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}\Z")]
    severity: Severity = "medium"
    language: Annotated[str, Meta(max_length=35)] | None = None
    boundary: Boundary = "both"
    hashtags: InTags = "words"
    cased: bool = False
    marked: bool = False
    disguised: bool = True
    note: Annotated[str, Meta(max_length=1_000)] | None = None

    def __repr__(self) -> str:
        """The class and the severity."""
        return f"<Term {self.of} {self.severity}>"
