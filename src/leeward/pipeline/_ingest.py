"""From files to the log: decode a piece, submit it, and decode the next while it is stored."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from leeward.connectors import expand, open_input, read_map
from leeward.errors import Overloaded, UsageError
from leeward.pipeline._pieces import FORMATS, detect, pieces
from leeward.pipeline._summary import Summary
from leeward.store import Checkpoint

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Future

    import pyarrow as pa

    from leeward.connectors import Decoded, Opened, TableMap
    from leeward.pipeline._pieces import Format, Piece
    from leeward.store import Receipt, Refused

__all__ = ["Sink", "ingest"]

_IN_FLIGHT: Final = 2
"""Pieces that wait to be stored while the next is decoded: enough to keep the disk busy, few
enough that memory stays flat."""


class Sink(Protocol):
    """What ``ingest`` needs of :class:`leeward.store.Writer`."""

    def submit(
        self,
        batch: pa.RecordBatch,
        *,
        refused: Sequence[Refused] = (),
        format: str = "leeward",  # noqa: A002 - the word of the design
        origin: str = "",
        checkpoint: Checkpoint | None = None,
    ) -> Future[Receipt]:
        """Store a piece; the future is done when it is durable."""

    def position(self, key: str) -> int:
        """How far the input of a checkpoint has come; 0 where it is unknown."""


def ingest(
    paths: Iterable[str | os.PathLike[str]],
    writer: Sink,
    *,
    format: Format | None = None,  # noqa: A002 - the word of the design
    map: TableMap | Path | None = None,  # noqa: A002 - the word of the design
    progress: Callable[[Summary], None] | None = None,
) -> Summary:
    """Put files into the log.

    What an earlier run has stored is skipped, whether it was interrupted or the files have grown
    since. Only the names of files are kept as the origin of what is quarantined, not their paths.

    Args:
        paths: Files, folders (all files in them, sorted), or ``-`` for standard input.
        writer: The log's writer.
        format: The format of all of them; found by their content by default.
        map: What the columns of a table are, or the file that says so.
        progress: Called with the counts so far after each piece.

    Returns:
        What became of every record.

    Raises:
        UsageError: A path, the format or the map cannot be used.
        InputError: A file cannot be read. What came before it is in the log.
        StoreError: The log cannot take more. What the summary so far counts is in it.
    """
    table_map = read_map(map) if isinstance(map, Path) else map
    _check_usage(format, table_map)
    run = _Run(writer, progress or (lambda _: None))
    try:
        for path in expand(paths):
            with open_input(path) as opened:
                found = format or ("table" if table_map is not None else detect(opened))
                run.read(opened, found, table_map)
    finally:
        # Also after an error or an interruption: what was submitted is waited for.
        run.settle(0)
    return run.summary


def _check_usage(form: Format | None, table_map: TableMap | None) -> None:
    if form is not None and form not in FORMATS:
        raise UsageError(
            "There is no such format", where="--format", hint=f"known: {', '.join(FORMATS)}"
        )
    if form == "table" and table_map is None:
        raise UsageError(
            "The format `table` needs a map",
            where="--format",
            hint="give one with --map; see docs/how-to/ingest-a-table.md",
        )
    if table_map is not None and form not in (None, "table"):
        raise UsageError(
            f"A map does not go with the format `{form}`",
            where="--map",
            hint="leave one of the two out",
        )


class _Run:
    """Pieces on their way into the log, and what became of those that arrived."""

    def __init__(self, writer: Sink, progress: Callable[[Summary], None]) -> None:
        self.summary = Summary()
        self._writer = writer
        self._progress = progress
        self._pending: deque[tuple[Decoded, Future[Receipt]]] = deque()

    def read(self, opened: Opened, form: Format, table_map: TableMap | None) -> None:
        """Submit what is new of an input."""
        done = 0
        for piece in pieces(opened, form, table_map, self._writer.position):
            known = 0 if piece.key is None else self._writer.position(piece.key)
            if known > done:
                self.summary.skip(known - done)
                done = known
                self._progress(self.summary)
                continue
            decoded = piece.decode()
            done += decoded.records
            self._submit(decoded, piece, form, opened.name, done)
            self.settle(_IN_FLIGHT)
        self.summary.files += 1

    def settle(self, most: int) -> None:
        """Wait until no more than ``most`` pieces are on their way."""
        failure: BaseException | None = None
        while len(self._pending) > most:
            decoded, future = self._pending[0]
            error = future.exception()
            self._pending.popleft()
            if error is None:
                self.summary.add(decoded, future.result())
                self._progress(self.summary)
            else:
                failure = failure or error
                most = 0
        if failure is not None:
            raise failure

    def _submit(self, decoded: Decoded, piece: Piece, form: Format, origin: str, done: int) -> None:
        checkpoint = None if piece.key is None else Checkpoint(piece.key, done)
        while True:
            try:
                future = self._writer.submit(
                    decoded.batch,
                    refused=decoded.refused,
                    format=form,
                    origin=origin,
                    checkpoint=checkpoint,
                )
            except Overloaded as busy:
                if self._pending:
                    self.settle(len(self._pending) - 1)
                else:
                    time.sleep(busy.retry_after)
            else:
                self._pending.append((decoded, future))
                return
