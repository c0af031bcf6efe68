"""The Event: one thing that happened on a platform, and the bodies it may carry."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from leeward.model import _bounds as b

__all__ = [
    "AccountBody",
    "Event",
    "Kind",
    "MediaRef",
    "Op",
    "PollBody",
    "Visibility",
]

Kind: TypeAlias = Literal[
    "account", "post", "media", "repost", "like", "follow", "hashtag", "poll", "flag"
]
Op: TypeAlias = Literal["create", "update", "delete"]
Visibility: TypeAlias = Literal["public", "unlisted", "followers", "group", "direct"]

Uri: TypeAlias = Annotated[str, Meta(min_length=1, max_length=b.MAX_URI)]
SOURCE_PATTERN: Final = r"^[a-z0-9][a-z0-9._-]{0,63}\Z"
Source: TypeAlias = Annotated[str, Meta(pattern=SOURCE_PATTERN)]
Digest: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Micros: TypeAlias = Annotated[int, Meta(ge=0, le=b.MAX_INTEGER)]
Text: TypeAlias = Annotated[str, Meta(max_length=b.MAX_TEXT)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=b.MAX_INTEGER)]


class _Body(Struct, frozen=True, gc=False):
    """A body shows its type only: content stays out of ``repr``.

    Like an event it cannot be part of a reference cycle, so the collector need not look at it:
    with many in memory that halves the time to decode them.
    """

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class MediaRef(_Body, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """A picture or video that an event carries: its handle and its digests, never its bytes.

    Attributes:
        uri: The platform's handle.
        sha256: SHA-256 of the stored bytes, 64 lower-case hexadecimal digits.
        pdq: PDQ hash, 64 lower-case hexadecimal digits.
        mime: Media type, as ``image/jpeg``.
    """

    uri: Uri | None = None
    sha256: Digest | None = None
    pdq: Digest | None = None
    mime: Annotated[str, Meta(min_length=1, max_length=b.MAX_MIME)] | None = None


class PollBody(_Body, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """``extra.poll``: the options of a poll and, where the platform tells, their votes."""

    options: Annotated[tuple[Annotated[str, Meta(max_length=1_000)], ...], Meta(max_length=64)]
    votes: Annotated[tuple[Count, ...], Meta(max_length=64)] = ()
    multiple: bool = False
    closes: Micros | None = None


class AccountBody(_Body, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """``extra.account``: what an account says of itself, and what the platform knows of it.

    Attributes:
        handle: The name by which people address it.
        name: The display name.
        created: When the account was made, microseconds since 1970 UTC.
        followers, follows, posts: Counts as the platform states them.
        bot: Declared to be automated.
        status: ``active``, or why it is not (``suspended``, ``deactivated``, ``deleted``, ...).
        minor: The platform holds the person to be a minor. It stays inside: no export has it.
            A later false lifts no shield: people do that.
        relatives: URIs of the accounts of family members, as declared. Where the key is given, it
            is the whole list.
    """

    handle: Annotated[str, Meta(max_length=512)] | None = None
    name: Annotated[str, Meta(max_length=1_000)] | None = None
    created: Micros | None = None
    followers: Count | None = None
    follows: Count | None = None
    posts: Count | None = None
    bot: bool | None = None
    status: Annotated[str, Meta(max_length=64)] | None = None
    minor: bool | None = None
    relatives: Annotated[tuple[Uri, ...], Meta(max_length=b.MAX_RELATIVES)] = ()


class Event(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """One thing that happened on a platform.

    Attributes:
        id: ``<source>:<native uri>@<version>#<op>``; two events with one id are one event.
        source: The platform or feed: lower-case letters, digits, ``.``, ``_``, ``-``.
        kind: What it happened to. A reply is a post with ``reply_to``.
        op: Whether that was created, updated or deleted.
        at: When, as its maker claims; microseconds since 1970 UTC. Not trusted.
        seen: When the log received it; microseconds since 1970 UTC. Set by the log alone.
        seq: Its place in the log, dense and monotone. Set by the log alone.
        actor: URI of the account that acted.
        object: URI of what came to be, changed or went: the post, the like, the account.
        target: URI of what it was done to: the post reposted or liked, the account followed,
            the subject of a flag.
        reply_to: URI of the post that this post answers.
        root: URI of the post that began the thread.
        text: As written (post, profile or complaint).
        folded: ``fold(text)``; made at ingest, so that no rule folds again.
        lang: Language tag, as claimed.
        community: URI of the group, channel, room or server it happened in.
        tags: Hashtags, folded and without ``#``.
        media: Pictures and videos carried.
        links: URLs carried.
        mentions: URIs of accounts named.
        visibility: Who could see it.
        extra: JSON for the rest. ``poll`` is a :class:`PollBody`, ``account`` an
            :class:`AccountBody`; other keys belong to the source.
    """

    id: Uri
    source: Source
    kind: Kind
    op: Op
    at: Micros
    actor: Uri
    object: Uri
    target: Uri | None = None
    reply_to: Uri | None = None
    root: Uri | None = None
    text: Text | None = None
    lang: Annotated[str, Meta(max_length=b.MAX_LANG)] | None = None
    community: Uri | None = None
    tags: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=b.MAX_TAG)], ...],
        Meta(max_length=b.MAX_TAGS),
    ] = ()
    media: Annotated[tuple[MediaRef, ...], Meta(max_length=b.MAX_MEDIA)] = ()
    links: Annotated[tuple[Uri, ...], Meta(max_length=b.MAX_LINKS)] = ()
    mentions: Annotated[tuple[Uri, ...], Meta(max_length=b.MAX_MENTIONS)] = ()
    visibility: Visibility | None = None
    extra: dict[str, Any] | None = None
    seen: Micros | None = None
    folded: Text | None = None
    seq: int | None = None

    def __repr__(self) -> str:
        """The kind, the op and the place in the log: content stays out of ``repr``."""
        return f"<Event {self.kind} {self.op} seq={self.seq}>"

    @property
    def poll(self) -> PollBody | None:
        """The poll that ``extra`` documents, if there is one."""
        body = (self.extra or {}).get("poll")
        return None if body is None else msgspec.convert(body, PollBody)

    @property
    def account(self) -> AccountBody | None:
        """The account attributes that ``extra`` documents, if there are any."""
        body = (self.extra or {}).get("account")
        return None if body is None else msgspec.convert(body, AccountBody)
