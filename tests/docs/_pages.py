"""A page of the documentation as a reader follows it: commands, Python, and what they print.

In a ``console`` block a line with ``$`` is a command (``>`` goes on with it) and the lines below
are what it prints. A ``pycon`` block is a Python session. Both are run in order in one folder.
What differs from run to run (times, sizes, keys) is not compared; ``...`` stands for any text.
"""

from __future__ import annotations

import doctest
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

__all__ = ["ROOT", "Block", "Shell", "Step", "blocks", "follow", "pages", "same", "steps"]

ROOT: Final = Path(__file__).parents[2]

_FENCE: Final = re.compile(r"^```([a-z]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FLAGS: Final = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_VARYING: Final = [
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"), "<time>"),
    (re.compile(r"lw_[a-z0-9]{8}_[A-Za-z0-9]+"), "<key>"),
    (re.compile(r"lw_[a-z0-9]{8}"), "<prefix>"),
    (re.compile(r"\d[\d.]* [kMG]?B\b"), "<size>"),
    (re.compile(r"\d+ bytes an event"), "<size> an event"),
    (re.compile(r"\d[\d.]* over the last"), "<rate> over the last"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<digest>"),
    (re.compile(r"[ \t]+"), " "),
]


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text and its line in the page."""

    language: str
    text: str
    line: int


@dataclass
class Step:
    """A command and what it prints."""

    command: str
    expected: list[str] = field(default_factory=list)


class Shell:
    """One bash in one folder: what a command sets, the next one sees.

    Args:
        folder: Where it runs.
        port: Stands wherever the page has Leeward's usual port.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._port = str(port)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        kept = {n: v for n, v in os.environ.items() if not n.startswith("LEEWARD")}
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],  # noqa: S607 - the reader's own
            cwd=folder,
            env=kept | {"PATH": path, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # A page that fails half-way leaves its server behind; it is in the shell's session.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def run(self, command: str) -> str:
        """What a command prints, its errors among it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        mark = "--- this command has ended ---"
        text = command.replace("8480", self._port)
        # The page's next command may ask for the exit code of this one.
        self._process.stdin.write(f"{text}\n_code=$?; echo; echo '{mark}'; (exit $_code)\n")
        self._process.stdin.flush()
        lines = []
        for line in self._process.stdout:
            if line.rstrip("\n") == mark:
                break
            lines.append(line)
        return "".join(lines).replace(self._port, "8480").strip("\n")


class _Checker(doctest.OutputChecker):
    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(_steady(want), _steady(got), optionflags)


def pages() -> list[Path]:
    """Every page that a reader of the repository finds."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    text = page.read_text()
    for match in _FENCE.finditer(text):
        yield Block(match[1], match[2], text.count("\n", 0, match.start()) + 1)


def steps(text: str) -> list[Step]:
    """The commands of a ``console`` block."""
    found: list[Step] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append(Step(line[2:]))
        elif line == ">" or (line.startswith("> ") and not found[-1].expected):
            found[-1].command += f"\n{line[2:]}"
        else:
            found[-1].expected.append(line)
    return found


def same(expected: str, actual: str) -> bool:
    """Whether a command printed what the page says, but for what varies."""
    return _Checker().check_output(expected + "\n", actual + "\n", _FLAGS)


def follow(page: Path, folder: Path, port: int) -> list[str]:
    """Do what a page says, and name each place where something else happens."""
    faults: list[str] = []
    names: dict[str, Any] = {}
    runner = doctest.DocTestRunner(_Checker(), verbose=False, optionflags=_FLAGS)
    with Shell(folder, port) as shell:
        for block in blocks(page):
            if block.language == "console":
                for step in steps(block.text):
                    actual = shell.run(step.command)
                    expected = "\n".join(step.expected)
                    if not same(expected, actual):
                        faults.append(f"{page.name}:{block.line}: {step.command}\n{actual}")
            elif block.language == "pycon":
                parser = doctest.DocTestParser()
                test = parser.get_doctest(block.text, names, page.name, str(page), block.line)
                runner.run(test, out=faults.append, clear_globs=False)
                names = test.globs
    return faults


def _steady(text: str) -> str:
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text
