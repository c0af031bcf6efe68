"""Leeward's own JSON: one event a line, in the fields of the model."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec
import pyarrow as pa

from leeward.connectors._decoded import Decoded, Refused
from leeward.connectors._lines import CUT_BYTES, Lines, split_lines
from leeward.model import ADMITTED_SCHEMA, Event, admit_events, explain

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NativeLines"]

_SLICE: Final = 512
"""Events that exist as objects at a time. More would leave the processor's cache, and each would
be looked at by several rounds of the garbage collector: measured, 8,000 take twice as long
an event."""

_DECODER: Final = msgspec.json.Decoder(Event)


class NativeLines:
    """Lines of :class:`~leeward.model.Event` as JSON.

    ``seq``, ``seen`` and ``folded`` may be there, as in an export, and count for nothing: the
    log sets its own.
    """

    name: Final = "leeward"

    def decode(self, lines: bytes, first_line: int = 1) -> Decoded:
        """Decode whole lines; see :class:`~leeward.connectors.LineFormat`."""
        records = split_lines(lines, first_line)
        refused: list[Refused] = []
        count = len(records)
        batches = [
            _slice(records, start, min(start + _SLICE, count), refused)
            for start in range(0, count, _SLICE)
        ]
        empty = pa.RecordBatch.from_pylist([], ADMITTED_SCHEMA)
        refused.sort(key=lambda item: item.line)
        noted = Counter({CUT_BYTES: records.cut} if records.cut else {})
        batch = batches[0] if len(batches) == 1 else pa.concat_batches([empty, *batches])
        return Decoded(batch, refused, Counter(), noted, count)


def _slice(records: Lines, start: int, end: int, refused: list[Refused]) -> pa.RecordBatch:
    """Admit the records from ``start`` to ``end``."""
    events = _all_at_once(records, start, end)
    places: Sequence[int] = range(start, end)
    if events is None:
        events, places = _one_by_one(records, places, refused)
    admission = admit_events(events)
    refused.extend(
        records.refuse(places[row], field, reason) for row, field, reason in admission.refusals
    )
    return admission.batch


def _all_at_once(records: Lines, start: int, end: int) -> list[Event] | None:
    """The events, or None where at least one line is not sound."""
    if records.verdicts[start:end].any():
        return None
    data = records.data[int(records.starts[start]) : int(records.ends[end - 1])]
    try:
        return _DECODER.decode_lines(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _one_by_one(
    records: Lines, places: Sequence[int], refused: list[Refused]
) -> tuple[list[Event], list[int]]:
    """The events of the sound lines, and the record that each came from."""
    events: list[Event] = []
    sound: list[int] = []
    for record in places:
        fault = records.fault(record)
        if fault is not None:
            refused.append(records.refuse(record, "$", fault))
            continue
        try:
            events.append(_DECODER.decode(records.raw(record)))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            refused.append(records.refuse(record, *explain(error)))
        else:
            sound.append(record)
    return events, sound
