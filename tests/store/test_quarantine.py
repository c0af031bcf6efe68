"""Refused input: kept with its bytes, in one transaction with its batch, within a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from leeward.errors import QuarantineFull
from leeward.model import LogSettings
from leeward.store import Checkpoint, Log, Quarantined, Receipt, Refused, Writer
from tests.store._helpers import batch, event, in_order

if TYPE_CHECKING:
    from pathlib import Path

ITEM = 128
"""What each item counts beyond its bytes, as docs/reference/files.md says."""

TWO = [Refused(3, "text", "is not UTF-8", b"\xff\x00"), Refused(9, "$", "is cut short", b'{"a')]


def test_refused_lines_come_back_as_they_were(data: Path) -> None:
    with Writer.open(data) as writer, Log(data) as log:
        receipt = writer.append(batch([1]), refused=TWO, format="jetstream", origin="harbour.jsonl")
        items = list(log.quarantine())

    assert receipt == Receipt(1, 1, 0, 2)
    assert all(isinstance(item, Quarantined) for item in items)
    assert [(i.line, i.field, i.reason, i.raw) for i in items] == [tuple(r) for r in TWO]
    assert {(i.format, i.origin) for i in items} == {("jetstream", "harbour.jsonl")}


def test_refused_lines_alone_are_kept(data: Path) -> None:
    with Writer.open(data) as writer, Log(data) as log:
        assert writer.append(batch([]), refused=TWO) == Receipt(1, 0, 0, 2)
        assert log.status().quarantine.waiting == 2


def test_the_status_tells_how_much_waits_and_why(data: Path) -> None:
    with Writer.open(data) as writer, Log(data) as log:
        writer.append(batch([]), refused=[TWO[0], TWO[1], TWO[1]])
        status = log.status().quarantine

    assert (status.waiting, status.bytes) == (3, 8 + 3 * ITEM)
    assert list(status.reasons.items()) == [
        (("$", "is cut short"), 2),
        (("text", "is not UTF-8"), 1),
    ]


def test_over_the_bound_nothing_of_the_call_is_stored(data: Path) -> None:
    with Writer.open(data, LogSettings(quarantine_bytes=7 + 3 * ITEM)) as writer, Log(data) as log:
        writer.append(batch([1]), refused=TWO)  # five bytes in two items
        with pytest.raises(QuarantineFull) as caught:
            writer.append(batch([2, 3]), refused=TWO, checkpoint=Checkpoint("file", 9))

        assert caught.value.hint
        assert in_order(log) == [(1, 1)]
        assert writer.position("file") == 0
        assert log.status().quarantine.waiting == 2
        # Nothing is remembered of what was turned away, and sound input still enters.
        assert writer.append(batch([2, 3])) == Receipt(2, 2, 0, 0)
        # Room for one item of two bytes is left, and are used to the last.
        last = [Refused(1, "$", "is cut short", b"{}")]
        assert writer.append(batch([]), refused=last).quarantined == 1


def test_a_full_quarantine_turns_away_its_own_caller_only(data: Path) -> None:
    with Writer.open(data, LogSettings(quarantine_bytes=6 + 2 * ITEM)) as writer, Log(data) as log:
        with writer.transaction():
            futures = [writer.submit(batch([n]), refused=TWO * (n % 2)) for n in range(5)]
        accepted = [futures[n].result(60).accepted for n in (0, 1, 2, 4)]
        with pytest.raises(QuarantineFull):
            futures[3].result(60)

        assert accepted == [1, 1, 1, 1]
        assert [n for _, n in in_order(log)] == [0, 1, 2, 4]


def test_released_items_make_room(data: Path) -> None:
    with Writer.open(data, LogSettings(quarantine_bytes=5 + 2 * ITEM)) as writer, Log(data) as log:
        writer.append(batch([]), refused=TWO)
        first, second = log.quarantine()

        assert writer.release([first.id, 999_999]) == 1
        assert [item.id for item in log.quarantine()] == [second.id]
        assert [item.id for item in log.quarantine(after=second.id)] == []
        assert writer.release([first.id]) == 0
        assert writer.append(batch([]), refused=[TWO[0]]).quarantined == 1
        # An id is never given away again: a person may have it in a list.
        assert first.id not in [item.id for item in log.quarantine()]
        assert log.status().quarantined == 3


def test_quarantine_outlives_the_process(data: Path) -> None:
    with Writer.open(data) as writer:
        writer.append(batch([1]), refused=TWO)
        writer.seal()
    with Writer.open(data), Log(data) as log:
        assert [item.raw for item in log.quarantine()] == [item.raw for item in TWO]


def test_a_program_that_appends_a_bad_event_finds_it_in_quarantine(data: Path) -> None:
    bad = msgspec.structs.replace(event(2), id="no identity")
    with Writer.open(data) as writer, Log(data) as log:
        receipt = writer.append([event(1), bad, event(3)])
        (item,) = log.quarantine()

    assert receipt == Receipt(1, 2, 0, 1)
    assert (item.line, item.field) == (2, "id")
    assert msgspec.json.decode(item.raw)["id"] == "no identity"


def test_checkpoints_are_durable_and_never_move_back(data: Path) -> None:
    with Writer.open(data) as writer:
        assert writer.position("a") == 0
        writer.append(batch([1]), checkpoint=Checkpoint("a", 40))
        writer.append(batch([2]), checkpoint=Checkpoint("a", 30))
        writer.append(batch([3]), checkpoint=Checkpoint("b", 7))
    with Writer.open(data) as writer:
        assert (writer.position("a"), writer.position("b")) == (40, 7)
