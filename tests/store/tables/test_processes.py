"""Several processes at once, and processes that are killed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from leeward.store.tables import audit_entries, open_tables, record, verify_audit
from leeward.store.tables._migrate import HEAD, revision_of

if TYPE_CHECKING:
    from collections.abc import Callable

APPEND = """
import sys
from alembic import command  # loaded before the start, so that all of them start together
from leeward.store.tables import open_tables, record

address, name, entries = sys.argv[1], sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
with open_tables(address) as tables:
    for number in range(entries):
        with tables.begin() as connection:
            head = record(connection, name, "boat.moor", f"boat:{number}")
        print(head.seq, flush=True)
"""


class Appender:
    """A process that opens the tables and appends to the chain."""

    def __init__(self, address: str, name: str, entries: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", APPEND, address, name, str(entries)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def start(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("start\n")
        self.process.stdin.flush()

    def acknowledged(self, kill_after: float | None = None) -> list[int]:
        """The places in the chain that it was told; it is ended when this returns."""
        if kill_after is not None:
            time.sleep(kill_after)
            self.process.kill()
        output, _ = self.process.communicate(timeout=120)
        assert self.process.returncode == (0 if kill_after is None else -9)
        return [int(line) for line in output.split("\n")[:-1]]


@pytest.mark.slow
def test_processes_that_open_and_append_at_once_make_one_dense_chain(
    new_database: Callable[[], str], rounds: Callable[[int, int], int]
) -> None:
    """The tables do not exist yet when all of them open them."""
    for _ in range(rounds(20, 1)):
        address = new_database()
        appenders = [Appender(address, f"Person {n}", 25) for n in range(4)]
        for appender in appenders:
            appender.start()
        places = [place for appender in appenders for place in appender.acknowledged()]
        assert sorted(places) == list(range(1, 101))
        with open_tables(address) as tables, tables.read() as connection:
            report = verify_audit(connection)
        assert (report.entries, report.sound) == (100, True)


@pytest.mark.slow
def test_a_killed_process_loses_no_acknowledged_entry(
    new_database: Callable[[], str], rounds: Callable[[int, int], int]
) -> None:
    """It is killed while it makes the tables, while it appends, or between two appends."""
    chance = random.Random(7)  # noqa: S311 -- it picks moments, not secrets
    for _ in range(rounds(50, 4)):
        address = new_database()
        appender = Appender(address, "Ada", 100_000)
        appender.start()
        acknowledged = appender.acknowledged(kill_after=chance.uniform(0, 0.3))
        with open_tables(address) as tables:
            with tables.begin() as connection:
                assert revision_of(connection) == HEAD
                record(connection, "Grace", "boat.moor", "boat:last")
            with tables.read() as connection:
                assert verify_audit(connection).sound
                present = [entry.seq for entry in audit_entries(connection)]
        assert present == list(range(1, len(present) + 1))
        assert acknowledged == present[: len(acknowledged)]
        assert len(present) - len(acknowledged) in {1, 2}
