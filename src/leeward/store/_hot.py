"""The SQLite file of the log: hot rows, the manifest, quarantine, checkpoints, counters.

One file, so that one transaction makes a batch durable together with its refused lines and
the place reached in the input, and another swaps hot rows for the segment that holds them.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import uuid
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from leeward.errors import NewerFormat, NotALog
from leeward.store._blocks import Block
from leeward.store._disk import damaged, translated
from leeward.store._segment import SegmentInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

__all__ = ["FORMAT", "Hot"]

_HEADER: Final = 100
"""Bytes of the header of a SQLite file; one that is shorter, and not empty, was damaged."""

FORMAT: Final = 2
"""Version of everything below ``DIR/log``. A log of a higher one is left alone.

2: verdicts, which an older Leeward would leave behind when it erases a person.
"""

_SCHEMA: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE block (
    first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, rows INTEGER NOT NULL,
    memory INTEGER NOT NULL, min_seen INTEGER NOT NULL, max_seen INTEGER NOT NULL,
    body BLOB NOT NULL, keys BLOB NOT NULL, ids BLOB NOT NULL, version INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE segment (first_seq INTEGER PRIMARY KEY, info BLOB NOT NULL);
CREATE TABLE finding (
    seq INTEGER NOT NULL, signal TEXT NOT NULL, version TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (seq, signal, version)
) WITHOUT ROWID;
CREATE TABLE finding_segment (name TEXT PRIMARY KEY, info BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, format TEXT NOT NULL,
    origin TEXT NOT NULL, line INTEGER NOT NULL, field TEXT NOT NULL, reason TEXT NOT NULL,
    raw BLOB NOT NULL
);
CREATE TABLE checkpoint (key TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE rate (minute INTEGER PRIMARY KEY, accepted INTEGER NOT NULL);
"""

_SCORING: Final = """
CREATE TABLE verdict (
    seq INTEGER NOT NULL, policy TEXT NOT NULL, version INTEGER NOT NULL, rule TEXT NOT NULL,
    subject TEXT NOT NULL, outcome TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (seq, policy, version, rule, subject, outcome)
) WITHOUT ROWID;
CREATE TABLE verdict_segment (name TEXT PRIMARY KEY, info BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE coverage (
    kind TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, first INTEGER NOT NULL,
    last INTEGER NOT NULL, PRIMARY KEY (kind, name, version, first)
) WITHOUT ROWID;
CREATE TABLE late (seq INTEGER PRIMARY KEY, mark INTEGER NOT NULL);
CREATE TABLE told (label INTEGER PRIMARY KEY, since INTEGER NOT NULL);
CREATE TABLE spent (
    rule TEXT PRIMARY KEY, day INTEGER NOT NULL, count INTEGER NOT NULL
) WITHOUT ROWID;
"""
"""What a log of format 1 does not have yet."""


