"""What machine a figure was measured on, and what a process used."""

from __future__ import annotations

import os
import platform
import resource
from pathlib import Path

__all__ = ["describe", "memory", "peak"]


def describe() -> list[str]:
    """The machine and the versions, a line each."""
    import duckdb
    import numba
    import numpy
    import pyarrow

    memory_kb = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())[
        "MemTotal"
    ]
    model = next(
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    return [
        (
            f"{os.cpu_count()} cores of {model}, {int(memory_kb.split()[0]) / 1e6:.0f} GB, "
            f"{platform.system()} {platform.release()}"
        ),
        (
            f"Python {platform.python_version()}, pyarrow {pyarrow.__version__}, numpy "
            f"{numpy.__version__}, numba {numba.__version__}, duckdb {duckdb.__version__}"
        ),
    ]


def memory() -> dict[str, float]:
    """Memory of this process in MB: anonymous now, and its peak with mapped files."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: int(lines[name].split()[0]) / 1e3 for name in ("RssAnon", "RssFile", "VmHWM")}


def peak(children: bool = False) -> float:
    """Peak resident memory in MB, of this process or of its largest child that has ended."""
    who = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    return resource.getrusage(who).ru_maxrss / 1e3
