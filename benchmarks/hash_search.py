"""Exact search within 31 bits: ours and the threatexchange library's PDQIndex, in turn.

Each has a process of its own and the same hashes: random ones, a tenth of them near copies of
others. Rounds alternate between the two, so that both meet the same noise; compare the ratios per
CPU-second rather than wall times of different days. The matches of every query that both were
asked are compared, with their distances.

At 10 million hashes PDQIndex needs 7 GB, and half as much again while it is built::

    python benchmarks/hash_search.py --hashes 10000000
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from peers import Peer, serve

if TYPE_CHECKING:
    import numpy.typing as npt

    UInt8 = npt.NDArray[np.uint8]

__all__ = ["run"]

_HERE: Final = Path(__file__).resolve()
_DISTANCE: Final = 31
_ROUNDS: Final = 7
_ASKED: Final = 100
"""Queries that both are asked in each round."""
_MORE: Final = 5_000
"""Queries that we are asked in each round: a hundred are over too soon to be measured."""
_DEGENERATE: Final = (("1 in 50 shares 64 bits", 50, 8), ("half share 128 bits", 2, 16))
"""Degenerate banks: which hashes begin with how many octets of zeros."""


def run(hashes: int, folder: Path, beside: bool = True) -> dict[str, Any]:
    """Measure a bank of some size.

    Args:
        hashes: How many there are.
        folder: Where they are put; what is there is removed.
        beside: Measure PDQIndex, too.

    Returns:
        Figures by name.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        bank = _bank(hashes)
        np.save(folder / "bank.npy", bank)
        np.save(folder / "queries.npy", _queries(bank, _ROUNDS * _MORE))
        del bank
        figures = _together(folder, hashes, beside)
        bank = np.load(folder / "bank.npy")
        for name, every, octets in _DEGENERATE:
            bank[::every, :octets] = 0
            np.save(folder / "bank.npy", bank)
            np.save(folder / "queries.npy", _queries(bank[::every], _MORE))
            figures |= _degenerate(folder, name)
        return figures
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _bank(count: int) -> UInt8:
    random = np.random.default_rng(1)
    bank = random.integers(0, 256, (count, 32), dtype=np.uint8)
    copies = count // 10
    bank[-copies:] = _turned(bank[random.integers(0, count - copies, copies)], 40, random)
    return bank


