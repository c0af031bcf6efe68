"""SHA-256, SHA-1 and MD5, each against the standard library's on the whole."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.hashing import Digests, digests

if TYPE_CHECKING:
    from pathlib import Path


def expected(data: bytes) -> Digests:
    return Digests(
        hashlib.sha256(data).digest(),
        hashlib.sha1(data).digest(),  # noqa: S324 - banks hold them
        hashlib.md5(data).digest(),  # noqa: S324 - banks hold them
        len(data),
    )


@given(st.lists(st.binary(max_size=200)))
def test_a_stream_has_the_digests_of_its_whole(pieces: list[bytes]) -> None:
    assert expected(b"".join(pieces)) == digests(iter(pieces))


@pytest.mark.parametrize("size", [0, 1, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, 900_000])
def test_bytes_views_and_files_agree(size: int, tmp_path: Path) -> None:
    data = bytes(i % 251 for i in range(size))
    path = tmp_path / "boat"
    path.write_bytes(data)

    assert expected(data) == digests(data) == digests(memoryview(data)) == digests(path)


def test_no_digest_shows_in_repr() -> None:
    found = digests(b"a boat")

    assert repr(found) == "Digests(size=6)"
    assert found.sha256.hex() not in f"{found} {[found]}"
