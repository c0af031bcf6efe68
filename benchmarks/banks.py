"""Measures hash banks: importing a list, repeating it, reading it for an index, following it.

    python benchmarks/banks.py --values 1_000_000

The list is a CSV of random PDQ hashes with their provenance. Each step is a process of its own,
so that its memory is its own; rates are per second of the clock and per CPU-second.
"""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from leeward.connectors import BankFile, open_input
from leeward.model import BankSettings
from leeward.store.tables import (
    ImportBatch,
    add_entries,
    bank_changes,
    begin_act,
    create_bank,
    entry_arrays,
    finish_act,
    get_bank,
    import_entries,
    last_change,
    open_tables,
    withdraw_entries,
)
from machine import peak

__all__ = ["run", "step"]

STEPS: Final = ("parse", "import", "again", "read", "follow")
_FOLLOWED: Final = 200


def run(values: int) -> dict[str, Any]:
    """All steps, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        write_list(Path(folder) / "list.csv", values)
        found: dict[str, Any] = {"values": values}
        for name in STEPS:
            command = [sys.executable, __file__, "--step", name, "--folder", folder]
            child = subprocess.run(command, check=True, capture_output=True, text=True)
            found[name] = json.loads(child.stdout)
        size = (Path(folder) / "leeward.db").stat().st_size
        found["bytes_a_value"] = round(size / values, 1)
    return found


def write_list(path: Path, values: int) -> None:
    """A list as an exchange might give it: names of items, a member, a classification, a time."""
    chance = np.random.default_rng(7)
    with path.open("w") as file:
        file.write("algorithm,value,exchange,member,external_id,classification,listed_at\n")
        for start in range(0, values, 100_000):
            count = min(100_000, values - start)
            digits = chance.bytes(32 * count).hex()
            file.writelines(
                f"pdq,{digits[64 * n : 64 * n + 64]},pilots,north,{start + n},A1,"
                "2026-05-02T10:00:00Z\n"
                for n in range(count)
            )


def step(name: str, folder: Path) -> dict[str, Any]:
    """One step; what it took."""
    begin, busy = time.perf_counter(), time.process_time()
    count, more = _WORK[name](folder)
    took, used = time.perf_counter() - begin, time.process_time() - busy
    return {
        "rows": count,
        "seconds": round(took, 1),
        "rows_per_second": round(count / took),
        "rows_per_cpu_second": round(count / used),
        "peak_megabytes": round(peak()),
        **more,
    }


def _parts(folder: Path) -> Any:
    with open_input(folder / "list.csv") as opened:
        yield from BankFile(opened).parts()


def _parse(folder: Path) -> tuple[int, dict[str, Any]]:
    return sum(len(part.entries) for part in _parts(folder)), {}


def _import(folder: Path) -> tuple[int, dict[str, Any]]:
    with open_tables(f"sqlite:///{folder / 'leeward.db'}") as tables:
        with tables.begin() as connection:
            settings = BankSettings(meaning="exploitative", source="made up")
            create_bank(connection, "made-up", settings, "Ada")
        return _listed(tables, folder)


def _again(folder: Path) -> tuple[int, dict[str, Any]]:
    with open_tables(f"sqlite:///{folder / 'leeward.db'}") as tables:
        return _listed(tables, folder)


def _listed(tables: Any, folder: Path) -> tuple[int, dict[str, Any]]:
    batches = (ImportBatch(part.entries) for part in _parts(folder))
    act = import_entries(tables, "made-up", batches, "Ada", origin="list.csv")
    return act.listed + act.known, {"added": act.added}


def _read(folder: Path) -> tuple[int, dict[str, Any]]:
    with open_tables(f"sqlite:///{folder / 'leeward.db'}") as tables, tables.read() as connection:
        return sum(len(part.ids) for part in entry_arrays(connection, "pdq")), {}


def _follow(folder: Path) -> tuple[int, dict[str, Any]]:
    """One value added and another withdrawn at a time, and how long a reader takes to have both."""
    from leeward.model import NewEntry, Provenance

    longest = 0.0
    with open_tables(f"sqlite:///{folder / 'leeward.db'}") as tables:
        with tables.read() as connection:
            seen = last_change(connection)
        for number in range(_FOLLOWED):
            with tables.begin() as connection:
                act = begin_act(connection, get_bank(connection, "made-up"), "add", "Ada")
                add_entries(
                    connection, act, [NewEntry("pdq", secrets.token_bytes(32), Provenance())]
                )
                finish_act(connection, act)
                withdraw_entries(connection, "made-up", "Ada", "test", entries=[number + 1])
            committed = time.perf_counter()
            with tables.read() as connection:
                changes = bank_changes(connection, seen)
                for change in changes:
                    if change.kind == "added":
                        after, until = change.first - 1, change.last
                        parts = entry_arrays(connection, "pdq", after=after, until=until)
                        assert sum(len(part.ids) for part in parts) == 1
            assert [change.kind for change in changes] == ["added", "withdrawn"]
            seen = changes[-1].seq
            longest = max(longest, time.perf_counter() - committed)
    return _FOLLOWED, {"longest_milliseconds": round(1_000 * longest, 1)}


_WORK: Final = {
    "parse": _parse,
    "import": _import,
    "again": _again,
    "read": _read,
    "follow": _follow,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--values", type=int, default=1_000_000)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step is not None:
        print(json.dumps(step(given.step, given.folder)))
    else:
        print(json.dumps(run(given.values), indent=2))
