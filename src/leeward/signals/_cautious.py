"""Weights set by hand, for as long as an operator has no labels to learn them from.

They were set before any of them was measured on people's data, by three rules. A hit takes log-odds
of four beyond the intercept, and no feature has as many but a hashtag's own log-odds, which are
measured and no guess. What anything popular has (strangers who reply, repost and link, a
burst of replies) stays below the line all together, with a crowd that complains of it besides; a
crowd that complains of two things with the same repliers can go beyond, by ``replier_overlap``. And
what is only a circumstance (a minor's post, a young account) weighs little.
All are eighths, so that they are easy to read and add up exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leeward.signals._features import Tracked

__all__ = ["CAUTIOUS", "NEVER_ALONE", "ByHand"]


class ByHand(NamedTuple):
    """A scorecard as it was set.

    Attributes:
        intercept: Log-odds where nothing is known: 2 in 100.
        line: Where a hit begins.
        weights: By feature and bin.
    """

    intercept: float
    line: float
    weights: Mapping[str, tuple[float, ...]]


NEVER_ALONE: Final[Mapping[Tracked, tuple[str, ...]]] = {
    "account": ("minor_contact_ratio", "minors_contacted"),
}
"""Features that alone open nothing: classmates, aunts and coaches look like this, too."""

_THREAD: Final[dict[str, tuple[float, ...]]] = {
    "untied_repliers": (-0.625, -0.25, 0.0, 0.25, 0.5, 0.75),
    "untied_reposters": (-0.625, -0.25, 0.0, 0.25, 0.5, 0.75),
    "replier_overlap": (-0.375, 0.0, 0.5, 1.0, 1.5, 2.0),
    "reply_burst": (0.0, 0.125, 0.25, 0.375, 0.5),
    "linked_posts": (-0.25, 0.0, 0.125, 0.25, 0.375, 0.5),
    "flagged_posts": (-0.25, 0.0, 0.25, 0.5, 0.75, 1.0),
    "age_polls": (0.0, 1.25, 1.5),
    "untied_poll_reactors": (-0.25, 0.0, 0.125, 0.375, 0.625, 0.75),
    "minor_owner": (0.0, 0.75),
}

_MEDIA: Final[dict[str, tuple[float, ...]]] = _THREAD | {
    "uploads_by_others": (-0.25, 0.0, 0.125, 0.25, 0.375),
    "unrelated_uploaders": (-0.125, 0.0, 0.125, 0.25, 0.375),
    # What is popular has these: beside the two above they count for less.
    "untied_repliers": (-0.5, -0.25, 0.0, 0.25, 0.375, 0.5),
    "untied_reposters": (-0.5, -0.25, 0.0, 0.25, 0.375, 0.5),
}

_ACCOUNT: Final[dict[str, tuple[float, ...]]] = {
    "minor_contact_ratio": (-0.5, 0.0, 0.375, 0.75, 1.0, 1.25),
    "minors_contacted": (-0.25, 0.0, 0.375, 0.75, 1.0, 1.25),
    "repost_ratio": (-0.25, 0.0, 0.125, 0.375, 0.625),
    "age_days": (0.625, 0.5, 0.25, 0.0, -0.25),
    "template_messages": (-0.125, 0.25, 0.75, 1.25, 1.5, 1.75),
}

_TAG: Final[dict[str, tuple[float, ...]]] = {
    "case_log_odds": (-0.5, 0.0, 0.75, 1.75, 3.0, 4.25),
    "flagged_posts": (-0.25, 0.0, 0.25, 0.5, 0.75, 1.0),
}

_COMMUNITY: Final[dict[str, tuple[float, ...]]] = {
    "flagged_posts": (-0.25, 0.0, 0.5, 1.0, 1.5, 2.0),
    "flagged_authors": (-0.25, 0.0, 0.375, 0.75, 1.125, 1.5),
    "confirmed_members": (-0.25, 0.5, 1.0, 1.625, 2.25, 2.75),
}

CAUTIOUS: Final[Mapping[Tracked, ByHand]] = {
    "media": ByHand(-4.0, 0.0, _MEDIA),
    "thread": ByHand(-4.0, 0.0, _THREAD),
    "account": ByHand(-4.0, 0.0, _ACCOUNT),
    "tag": ByHand(-4.0, 0.0, _TAG),
    "community": ByHand(-4.0, 0.0, _COMMUNITY),
}
"""By kind of subject."""
