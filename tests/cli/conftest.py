"""A terminal: type a command, read what it says and how it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from leeward.cli import main
from leeward.model import Event, MediaRef, identity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Said(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its answer, where it was given --json."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Its answer, where that is one JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run ``leeward`` with some arguments."""

    def command(*arguments: object) -> Said:
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        code = end.value.code
        return Said(code if isinstance(code, int) else 1, out, err)

    return command


def boat_event(number: int, actor: str = "boat:1", text: str | None = None) -> dict[str, Any]:
    """A post about boats, as a producer sends it."""
    post = f"{actor}/post/{number}"
    event = Event(
        id=identity("harbour", post, "1", "create"),
        source="harbour",
        kind="post",
        op="create",
        at=1_700_000_000_000_000 + number,
        actor=actor,
        object=post,
        text=text or f"the tide turns at {number}",
        tags=("tide",),
        media=(MediaRef(uri=f"{post}/sail", mime="image/png"),),
    )
    import msgspec

    body: dict[str, Any] = msgspec.to_builtins(event)
    return body


@pytest.fixture
def data(tmp_path: Path, run: Callable[..., Said]) -> Path:
    """A data folder with a hundred posts of five boats, half of them sealed."""
    for name, numbers in (("one", range(50)), ("two", range(50, 100))):
        lines = (json.dumps(boat_event(n, f"boat:{n % 5}")) for n in numbers)
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
        assert run("ingest", tmp_path / f"{name}.jsonl", "--data", tmp_path / "data").code == 0
        if name == "one":
            assert run("seal", "--data", tmp_path / "data").code == 0
    return tmp_path / "data"
