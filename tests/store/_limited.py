"""A process that meets a refusal of the system: no permission, or no space on a small disk.

Usage: python -m tests.store._limited permission FOLDER
       python -m tests.store._limited space FOLDER
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from leeward.errors import LeewardError, OutOfSpace
from leeward.model import LogSettings
from leeward.store import Log, Writer
from tests.store._helpers import assert_whole, batch, in_order

if TYPE_CHECKING:
    from collections.abc import Callable

NOBODY = 65_534


def _permission(folder: Path) -> None:
    """As a user who owns nothing, try to write and to read."""
    with tempfile.TemporaryDirectory() as warm, Writer.open(warm) as writer:
        writer.append(batch([1]))
        writer.seal()
        with Log(warm) as log:
            assert_whole(log)  # compiles and imports what a stranger may not be able to read
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    print(f"write: {_outcome(_write, folder)}, read: {_outcome(_read, folder)}")  # noqa: T201 - the parent reads it


def _write(folder: Path) -> None:
    Writer.open(folder).close()


def _read(folder: Path) -> None:
    with Log(folder) as log:
        list(log.scan())


def _outcome(attempt: Callable[[Path], None], folder: Path) -> str:
    """``done``, or the name of the error if it says where and what to do next."""
    try:
        attempt(folder)
    except LeewardError as error:
        return type(error).__name__ if error.hint and error.where else "no hint"
    except OSError as error:
        return f"raw {type(error).__name__}"
    return "done"


def _space(folder: Path) -> None:
    """Fill a disk of 12 MiB, make room, and go on."""
    command = [str(shutil.which("mount")), "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:  # may not mount
        sys.exit(77)
    try:
        _fill(folder)
    finally:
        os.chdir("/")
        subprocess.run([str(shutil.which("umount")), "-l", str(folder)], check=True)


def _fill(folder: Path) -> None:
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(4 << 20))
    acknowledged: set[int] = set()
    failed = 0
    with Writer.open(folder / "data", LogSettings(seal_events=3_000)) as writer:
        for turn in range(2_000):
            numbers = range(turn * 500, turn * 500 + 500)
            try:
                writer.append(batch(numbers))
                acknowledged |= set(numbers)
                if turn % 9 == 8:
                    writer.seal()
            except OutOfSpace:
                failed += 1
                if failed == 4:
                    break
        assert failed == 4, "the disk did not fill"
        with Log(folder / "data") as log:
            assert acknowledged <= {n for _, n in in_order(log)}, "an event is lost"
        ballast.unlink()
        numbers = range(2_000_000, 2_000_500)
        assert writer.append(batch(numbers)).accepted == len(numbers)
        writer.seal()
    with Writer.open(folder / "data"), Log(folder / "data") as log:
        assert acknowledged | set(numbers) <= {n for _, n in assert_whole(log)}
    print("nothing lost")  # noqa: T201 - the parent reads it


def main() -> None:
    """Run what was asked for; an error of ours that nobody expected is shown whole."""
    case, folder = sys.argv[1], Path(sys.argv[2])
    try:
        {"permission": _permission, "space": _space}[case](folder)
    except LeewardError as error:
        raise AssertionError(f"unexpected {type(error).__name__}") from error


if __name__ == "__main__":
    main()
