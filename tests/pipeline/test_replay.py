from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leeward.connectors import Jetstream, NativeLines, Table, parse_map
from leeward.errors import UsageError
from leeward.pipeline import ingest, replay
from leeward.store import Quarantined
from tests.connectors._native import event, lines
from tests.pipeline._sink import MemorySink

if TYPE_CHECKING:
    from pathlib import Path

MAP = """
source = "harbour"
group_by = ["post"]
[fields]
object = "post:{post}"
actor = "account:{account}"
at = { column = "time", unit = "s" }
tags = "{tag}"
"""


def item(raw: bytes, form: str = "leeward") -> Quarantined:
    return Quarantined(3, 0, form, "a.jsonl", 17, "$", "is bad", raw)


def test_an_item_passes_once_its_format_takes_it() -> None:
    good, bad = lines(event(1)).strip(), b'{"id": 7}'
    found = list(replay([item(good), item(bad)], {"leeward": NativeLines()}))
    assert [result.passes for result in found] == [True, False]
    assert found[0].decoded.batch["id"].to_pylist() == [event(1)["id"]]
    assert found[1].decoded.refused[0].line == 17


def test_an_item_that_is_known_to_be_no_event_passes_too() -> None:
    raw = (
        b'{"did": "did:plc:pier", "time_us": 7, "kind": "commit", "commit": {"rev": "a",'
        b' "operation": "delete", "collection": "example.tide", "rkey": "a"}}'
    )
    [result] = replay([item(raw, "jetstream")], {"jetstream": Jetstream()})
    assert result.passes
    assert result.decoded.ignored.total() == 1


def test_a_group_of_rows_comes_back_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("post,account,time,tag\n1,a,noon,pier\n1,a,noon,boats\n", "utf-8")
    sink = MemorySink()
    ingest([path], sink, map=parse_map(MAP))
    [waiting] = sink.quarantine
    mended = waiting._replace(raw=waiting.raw.replace(b"noon", b"1700000000"))
    results = list(replay([waiting, mended], {"table": Table(parse_map(MAP))}))
    assert [result.passes for result in results] == [False, True]
    assert results[1].decoded.batch["tags"].to_pylist() == [["pier", "boats"]]


def test_a_format_that_is_not_at_hand_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="`table`") as caught:
        list(replay([item(b"[]", "table")], {}))
    assert caught.value.hint is not None
