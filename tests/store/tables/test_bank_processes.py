"""Imports that are killed, and two that write at once."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from leeward.model import BankSettings
from leeward.store.tables import (
    Tables,
    audit_entries,
    bank_changes,
    count_banks,
    create_bank,
    entry_arrays,
    list_acts,
    open_tables,
    verify_audit,
)

if TYPE_CHECKING:
    from collections.abc import Callable

IMPORT = """
import sys
import numpy as np
from leeward.model import NewEntry, Provenance
from leeward.store.tables import ImportBatch, import_entries, open_tables

address, name, seed, values, batch = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
pool = np.random.default_rng(seed).integers(0, 256, (values, 32), np.uint8)
told = Provenance(exchange="pilots", member=name)

def batches():
    for start in range(0, values, batch):
        yield ImportBatch([NewEntry("pdq", v.tobytes(), told) for v in pool[start:start + batch]])

def say(done):
    print(done.added, flush=True)

print("ready", flush=True)
sys.stdin.readline()
with open_tables(address) as tables:
    import_entries(tables, "harbour", batches(), name, origin="list", after_each=say)
"""


class Importer:
    """A process that imports made-up values."""

    def __init__(self, address: str, name: str, seed: int, values: int, batch: int) -> None:
        told = [address, name, str(seed), str(values), str(batch)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", IMPORT, *told],
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

    def ended(self) -> list[int]:
        """How many values each batch added, once it has ended by itself."""
        output, _ = self.process.communicate(timeout=400)
        assert self.process.returncode == 0
        return [int(line) for line in output.split()]

    def killed(self, after: float) -> list[int]:
        """What it said before it was killed: after its first batch, and then some time."""
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        time.sleep(after)
        self.process.kill()
        output, _ = self.process.communicate(timeout=100)
        return [int(line) for line in (first + output).split("\n")[:-1]]


def make(address: str) -> None:
    with open_tables(address) as tables, tables.begin() as connection:
        create_bank(
            connection, "harbour", BankSettings(meaning="exploitative", source="made up"), "Ada"
        )


def held(tables: Tables) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """The values in the order of their numbers, which are dense."""
    with tables.read() as connection:
        parts = list(entry_arrays(connection, "pdq"))
        counts = count_banks(connection, "harbour")
    ids = np.concatenate([part.ids for part in parts])
    assert list(ids) == list(range(1, len(ids) + 1))
    assert [(c.entries, c.standing) for c in counts] == [(len(ids), len(ids))]
    return np.concatenate([part.values for part in parts])


@pytest.mark.slow
def test_a_killed_import_leaves_whole_batches_and_is_finished_by_the_next(
    new_database: Callable[[], str], rounds: Callable[[int, int], int]
) -> None:
    """200,000 values in full; most of the moments lie in the middle of a batch."""
    values, batch = rounds(200_000, 60_000), 10_000
    pool = np.random.default_rng(3).integers(0, 256, (values, 32), np.uint8)
    chance = random.Random(7)  # noqa: S311 - it picks moments, not secrets
    for _ in range(rounds(10, 1)):
        address = new_database()
        make(address)
        importer = Importer(address, "Ada", 3, values, batch)
        importer.start()
        said = importer.killed(chance.uniform(0, 1.5))
        with open_tables(address) as tables:
            there = held(tables)
            assert len(there) % batch == 0
            assert len(there) >= sum(said) > 0
            stored = {value.tobytes() for value in there}
            assert stored == {value.tobytes() for value in pool[: len(there)]}
            with tables.read() as connection:
                assert verify_audit(connection).sound
                [act] = list_acts(connection, "harbour", unfinished=len(there) < values)
                assert act.added == len(there)
        again = Importer(address, "Bo", 3, values, batch)
        again.start()
        assert sum(again.ended()) == values - len(there)
        with open_tables(address) as tables:
            assert {v.tobytes() for v in held(tables)} == {v.tobytes() for v in pool}


@pytest.mark.slow
def test_two_imports_at_once_lose_nothing_and_leave_no_gap(new_database: Callable[[], str]) -> None:
    """Two members list the same values at the same time; one entry each comes of it."""
    values, batch = 20_000, 1_000
    address = new_database()
    make(address)
    importers = [Importer(address, name, 5, values, batch) for name in ("Ada", "Bo")]
    for importer in importers:
        importer.start()
    added = [sum(importer.ended()) for importer in importers]
    assert sum(added) == values
    with open_tables(address) as tables:
        pool = np.random.default_rng(5).integers(0, 256, (values, 32), np.uint8)
        assert {v.tobytes() for v in held(tables)} == {v.tobytes() for v in pool}
        with tables.read() as connection:
            acts = list_acts(connection, "harbour")
            assert [act.listed for act in acts] == [values, values]
            changes = bank_changes(connection, 0)
            assert [c.seq for c in changes] == list(range(1, len(changes) + 1))
            spans = [(c.first, c.last) for c in changes if c.kind == "added"]
            assert spans[0][0] == 1
            assert all(b[0] == a[1] + 1 for a, b in pairwise(spans))
            assert verify_audit(connection).sound
            assert len(list(audit_entries(connection))) == 5
