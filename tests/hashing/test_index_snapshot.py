"""Snapshots: written whole, mapped at once, and refused when they are not what was written."""

from __future__ import annotations

import json
import os
import resource
import stat
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest

from leeward.errors import (
    Corrupt,
    InputError,
    LeewardError,
    NewerFormat,
    NoPermission,
    OutOfSpace,
    StoreError,
)
from leeward.hashing import HashIndex
from tests.hashing._index_banks import clustered, listed, queries_for, random_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BANK = clustered(6000, 1)
QUERIES = queries_for(BANK, 20, 2)


@pytest.fixture
def index() -> HashIndex:
    """With a base that has tables, recent entries, twins and withdrawals in both."""
    index = HashIndex.build(np.concatenate((BANK, BANK[:100])), np.arange(6100))
    index.add(random_hashes(50, 3), np.arange(50) + 10_000)
    index.add(BANK[:10], np.arange(10) + 20_000)
    index.withdraw([5, 6050, 10_007, 20_003])
    return index


@pytest.fixture
def path(index: HashIndex, tmp_path: Path) -> Path:
    index.save(tmp_path / "bank.index")
    return tmp_path / "bank.index"


def test_a_snapshot_holds_all_that_was_there(index: HashIndex, path: Path) -> None:
    opened = HashIndex.open(path)
    opened.verify()

    for distance in (0, 31, 64):
        expected = listed(index.search(QUERIES, distance))
        assert expected == listed(opened.search(QUERIES, distance)) != []
    assert len(index) == len(opened)
    assert index.nbytes == opened.nbytes


def test_an_opened_index_changes_and_its_snapshot_does_not(index: HashIndex, path: Path) -> None:
    before = path.read_bytes()
    opened = HashIndex.open(path)
    opened.add(random_hashes(1, 8), [9999])
    opened.withdraw([0, 1])

    assert listed(opened.search(random_hashes(1, 8))) == [(0, 0, 9999)]
    assert len(opened) == len(index) - 1 == len(HashIndex.open(path)) - 1
    opened.verify()
    opened.compact()
    opened.verify()  # nothing is left to compare
    assert listed(opened.search(random_hashes(1, 8))) == [(0, 0, 9999)]
    assert len(opened) == len(index) - 1
    assert before == path.read_bytes()


def test_an_empty_index_is_kept_too(tmp_path: Path) -> None:
    HashIndex.build(random_hashes(0, 1), []).save(tmp_path / "x")

    opened = HashIndex.open(tmp_path / "x")

    opened.verify()
    assert len(opened) == 0
    assert len(opened.search(QUERIES)) == 0
    opened.add(BANK[:3], [1, 2, 3])
    assert len(opened) == 3


def test_a_snapshot_is_replaced_as_a_whole_while_others_read_it(
    index: HashIndex, path: Path
) -> None:
    opened = HashIndex.open(path)
    expected = listed(opened.search(QUERIES))

    HashIndex.build(BANK[:5], np.arange(5)).save(path)

    assert expected == listed(opened.search(QUERIES))
    opened.verify()
    assert len(HashIndex.open(path)) == 5
    assert [path] == list(path.parent.iterdir())


def test_two_that_are_written_at_once_come_one_after_the_other(path: Path) -> None:
    """A server has two parts that keep an index, and both save the one that they began with."""
    indexes = [HashIndex.build(BANK[:size], np.arange(size)) for size in (2_000, 5_000)]

    with ThreadPoolExecutor(4) as pool:
        saving = [pool.submit(indexes[turn % 2].save, path) for turn in range(40)]
        while not all(one.done() for one in saving):
            opened = HashIndex.open(path)
            opened.verify()
            assert len(opened) in (2_000, 5_000, 6_156)
        for one in saving:
            one.result()

    assert [path] == list(path.parent.iterdir())


