"""A message names the field, never the value: not even one that was made to be quoted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.errors import LeewardError
from leeward.model import Event, admit_columns, admit_events, explain
from leeward.store import Log, Writer
from tests.model._events import FIELDS, SOUND, table_of

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary"
# Shapes that a message of the decoder could quote, or that look like a part of one.
BAIT = st.sampled_from(
    [
        CANARY,
        f"{CANARY}\x00",
        f"`{CANARY}`",
        f"x` - at `$.{CANARY}",
        f"x` - at `key in $.{CANARY}",
        f"` - at `$[0].{CANARY}[...]",
        f"Expected `{CANARY}`",
        CANARY * 600,
        f"{CANARY}:{CANARY}@1#create",
    ]
)
VALUE = BAIT | st.lists(BAIT, max_size=2) | st.dictionaries(BAIT, BAIT, max_size=2)


def _silent(*messages: str) -> None:
    for message in messages:
        assert CANARY not in message.lower()


@given(st.dictionaries(st.sampled_from(sorted({*SOUND, *FIELDS})) | BAIT, VALUE, max_size=3))
def test_no_refusal_of_json_holds_a_value_or_an_unknown_name(odd: dict[str, Any]) -> None:
    try:
        event = msgspec.json.decode(json.dumps({**SOUND, **odd}), type=Event)
    except msgspec.DecodeError as error:
        _silent(*explain(error))
    else:
        for refusal in admit_events([event]).refusals:
            _silent(refusal.field, refusal.reason)


@given(st.dictionaries(st.sampled_from(["poll", "account", "x"]) | BAIT, VALUE, max_size=2), BAIT)
def test_no_refusal_of_a_table_holds_a_value(extra: dict[str, Any], bait: str) -> None:
    table = table_of([{**SOUND, "extra": extra, "text": bait}, {**SOUND, "kind": bait}])
    for refusal in admit_columns(table).refusals:
        _silent(refusal.field, refusal.reason)


@given(st.text(max_size=20), st.binary(max_size=20))
def test_no_message_about_broken_json_holds_a_piece_of_it(text: str, octets: bytes) -> None:
    for raw in (
        CANARY.encode() + octets,
        f'{{"{CANARY}": {text}'.encode(),
        b'{"text": "' + CANARY.encode() + octets,
    ):
        try:
            msgspec.json.decode(raw, type=Event)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            _silent(*explain(error))


def test_an_unknown_field_is_not_named_though_it_may_look_like_a_place() -> None:
    record = {**SOUND, f"x` - at `$.{CANARY}": 1}

    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(json.dumps(record), type=Event)

    assert explain(caught.value) == ("$", "has a field that is not known here")


@pytest.mark.parametrize(
    "change",
    [
        {"kind": CANARY},
        {"text": f"{CANARY}\ud800"},
        {"tags": (CANARY, 1)},
        {"actor": CANARY * 600},
        {"extra": {"a": float("nan")}},
        {"extra": {"poll": CANARY}},
    ],
    ids=["kind", "surrogate", "tags", "actor", "nan", "poll"],
)
def test_a_program_that_appends_a_bad_event_learns_no_value_and_loses_no_other(
    change: dict[str, Any], tmp_path: Path
) -> None:
    """Either the bad event is quarantined and the good one kept, or our error refuses the call."""
    good = msgspec.convert(SOUND, Event)
    bad = msgspec.structs.replace(good, id="example:boat:2@1#create", **change)
    with Writer.open(tmp_path) as writer, Log(tmp_path) as log:
        try:
            receipt = writer.append([good, bad])
        except LeewardError as error:
            _silent(str(error))
            assert list(log.tail()) == []
        else:
            assert (receipt.accepted, receipt.quarantined) == (1, 1)
            (item,) = log.quarantine()
            _silent(item.field, item.reason)
            assert [good.id] == [event.id for event in log.of(account=good.actor)]
