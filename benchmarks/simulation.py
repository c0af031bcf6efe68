"""``leeward simulate``: a platform made up, ring and all, in a process of its own.

    python benchmarks/simulation.py --accounts 1000000 --ring 10000

The first run in a fresh cache includes compiling the kernels; that is the one that is reported.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

__all__ = ["run"]


def run(
    accounts: int = 1_000_000,
    ring: int | None = None,
    structure: str = "shared-posts",
    folder: str | None = None,
) -> dict[str, Any]:
    """Measure.

    Args:
        accounts: How many there are; 25 events each.
        ring: How many of them are in the ring; one in a hundred by default.
        structure: How the ring is organised.
        folder: Where the files are made; the system's temporary folder by default.

    Returns:
        Times with compiling, the peak of memory, bytes of an event.
    """
    ring = accounts // 100 if ring is None else ring
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        out = Path(temporary) / "platform"
        options = ["--accounts", str(accounts), "--ring", str(ring), "--structure", structure]
        begun = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-m", "leeward", "simulate", str(out), *options, "--json"],
            stdout=subprocess.PIPE,
            env={**os.environ, "NUMBA_CACHE_DIR": str(Path(temporary) / "compiled")},
        )
        assert child.stdout is not None
        told = json.loads(child.stdout.read())
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begun
        assert status == 0, "the simulation failed"
    cpu = used.ru_utime + used.ru_stime
    return {
        "events": told["events"],
        "ring": ring,
        "wall s": wall,
        "cpu s": cpu,
        "events/s": told["events"] / wall,
        "events/cpu-s": told["events"] / cpu,
        "bytes/event": told["bytes"] / told["events"],
        "peak MB": used.ru_maxrss / 1e3,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--ring", type=int)
    parser.add_argument("--structure", default="shared-posts")
    arguments = parser.parse_args()
    found = run(arguments.accounts, arguments.ring, arguments.structure)
    for name, value in found.items():
        print(f"{name:>14}  {value:,.1f}" if isinstance(value, float) else f"{name:>14}  {value:,}")


if __name__ == "__main__":
    main()
