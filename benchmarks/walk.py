"""Personalised PageRank over a made-up graph, beside scipy and scikit-network.

The three walk the same Markov chain until they change as little, each in a process of its own, so
that memory is that of the work alone, and in turn, so that all meet the same noise; compare
processor seconds rather than wall times of different days. Our walk makes its transition
probabilities up from factors by node; its peers are given the chain as a matrix in compressed
rows, and as many iterations as scipy needs, without having to look when to stop.

An edge is counted as an entry of the two adjacency lists (by who acted, and by what was acted
on), all of which the walk reads in each iteration. Acts that it passes over are not in the graph.

scikit-network's numbers cannot be ours: it hands walkers who are lost back to the restart, and
not all of them.

    python benchmarks/walk.py --edges 5000000
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np

from chain import chain, made_up
from leeward.model import Hasher
from leeward.network import Graph, Node, WalkSettings
from leeward.network._csr import Csr
from leeward.network._graph import read_only
from leeward.network._kinship import kinship
from leeward.network._paths import paths
from leeward.network._steps import steps_of
from leeward.network._walk import walk
from machine import memory

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    import scipy.sparse as sp

    Floats = npt.NDArray[np.float32]

__all__ = ["run"]

ROUNDS: Final = 3
"""How often each is measured; the median counts."""

SEEDS: Final = 10

_HERE: Final = Path(__file__).resolve()
_FOLDER: Final = _HERE.parent / ".data" / "walk"
_SETTINGS: Final = WalkSettings()
_PEERS: Final = ("scipy", "scikit-network")


def run(edges: int, folder: Path = _FOLDER) -> dict[str, Any]:
    """Measure.

    Args:
        edges: Entries of both adjacency lists, at least.
        folder: Where the graph and the matrix are put, some 30 bytes an edge; what is there is
            removed.

    Returns:
        Seconds, processor seconds of all threads, and anonymous memory in MB.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    contenders: dict[str, _Contender] = {}
    try:
        command = [sys.executable, str(_HERE), "--make", str(folder), "--edges", str(edges)]
        subprocess.run(command, check=True)
        for name in ("leeward", *_PEERS):
            contenders[name] = _Contender(name, folder)
        return _measured(contenders, folder)
    finally:
        for contender in contenders.values():
            contender.end()
        shutil.rmtree(folder, ignore_errors=True)


def _measured(contenders: dict[str, _Contender], folder: Path) -> dict[str, Any]:
    ours = contenders["leeward"]
    figures = ours.asked("prepare")
    iterations = {"leeward": 0}  # it finds out by itself
    for name in _PEERS:
        iterations |= {name: contenders[name].asked("prepare").get("iterations", 0)}
    iterations["scikit-network"] = iterations["scipy"]
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    figures["load before"] = os.getloadavg()[0]
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            done = contender.asked(f"walk {iterations[name]}")
            iterations[name] = done["iterations"]
            spent[name].append((done["wall s"], done["cpu s"]))
    figures["load after"] = os.getloadavg()[0]
    figures |= _compared(spent, iterations)
    for name, contender in contenders.items():
        figures[f"{name}: peak anonymous MB"] = contender.asked("memory")["peak anonymous MB"]
    for name in ("leeward", "scipy"):
        figures |= contenders[name].asked("rest")
    return figures | _errors(folder)


