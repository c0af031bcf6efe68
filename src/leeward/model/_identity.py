"""The identity of an event, by which a repeat is known."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["SUBJECT_KINDS", "Identity", "identity", "parse_identity", "parse_subject"]

SUBJECT_KINDS: Final = ("account", "post", "media", "tag")
"""What may stand before a subject's URI, with a colon, where a person names one."""


class Identity(NamedTuple):
    """The four parts of ``<source>:<native uri>@<version>#<op>``."""

    source: str
    uri: str
    version: str
    op: str


def identity(source: str, uri: str, version: str, op: str) -> str:
    """Join the parts of an identity.

    Args:
        source: The platform or feed, as in :attr:`Event.source`.
        uri: What the platform itself calls the thing.
        version: A revision, an edit time, a digest: what tells two states of it apart.
        op: ``create``, ``update`` or ``delete``.

    >>> identity("example.social", "https://example.social/p/1", "2026-01-02T03:04:05Z", "create")
    'example.social:https://example.social/p/1@2026-01-02T03:04:05Z#create'
    """
    return f"{source}:{uri}@{version}#{op}"


def parse_identity(text: str) -> Identity | None:
    """Take an identity apart; None where it is not one.

    The source ends at the first colon, the version begins after the last ``@``, the op after
    the last ``#``: a native URI may hold all three signs.
    """
    source, colon, rest = text.partition(":")
    rest, hash_, op = rest.rpartition("#")
    uri, at, version = rest.rpartition("@")
    if not (colon and hash_ and at and source and uri and version and op):
        return None
    return Identity(source, uri, version, op)


def parse_subject(text: str) -> tuple[str | None, str]:
    """The kind that stands before a URI, if one does, and the URI as events have it.

    A URI that itself begins with such a word has to be given with the word before it.

    >>> parse_subject("account:https://example.social/users/ada")
    ('account', 'https://example.social/users/ada')
    >>> parse_subject("https://example.social/users/ada")
    (None, 'https://example.social/users/ada')
    """
    kind, colon, rest = text.partition(":")
    return (kind, rest) if colon and kind in SUBJECT_KINDS else (None, text)