class Hot:
    """A connection to the SQLite file of a log.

    Args:
        path: The file.
        write: Open for writing, and make it where there is none.
    """

    def __init__(self, path: Path, *, write: bool = False) -> None:
        self.path = path
        with translated(path):
            size = path.stat().st_size if path.exists() else 0
            if not write and not size:
                raise NotALog(
                    "there is no event log here",
                    where=str(path.parent.parent),
                    hint="name the folder given to `leeward ingest --data`, or ingest something "
                    "first",
                )
            if 0 < size < _HEADER:
                raise damaged(path)
            self.db = self._connect(write)

    def _connect(self, write: bool) -> sqlite3.Connection:
        mode = "rwc" if write else "rw"
        db = sqlite3.connect(
            f"{self.path.resolve().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=30,
        )
        if write:
            self.path.chmod(0o600)
            db.execute("PRAGMA page_size = 8192")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA wal_autocheckpoint = 4000")
            # VACUUM would put a copy of everything into the system's folder for such files.
            db.execute("PRAGMA temp_store = MEMORY")
            self._create(db)
        else:
            db.execute("PRAGMA query_only = ON")
        self._refuse_newer(db)
        return db

    def _create(self, db: sqlite3.Connection) -> None:
        if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self._refuse_newer(db)
            self._renew(db)
            return
        for folder in ("segments", "findings", "verdicts"):
            # Without the manifest they would look like orphans, and be removed.
            if any((self.path.parent / folder).glob("*")):
                raise damaged(self.path)
        db.execute("BEGIN IMMEDIATE")
        for statement in (_SCHEMA + _SCORING).split(";"):
            db.execute(statement)
        rows = [
            ("format", str(FORMAT).encode()),
            ("hash key", secrets.token_bytes(16)),
            ("log id", uuid.uuid4().hex.encode()),
        ]
        db.executemany("INSERT INTO meta VALUES (?, ?)", rows)
        db.execute("COMMIT")

    def _renew(self, db: sqlite3.Connection) -> None:
        """Make what a log of an earlier format does not have yet."""
        row = db.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
        if int(row[0]) == FORMAT:
            return
        db.execute("BEGIN IMMEDIATE")
        for statement in _SCORING.split(";"):
            db.execute(statement)
        new = (str(FORMAT).encode(),)
        db.execute("UPDATE meta SET value = ? WHERE key = 'format'", new)
        db.execute("COMMIT")

    def has(self, table: str) -> bool:
        """Whether there is a table: a log that nobody has written to since may lack some."""
        query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
        return bool(self.db.execute(query, (table,)).fetchone()[0])

    def _refuse_newer(self, db: sqlite3.Connection) -> None:
        if not db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'meta'").fetchone()[0]:
            raise damaged(self.path)
        row = db.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
        if int(row[0]) > FORMAT:
            raise NewerFormat(
                f"this log has format {int(row[0])}; this Leeward reads up to {FORMAT}",
                where=str(self.path.parent),
                hint="install the Leeward that wrote it, or a later one",
            )

    def close(self) -> None:
        """Close the connection."""
        self.db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; an error, also of the commit itself, leaves no transaction open."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            self.abandon()
            raise

    def abandon(self) -> None:
        """Undo what is not committed. SQLite has done so itself after some errors."""
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")

    @property
    def hash_key(self) -> bytes:
        """The secret key of the log's hashes."""
        return self._meta("hash key")

    @property
    def log_id(self) -> str:
        """What tells this log from any other; a restored log keeps it."""
        return self._meta("log id").decode()

    def _meta(self, key: str) -> bytes:
        value: bytes = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0]
        return value

    def data_version(self) -> int:
        """A number that changes when another connection commits."""
        version: int = self.db.execute("PRAGMA data_version").fetchone()[0]
        return version

    # --- manifest ------------------------------------------------------------------------------

    def segments(self) -> list[SegmentInfo]:
        """The live segments, in order."""
        rows = self.db.execute("SELECT info FROM segment ORDER BY first_seq")
        return [msgspec.json.decode(info, type=SegmentInfo) for (info,) in rows]

    def replace_segments(self, old: Iterable[SegmentInfo], new: SegmentInfo | None) -> None:
        """Swap segments of the manifest; inside the caller's transaction."""
        for info in old:
            self.db.execute("DELETE FROM segment WHERE first_seq = ?", (info.first_seq,))
        if new is not None:
            row = (new.first_seq, msgspec.json.encode(new))
            self.db.execute("INSERT INTO segment VALUES (?, ?)", row)

    # --- hot rows ------------------------------------------------------------------------------

    def add_block(self, block: Block, ids: npt.NDArray[np.uint64]) -> None:
        """Store a block and the identity hashes, shape (n, 2), that it covers."""
        self.db.execute(
            "INSERT INTO block (first_seq, last_seq, rows, memory, min_seen, max_seen, body, keys,"
            " ids) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*block, ids.tobytes()),
        )

    def update_block(self, block: Block) -> None:
        """Replace the rows of a block; the identities that it covers stay."""
        self.db.execute(
            "UPDATE block SET last_seq = ?, rows = ?, memory = ?, min_seen = ?, max_seen = ?,"
            " body = ?, keys = ?, version = version + 1 WHERE first_seq = ?",
            (*block[1:], block.first_seq),
        )

    def blocks(self, after: int = 0, upto: int | None = None) -> Iterator[Block]:
        """Blocks that hold a place above ``after`` and none above ``upto``, in order."""
        rows = self.db.execute(
            "SELECT first_seq, last_seq, rows, memory, min_seen, max_seen, body, keys FROM block"
            " WHERE last_seq > ? AND last_seq <= ? ORDER BY first_seq",
            (after, 2**62 if upto is None else upto),
        )
        return (Block(*row) for row in rows)

    def spans(self) -> list[tuple[int, int, int]]:
        """First and last place of each block and how often it was rewritten, in order."""
        return self.db.execute(
            "SELECT first_seq, last_seq, version FROM block ORDER BY first_seq"
        ).fetchall()

    def keys(self, first_seq: int) -> bytes:
        """The index of one block."""
        query = "SELECT keys FROM block WHERE first_seq = ?"
        keys: bytes = self.db.execute(query, (first_seq,)).fetchone()[0]
        return keys

    def body(self, first_seq: int) -> bytes:
        """The rows of one block, packed."""
        query = "SELECT body FROM block WHERE first_seq = ?"
        body: bytes = self.db.execute(query, (first_seq,)).fetchone()[0]
        return body

    def drop_blocks(self, first_seq: int, last_seq: int) -> None:
        """Delete the blocks of a range of places."""
        self.db.execute(
            "DELETE FROM block WHERE first_seq >= ? AND last_seq <= ?", (first_seq, last_seq)
        )

    def ids(self, first_seq: int = 0, last_seq: int = 2**62) -> npt.NDArray[np.uint64]:
        """The identity hashes of blocks in a range of places, shape (n, 2)."""
        rows = self.db.execute(
            "SELECT ids FROM block WHERE first_seq >= ? AND last_seq <= ?", (first_seq, last_seq)
        )
        return np.frombuffer(b"".join(ids for (ids,) in rows), np.uint64).reshape(-1, 2)

    def hot_totals(self) -> tuple[int, int, int]:
        """Rows, bytes in memory and the last place of the hot rows."""
        query = "SELECT coalesce(sum(rows),0), coalesce(sum(memory),0), max(last_seq) FROM block"
        rows, memory, last = self.db.execute(query).fetchone()
        return rows, memory, last or 0

    def last_seq(self) -> int:
        """The last place that was given away."""
        row = self.db.execute("SELECT value FROM counter WHERE name = 'seq'").fetchone()
        return row[0] if row else 0

    def max_seen(self) -> int:
        """When the newest event was received; 0 where there is none."""
        row = self.db.execute("SELECT coalesce(max(max_seen), 0) FROM block").fetchone()
        newest: int = max([row[0], *(info.max_seen for info in self.segments())])
        return newest

    # --- counters and checkpoints --------------------------------------------------------------

    def count(self, **amounts: int) -> None:
        """Add to counters."""
        self.db.executemany(
            "INSERT INTO counter VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            [(name, amount) for name, amount in amounts.items() if amount],
        )

    def counters(self) -> dict[str, int]:
        """All counters."""
        return dict(self.db.execute("SELECT name, value FROM counter").fetchall())

    def rate(self, minute: int, accepted: int) -> None:
        """Note accepted events in their minute; a day is kept."""
        self.db.execute(
            "INSERT INTO rate VALUES (?, ?)"
            " ON CONFLICT (minute) DO UPDATE SET accepted = accepted + excluded.accepted",
            (minute, accepted),
        )
        self.db.execute("DELETE FROM rate WHERE minute < ?", (minute - 1_440,))

    def accepted_since(self, minute: int) -> int:
        """Events accepted from a minute (since 1970) on, those of the minute that runs too."""
        query = "SELECT coalesce(sum(accepted), 0) FROM rate WHERE minute >= ?"
        total: int = self.db.execute(query, (minute,)).fetchone()[0]
        return total

    def position(self, key: str) -> int:
        """The checkpoint of an input; 0 where there is none."""
        row = self.db.execute("SELECT position FROM checkpoint WHERE key = ?", (key,)).fetchone()
        return row[0] if row else 0

    def set_positions(self, positions: Sequence[tuple[str, int]]) -> None:
        """Store checkpoints; none moves back."""
        self.db.executemany(
            "INSERT INTO checkpoint VALUES (?, ?) ON CONFLICT (key)"
            " DO UPDATE SET position = max(position, excluded.position)",
            positions,
        )
