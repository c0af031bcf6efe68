"""What people talk about: topics of unequal size, each with its tags, links and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from leeward.simulate._chance import zipf_table
from leeward.simulate._words import syllables_for, words

if TYPE_CHECKING:
    from leeward.simulate._types import Shorts

__all__ = [
    "LANGUAGES",
    "LINKS_A_TOPIC",
    "TAGS_A_TOPIC",
    "TRENDING",
    "Topics",
    "invitation",
    "make_topics",
]

TAGS_A_TOPIC: Final = 16
LINKS_A_TOPIC: Final = 32
TRENDING: Final = 64
"""Hashtags that belong to no topic and are used by everybody."""

LANGUAGES: Final = ("qaa", "qab", "qac", "qad")
"""Tags for private use (ISO 639-2): the words belong to no language."""

GROUPS_A_TOPIC: Final = 4
_INVITATIONS: Final = (2, 9, 20)
_LARGEST: Final = 4_000


class Topics(NamedTuple):
    """The topics and the names that belong to them.

    Attributes:
        number: How many there are.
        popular: Topic by quantile / 65536; topic 0 is the most popular.
        tags: Hashtags: those of topic 0, of topic 1, ..., then the trending ones. What a group
            makes up for itself comes behind them.
        links: URLs in the same order, without trending ones.
        communities: URIs of groups, :data:`GROUPS_A_TOPIC` of each topic.
        fresh: Words that are no hashtag yet, for groups that make up their own.
    """

    number: int
    popular: Shorts
    tags: list[str]
    links: list[str]
    communities: pa.Array
    fresh: list[str]


def make_topics(rng: np.random.Generator, accounts: int, fresh: int) -> Topics:
    """Topics for that many accounts, and ``fresh`` words for hashtags that groups make up."""
    count = int(np.clip(0.5 * accounts**0.5, 12, _LARGEST))
    split = count * TAGS_A_TOPIC + TRENDING
    spoken = words(rng, split + fresh, syllables_for(split + fresh))
    pages = words(rng, count * LINKS_A_TOPIC, 5)  # every kind of link has ten letters
    names = words(rng, count * GROUPS_A_TOPIC, 3)
    return Topics(
        count,
        zipf_table(count, 0.9, offset=3.0),
        spoken[:split],
        [_url(page, rank % LINKS_A_TOPIC) for rank, page in enumerate(pages)],
        pa.array([f"https://sim.example/c/{name}" for name in names]),
        spoken[split:],
    )


def invitation(word: str) -> str:
    """The URL of an invitation to a place outside the platform."""
    return f"https://invite.sim.example/{word}"


def _url(page: str, rank: int) -> str:
    """Links of a topic by rank; everybody's groups have invitations, not the ring's alone."""
    if rank in _INVITATIONS:
        return invitation(page)
    return f"https://pages.example/{page[:4]}/{page[4:]}"
