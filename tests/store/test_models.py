"""Files of models: versions, which one is in force, and what a crash leaves."""

from __future__ import annotations

import stat
import threading
from typing import TYPE_CHECKING

import pytest

from leeward.errors import Corrupt, UsageError
from leeward.store import ModelAct, ModelFiles

if TYPE_CHECKING:
    from pathlib import Path


def _act(version: str, at: int = 1) -> ModelAct:
    return ModelAct(version=version, at=at, by="Ada")


def test_a_version_is_kept_put_in_force_and_read(tmp_path: Path) -> None:
    files = ModelFiles(tmp_path)
    assert (files.names(), files.in_force("tide")) == ((), None)
    assert files.add("tide", "1-a", b"low", _act("1-a"))
    assert files.add("tide", "1-b", b"high", None)
    assert not files.add("tide", "1-a", b"low", None)
    assert files.versions("tide") == ("1-a", "1-b")
    assert (files.in_force("tide"), files.read("tide")) == ("1-a", b"low")
    assert files.read("tide", "1-b") == b"high"
    assert files.names() == ("tide",)
    files.add("wind", "1-a", b"calm", None)
    assert files.names() == ("tide", "wind")  # one that is only kept is there, too
    assert stat.S_IMODE((tmp_path / "signals").stat().st_mode) == 0o700


def test_the_history_tells_who_put_which_version_in_force(tmp_path: Path) -> None:
    files = ModelFiles(tmp_path)
    files.add("tide", "1-a", b"low", _act("1-a", 1))
    files.add("tide", "1-b", b"high", _act("1-b", 2))
    files.use("tide", _act("1-a", 3))
    assert [(one.version, one.at, one.by) for one in files.history("tide")] == [
        ("1-a", 1, "Ada"),
        ("1-b", 2, "Ada"),
        ("1-a", 3, "Ada"),
    ]
    with pytest.raises(UsageError):
        files.use("tide", _act("1-c"))
    assert files.in_force("tide") == "1-a"


def test_only_the_owner_may_read_and_nothing_is_half_written(tmp_path: Path) -> None:
    files = ModelFiles(tmp_path)
    files.add("tide", "1-a", b"low", _act("1-a"))
    folder = tmp_path / "signals" / "tide"
    assert {path.name for path in folder.iterdir()} == {"1-a.model", "in-force.json"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (folder / "1-b.model.new").write_bytes(b"cut sh")  # as a crash leaves it
    assert files.versions("tide") == ("1-a",)


def test_several_at_once_lose_no_act(tmp_path: Path) -> None:
    names = [f"1-{n}" for n in range(12)]

    def put(name: str) -> None:
        ModelFiles(tmp_path).add("tide", name, name.encode(), _act(name))

    threads = [threading.Thread(target=put, args=(name,)) for name in names]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {act.version for act in ModelFiles(tmp_path).history("tide")} == set(names)


@pytest.mark.parametrize("name", ["", "..", "a/b", "Tide", ".tide", "t" * 49])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="name"):
        ModelFiles(tmp_path).add(name, "1-a", b"low", None)
    with pytest.raises(UsageError):
        ModelFiles(tmp_path).add("tide", f"../{name}", b"low", None)


def test_a_damaged_pointer_is_told_with_what_to_do(tmp_path: Path) -> None:
    files = ModelFiles(tmp_path)
    files.add("tide", "1-a", b"low", _act("1-a"))
    files.pointer("tide").write_text("{")
    with pytest.raises(Corrupt) as error:
        files.read("tide")
    assert error.value.hint
