"""Content stays out of ``repr``."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from leeward.connectors import (
    Jetstream,
    NativeLines,
    Table,
    chunks,
    numbered,
    open_input,
    parse_map,
)
from leeward.connectors._bluesky import Draft
from leeward.connectors._lines import split_lines
from tests.connectors._native import event, lines

if TYPE_CHECKING:
    from pathlib import Path

WORD = "lighthouse"


def test_nothing_that_holds_input_shows_it(tmp_path: Path) -> None:
    data = lines(event(1, text=WORD)) + f'{{"id": "{WORD}"}}\n'.encode()
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)
    decoded = NativeLines().decode(data)
    [rows] = numbered([decoded.batch])
    with open_input(path) as opened:
        held = [
            decoded,
            decoded.refused,
            rows,
            opened,
            next(chunks(io.BytesIO(data))),
            split_lines(data),
            Draft(WORD, {"text": WORD}),
            Jetstream().decode(data),
        ]
    assert WORD not in repr(held)


def test_a_refused_row_of_a_table_shows_nothing() -> None:
    table_map = parse_map(
        'source = "a"\nrequire = ["b"]\n[fields]\nobject = "{a}"\nactor = "{a}"\n'
        'at = { column = "c", unit = "s" }\n'
    )
    decoded = Table(table_map).decode(f'[{{"a": "{WORD}"}}]'.encode())
    assert len(decoded.refused) == 1
    assert WORD not in repr(decoded)
    assert WORD not in decoded.refused[0].reason
