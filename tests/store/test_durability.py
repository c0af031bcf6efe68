"""What is acknowledged would survive a power cut: the system calls themselves are read."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.conftest import absent
from tests.store._helpers import start

if TYPE_CHECKING:
    from pathlib import Path

CALLS = "fsync,fdatasync,write,pwrite64,rename,renameat,renameat2,mkdir,mkdirat"
_LINE = re.compile(r"^(\d+) +(.*)$")
_RESUMED = re.compile(r"^<\.\.\. \w+ resumed>(.*)$")


class Call(NamedTuple):
    """A system call at the moment it returned; in ``text`` handles carry their paths."""

    name: str
    text: str

    def synced(self, path: Path) -> bool:
        """Whether it made this file or folder durable."""
        return self.name in ("fsync", "fdatasync") and f"<{path}>" in self.text

    def wrote(self, path: Path) -> bool:
        """Whether it wrote to this file."""
        return self.name in ("write", "pwrite64") and f"<{path}>" in self.text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traced").resolve() / "data"


@pytest.fixture(scope="module")
def calls(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """All calls of one run, in the order in which they returned."""
    if shutil.which("strace") is None:
        absent("strace is not installed")
    record = tmp_path_factory.mktemp("strace") / "calls"
    before = ["strace", "-f", "-y", "-s", "64", "-e", f"trace={CALLS}", "-o", str(record)]
    with start("_traced", folder, before=before) as process:
        process.communicate(timeout=120)
    text = record.read_text(errors="replace") if record.exists() else ""
    if process.returncode and "MARK" not in text:
        absent("this system does not let strace look at a process")
    assert process.returncode == 0
    return _parsed(text)


def _parsed(text: str) -> list[Call]:
    waiting: dict[str, str] = {}
    calls = []
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        process, call = match.groups()
        if call.endswith("<unfinished ...>"):
            waiting[process] = call.removesuffix("<unfinished ...>")
            continue
        if (resumed := _RESUMED.match(call)) is not None:
            call = waiting.pop(process, "") + resumed[1]
        name, bracket, rest = call.partition("(")
        if bracket and not re.search(r"= -1 E\w+", rest):
            calls.append(Call(name, rest))
    return calls


def _between(calls: list[Call], begin: str, end: str) -> list[Call]:
    marks = {
        found[1]: place
        for place, call in enumerate(calls)
        if call.name == "write" and (found := re.search(r'"MARK ([^"\\]*)', call.text))
    }
    return calls[marks[begin] + 1 : marks[end]]


@pytest.mark.parametrize("what", [*(f"append {turn}" for turn in range(5)), "findings"])
def test_a_call_returns_after_its_rows_were_synced(
    calls: list[Call], folder: Path, what: str
) -> None:
    """The last write to the write-ahead log is followed by a sync of it."""
    during = _between(calls, f"{what} begins", f"{what} ends")
    wal = folder / "log" / "hot.db-wal"

    writes = [place for place, call in enumerate(during) if call.wrote(wal)]
    syncs = [place for place, call in enumerate(during) if call.synced(wal)]

    assert writes
    assert syncs
    assert writes[-1] < syncs[-1]


def test_one_append_costs_one_sync(calls: list[Call]) -> None:
    """Group commit is worth nothing if a commit syncs twice; the first may sync more."""
    for turn in range(1, 5):
        during = _between(calls, f"append {turn} begins", f"append {turn} ends")
        assert len([call for call in during if call.name in ("fsync", "fdatasync")]) == 1


def test_a_segment_is_durable_before_the_manifest_names_it(calls: list[Call], folder: Path) -> None:
    during = _between(calls, "seal begins", "seal ends")
    log = folder / "log"
    (name,) = {path.name for path in (log / "segments").iterdir()}
    scratch = log / "scratch" / name
    wal = log / "hot.db-wal"

    def place(found: list[bool]) -> int:
        assert any(found)
        return found.index(True)

    files = [
        place([call.synced(path) for call in during])
        for path in (scratch / "events.parquet", scratch / "index.arrow", scratch)
    ]
    renamed = place([c.name.startswith("rename") and str(scratch) in c.text for c in during])
    named = place([call.synced(log / "segments") for call in during])
    manifest = place([call.wrote(wal) for call in during])
    committed = place([call.synced(wal) for call in during])

    assert max(files) < renamed < named < manifest < committed


def test_sealed_findings_are_durable_before_the_manifest_names_them(
    calls: list[Call], folder: Path
) -> None:
    during = _between(calls, "seal begins", "seal ends")
    log = folder / "log"
    (name,) = {path.name for path in (log / "findings").iterdir()}

    def places(found: list[bool]) -> list[int]:
        return [place for place, hit in enumerate(found) if hit]

    file = places([call.synced(log / "scratch" / name) for call in during])
    named = places([call.synced(log / "findings") for call in during])
    committed = places([call.synced(log / "hot.db-wal") for call in during])

    assert file[0] < named[0] < committed[0]


def test_the_folders_of_a_new_log_are_durable_before_the_first_event(
    calls: list[Call], folder: Path
) -> None:
    """A file that was synced is lost all the same if the name of its folder was not."""
    before = calls[: calls.index(_between(calls, "append 0 begins", "append 0 ends")[-1])]
    for place in (folder.parent, folder, folder / "log"):
        assert any(call.synced(place) for call in before), place.name
