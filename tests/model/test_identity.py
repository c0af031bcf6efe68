"""The identity of an event, put together and taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import Identity, identity, parse_identity

SOURCES = st.text(alphabet="abcxyz019._-", min_size=1, max_size=12)
URIS = st.text(min_size=1, max_size=40)
VERSIONS = st.text(min_size=1, max_size=20).filter(lambda text: "@" not in text)
OPS = st.sampled_from(["create", "update", "delete"])


@given(SOURCES, URIS, VERSIONS, OPS)
def test_what_was_joined_comes_apart_again(source: str, uri: str, version: str, op: str) -> None:
    """Native URIs hold colons, at signs and hashes: ``at://did:plc:x/y#z@w`` is one."""
    assert Identity(source, uri, version, op) == parse_identity(identity(source, uri, version, op))


@given(st.text(max_size=60))
def test_only_what_joins_again_to_the_same_text_is_an_identity(text: str) -> None:
    parts = parse_identity(text)

    assert parts is None or (all(parts) and text == identity(*parts))


@pytest.mark.parametrize(
    "text",
    ["", ":", "a:b", "a:b@c", "a:b#create", "a:@c#create", ":b@c#create", "a:b@#create", "a:b@c#"],
)
def test_an_identity_lacks_none_of_its_parts(text: str) -> None:
    assert parse_identity(text) is None