def test_only_the_owner_may_read_it(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_processes_share_its_pages(path: Path) -> None:
    """What another process touched counts as shared by both, and as private to neither."""
    code = (
        "import sys, numpy as np\n"
        "from leeward.hashing import HashIndex\n"
        "index = HashIndex.open(sys.argv[1])\n"
        "index.verify()\n"
        "index.search(np.zeros((1, 32), np.uint8))\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    pipe = subprocess.PIPE
    both = [subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe) for _ in range(2)]
    try:
        for process in both:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in both:
            sizes = _mapped(process.pid, path)
            assert sizes["Shared_Clean"] == sizes["Rss"] >= path.stat().st_size // 1024 * 0.9
            assert sizes["Private_Dirty"] == sizes["Shared_Dirty"] == 0
    finally:
        for process in both:
            process.communicate()


def _mapped(process: int, path: Path) -> dict[str, int]:
    """KB by name for the mapping of a file, as Linux tells it."""
    sizes: dict[str, int] = {}
    inside = False
    with open(f"/proc/{process}/smaps") as lines:  # noqa: PTH123 - no file of ours
        for line in lines:
            name, *rest = line.split()
            if "-" in name and len(rest) >= 4:
                inside = line.rstrip().endswith(str(path))
            elif inside and rest[-1] == "kB":
                sizes[name.rstrip(":")] = sizes.get(name.rstrip(":"), 0) + int(rest[0])
    return sizes


def test_each_damaged_octet_is_detected(path: Path, rounds: object) -> None:
    """Whatever place is hit: either opening refuses, or verifying does; no search breaks."""
    whole = path.read_bytes()
    generator = np.random.default_rng(1)
    used = _used(whole)
    places = [0, 8, 12, 16, 20, 30, *used, *(int(x) for x in generator.choice(len(whole), 60))]
    for place in places:
        if not any(begin <= place < end for begin, end in _sections(whole)):
            continue  # between sections nothing is kept
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(generator.integers(0, 8))
        path.write_bytes(damaged)
        with pytest.raises(LeewardError) as refused:
            _use(path)
        assert isinstance(refused.value, (Corrupt, InputError, NewerFormat))
        assert "again from the entries in the store" in str(refused.value)


def _use(path: Path) -> None:
    opened = HashIndex.open(path)
    opened.search(QUERIES)
    opened.verify()


def _header(whole: bytes) -> tuple[int, dict[str, object]]:
    length = struct.unpack_from("<I", whole, 12)[0]
    return 20 + length, json.loads(whole[20 : 20 + length])


def _sections(whole: bytes) -> Iterator[tuple[int, int]]:
    end, header = _header(whole)
    yield 0, end
    sections = header["sections"]
    assert isinstance(sections, list)
    for section in sections:
        size = int(np.prod(section["shape"])) * np.dtype(section["kind"]).itemsize
        yield section["begin"], section["begin"] + size


def _used(whole: bytes) -> list[int]:
    """The first and the last octet of each section."""
    return [at for begin, end in _sections(whole) if end > begin for at in (begin, end - 1)]


def test_rows_that_are_not_there_are_never_touched(path: Path) -> None:
    """A damaged table may hide matches until it is verified; it does not break the process."""
    whole = bytearray(path.read_bytes())
    _, header = _header(bytes(whole))
    sections = header["sections"]
    assert isinstance(sections, list)
    for section in sections:
        if section["name"] in ("0.rows", "0.sketches", "0.twin_row"):
            size = int(np.prod(section["shape"])) * np.dtype(section["kind"]).itemsize
            whole[section["begin"] : section["begin"] + size] = b"\xff" * size
    path.write_bytes(whole)
    opened = HashIndex.open(path)
    for distance in (0, 31, 64):
        opened.search(QUERIES, distance)

    with pytest.raises(Corrupt, match="differ from what was written"):
        opened.verify()


@pytest.mark.parametrize("kept", [0, 4, 8, 19, 20, 500, 5000, 100_000, -1])
def test_one_that_was_cut_short_is_refused(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(Corrupt):
        HashIndex.open(path)


def test_one_with_something_after_it_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")

    with pytest.raises(Corrupt):
        HashIndex.open(path)


@pytest.mark.parametrize("content", [b"PAR1 and so on", b"\x80\x04\x95" * 20, b"{}" * 50])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)

    with pytest.raises(InputError, match="no snapshot of a hash index"):
        HashIndex.open(tmp_path / "x")


def test_a_newer_format_is_refused_by_its_number(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[8:12] = struct.pack("<I", 2)
    path.write_bytes(whole)

    with pytest.raises(NewerFormat, match="has format 2, and this Leeward reads up to 1") as error:
        HashIndex.open(path)
    assert error.value.hint is not None
    assert error.value.hint.startswith("upgrade Leeward")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda section: section.update(shape=[section["shape"][0] - 1]), "do not fit"),
        (lambda section: section.update(begin=1 << 40), "a place that is not there"),
        (lambda section: section.update(kind="|O"), "a type that is not used"),
        (lambda section: section.update(name="another"), "an array is missing"),
    ],
)
def test_a_header_that_does_not_fit_its_arrays_is_refused(
    path: Path, change: object, why: str
) -> None:
    """Its checksum is right: somebody wrote it so."""
    whole = bytearray(path.read_bytes())
    _, header = _header(bytes(whole))
    sections = header["sections"]
    assert isinstance(sections, list)
    assert callable(change)
    change(next(section for section in sections if section["name"] == "0.ids"))
    text = json.dumps(header).encode()
    start = struct.pack("<8sIII", b"LWDHASH\n", 1, len(text), zlib.crc32(text))
    whole[: 20 + len(text)] = start + text
    path.write_bytes(whole)

    with pytest.raises(Corrupt, match=why):
        HashIndex.open(path)


def test_none_is_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no snapshot") as error:
        HashIndex.open(tmp_path / "x")
    assert error.value.where == str(tmp_path / "x")
    with pytest.raises(StoreError, match="no such folder"):
        HashIndex.build(BANK[:1], [1]).save(tmp_path / "no" / "x")


def test_a_full_disk_leaves_the_one_before(path: Path) -> None:
    """The limit on the size of files stands for the disk."""
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    larger = HashIndex.build(random_hashes(20_000, 5), np.arange(20_000))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.raises(OutOfSpace, match="the one before it still is"):
            larger.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert before == path.read_bytes()
    assert [path] == list(path.parent.iterdir())


def test_a_folder_that_may_not_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(NoPermission):
        HashIndex.build(BANK[:1], [1]).save(path)


def test_one_that_a_crash_left_unfinished_is_no_hindrance(index: HashIndex, path: Path) -> None:
    left = path.with_name(path.name + ".new")
    left.write_bytes(b"half")
    left.chmod(0o644)

    index.save(path)

    assert [path] == list(path.parent.iterdir())
    test_only_the_owner_may_read_it(path)
    HashIndex.open(path).verify()
