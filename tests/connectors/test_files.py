from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import zipfile
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.connectors import chunks, expand, open_input
from leeward.errors import InputError, NoPermission, UsageError
from leeward.model import bounds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXT = b"".join(b'{"boat": %d}\n' % n for n in range(50_000))


def zstd(data: bytes) -> bytes:
    compressed: bytes = pa.compress(data, codec="zstd", asbytes=True)
    return compressed


def read(path: Path) -> bytes:
    with open_input(path) as opened:
        assert opened.content == "text"
        data = b"".join(chunk.data for chunk in chunks(opened.stream, 100_000))
        assert data.startswith(opened.head)
        return data


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "gzip of three members": lambda data: b"".join(
        gzip.compress(part) for part in (data[:9], b"", data[9:])
    ),
    "zstd": zstd,
    "zstd of two frames": lambda data: zstd(data[:9]) + zstd(data[9:]),
    "with a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["boats.jsonl", "boats.jsonl.gz", "boats"])
def test_a_file_is_read_as_what_it_holds_whatever_its_name(
    tmp_path: Path, form: str, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(FORMS[form](TEXT))
    assert read(path) == TEXT


@pytest.mark.parametrize("form", ["gzip", "gzip of three members", "zstd", "zstd of two frames"])
@pytest.mark.parametrize("missing", [1, 9, 5_000])
def test_a_compressed_file_that_is_cut_short_says_so(
    tmp_path: Path, form: str, missing: int
) -> None:
    path = tmp_path / "boats.jsonl"
    path.write_bytes(FORMS[form](TEXT)[:-missing])
    with pytest.raises(InputError, match="cut short") as caught:
        read(path)
    assert caught.value.where == "boats.jsonl"
    assert caught.value.hint is not None


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_what_follows_a_compressed_file_is_an_error(tmp_path: Path, form: str) -> None:
    path = tmp_path / "boats.jsonl"
    path.write_bytes(FORMS[form](TEXT) + b"something else")
    with pytest.raises(InputError, match="damaged"):
        read(path)


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("boats.jsonl", data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (bz2.compress(TEXT), "bzip2"),
        (lzma.compress(TEXT), "xz"),
        (zipped(TEXT), "zip"),
        (b"ARROW1\x00\x00", "Arrow"),
        (b"SQLite format 3\x00", "SQLite"),
        (gzip.compress(b"PAR1" + TEXT), "Parquet"),
    ],
)
def test_other_kinds_of_file_are_named_with_what_to_do(
    tmp_path: Path, data: bytes, kind: str
) -> None:
    path = tmp_path / "boats.jsonl"
    path.write_bytes(data)
    with pytest.raises(InputError, match=kind) as caught:
        read(path)
    assert caught.value.hint is not None


@pytest.mark.parametrize("form", ["plain", "gzip", "zstd"])
def test_an_empty_file_holds_nothing(tmp_path: Path, form: str) -> None:
    path = tmp_path / "boats.jsonl"
    path.write_bytes(FORMS[form](b""))
    assert read(path) == b""


def test_standard_input_is_read_for_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    [path] = expand(["-"])
    assert path is None
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(TEXT))))
    with open_input(path) as opened:
        assert opened.name == "-"
        assert b"".join(chunk.data for chunk in chunks(opened.stream)) == TEXT


def test_a_folder_stands_for_all_files_in_it(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("z.jsonl", "a.jsonl", "b/c.jsonl"):
        (tmp_path / name).write_bytes(b"")
    names = [path and path.relative_to(tmp_path).as_posix() for path in expand([tmp_path])]
    assert names == ["a.jsonl", "b/c.jsonl", "z.jsonl"]


def test_a_folder_that_may_not_be_read_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir(mode=0)
    if os.geteuid() == 0:  # root may read all, so the refusal is played
        monkeypatch.setattr(os, "scandir", _refuse)
    with pytest.raises(NoPermission):
        list(expand([tmp_path]))


def test_a_path_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        list(expand([tmp_path / "boats.jsonl"]))


def test_a_file_that_may_not_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "boats.jsonl"
    path.write_bytes(TEXT)
    path.chmod(0)
    if os.geteuid() == 0:  # root may read all, so the refusal is played
        monkeypatch.setattr(type(path), "open", _refuse)
    with pytest.raises(NoPermission), open_input(path):
        pass


def _refuse(*_: object) -> None:
    raise PermissionError


class Dribble:
    """A pipe that gives as much as it likes."""

    def __init__(self, data: bytes, step: int) -> None:
        self._rest = data
        self._step = step

    def read(self, size: int, /) -> bytes:
        part = self._rest[: min(size, self._step)]
        self._rest = self._rest[len(part) :]
        return part


@given(
    st.lists(st.sampled_from([b"", b"ab", b"c" * 30]), max_size=20).map(b"\n".join),
    st.integers(1, 50),
    st.integers(1, 50),
)
def test_chunks_are_whole_lines_and_depend_on_the_bytes_alone(
    data: bytes, size: int, step: int
) -> None:
    found = list(chunks(Dribble(data, step), size))
    assert found == list(chunks(io.BytesIO(data), size))
    assert b"".join(chunk.data for chunk in found) == data
    line = 1
    for chunk in found:
        assert chunk.first_line == line
        line += chunk.data.count(b"\n")
    assert all(chunk.data.endswith(b"\n") for chunk in found[:-1])


@pytest.mark.parametrize("size", [1_000, 1 << 20, 8 << 20])
def test_a_line_without_end_is_held_to_its_bound(size: int) -> None:
    long = b"x" * (3 * bounds.MAX_LINE)
    found = list(chunks(io.BytesIO(b"a\n" + long + b"\nb\n" + long), size))
    kept = b"".join(chunk.data for chunk in found).split(b"\n")
    dropped = sum(chunk.cut for chunk in found)
    assert [kept[0], kept[2]] == [b"a", b"b"]
    assert all(len(line) > bounds.MAX_LINE for line in (kept[1], kept[3]))
    assert sum(map(len, kept)) + dropped == 2 + 2 * len(long)
    assert max(len(chunk.data) for chunk in found) <= size + bounds.MAX_LINE + 1
    assert [c.first_line + c.data.count(b"\n") for c in found][-1] == 4
