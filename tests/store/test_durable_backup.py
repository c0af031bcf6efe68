"""A backup, and a restored log, would survive a power cut once they count."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from leeward.store import Writer, backup, restore
from tests.store._helpers import batch
from tests.store._steps import findings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a backup can lie."""
    return tmp_path / "backup"


@pytest.fixture
def sealed(data: Path) -> Path:
    """A log of ten sealed events with a finding."""
    with Writer.open(data) as writer:
        writer.append(batch(range(10)))
        writer.add_findings(findings([1]))
        writer.seal()
    return data


class _Recorder:
    """What a program does to names, and which files and folders it makes durable, in order."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.steps: list[tuple[str, str]] = []
        real_sync = os.fsync

        def sync(handle: int) -> None:
            real_sync(handle)
            self.steps.append(("sync", str(Path(f"/proc/self/fd/{handle}").readlink())))

        patch.setattr(os, "fsync", sync)
        for name, place in (("rename", 1), ("replace", 1), ("mkdir", 0), ("unlink", 0)):
            self._watch(patch, name, place)

    def _watch(self, patch: pytest.MonkeyPatch, name: str, place: int) -> None:
        real = getattr(os, name)

        def watched(*arguments: Any, **named: Any) -> None:
            real(*arguments, **named)
            kind = "unlink" if name == "unlink" else "name"
            self.steps.append((kind, os.path.realpath(arguments[place])))

        patch.setattr(os, name, watched)

    def last(self, kind: str, path: Path) -> int:
        """When something was done to a path for the last time."""
        return max(n for n, step in enumerate(self.steps) if step == (kind, str(path)))

    def assert_durable(self, path: Path, before: int) -> None:
        """A path got its name, and its folder was synced after that, in time."""
        named = self.last("name", path)
        syncs = [n for n, step in enumerate(self.steps) if step == ("sync", str(path.parent))]
        assert any(named < sync < before for sync in syncs), path


def test_a_backup_is_durable_down_from_its_parents_before_its_list_names_it(
    sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path.resolve() / "far" / "away"
    record = _Recorder(monkeypatch)
    backup(sealed, folder)

    published = record.last("name", folder / "backup.json")
    listed = [
        folder / name
        for name in msgspec.json.decode((folder / "backup.json").read_bytes())["files"]
    ]
    made = {p for path in listed for p in (path, *path.parents) if p.is_relative_to(folder)}
    assert len(listed) == 5
    assert len(made) == 5 + 6  # the folder itself, findings, and two levels of the others
    for path in (folder.parent, *made):
        record.assert_durable(path, published)


def test_the_run_before_is_removed_after_the_new_list_is_durable(
    sealed: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(sealed, folder)
    (old,) = folder.resolve().glob("runs/*/hot.db")
    record = _Recorder(monkeypatch)
    backup(sealed, folder)

    gone = record.last("unlink", old)
    record.assert_durable(folder.resolve() / "backup.json", gone)


def test_a_restored_log_is_durable_before_it_gets_its_name(
    sealed: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(sealed, folder)
    back = tmp_path.resolve() / "far" / "back"
    record = _Recorder(monkeypatch)
    restore(folder, back)

    named = record.last("name", back / "log")
    (segment,) = (back / "log" / "segments").iterdir()
    partial = back / "log.partial"
    for path in (back.parent, back, partial, partial / "segments", partial / "findings"):
        record.assert_durable(path, named)
    record.assert_durable(partial / "segments" / segment.name, named)
    synced = {path for n, (kind, path) in enumerate(record.steps) if kind == "sync" and n < named}
    for path in (back / "log").rglob("*"):
        assert str(partial / path.relative_to(back / "log")) in synced
    assert record.steps[-1] == ("sync", str(back))
