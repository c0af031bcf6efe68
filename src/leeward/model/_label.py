"""The Label: what a person concluded of one subject, as signals and models get it."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from leeward.model._event import Uri  # noqa: TC001 - msgspec reads annotations

__all__ = ["Label", "LabelWord", "LabelledKind"]

LabelWord: TypeAlias = Literal["offender", "innocent"]
"""Of an account: what its person did. Of anything else: whose it is."""

LabelledKind: TypeAlias = Literal["account", "post", "media", "tag", "community"]


class Label(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a person concluded, and from which place in the log on it is known.

    A replay of the log meets it at the same place as those who scored while it was made, so
    both come to the same.

    Attributes:
        kind, subject: What it is about: the URI of an account, post or community, a folded
            hashtag without ``#``, or the URI, SHA-256 or PDQ hash of a media item.
        label: What was concluded.
        weight: How sure, from 0 to 1.
        case: The case that it belongs to, so that what is said of a subject can leave out what
            was concluded from it.
        since: The log's last place when it was made; it holds for the rows after that.
    """

    kind: LabelledKind
    subject: Uri
    label: LabelWord
    since: Annotated[int, Meta(ge=0)]
    weight: Annotated[float, Meta(gt=0, le=1)] = 1.0
    case: Annotated[str, Meta(min_length=1, max_length=64)] | None = None

    def __repr__(self) -> str:
        """The kind and the word: content stays out of ``repr``."""
        return f"<Label {self.kind} {self.label} since={self.since}>"
