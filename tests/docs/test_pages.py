"""What the pages say happens, happens: each is followed from its first block to its last."""

from __future__ import annotations

import ast
import shutil
import socket
import tomllib
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.conftest import absent
from tests.docs._pages import ROOT, blocks, follow, pages, same, steps

if TYPE_CHECKING:
    from pathlib import Path

# CONTRIBUTING.md sets up the development itself, which is what made this test run.
_FOLLOWED = [
    page
    for page in pages()
    if page.name != "CONTRIBUTING.md"
    and any(block.language in ("console", "pycon") for block in blocks(page))
]


def _named(found: list[Path]) -> list[Any]:
    return [pytest.param(page, id=page.relative_to(ROOT).as_posix()) for page in found]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize("page", _named(_FOLLOWED))
def test_a_reader_can_follow_the_page(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in ("bash", "curl"):
        if program in page.read_text() and shutil.which(program) is None:
            absent(f"{program} is absent")
    monkeypatch.chdir(tmp_path)
    assert follow(page, tmp_path, _free_port()) == []


@pytest.mark.parametrize("page", _named(pages()))
def test_python_json_and_toml_can_be_read(page: Path) -> None:
    for block in blocks(page):
        match block.language:
            case "python":
                ast.parse(block.text)
            case "json":
                msgspec.json.decode(block.text)
            case "toml":
                tomllib.loads(block.text)
            case _:
                pass


def test_a_command_goes_on_over_lines_and_ends_where_its_output_begins() -> None:
    first, second = steps("$ cat <<END\n> a\n>\n> b\n> END\na\n\nb\n$ echo > quoted\n> more\n")
    assert (first.command, first.expected) == ("cat <<END\na\n\nb\nEND", ["a", "", "b"])
    assert (second.command, second.expected) == ("echo > quoted\nmore", [])


def test_only_what_varies_may_differ() -> None:
    assert same("made 2026-01-02 03:04:05Z, 9.1 kB", "made 2027-01-01 00:00:00Z, 10 MB")
    assert same("head\n...\ntail", "head\na\nb\ntail")
    assert not same("3 accepted", "4 accepted")
    assert not same("", "error: something")