def _compared(
    spent: dict[str, list[tuple[float, float]]], iterations: dict[str, int]
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    median = {name: np.median(times, axis=0) for name, times in spent.items()}
    for name, (wall, cpu) in median.items():
        figures |= {
            f"{name}: iterations": iterations[name],
            f"{name}: wall s": float(wall),
            f"{name}: cpu s": float(cpu),
            f"{name}: wall s an iteration": float(wall) / iterations[name],
            f"{name}: cpu s an iteration": float(cpu) / iterations[name],
        }
    for name in _PEERS:
        ratio = median[name] / median["leeward"]
        each = ratio * iterations["leeward"] / iterations[name]
        figures |= {
            f"{name}: ratio, wall": float(ratio[0]),
            f"{name}: ratio per cpu-s": float(ratio[1]),
            f"{name}: ratio an iteration, wall": float(each[0]),
            f"{name}: ratio an iteration, per cpu-s": float(each[1]),
        }
    return figures


def _errors(folder: Path) -> dict[str, float]:
    """How far the results are from what scipy comes to in many iterations more."""
    exact = np.load(folder / "result-exact.npy")
    figures: dict[str, float] = {}
    for name in ("leeward", "scipy"):
        error = np.abs(np.load(folder / f"result-{name}.npy") - exact)
        figures[f"{name}: largest error, as a share of all"] = float(error.max() / exact.sum())
        figures[f"{name}: all errors, as a share of all"] = float(error.sum() / exact.sum())
    return figures


class _Contender:
    """A process that does what it is asked, line by line, and answers each line with JSON."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._process = subprocess.Popen(
            [sys.executable, str(_HERE), "--contender", name, "--folder", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def asked(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(line, file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self._name} ended while it was asked to {line}")
        figures: dict[str, Any] = json.loads(answer)
        return figures

    def end(self) -> None:
        self._process.communicate()


# --- what they are given -----------------------------------------------------------------------

_ARRAYS: Final = ("kind", "first", "slot", "author")
_MATRIX: Final = ("data", "indices", "indptr")


def _make(folder: Path, edges: int) -> None:
    graph = made_up(edges)
    for name in _ARRAYS:
        np.save(folder / f"{name}.npy", getattr(graph, name))
    for name in Csr._fields:
        np.save(folder / f"out-{name}.npy", getattr(graph.out, name))
        np.save(folder / f"into-{name}.npy", getattr(graph.into, name))
    np.save(folder / "restart.npy", _restart(graph))
    matrix = chain(graph, kinship(graph, _seeds(graph), _SETTINGS), _SETTINGS)
    for name in _MATRIX:
        np.save(folder / f"matrix-{name}.npy", getattr(matrix, name))


def _graph(folder: Path) -> Graph:
    """The graph, in memory and not mapped, so that it counts as anonymous."""
    arrays: dict[str, Any] = {name: np.load(folder / f"{name}.npy") for name in _ARRAYS}
    for way in ("out", "into"):
        arrays[way] = Csr(*(np.load(folder / f"{way}-{name}.npy") for name in Csr._fields))
    return read_only(replace(Graph.empty(Hasher(b"a benchmark key.")), **arrays))


def _matrix(folder: Path) -> tuple[sp.csr_matrix, Floats]:
    """The chain, and the weights of the seeds by its states."""
    import scipy.sparse as sp

    matrix = sp.csr_matrix(tuple(np.load(folder / f"matrix-{name}.npy") for name in _MATRIX))
    restart = np.load(folder / "restart.npy")
    return matrix, np.pad(restart, (0, matrix.shape[0] - len(restart)))


def _seeds(graph: Graph) -> dict[int, float]:
    """Ten accounts that nothing sets apart: their degrees are the median's."""
    accounts = graph.accounts()
    order = accounts[np.argsort(graph.out.degrees()[accounts], kind="stable")]
    return dict.fromkeys(order[len(order) // 2 :][:SEEDS].tolist(), 1 / SEEDS)


def _restart(graph: Graph) -> Floats:
    restart = np.zeros(len(graph.kind), np.float32)
    seeds = _seeds(graph)
    restart[list(seeds)] = list(seeds.values())
    return restart


# --- the measured processes --------------------------------------------------------------------


class _Walked(NamedTuple):
    result: Callable[[], Floats]
    iterations: int
    wall: float
    cpu: float


class _Work(Protocol):
    """What a process is asked for."""

    def prepare(self, folder: Path) -> dict[str, Any]: ...
    def walk(self, iterations: int) -> _Walked: ...
    def rest(self, folder: Path) -> dict[str, Any]: ...


class _Leeward:
    def prepare(self, folder: Path) -> dict[str, Any]:
        self._compile()
        self._graph = graph = _graph(folder)
        held = memory()["RssAnon"]
        self._restart = _restart(graph)
        kin, kin_wall, kin_cpu = _spent(lambda: kinship(graph, _seeds(graph), _SETTINGS))
        self._steps, wall, cpu = _spent(lambda: steps_of(graph, _SETTINGS, kin))
        return {
            "edges": len(graph.out.node) + len(graph.into.node),
            "nodes": len(graph.kind),
            "leeward: the graph in memory, MB": held,
            "leeward: kinship, wall s": kin_wall,
            "leeward: kinship, cpu s": kin_cpu,
            "leeward: probabilities, wall s": wall,
            "leeward: probabilities, cpu s": cpu,
        }

    @staticmethod
    def _compile() -> None:
        graph = made_up(1_000)
        restart = _restart(graph)
        steps = steps_of(graph, _SETTINGS, kinship(graph, _seeds(graph), _SETTINGS))
        walk(graph, steps, restart, _SETTINGS)
        paths(graph, steps, restart, _SETTINGS)

    def walk(self, iterations: int) -> _Walked:
        assert iterations >= 0  # it stops by itself
        graph = self._graph
        found, wall, cpu = _spent(lambda: walk(graph, self._steps, self._restart, _SETTINGS))
        x, y = found.visits
        return _Walked(
            lambda: np.concatenate([x, y[graph.kind == Node.POST]]), found.rounds, wall, cpu
        )

    def rest(self, folder: Path) -> dict[str, Any]:
        assert folder.exists()
        _, wall, cpu = _spent(lambda: paths(self._graph, self._steps, self._restart, _SETTINGS))
        return {"leeward: best paths, wall s": wall, "leeward: best paths, cpu s": cpu}


class _Scipy:
    """A product with a vector an iteration, all in float32, which is its fastest."""

    def prepare(self, folder: Path) -> dict[str, Any]:
        matrix, self._restart = _matrix(folder)
        self._posts = np.load(folder / "kind.npy") == Node.POST
        matrix.data *= np.float32(1 - _SETTINGS.restart)
        self._matrix = matrix.T.tocsr()
        x, iterations, change = self._restart, 0, 1.0
        while change > _SETTINGS.tolerance:
            new = self._more(x, 1)
            x, change = new, float(np.abs(new - x).sum())
            iterations += 1
        return {"iterations": iterations}

    def _more(self, x: Floats, iterations: int) -> Floats:
        for _ in range(iterations):
            x = self._restart + self._matrix @ x
        return x

    def walk(self, iterations: int) -> _Walked:
        self._found, wall, cpu = _spent(lambda: self._more(self._restart, iterations))
        return _Walked(lambda: self._by_node(self._found), iterations, wall, cpu)

    def _by_node(self, x: Floats) -> Floats:
        """The states of the walk: those of posts that were reached by an act are one."""
        posts = np.flatnonzero(self._posts)
        summed = x[: len(x) - len(posts)].copy()
        summed[posts] += x[len(summed) :]
        return summed

    def rest(self, folder: Path) -> dict[str, Any]:
        np.save(folder / "result-exact.npy", self._by_node(self._more(self._found, 40)))
        return {"entries of the matrix": int(self._matrix.nnz)}


class _ScikitNetwork:
    """Its own power iteration; what it takes before that is measured without any, and deducted."""

    def prepare(self, folder: Path) -> dict[str, Any]:
        self._matrix, self._restart = _matrix(folder)
        return {}

    def walk(self, iterations: int) -> _Walked:
        _, before, before_cpu = _spent(lambda: self._ranked(0))
        found, wall, cpu = _spent(lambda: self._ranked(iterations))
        return _Walked(lambda: found, iterations, wall - before, cpu - before_cpu)

    def _ranked(self, iterations: int) -> Floats:
        from sknetwork.ranking import PageRank

        ranking = PageRank(1 - _SETTINGS.restart, "piteration", n_iter=iterations, tol=0)
        scores: Floats = ranking.fit_predict(self._matrix, weights=self._restart)
        return scores

    def rest(self, folder: Path) -> dict[str, Any]:
        assert folder.exists()
        return {}


_CONTENDERS: Final[dict[str, type[_Work]]] = {
    "leeward": _Leeward,
    "scipy": _Scipy,
    "scikit-network": _ScikitNetwork,
}


def _contend(name: str, folder: Path) -> None:
    """Answer the lines of the standard input."""
    peak = 0.0

    def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, memory()["RssAnon"])
            time.sleep(0.02)

    threading.Thread(target=watch, daemon=True).start()
    work = _CONTENDERS[name]()
    for line in sys.stdin:
        what, *iterations = line.split()
        match what:
            case "prepare":
                answer = work.prepare(folder)
            case "walk":
                walked = work.walk(int(iterations[0]))
                np.save(folder / f"result-{name}.npy", walked.result())
                answer = {
                    "iterations": walked.iterations,
                    "wall s": walked.wall,
                    "cpu s": walked.cpu,
                }
            case "memory":
                answer = {"peak anonymous MB": peak}
            case _:
                answer = work.rest(folder)
        print(json.dumps(answer), flush=True)


def _spent(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What work gives, its wall seconds and its processor seconds, of all threads."""
    cpu, begun = time.process_time(), time.perf_counter()
    result = work()
    return result, time.perf_counter() - begun, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=int, default=5_000_000)
    parser.add_argument("--folder", type=Path, default=_FOLDER)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--contender", choices=_CONTENDERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contender:
        _contend(arguments.contender, arguments.folder)
    elif arguments.make:
        _make(arguments.make, arguments.edges)
    else:
        for name, value in run(arguments.edges, arguments.folder).items():
            print(f"{name}: {value:,.3g}" if isinstance(value, float) else f"{name}: {value:,}")


if __name__ == "__main__":
    main()
