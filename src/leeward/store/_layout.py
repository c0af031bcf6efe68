"""Where things lie below a data folder."""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leeward.errors import NotALog, WriterBusy
from leeward.store._disk import sync_folder, translated

if TYPE_CHECKING:
    from typing import Self

__all__ = ["OTHERS", "Layout", "WriterLock"]

OTHERS: Final = ("lists", "policies", "signals")
"""Folders beside the log whose files people made."""


class Layout:
    """The paths of one data folder.

    Args:
        data: The folder that `--data` names.
    """

    def __init__(self, data: str | os.PathLike[str]) -> None:
        self.data = Path(data)
        self.log = self.data / "log"
        self.hot = self.log / "hot.db"
        self.segments = self.log / "segments"
        self.findings = self.log / "findings"
        self.verdicts = self.log / "verdicts"
        self.scratch = self.log / "scratch"
        self.manifest = self.log / "manifest.json"
        self.lock = self.log / "writer.lock"
        self.settings = self.data / "leeward.toml"
        self.graph = self.data / "graph" / "graph.arrow"

    def others(self) -> list[Path]:
        """Files of the data folder that people made: settings, lists, policies, models."""
        below = [path for name in OTHERS for path in _files_below(self.data / name)]
        kept = [path for path in below if not _MADE_AGAIN.fullmatch(path.name)]
        return [*([self.settings] if self.settings.exists() else []), *kept]

    def unfinished(self) -> list[Path]:
        """What a signal remembers that was looking at the past when it was ended."""
        return sorted((self.data / "signals").glob("state-again-*.bin"))

    def make(self) -> None:
        """Make the folders, for the owner alone."""
        with translated(self.data):
            if self.data.exists() and not self.data.is_dir():
                raise NotALog(
                    "the data folder is a file",
                    where=str(self.data),
                    hint="name a folder, or a path where one can be made",
                )
            missing = [p for p in (self.data, *self.data.parents) if not p.exists()]
            self.data.mkdir(parents=True, exist_ok=True)
            for folder in missing:
                sync_folder(folder.parent)
            for folder in (self.log, self.segments, self.findings, self.verdicts, self.scratch):
                if not folder.exists():
                    folder.mkdir(mode=0o700)
                    sync_folder(folder.parent)


_MADE_AGAIN: Final = re.compile(r"state-.*\.bin|scoring\.json")
"""What scoring keeps among the models, and makes again from the log."""


class WriterLock:
    """The right to write to a log. The system takes it back when the process ends.

    Args:
        path: The lock file; it holds the process id of the writer.

    Raises:
        WriterBusy: Another process has it.
    """

    def __init__(self, path: Path) -> None:
        with translated(path):
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(self._handle, 32, 0).decode(errors="replace").strip()
            os.close(self._handle)
            raise WriterBusy(
                f"another process is writing to this log (process {owner or 'unknown'})",
                where=str(path.parent.parent),
                hint="send events to that process over HTTP, or stop it first",
            ) from None
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give it up."""
        os.close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _files_below(folder: Path) -> list[Path]:
    """All files in a folder and those in it, in order; what is being written is none of them."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".new")
