"""The structural scan against the standard library's JSON reader as the oracle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leeward.connectors import _scan
from leeward.connectors._lines import has_repeated_key, split_lines
from leeward.model import bounds

if TYPE_CHECKING:
    import random

KEYS = st.sampled_from(["a", "b", "boat", "\u00e9", 'q"', "\\", "a\n", ""])


class Pairs(list[tuple[str, Any]]):
    """A JSON object as it is written, which may have a key twice."""


def pairs(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Pairs]:
    return st.lists(st.tuples(KEYS, values), max_size=4).map(Pairs)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | pairs(inner),
    max_leaves=12,
)


def written(value: Any, ascii_only: bool) -> str:
    if isinstance(value, Pairs):
        members = (f"{written(k, ascii_only)}: {written(v, ascii_only)}" for k, v in value)
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(item, ascii_only) for item in value) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


def depth(value: Any) -> int:
    if isinstance(value, Pairs):
        return 1 + max((depth(item) for _, item in value), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


def repeats(value: Any) -> bool:
    if isinstance(value, Pairs):
        keys = [key for key, _ in value]
        return len(set(keys)) < len(keys) or any(repeats(item) for _, item in value)
    return isinstance(value, list) and any(map(repeats, value))


def verdict(line: bytes) -> int:
    lines = split_lines(line)
    assert len(lines) == 1
    return int(lines.verdicts[0])


@given(pairs(VALUES), st.booleans())
def test_a_repeated_key_is_found_wherever_it_is(value: Pairs, ascii_only: bool) -> None:
    line = written(value, ascii_only).encode()
    lines = split_lines(line)
    if depth(value) > bounds.MAX_DEPTH:
        assert lines.fault(0) == f"is nested deeper than {bounds.MAX_DEPTH}"
    elif repeats(value):
        assert lines.fault(0) == "has the same key twice in one object"
    else:
        assert lines.fault(0) is None


@given(pairs(VALUES), st.randoms(use_true_random=False))
def test_a_clean_verdict_is_never_wrong_about_mutated_json(
    value: Pairs, chance: random.Random
) -> None:
    """What a decoder would take and has a key twice, or is too deep, is never clean."""
    line = bytearray(written(value, False).encode())
    for _ in range(chance.randint(1, 4)):
        line[chance.randrange(len(line))] = chance.choice(b'{}[]":,\\ a1\x00\xff')
    text = bytes(line).replace(b"\n", b" ")
    if not text.strip(b" \t\r\n"):
        return
    found = verdict(text)
    try:
        msgspec.json.decode(text, type=dict[str, Any])
    except (ValueError, RecursionError):
        return
    assert found in (_scan.CLEAN, _scan.UNSURE)
    if found == _scan.CLEAN:
        assert not has_repeated_key(text)


@pytest.mark.parametrize(
    "line",
    [
        b'{"a": 1} {"b": 2}',
        b'{"a": 1}{"b": 2}',
        b'[{"a": 1}]',
        b'{"a": ',
        b'{"a": "',
        b'{"a": "\\',
        b"}",
        b"17",
    ],
)
def test_what_is_not_one_object_is_odd(line: bytes) -> None:
    assert verdict(line) == _scan.ODD


@pytest.mark.parametrize("count", [63, 64, 65, 200])
def test_large_objects_are_compared_exactly(count: int) -> None:
    line = json.dumps({f"k{i}": i for i in range(count)}).encode()
    assert split_lines(line).fault(0) is None
    again = line[:-1] + b', "k0": 0}'
    assert split_lines(again).fault(0) == "has the same key twice in one object"


def test_a_key_may_be_there_again_in_another_object() -> None:
    assert verdict(b'{"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}], "c": {"b": 1}}') == _scan.CLEAN


def test_escapes_do_not_hide_a_repeated_key() -> None:
    lines = split_lines(b'{"a": 1, "\\u0061": 2}')
    assert lines.fault(0) == "has the same key twice in one object"


@pytest.mark.parametrize(("levels", "fault"), [(16, None), (17, "is nested deeper than 16")])
def test_nesting_is_bounded(levels: int, fault: str | None) -> None:
    line = b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"
    assert split_lines(line).fault(0) == fault


def test_nesting_that_would_exhaust_a_decoder_is_only_scanned() -> None:
    assert verdict(b'{"a":' * 200_000) == _scan.DEEP


@example(b"")
@example(b"\n\n")
@example(b'\r\n{"a": 1}\r\n  \n{"b": 2}')
@given(st.lists(st.sampled_from([b"", b"  ", b"\r", b'{"a": 1}', b'{"b": [1]} ']), max_size=8).map(
    b"\n".join
))  # fmt: skip
def test_blank_lines_are_no_records_and_keep_the_count_of_lines(data: bytes) -> None:
    expected = [(n, line) for n, line in enumerate(data.split(b"\n"), 5) if line.strip()]
    lines = split_lines(data, 5)
    assert expected == [(lines.refuse(i, "$", "").line, lines.raw(i)) for i in range(len(lines))]
