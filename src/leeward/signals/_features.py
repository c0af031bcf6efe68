"""What is counted about a media item, a thread, an account, a hashtag or a community.

docs/explanation/behaviour.md has each feature's formula, prior and limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]
    Longs = npt.NDArray[np.int64]

__all__ = [
    "ACCOUNT_FEATURES",
    "COMMUNITY_FEATURES",
    "FEATURES",
    "MEDIA_FEATURES",
    "TAG_FEATURES",
    "THREAD_FEATURES",
    "Feature",
    "Features",
    "Tracked",
]

Tracked: TypeAlias = Literal["media", "thread", "account", "tag", "community"]
"""The kinds of subject whose context is tracked."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that is counted.

    Attributes:
        name: As evidence and policies have it.
        about: What it says, in words.
        unit: ``share`` (0 to 1), ``accounts``, ``polls``, ``replies``, ``days``, ``yes or no`` (1
            or 0) or ``log-odds``.
        rises: Whether a larger value is the more worrying one; a smaller one where not.
        edges: Where the bins of a scorecard part, ascending. Bin ``i`` has the values from
            ``edges[i - 1]`` (included) to ``edges[i]`` (left out).
    """

    name: str
    about: str
    unit: str
    rises: bool
    edges: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Features:
    """Features of some subjects, with how sure each is.

    Attributes:
        names: Of the columns.
        values: Shape (n, k): shrunk towards the prior where data are few. NaN is not known: the
            subject is abstained of in this feature.
        low, high: Shape (n, k): the middle 90 % of what the value may be, given what was counted.
        counts: int64, shape (n, k): how many observations carry the value.
    """

    names: tuple[str, ...]
    values: Doubles
    low: Doubles
    high: Doubles
    counts: Longs

    def __repr__(self) -> str:
        """How many subjects and features."""
        return f"<Features subjects={len(self.values)} features={len(self.names)}>"


_SHARES: Final = (0.1, 0.25, 0.5, 0.7, 0.85)
_RARE_SHARES: Final = (0.02, 0.05, 0.1, 0.2, 0.4)

THREAD_FEATURES: Final = (
    Feature(
        "untied_repliers",
        "accounts without a tie to the owner, among those who replied",
        "share",
        True,
        _SHARES,
    ),
    Feature(
        "untied_reposters",
        "accounts without a tie to the owner, among those who reposted",
        "share",
        True,
        _SHARES,
    ),
    Feature(
        "replier_overlap",
        "accounts that had replied under something else that is flagged, among those who replied",
        "share",
        True,
        _RARE_SHARES,
    ),
    Feature(
        "reply_burst",
        "replies in the last minutes, each halved every ten minutes",
        "replies",
        True,
        (2.0, 4.0, 8.0, 16.0),
    ),
    Feature(
        "linked_posts",
        "posts with links to elsewhere, among all that were seen here",
        "share",
        True,
        _RARE_SHARES,
    ),
    Feature(
        "flagged_posts",
        "posts that somebody complained of, among all that were seen here",
        "share",
        True,
        _RARE_SHARES,
    ),
    Feature(
        "age_polls",
        "polls whose options are numbers such as ages",
        "polls",
        True,
        (1.0, 2.0),
    ),
    Feature(
        "untied_poll_reactors",
        "accounts without a tie to the owner, among those who reacted to such a poll",
        "share",
        True,
        _SHARES,
    ),
    Feature(
        "minor_owner",
        "the owner is marked as a minor",
        "yes or no",
        True,
        (0.5,),
    ),
)
"""Of a thread; its owner is who began it."""

MEDIA_FEATURES: Final = (
    Feature(
        "uploads_by_others",
        "uploads of the picture by others than its first uploader, among all uploads",
        "share",
        True,
        (0.2, 0.4, 0.6, 0.8),
    ),
    Feature(
        "unrelated_uploaders",
        "accounts without a tie to the first uploader that posted the same picture",
        "accounts",
        True,
        (1.0, 2.0, 4.0, 8.0),
    ),
    *THREAD_FEATURES,
)
"""Of a media item, with the threads under all posts that carry it; its owner is who posted it
first."""

ACCOUNT_FEATURES: Final = (
    Feature(
        "minor_contact_ratio",
        "accounts marked as minors, among those that it turned to and has no tie with",
        "share",
        True,
        _SHARES,
    ),
    Feature(
        "minors_contacted",
        "accounts marked as minors that it turned to and has no tie with",
        "accounts",
        True,
        (1.0, 3.0, 6.0, 12.0, 25.0),
    ),
    Feature(
        "repost_ratio",
        "reposts, among its posts and reposts",
        "share",
        True,
        (0.25, 0.5, 0.75, 0.9),
    ),
    Feature(
        "age_days",
        "days since the account was made",
        "days",
        False,
        (1.0, 7.0, 30.0, 180.0),
    ),
    Feature(
        "template_messages",
        "messages that several accounts have sent nearly alike, among its messages",
        "share",
        True,
        _SHARES,
    ),
)
"""Of an account."""

TAG_FEATURES: Final = (
    Feature(
        "case_log_odds",
        "how much more often confirmed accounts use it than any account, its own case left out",
        "log-odds",
        True,
        (0.5, 1.0, 2.0, 3.0, 4.0),
    ),
    Feature(
        "flagged_posts",
        "posts that somebody complained of, among those that carry it",
        "share",
        True,
        _RARE_SHARES,
    ),
)
"""Of a hashtag; what is old counts for less."""

COMMUNITY_FEATURES: Final = (
    Feature(
        "flagged_posts",
        "posts that somebody complained of, among all posts in it",
        "share",
        True,
        _RARE_SHARES,
    ),
    Feature(
        "flagged_authors",
        "accounts with a post that somebody complained of, among all that post in it",
        "share",
        True,
        _RARE_SHARES,
    ),
    Feature(
        "confirmed_members",
        "accounts confirmed as offenders, among all that post in it",
        "share",
        True,
        (0.01, 0.02, 0.05, 0.1, 0.2),
    ),
)
"""Of a community or group."""

FEATURES: Final[Mapping[Tracked, tuple[Feature, ...]]] = {
    "media": MEDIA_FEATURES,
    "thread": THREAD_FEATURES,
    "account": ACCOUNT_FEATURES,
    "tag": TAG_FEATURES,
    "community": COMMUNITY_FEATURES,
}
"""For each kind of subject, in the order of :class:`Features`' columns."""
