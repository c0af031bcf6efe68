"""A backup that does not come to its end leaves the one before; a restore leaves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leeward.errors import OutOfSpace
from leeward.store import Log, Writer, backup, restore
from tests.store._helpers import assert_whole, batch
from tests.store._steps import arm, findings

if TYPE_CHECKING:
    from pathlib import Path

FAULTS = [
    ("leeward.store._backup:shutil.copyfile", 1),
    ("leeward.store._backup:sync_file", 1),
    ("leeward.store._backup:sync_file", 2),
    ("leeward.store._backup:sync_file", 4),
    ("leeward.store._backup:dump", 1),
    ("leeward.store._backup:sync_folder", 1),
    ("leeward.store._backup:write_whole", 1),
]

ON_THE_WAY_BACK = [
    ("leeward.store._restore:shutil.copyfile", 1),
    ("leeward.store._restore:shutil.copyfile", 3),
    ("leeward.store._restore:sync_file", 1),
    ("leeward.store._restore:sync_file", 6),
    ("leeward.store._restore:load", 1),
    ("leeward.store._restore:sync_folder", 1),
    ("leeward.store._restore:sync_folder", 4),
    ("pathlib:Path.rename", 1),
]


def _full_disk() -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(("step", "count"), FAULTS)
def test_the_backup_before_still_stands(data: Path, tmp_path: Path, step: str, count: int) -> None:
    with Writer.open(data) as writer:
        writer.append(batch(range(10)))
        writer.seal()
        backup(data, tmp_path / "backup")
        writer.append(batch(range(10, 20)))
        writer.add_findings(findings([1]))
        writer.seal()
        with pytest.MonkeyPatch.context() as patch:
            arm(step, count, _full_disk, patch.setattr)
            with pytest.raises(OutOfSpace):
                backup(data, tmp_path / "backup")

        assert restore(tmp_path / "backup", tmp_path / "first").events == 10
        backup(data, tmp_path / "backup")

    assert restore(tmp_path / "backup", tmp_path / "second").events == 20
    for name, events in (("first", 10), ("second", 20)):
        with Writer.open(tmp_path / name), Log(tmp_path / name) as log:
            assert len(assert_whole(log)) == events


@pytest.mark.parametrize(("step", "count"), ON_THE_WAY_BACK)
def test_a_restore_can_be_repeated(data: Path, tmp_path: Path, step: str, count: int) -> None:
    with Writer.open(data) as writer:
        writer.append(batch(range(10)))
        writer.add_findings(findings([1]))
        writer.seal()
        (data / "leeward.toml").write_text("[log]\nseal_events = 4321\n")
        backup(data, tmp_path / "backup")
    with pytest.MonkeyPatch.context() as patch:
        arm(step, count, _full_disk, patch.setattr)
        with pytest.raises(OutOfSpace):
            restore(tmp_path / "backup", tmp_path / "back")
    assert not list((tmp_path / "back").iterdir())

    assert restore(tmp_path / "backup", tmp_path / "back").events == 10
    with Writer.open(tmp_path / "back"), Log(tmp_path / "back") as log:
        assert len(assert_whole(log)) == 10
