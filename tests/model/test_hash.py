"""The keyed hash, against the vectors of its authors and two other implementations."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import siphash24
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import Domain, Hasher
from tests.model._siphash import siphash

KEY = bytes(range(16))
# vectors.h of the reference implementation: key 00..0f, input 00..(n-1).
PUBLISHED_64 = {0: "310e0edd47db6f72", 1: "fd67dc93c539f874", 15: "e545be4961ca29a1"}
PUBLISHED_128 = {
    0: "a3817f04ba25a8e66df67214c7550293",
    1: "da87c1d86b99af44347659119b22fc45",
    2: "8177228da4a45dc7fca38bdef60affe4",
}


@pytest.mark.parametrize(("length", "expected"), PUBLISHED_128.items())
def test_the_published_vectors_of_128_bits(length: int, expected: str) -> None:
    text = bytes(range(length))

    assert expected == siphash(KEY, text, 16).hex()
    assert expected == _hashed(KEY, [text.decode()], 0)[0].hex()


@pytest.mark.parametrize(("length", "expected"), PUBLISHED_64.items())
def test_the_published_vectors_of_64_bits(length: int, expected: str) -> None:
    assert expected == siphash(KEY, bytes(range(length)), 8).hex()


@given(st.binary(min_size=16, max_size=16), st.binary(max_size=80))
def test_the_oracle_agrees_with_another_implementation(key: bytes, text: bytes) -> None:
    assert siphash24.siphash24(text, key=key).digest() == siphash(key, text, 8)


def _hashed(key: bytes, texts: list[str | None], domain: int) -> list[bytes]:
    words = Hasher(key).column(pa.array(texts, pa.string()), Domain(domain))
    assert words.shape == (len(texts), 2)
    return [row.astype("<u8").tobytes() for row in words]


def _in_domain(key: bytes, domain: int) -> bytes:
    return bytes([key[0] ^ domain, *key[1:]])


@given(
    st.binary(min_size=16, max_size=16),
    st.lists(st.none() | st.text(max_size=40), max_size=6),
    st.sampled_from(Domain),
)
def test_a_column_is_hashed_as_each_of_its_strings(
    key: bytes, texts: list[str | None], domain: Domain
) -> None:
    expected = [siphash(_in_domain(key, domain), (t or "").encode(), 16) for t in texts]

    assert expected == _hashed(key, texts, domain)
    firsts = [int.from_bytes(octets[:8], "little") for octets in expected]
    assert firsts == [Hasher(key).one(text or "", domain) for text in texts]


@given(st.lists(st.text(max_size=9), min_size=1, max_size=8), st.data())
def test_a_slice_of_a_column_is_hashed_as_its_rows_are(
    texts: list[str], data: st.DataObject
) -> None:
    begin = data.draw(st.integers(0, len(texts)))
    end = data.draw(st.integers(begin, len(texts)))
    hasher = Hasher(KEY)
    column = pa.array(texts, pa.string())

    whole = hasher.column(column, Domain.TAG)[begin:end]

    assert np.array_equal(whole, hasher.column(column.slice(begin, end - begin), Domain.TAG))


def test_equal_strings_of_two_kinds_do_not_meet() -> None:
    hasher = Hasher(KEY)

    assert len({hasher.one("harbour", domain) for domain in Domain}) == len(Domain)


@pytest.mark.parametrize("length", [255, 256, 257, 100_000])
def test_long_strings(length: int) -> None:
    text = "x" * length

    assert [siphash(KEY, text.encode(), 16)] == _hashed(KEY, [text], 0)
