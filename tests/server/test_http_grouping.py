from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from leeward.connectors import NativeLines
from leeward.server._grouping import decode_each
from tests.server._running import event

LINES = st.one_of(
    st.integers(0, 5).map(lambda n: json.dumps(event(n)).encode()),
    st.sampled_from([b"", b" ", b"\r", b"{}", b"{", b"[1]", b"\xff", b'{"a": 1, "a": 1}', b"null"]),
    st.integers(0, 5).map(lambda n: json.dumps(event(n, text=f"wind \u00e9 {n}")).encode() + b"\r"),
    st.integers(0, 5).map(lambda n: json.dumps(event(n, at=-n - 1)).encode()),
)
BODIES = st.lists(st.lists(LINES, max_size=6).map(b"\n".join), min_size=1, max_size=8)


@settings(deadline=None, max_examples=150)
@given(BODIES)
def test_decoding_together_is_decoding_each(bodies: list[bytes]) -> None:
    together = decode_each(bodies)
    assert len(together) == len(bodies)
    for body, decoded in zip(bodies, together, strict=True):
        alone = NativeLines().decode(body, 1)
        assert decoded.batch.equals(alone.batch)
        assert decoded.refused == alone.refused
        assert decoded.records == alone.records
        assert decoded.adds_up
