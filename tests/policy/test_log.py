"""Every field of an event, read from the event and from the log's columns."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa
import pytest

from leeward.model import Event, MediaRef, columns_of, fold
from leeward.policy import EVENT_FIELDS, RowReader, compile_policies, judge
from tests.policy._policies import boat_event, finding, policy, rule_text

_EVENTS = [
    boat_event(1, text="Red Sails", folded="red sails", seen=5),
    boat_event(2, text="İstanbul ΣΑΣ", folded=fold("İstanbul ΣΑΣ"), tags=("sail", "ß")),
    boat_event(3, text=None, folded=None, media=(), seen=1_700_000_000_000_000),
    boat_event(4, kind="repost", target="post:1", reply_to="post:2", root="post:1", lang="en"),
    boat_event(5, community="pier", links=("a", "b"), mentions=("boat:1",), visibility="public"),
    boat_event(6, kind="follow", op="delete", target="boat:2", media=(MediaRef(uri="a"),) * 3),
]
_CONDITIONS = [
    'event.kind == "post"',
    'event.op != "create"',
    'event.source.startswith("har")',
    "event.actor in event.mentions",
    'event.object.endswith("1")',
    'event.target == ""',
    'event.reply_to != ""',
    "event.root == event.target",
    '"red sails" in event.text',
    f'"{fold("ΣΑΣ")}" in event.text',
    "len(event.text) > 8",
    'event.lang == "en"',
    'event.community in ["pier", "quay"]',
    'has_any(event.tags, ["sail"])',
    "len(event.links) == 2",
    "event.pictures >= 1",
    'event.visibility == "public"',
    "event.seen - event.at < hours(0)",
    "tide.score > 2",
    "at_least(2, harbour_bank.hit, strangers.hit, event.pictures > 2)",
]
_SAID: list[dict[str, Any]] = [
    {"strangers": finding("strangers", "hit", 3.0), "harbour-bank": finding("harbour-bank", "hit")},
    {"strangers": finding("strangers", "miss", 1.0)},
    {"strangers": finding("strangers", "hit", float("inf"))},
    {"strangers": finding("strangers", "abstained")},
    {},
    {"harbour-bank": finding("harbour-bank", "abstained")},
]


def _table(events: list[Event]) -> pa.Table:
    """The log's columns, with those of findings beside them."""
    table = pa.Table.from_batches([columns_of(events)])
    folded = [None if (event.text or "").isascii() else event.folded for event in events]
    columns: dict[str, Any] = {
        "seq": pa.array([event.seq for event in events], pa.int64()),
        "seen": pa.array([event.seen for event in events], pa.int64()),
        "folded": pa.array(folded, pa.string()),
    }
    for signal in ("strangers", "harbour-bank"):
        said = [findings.get(signal) for findings in _SAID]
        outcomes = [None if one is None else one.outcome for one in said]
        scores = [None if one is None else one.score for one in said]
        columns[f"{signal}.outcome"] = pa.array(outcomes, pa.string())
        columns[f"{signal}.score"] = pa.array(scores, pa.float64())
    for name, values in columns.items():
        table = table.append_column(name, values)
    return table


def test_a_rule_says_the_same_of_an_event_and_of_its_row() -> None:
    whens = [when.replace("tide", "strangers") for when in _CONDITIONS]
    rules = [
        rule_text(
            when,
            f"r{at}",
            if_abstained="abstain" if any(s in when for s in ("score", ".hit", "seen")) else "",
        )
        for at, when in enumerate(whens)
    ]
    compiled = compile_policies([policy(*rules)])
    live: dict[tuple[int, str], bool | None] = {
        (verdict.seq, verdict.rule): True if verdict.outcome == "hit" else None
        for verdict in judge(compiled, RowReader(compiled), list(zip(_EVENTS, _SAID, strict=True)))
    }
    with duckdb.connect() as connection:
        connection.register("log", _table(_EVENTS))
        names = [f"r{at}" for at in range(len(whens))]
        past = {
            (row[0], name): outcome
            for row in connection.execute(compiled.sql("log")).fetchall()
            for name, outcome in zip(names, row[1:], strict=True)
        }

    assert past == {key: live.get(key, False) for key in past}
    for at, when in enumerate(whens):
        hits = [live.get((event.seq or 0, f"r{at}"), False) for event in _EVENTS]
        assert True in hits, when


@pytest.mark.parametrize("field", EVENT_FIELDS, ids=lambda field: field.name)
def test_every_field_of_an_event_is_read_above(field: Any) -> None:
    assert any(field.name in when for when in _CONDITIONS)
