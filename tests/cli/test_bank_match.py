"""``leeward bank match``: what the banks say of a picture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_hash import picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]


@pytest.fixture
def folder(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with two banks: the picture `boat.jpg` is in both, by PDQ and by MD5."""
    monkeypatch.setenv("LEEWARD_AS", "Ada")
    monkeypatch.setenv("LEEWARD_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    body = run("hash", picture(tmp_path / "boat.jpg"), "--json").json
    for name, algorithm in (("harbour", "pdq"), ("garden", "md5")):
        run("bank", "create", name, "--meaning", "illegal_verified", "--source", "a list")
        (tmp_path / "list.csv").write_text(
            "algorithm,value,exchange,member,external_id,classification\n"
            f"{algorithm},{body[algorithm]},pilots,north,{body['sha1']},A1\n"
        )
        assert run("bank", "import", name, tmp_path / "list.csv").code == 0
    return tmp_path


def test_a_picture_that_is_known(folder: Path, run: Run) -> None:
    said = run("bank", "match", folder / "boat.jpg")
    assert said.code == 0
    assert "boat.jpg: matched; may follow: open_case" in said.out
    assert "harbour  entry 1, pdq, the same value" in said.out
    assert "garden  entry 2, md5, the same value" in said.out
    assert "listed by pilots, north, A1" in said.out
    body = run("bank", "match", folder / "boat.jpg", "--json").json
    assert {(m["bank"], m["distance"]) for m in body["matches"]} == {("harbour", 0), ("garden", 0)}
    (only,) = run("bank", "match", folder / "boat.jpg", "--bank", "garden", "--json").json[
        "matches"
    ]
    assert only["bank"] == "garden"


def test_no_answer_holds_a_hash(folder: Path, run: Run) -> None:
    """Nor an exchange's own name of an item, which may be one."""
    body = run("hash", folder / "boat.jpg", "--json").json
    asked = [folder / "boat.jpg", body["pdq"], body["md5"], body["sha1"], body["sha256"]]
    for more in ([], ["--json"]):
        said = run("bank", "match", *asked, *more)
        assert said.code == 0
        for algorithm in ("pdq", "md5", "sha1", "sha256"):
            assert body[algorithm] not in said.out + said.err


def test_nothing_is_near(folder: Path, run: Run) -> None:
    said = run("bank", "match", picture(folder / "other.jpg", 2))
    assert (said.code, said.out) == (0, f"{folder / 'other.jpg'}: unmatched\n")


def test_digits_from_arguments_and_from_stdin(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = run("hash", folder / "boat.jpg", "--json").json
    near = f"{int(body['pdq'], 16) ^ 0b1011:064x}"
    said = run("bank", "match", near, body["md5"])
    assert "argument 1: matched" in said.out
    assert "3 bits away" in said.out
    assert "argument 2: matched" in said.out
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{near}\n\n{'0' * 40}\n"))
    first, third = run("bank", "match", "-", "--json").lines
    assert (first["what"], first["status"]) == ("line 1", "matched")
    assert (third["what"], third["status"]) == ("line 3", "unmatched")


def test_what_is_paused_is_an_alert(folder: Path, run: Run) -> None:
    run("bank", "pause", "harbour", "--entry", 1, "--reason", "a greeting card")
    said = run("bank", "match", folder / "boat.jpg", "--bank", "harbour")
    assert "ALERT  a match is paused" in said.out
    assert "may follow: nothing (entry paused)" in said.out


def test_what_cannot_be_looked_at_is_not_called_clear(folder: Path, run: Run) -> None:
    (folder / "notes.txt").write_text("the tide turns at noon")
    said = run("bank", "match", folder / "notes.txt")
    assert said.code == 0
    assert "notes.txt: abstained" in said.out
    assert "ALERT  not compared: the file is of no kind of picture" in said.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["abcdef"], 1, "argument 1: has neither"),
        (["nowhere.jpg"], 1, "argument 1: is neither a file nor hexadecimal"),
        (["f" * 63], 1, "argument 1: has neither"),
        (["f" * 64, "--bank", "lagoon"], 2, "no bank of that name"),
        ([], 2, "PATH_OR_HEX"),
    ],
)
def test_a_mistake_is_told(
    folder: Path, run: Run, arguments: list[str], code: int, words: str
) -> None:
    said = run("bank", "match", *arguments)
    assert said.code == code
    assert words in said.err
    assert "fff" not in said.err


def test_a_damaged_snapshot_is_told_and_the_answer_is_the_same(folder: Path, run: Run) -> None:
    before = run("bank", "match", folder / "boat.jpg")
    (saved,) = (folder / "data" / "match").glob("*.index")
    saved.write_bytes(saved.read_bytes()[:-4096] + b"\xff" * 4096)
    again = run("bank", "match", folder / "boat.jpg")
    assert again.out == before.out
    assert "note: " in again.err
    assert "built anew" in again.err
