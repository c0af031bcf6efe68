from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.connectors import CUT_BYTES, NativeLines, lines_of_body
from leeward.errors import InputError
from leeward.model import ADMITTED_SCHEMA, bounds
from tests.connectors._native import event, lines


def test_events_come_out_in_the_order_of_their_lines() -> None:
    decoded = NativeLines().decode(lines(*map(event, range(100))))
    assert decoded.batch.schema == ADMITTED_SCHEMA
    assert decoded.batch["id"].to_pylist() == [event(n)["id"] for n in range(100)]
    assert (decoded.records, decoded.refused) == (100, [])
    assert decoded.adds_up


BAD = {
    "cut short": (b'{"id": "harb', "$"),
    "not JSON": (b"Boat 7 is back", "$"),
    "a list": (b"[1, 2]", "$"),
    "two on a line": (lines(event(8)).strip() + lines(event(9)).strip(), "$"),
    "not UTF-8": (lines(event(8)).strip().replace(b"Boat", b"B\xf8at"), "$"),
    "a key twice": (lines(event(8)).strip()[:-1] + b', "kind": "like"}', "$"),
    "too deep": (
        lines(event(8, extra={"a": 0})).strip().replace(b"0}", b"[" * 15 + b"]" * 15 + b"}"),
        "$",
    ),
    "wrong type": (lines(event(8, at="noon")).strip(), "at"),
    "not a number": (lines(event(8)).strip().replace(b"1700000000000008", b"NaN"), "$"),
    "infinite": (lines(event(8)).strip().replace(b"1700000000000008", b"1e999"), "at"),
    "unknown kind": (lines(event(8, kind="regatta")).strip(), "kind"),
    "unknown field": (lines(event(8, colour="red")).strip(), "$"),
    "missing field": (b'{"id": "harbour:x@1#create"}', "$"),
    "identity of another source": (lines(event(8, source="pier")).strip(), "id"),
    "control character": (lines(event(8, target="a\nb")).strip(), "target"),
    "lone surrogate": (lines(event(8)).strip().replace(b"Boat", b"\\ud800"), "$"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_line_is_refused_with_its_bytes_and_harms_no_other(case: str) -> None:
    bad, field = BAD[case]
    data = lines(event(1)) + bad + b"\n\n" + lines(event(2))
    decoded = NativeLines().decode(data, first_line=10)
    assert decoded.batch["id"].to_pylist() == [event(1)["id"], event(2)["id"]]
    [refused] = decoded.refused
    assert (refused.line, refused.field, refused.raw) == (11, field, bad)
    assert decoded.adds_up


@pytest.mark.parametrize("case", BAD)
def test_a_reason_holds_no_value_of_the_line(case: str) -> None:
    bad, _ = BAD[case]
    [refused] = NativeLines().decode(bad).refused
    for word in ("regatta", "pier", "noon", "colour", "back", "harbour.example"):
        assert word not in refused.reason


def test_a_line_that_is_too_long_is_kept_to_its_bound_and_the_rest_counted() -> None:
    line = lines(event(1, text="x" * (bounds.MAX_LINE + 100))).strip()
    decoded = NativeLines().decode(lines(event(2)) + line)
    [refused] = decoded.refused
    assert refused.raw == line[: bounds.MAX_LINE]
    assert decoded.noted == {CUT_BYTES: len(line) - bounds.MAX_LINE}


def test_what_the_log_sets_is_accepted_and_not_believed() -> None:
    exported = event(1, seq=7, seen=5, folded="other")
    expected = NativeLines().decode(lines(event(1))).batch
    assert expected.equals(NativeLines().decode(lines(exported)).batch)


@given(st.lists(st.integers(0, len(BAD) + 5), max_size=12), st.data())
def test_cutting_lines_into_chunks_changes_nothing(picks: list[int], data: st.DataObject) -> None:
    bad = list(BAD.values())
    texts = [
        bad[pick][0] + b"\n" if pick < len(bad) else lines(event(n)) for n, pick in enumerate(picks)
    ]
    whole = NativeLines().decode(b"".join(texts))
    cut = data.draw(st.integers(0, len(texts)))
    first = NativeLines().decode(b"".join(texts[:cut]))
    second = NativeLines().decode(b"".join(texts[cut:]), cut + 1)
    assert whole.refused == first.refused + second.refused
    assert whole.batch.to_pylist() == first.batch.to_pylist() + second.batch.to_pylist()
    assert whole.records == first.records + second.records


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    assert NativeLines().decode(data).adds_up


# --- bodies of requests ------------------------------------------------------------------------


def test_a_body_of_lines_is_taken_as_it_is() -> None:
    body = lines(event(1), event(2))
    assert body == lines_of_body(body)


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_becomes_lines_however_it_is_written(indent: int | None) -> None:
    body = b" \n" + json.dumps([event(1), event(2)], indent=indent).encode()
    found = [msgspec.json.decode(line) for line in lines_of_body(body).splitlines()]
    assert found == [event(1), event(2)]


def test_an_empty_array_holds_no_records() -> None:
    assert NativeLines().decode(lines_of_body(b"[]")).records == 0


@pytest.mark.parametrize("body", [b"[", b'[{"a": 1}', b"[" * 100_000, b"[\xff]", b"[1] x"])
def test_an_array_that_is_none_is_an_error_that_says_what_to_do(body: bytes) -> None:
    with pytest.raises(InputError, match="JSON array") as caught:
        lines_of_body(body)
    assert caught.value.hint is not None
