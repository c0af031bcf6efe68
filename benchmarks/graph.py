"""The interaction graph: made from a log, saved, opened and extended without saving.

Everything that is measured runs in a process of its own, so that memory is that of the work
alone. The log is of a simulated platform, of which the last events are held back for the
extension.

    python benchmarks/graph.py --events 5000000 --folder /tmp/graph
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

__all__ = ["run"]

LATER: Final = 100_000
"""Events by which the graph is extended."""

_HERE: Final = Path(__file__).resolve()


def run(events: int, folder: Path) -> dict[str, Any]:
    """Measure.

    Args:
        events: How many the log has before the extension, about.
        folder: Where the log is made, some 200 bytes an event; what is there is removed.

    Returns:
        Seconds by the wall and of all processors, anonymous memory in MB, and sizes. The
        extension saves nothing, as the pipeline does after so few events.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        early, late = _files(folder, events + LATER)
        _leeward("ingest", early, "--data", folder / "data")
        begun = _measured("build", folder)
        _leeward("ingest", late, "--data", folder / "data")
        extended = _measured("extend", folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    later = f"extended by {extended['events'] - begun['events']:,}"
    return {
        "events": begun["events"],
        "nodes": begun["nodes"],
        "edges": begun["edges"],
        "wall s": begun["wall s"],
        "cpu s": begun["cpu s"],
        "events/s": begun["events"] / begun["wall s"],
        "peak anonymous MB": begun["peak anonymous MB"],
        "saving, wall s": begun["saving s"],
        "saving, cpu s": begun["saving cpu s"],
        "file MB": begun["file MB"],
        "open, checked, wall s": extended["open s"],
        "open, checked, cpu s": extended["open cpu s"],
        f"{later}, wall s": extended["wall s"],
        f"{later}, cpu s": extended["cpu s"],
        "once more in the same process, wall s": extended["again s"],
        "once more in the same process, cpu s": extended["again cpu s"],
        "extension, peak anonymous MB": extended["peak anonymous MB"],
    }


def _files(folder: Path, events: int) -> tuple[Path, Path]:
    """A simulated platform in two files, the second with the last events."""
    accounts = events // 25
    _leeward("simulate", folder, "--accounts", accounts, "--ring", max(8, accounts // 1_000))
    whole = pq.ParquetFile(folder / "events.parquet")
    left = whole.metadata.num_rows - LATER
    early, late = folder / "early.parquet", folder / "late.parquet"
    schema = whole.schema_arrow
    with pq.ParquetWriter(early, schema) as first, pq.ParquetWriter(late, schema) as second:
        for batch in whole.iter_batches():
            part = batch.slice(0, max(0, left))
            if len(part):
                first.write_batch(part)
            if len(part) < len(batch):
                second.write_batch(batch.slice(len(part)))
            left -= len(batch)
    (folder / "events.parquet").unlink()
    return early, late


def _leeward(*arguments: object) -> None:
    subprocess.run(
        [sys.executable, "-m", "leeward", *map(str, arguments)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _measured(what: str, folder: Path) -> dict[str, Any]:
    """Run a part of this module in a process, and watch its memory."""
    command = [sys.executable, str(_HERE), f"--{what}", str(folder / "data")]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert child.stdout is not None
    anonymous = 0.0
    while child.poll() is None:
        anonymous = max(anonymous, _anonymous(child.pid))
        time.sleep(0.05)
    if child.returncode:
        raise SystemExit(child.returncode)
    return {**json.loads(child.stdout.read()), "peak anonymous MB": anonymous}


def _anonymous(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(x.split()[1]) / 1e3 for x in lines if x.startswith("RssAnon")), 0.0)


# --- the measured processes --------------------------------------------------------------------


class _Clock:
    """Seconds since it was made, by the wall and of the processors."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        return time.perf_counter() - self._wall, time.process_time() - self._cpu


def _build(data: str) -> dict[str, Any]:
    """Make the graph of a log, as the first command of a day would; then save it."""
    from leeward.pipeline import interaction_graph
    from leeward.store import Log, save_graph

    with Log(data) as log:
        clock = _Clock()
        graph = interaction_graph(log, keep=False)
        wall, cpu = clock.read()
        clock = _Clock()
        save_graph(log, graph, log.rewritten())
        saving, saving_cpu = clock.read()
        size = log.layout.graph.stat().st_size
    return {
        "events": graph.events,
        "nodes": len(graph.kind),
        "edges": len(graph.out.node),
        "wall s": wall,
        "cpu s": cpu,
        "saving s": saving,
        "saving cpu s": saving_cpu,
        "file MB": size / 1e6,
    }


def _extend(data: str) -> dict[str, Any]:
    """Open a saved graph and extend it by what came since, reading that included; twice."""
    from leeward.network import COLUMNS, Graph, GraphBuilder
    from leeward.store import Log, load_graph

    def extended(log: Log, base: Graph) -> Graph:
        builder = GraphBuilder(log.hasher, base)
        for batch in log.scan(COLUMNS, after=base.last_seq):
            builder.add(batch)
        return builder.finish()

    with Log(data) as log:
        clock = _Clock()
        base = load_graph(log)
        opening, opening_cpu = clock.read()
        assert base is not None
        clock = _Clock()
        events = extended(log, base).events
        wall, cpu = clock.read()
        clock = _Clock()
        extended(log, base)
        again, again_cpu = clock.read()
    return {
        "events": events,
        "open s": opening,
        "open cpu s": opening_cpu,
        "wall s": wall,
        "cpu s": cpu,
        "again s": again,
        "again cpu s": again_cpu,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2_500_000)
    parser.add_argument("--folder", type=Path, default=_HERE.parent / ".data" / "graph")
    parser.add_argument("--build", help=argparse.SUPPRESS)
    parser.add_argument("--extend", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.build:
        print(json.dumps(_build(arguments.build)))
    elif arguments.extend:
        print(json.dumps(_extend(arguments.extend)))
    else:
        for name, value in run(arguments.events, arguments.folder).items():
            print(f"{name}: {value:,.1f}" if isinstance(value, float) else f"{name}: {value:,}")


if __name__ == "__main__":
    main()
