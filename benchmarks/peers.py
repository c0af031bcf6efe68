"""Programs that a benchmark measures beside: installed on their own, asked in turn.

A peer lives in an environment of its own (``peers.txt``), so that nothing of it is needed by
Leeward, and in a process of its own, so that its memory and CPU time are its own. The benchmark
and the peer take turns on the same machine within one run, because the speed of a shared machine
changes from minute to minute::

    # the peer, a script:                     # the benchmark:
    def double(numbers): ...                  with Peer(Path("script.py"), ["--peer"]) as peer:
    serve({"double": double})                     answer = peer.ask("double", numbers=[1, 2])
                                                  answer.value, answer.cpu_s

Both sides import this module, so it uses the standard library only.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Answer", "Peer", "interpreter", "serve"]

_HERE: Final = Path(__file__).resolve().parent
_WANTED: Final = _HERE / "peers.txt"
_PLACE: Final = _HERE / ".data" / "peers-venv"

ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)
"""Environment that keeps a process to one core, so that CPU seconds compare."""


class Answer(NamedTuple):
    """What a peer replied.

    Attributes:
        value: What the function returned, through JSON.
        cpu_s: Processor seconds of the call, all threads of the peer.
        wall_s: Seconds of the call by the clock.
        memory_mb: Resident memory of the peer after the call.
        peak_mb: Its peak so far.
    """

    value: Any
    cpu_s: float
    wall_s: float
    memory_mb: float
    peak_mb: float


def interpreter() -> Path:
    """The Python of the peers, in an environment that is made on first use.

    It is made anew when ``peers.txt`` changes.

    Raises:
        subprocess.CalledProcessError: pip could not install the peers.
    """
    python, stamp = _PLACE / "bin" / "python", _PLACE / "installed.txt"
    wanted = _WANTED.read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(_PLACE, ignore_errors=True)
        venv.create(_PLACE, with_pip=True)
        install = ("-m", "pip", "install", "--quiet", "--no-deps", "-r", str(_WANTED))
        subprocess.run([str(python), *install], check=True, stdout=sys.stderr)
        stamp.write_text(wanted)
    return python


class Peer:
    """A process that answers one question at a time.

    Args:
        script: The program, which ends in :func:`serve`.
        arguments: Of its command line.
        python: Its interpreter; that of the peers where it is not given.
    """

    def __init__(
        self, script: Path, arguments: Sequence[str] = (), *, python: Path | None = None
    ) -> None:
        self._process = subprocess.Popen(
            [str(python or interpreter()), str(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD},
            text=True,
        )

    def ask(self, call: str, **arguments: Any) -> Answer:
        """Have the peer call a function of its own and wait for the answer.

        Raises:
            RuntimeError: The peer has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"call": call, "with": arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the peer ended with {self._process.wait()}")
        return Answer(**json.loads(line))

    def close(self) -> None:
        """Let it end, and wait for that."""
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(functions: Mapping[str, Callable[..., Any]]) -> None:
    """Answer questions on standard input until it ends; measure each.

    What the functions print goes to standard error, so that it cannot be taken for an answer.
    """
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        question = json.loads(line)
        wall, cpu = time.perf_counter(), time.process_time()
        value = functions[question["call"]](**question["with"])
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        answer = Answer(value, cpu, wall, _resident(), peak)
        print(json.dumps(answer._asdict()), file=answers, flush=True)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    print(interpreter())
