"""What the code says already is generated, and complete."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs._pages import ROOT

if TYPE_CHECKING:
    import click

sys.path.insert(0, str(ROOT / "docs"))
import build  # it lies with the pages that it writes


def _commands() -> list[Any]:
    return [pytest.param(name, command, id=name) for name, command in build.commands()]


def _only(*, groups: bool) -> list[Any]:
    return [p for p in _commands() if hasattr(p.values[1], "commands") is groups]


def test_what_is_generated_is_up_to_date() -> None:
    run = subprocess.run(
        [sys.executable, ROOT / "docs" / "build.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_a_stale_page_is_named(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    docs = tmp_path / "docs"
    (docs / "reference").mkdir(parents=True)
    page = docs / "page.md"
    page.write_text(
        "Before.\n\n<!-- generated: errors -->\nfrom long ago\n<!-- end -->\n\nAfter.\n"
    )
    monkeypatch.setattr(build, "DOCS", docs)
    monkeypatch.setattr(build, "COMMANDS", docs / "reference" / "commands.md")
    assert build.main(["--check"]) == 1
    assert "docs/page.md" in capsys.readouterr().out
    assert "from long ago" in page.read_text()
    assert build.main([]) == 0
    assert "from long ago" not in page.read_text()
    assert page.read_text().startswith("Before.")
    assert page.read_text().endswith("After.\n")
    assert build.main(["--check"]) == 0


@pytest.mark.parametrize(("name", "command"), _commands())
def test_every_command_says_what_it_does_and_is_in_the_reference(
    name: str, command: click.Command
) -> None:
    assert command.help
    assert f"## {name}\n" in build.COMMANDS.read_text()


@pytest.mark.parametrize(("name", "command"), _only(groups=False))
def test_every_command_has_an_example_of_itself(name: str, command: click.Command) -> None:
    assert (command.epilog or "").startswith(f"Example: {name} ")


@pytest.mark.parametrize(("name", "command"), _only(groups=False))
def test_every_option_says_what_it_is_for(name: str, command: click.Command) -> None:
    options = [p for p in command.params if p.param_type_name == "option"]
    assert [p.name for p in options if not getattr(p, "help", None)] == []


@pytest.mark.parametrize(("name", "command"), _only(groups=False))
def test_every_command_takes_json(name: str, command: click.Command) -> None:
    assert "--json" in [option for p in command.params for option in p.opts]


def test_every_dependency_that_is_described_is_one() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    assert [name for name in build.WORDS if f'"{name}' not in project] == []