def _queries(bank: UInt8, count: int) -> UInt8:
    """In turn a stranger and a near copy of something in the bank."""
    random = np.random.default_rng(2)
    queries = random.integers(0, 256, (count, 32), dtype=np.uint8)
    queries[1::2] = _turned(bank[random.integers(0, len(bank), count // 2)], 40, random)
    return queries


def _turned(hashes: UInt8, most: int, random: np.random.Generator) -> UInt8:
    """Hashes with up to so many bits turned over."""
    rows = np.arange(len(hashes))
    turns = random.integers(0, most, len(hashes))
    for turn in range(most):
        bit = random.integers(0, 256, len(hashes))
        flip = np.where(turn < turns, 1 << (bit % 8), 0).astype(np.uint8)
        hashes[rows, bit // 8] ^= flip
    return hashes


def _together(folder: Path, hashes: int, beside: bool) -> dict[str, Any]:
    with Peer(_HERE, ["--side", "ours", str(folder)], python=Path(sys.executable)) as ours:
        built = ours.ask("build").value
        figures = {"hashes": hashes, **built}
        if not beside:
            return figures | _rounds(folder, ours, None)
        with Peer(_HERE, ["--side", "theirs", str(folder)]) as theirs:
            peer_built = theirs.ask("build").value
            figures |= {f"PDQIndex {name}": value for name, value in peer_built.items()}
            for name in ("build CPU s", "index MB"):
                figures[f"{name}, ratio"] = peer_built[name] / built[name]
            return figures | _rounds(folder, ours, theirs)


def _rounds(folder: Path, ours: Peer, theirs: Peer | None) -> dict[str, Any]:
    rates: dict[str, list[float]] = {"batch": [], "single": []}
    peer: dict[str, list[float]] = {"batch": [], "single": []}
    compared, matches = 0, 0.0
    for at in range(0, _ROUNDS * _MORE, _MORE):
        for way in rates:
            rates[way].append(_MORE / ours.ask(way, begin=at, count=_MORE).cpu_s)
            if theirs is None:
                continue
            peer[way].append(_ASKED / theirs.ask(way, begin=at, count=_ASKED).cpu_s)
            expected, actual = (_found(folder, side, at + _ASKED) for side in ("theirs", "ours"))
            assert expected == actual
            compared, matches = compared + _ASKED // 2, matches + len(actual) / 2
    figures: dict[str, Any] = {}
    for way in rates:
        figures[f"{way}, look-ups/CPU-s"] = float(np.median(rates[way]))
        if theirs is not None:
            figures[f"{way}, PDQIndex look-ups/CPU-s"] = float(np.median(peer[way]))
            pairs = np.array(rates[way]) / np.array(peer[way])
            figures[f"{way}, ratio per CPU-s"] = float(np.median(pairs))
    if theirs is not None:
        figures["queries, each with the same matches"] = compared
        figures["matches compared"] = int(matches)
    for call in ("latency", "more"):
        figures |= ours.ask(call).value
    return figures


def _found(folder: Path, side: str, end: int) -> list[tuple[int, int, int]]:
    """The matches of the last call, of queries that both were asked."""
    found = np.load(folder / f"{side}.npy")
    return sorted(map(tuple, found[found[:, 0] < end].tolist()))


def _degenerate(folder: Path, name: str) -> dict[str, Any]:
    """Every second query is a near copy of a hash that is like many others in part."""
    with Peer(_HERE, ["--side", "ours", str(folder)], python=Path(sys.executable)) as ours:
        ours.ask("build")
        count = _MORE // 10
        rates = [count / ours.ask("batch", begin=0, count=count).cpu_s for _ in range(_ROUNDS)]
        return {f"{name}: batch, look-ups/CPU-s": float(np.median(rates))}


class _Ours:
    def __init__(self, folder: Path) -> None:
        from leeward.hashing import HashIndex

        self.folder = folder
        self.queries = np.load(folder / "queries.npy")
        _touch(150 * len(np.load(folder / "bank.npy", mmap_mode="r")))
        # What is measured is not the loading of compiled code.
        HashIndex.build(self.queries, np.arange(len(self.queries))).search(self.queries[:9])

    def build(self) -> dict[str, Any]:
        from leeward.hashing import HashIndex
        from machine import peak

        bank = np.load(self.folder / "bank.npy")
        before, wall, cpu = _resident(), time.perf_counter(), time.process_time()
        self.index = HashIndex.build(bank, np.arange(len(bank)), seed=1)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return {
            "index MB": _resident() - before,
            "index MB, arrays": self.index.nbytes / 1e6,
            "build CPU s": cpu,
            "build wall s": wall,
            "build peak MB, hashes among it": peak(),
        }

    def batch(self, begin: int, count: int) -> None:
        found = self.index.search(self.queries[begin : begin + count], _DISTANCE)
        self._keep([found], begin)

    def single(self, begin: int, count: int) -> None:
        rows = self.queries[begin : begin + count]
        found = [self.index.search(rows[at : at + 1], _DISTANCE) for at in range(count)]
        self._keep(found, begin)

    def _keep(self, found: list[Any], begin: int) -> None:
        parts = [
            np.stack((one.query.astype(np.int64) + begin + at, one.id, one.distance), axis=1)
            for at, one in enumerate(found)
        ]
        np.save(self.folder / "ours.npy", np.concatenate(parts).astype(np.int64))

    def latency(self) -> dict[str, Any]:
        spent = []
        for at in range(len(self.queries)):
            begun = time.perf_counter()
            self.index.search(self.queries[at : at + 1], _DISTANCE)
            spent.append(1e6 * (time.perf_counter() - begun))
        names = {"p50": 50, "p99": 99, "p99.9": 99.9}
        return {
            f"one look-up, {name} us by the clock": float(np.percentile(spent, share))
            for name, share in names.items()
        }

    def more(self) -> dict[str, Any]:
        """Snapshots, changes and other distances."""
        from leeward.hashing import HashIndex

        path = self.folder / "snapshot"
        figures: dict[str, Any] = {"save s": _clock(self.index.save, path)}
        begun = time.perf_counter()
        opened = HashIndex.open(path)
        figures["open ms"] = 1e3 * (time.perf_counter() - begun)
        figures["verify all of it s"] = _clock(opened.verify)
        part = self.queries[:_MORE]
        opened.search(part)
        figures["batch in the mapped file, look-ups/CPU-s"] = _rate(opened, part, _DISTANCE)
        for distance, asked in ((0, _MORE), (15, _MORE), (40, 500), (48, 200), (64, 50)):
            rate = _rate(opened, self.queries[:asked], distance)
            figures[f"within {distance} bits, look-ups/CPU-s"] = rate
        figures |= self._changes(opened)
        path.unlink()
        return figures

    def _changes(self, opened: Any) -> dict[str, Any]:
        first = 1 << 40
        spent = []
        for at in range(1_000):
            begun = time.perf_counter()
            opened.add(self.queries[2 * at : 2 * at + 1], [first + at])
            spent.append(1e3 * (time.perf_counter() - begun))
        opened.withdraw([1])
        figures: dict[str, Any] = {"add one, p99 ms": float(np.percentile(spent, 99))}
        new = np.random.default_rng(3).integers(0, 256, (50_000, 32), dtype=np.uint8)
        figures["add 50,000 s"] = _clock(opened.add, new, np.arange(50_000) + (first << 1))
        figures["withdraw 1,000 ms"] = 1e3 * _clock(opened.withdraw, np.arange(1_000) * 7)
        rate = _rate(opened, self.queries[:_MORE], _DISTANCE)
        figures["batch with 51,000 recent entries, look-ups/CPU-s"] = rate
        figures["compact s"] = _clock(opened.compact)
        return figures


class _Theirs:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.queries = [row.tobytes().hex() for row in np.load(folder / "queries.npy")]

    def build(self) -> dict[str, Any]:
        from threatexchange.signal_type.pdq.pdq_index import PDQIndex

        from machine import peak

        bank = np.load(self.folder / "bank.npy", mmap_mode="r")
        _touch(800 * len(bank))
        before = _resident()
        entries = [(row.tobytes().hex(), at) for at, row in enumerate(bank)]
        wall, cpu = time.perf_counter(), time.process_time()
        # All at once: each call that adds makes a dictionary of all ids anew.
        self.index: Any = PDQIndex(entries)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return {
            "index MB": _resident() - before,
            "build CPU s": cpu,
            "build wall s": wall,
            "build peak MB, hashes among it": peak(),
        }

    def batch(self, begin: int, count: int) -> None:
        asked = self.queries[begin : begin + count]
        found = self.index.index.search_with_distance_in_result(asked, _DISTANCE)
        self._keep([[(name, int(apart)) for name, _, apart in found[one]] for one in asked], begin)

    def single(self, begin: int, count: int) -> None:
        found = []
        for query in self.queries[begin : begin + count]:
            matches = self.index.query(query)
            found.append([(match.metadata, match.similarity_info.distance) for match in matches])
        self._keep(found, begin)

    def _keep(self, found: list[list[tuple[int, int]]], begin: int) -> None:
        rows = [(begin + at, *match) for at, one in enumerate(found) for match in one]
        np.save(self.folder / "theirs.npy", np.array(rows, np.int64).reshape(-1, 3))


def _touch(octets: int) -> None:
    """Have a virtual machine's host hand out as much memory as will be needed, and give it back.

    The first touch of a page may cost more than all that is done with it later.
    """
    np.ones(octets, np.uint8)


def _rate(index: Any, queries: UInt8, distance: int) -> float:
    cpu = time.process_time()
    index.search(queries, distance)
    return len(queries) / (time.process_time() - cpu)


def _clock(work: Any, *arguments: Any) -> float:
    begun = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - begun


def _resident() -> float:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hashes", type=int, default=1_000_000)
    parser.add_argument("--alone", action="store_true", help="leave PDQIndex out")
    parser.add_argument("--side", choices=["ours", "theirs"], help=argparse.SUPPRESS)
    parser.add_argument("folder", type=Path, nargs="?", help="where the hashes are put")
    given = parser.parse_args()
    folder = given.folder or _HERE.parent / ".data" / "hash_search"
    if given.side is None:
        print(json.dumps(run(given.hashes, folder, not given.alone), indent=2))
        return
    side: Any = _Ours(folder) if given.side == "ours" else _Theirs(folder)
    asked = ("build", "batch", "single", "latency", "more")
    serve({name: getattr(side, name) for name in asked if hasattr(side, name)})


if __name__ == "__main__":
    main()
