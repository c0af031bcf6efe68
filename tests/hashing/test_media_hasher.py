"""Files are hashed in processes that any of them may kill."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from leeward.errors import InputError, UsageError
from leeward.hashing import Limits, MediaHasher, _worker, hash_media
from leeward.hashing._wire import receive
from tests.hashing._pictures import file_of, harbour, png_of_zeros
from tests.hashing.test_picture_files import animation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PICTURE = file_of(harbour(300, 400), "JPEG")
BOMB = png_of_zeros(12_000, 12_000)
LARGE = Limits(max_pixels=170_000_000)
GENEROUS = 60.0
"""Seconds that nothing here takes on a machine that still moves."""


@pytest.fixture(scope="module")
def hasher() -> Iterator[MediaHasher]:
    with MediaHasher() as found:
        found.hash(PICTURE)
        yield found


def processes() -> set[int]:
    """The hashing processes that this one has started."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            ours = int(status.read_text().rpartition(")")[2].split()[1]) == os.getpid()
            command = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if ours and b"leeward.hashing._child" in command:
            found.add(int(status.parent.name))
    return found


def assert_still_right(hasher: MediaHasher) -> None:
    assert hash_media(PICTURE) == hasher.hash(PICTURE)


def test_a_file_hashes_there_as_it_does_here(hasher: MediaHasher, tmp_path: Path) -> None:
    path = tmp_path / "boat.jpg"
    path.write_bytes(PICTURE)

    expected = hash_media(PICTURE, dihedral=True)

    assert expected == hasher.hash(PICTURE, dihedral=True) == hasher.hash(path, dihedral=True)
    assert expected.picture is not None
    assert len(expected.picture.dihedral) == 8
    assert hashlib.sha256(PICTURE).digest() == expected.digests.sha256


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        (b"", "the file is empty"),
        (png_of_zeros(30_000, 30_000), "far more pixels"),
        (BOMB, "12,000 x 12,000"),
        (os.urandom(5_000), "no kind of picture"),
        (b"\xff\xd8\xff" + os.urandom(5_000), "cannot be decoded"),
        (b"\x89PNG\r\n\x1a\n" + os.urandom(5_000), "cannot be decoded"),
    ],
    ids=["empty", "huge bomb", "bomb", "random", "random JPEG", "random PNG"],
)
def test_a_hostile_file_is_refused_with_its_digests_and_the_next_hashed_right(
    hasher: MediaHasher, data: bytes, refused: str
) -> None:
    begun = time.monotonic()

    found = hasher.hash(data)

    assert found.picture is None
    assert refused in str(found.refused)
    assert hashlib.sha1(data).digest() == found.digests.sha1  # noqa: S324 - banks hold them
    assert_still_right(hasher)
    assert time.monotonic() - begun < GENEROUS


def test_a_gif_of_thousands_of_frames_is_sampled_and_the_next_hashed_right(
    hasher: MediaHasher,
) -> None:
    found = hasher.hash(animation(3_000, side=8))

    assert found.picture is not None
    assert Limits().max_frames == found.picture.frames
    assert len(found.picture.views) <= Limits().max_views
    assert_still_right(hasher)


def test_a_picture_cut_short_and_a_polyglot_are_hashed(hasher: MediaHasher) -> None:
    short = hasher.hash(PICTURE[:-2]).picture
    both = hasher.hash(PICTURE + png_of_zeros(2_000, 2_000)).picture

    whole = hasher.hash(PICTURE).picture
    assert whole is not None
    assert short is not None
    assert both is not None
    assert whole.pdq == short.pdq == both.pdq


def test_a_file_that_takes_too_much_memory_is_refused_and_the_next_hashed_right() -> None:
    with MediaHasher(memory=100 << 20, limits=LARGE) as hasher:
        found = hasher.hash(BOMB)

        assert "more memory" in str(found.refused)
        assert_still_right(hasher)


def test_a_file_that_takes_too_long_is_refused_and_the_next_hashed_right() -> None:
    with MediaHasher(seconds=0.02, limits=LARGE) as hasher:
        begun = time.monotonic()
        found = hasher.hash(BOMB)

        assert "takes longer" in str(found.refused)
        assert hashlib.sha256(BOMB).digest() == found.digests.sha256
        assert time.monotonic() - begun < GENEROUS
    with MediaHasher(seconds=GENEROUS) as hasher:
        assert_still_right(hasher)


def busy(process: int) -> bool:
    """Whether it holds the pixels of the large picture, or some of them."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return False
    anonymous = next((int(x.split()[1]) for x in lines if x.startswith("RssAnon")), 0)
    return anonymous > 200_000


def test_a_process_killed_in_the_middle_is_replaced_and_the_file_hashed_after_all() -> None:
    earlier = processes()
    with MediaHasher(limits=LARGE, memory=4 << 30, seconds=GENEROUS) as hasher:
        hasher.hash(PICTURE)
        (first,) = processes() - earlier
        killer = threading.Thread(target=kill_when_busy, args=(first,))
        killer.start()

        found = hasher.hash(BOMB)

        killer.join()
        assert found.picture is not None
        assert (found.picture.width, found.picture.quality) == (12_000, 0)
        (second,) = processes() - earlier
        assert first != second
        assert_still_right(hasher)
    assert earlier == processes()


def kill_when_busy(process: int) -> None:
    while not busy(process):
        time.sleep(0.001)
    os.kill(process, signal.SIGKILL)


def test_a_file_that_ends_every_process_is_refused_and_the_next_hashed_right() -> None:
    earlier = processes()
    with MediaHasher(limits=LARGE, memory=4 << 30, seconds=GENEROUS) as hasher:
        hasher.hash(PICTURE)
        done = threading.Event()

        def kill_every_busy_one() -> None:
            while not done.is_set():
                for process in processes() - earlier:
                    if busy(process):
                        os.kill(process, signal.SIGKILL)
                time.sleep(0.001)

        killer = threading.Thread(target=kill_every_busy_one)
        killer.start()
        found = hasher.hash(BOMB)
        done.set()
        killer.join()

        assert "ended two processes" in str(found.refused)
        assert hashlib.sha256(BOMB).digest() == found.digests.sha256
        assert_still_right(hasher)


def test_an_idle_process_that_was_killed_is_not_missed(hasher: MediaHasher) -> None:
    for process in processes():
        os.kill(process, signal.SIGKILL)

    assert_still_right(hasher)


def test_threads_share_the_processes() -> None:
    pictures = [file_of(harbour(seed=seed), "JPEG") for seed in range(8)]
    with MediaHasher(workers=2) as hasher, ThreadPoolExecutor(6) as threads:
        found = list(threads.map(hasher.hash, pictures * 4))

    assert [hash_media(data) for data in pictures] * 4 == found


def test_the_owner_does_not_grow(hasher: MediaHasher, rounds: Callable[[int, int], int]) -> None:
    data = file_of(harbour(1_000, 1_000), "PNG")
    for _ in range(5):
        hasher.hash(data)
    before = anonymous()

    for _ in range(rounds(500, 50)):
        hasher.hash(data)
        hasher.hash(b"")

    assert anonymous() - before < 30_000


def anonymous() -> int:
    """Kilobytes of this process that are no file's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


def test_a_process_can_neither_write_files_nor_leave_a_core(hasher: MediaHasher) -> None:
    hasher.hash(PICTURE)
    for process in processes():
        limits = Path(f"/proc/{process}/limits").read_text()
        for name in ("Max file size", "Max core file size"):
            line = next(line for line in limits.splitlines() if line.startswith(name))
            assert line.split()[-3:-1] == ["0", "0"]


def test_processes_end_with_their_owner() -> None:
    earlier = processes()
    hasher = MediaHasher(workers=2)
    hasher.hash(PICTURE)
    assert len(processes() - earlier) == 2

    hasher.close()

    assert earlier == processes()
    with pytest.raises(UsageError, match="closed"):
        hasher.hash(PICTURE)


def test_a_call_that_waits_for_a_process_hears_of_the_end() -> None:
    earlier = processes()
    hasher = MediaHasher(limits=LARGE, memory=4 << 30, seconds=GENEROUS)
    hasher.hash(PICTURE)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(hasher.hash, BOMB)
        while not any(map(busy, processes() - earlier)):
            time.sleep(0.001)
        second = threads.submit(hasher.hash, PICTURE)
        hasher.close()

        assert first.result().picture is not None
        with pytest.raises(UsageError, match="closed"):
            second.result()


def test_a_process_that_was_taken_over_cannot_fill_the_memory_of_its_owner() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall((1 << 40).to_bytes(8, "little"))

        assert receive(ours, most=1_000) is None


def test_a_reply_that_is_none_counts_as_a_death(monkeypatch: pytest.MonkeyPatch) -> None:
    with MediaHasher() as hasher:
        hasher.hash(PICTURE)
        with monkeypatch.context() as patched:
            patched.setattr(_worker, "receive", lambda *_: bytearray(b"\xc1 nonsense"))
            patched.setattr(_worker._Worker, "_await_start", lambda _: None)
            assert "ended two processes" in str(hasher.hash(PICTURE).refused)
        assert_still_right(hasher)


def test_a_file_that_cannot_be_read_is_an_error(hasher: MediaHasher, tmp_path: Path) -> None:
    for function in (hasher.hash, hash_media):
        with pytest.raises(InputError, match="cannot be read") as caught:
            function(tmp_path / "absent.jpg")
        assert "absent.jpg" in str(caught.value.where)


def test_a_file_too_large_to_decode_still_has_its_digests(tmp_path: Path) -> None:
    path = tmp_path / "boat.jpg"
    path.write_bytes(PICTURE)
    small = Limits(max_bytes=1_000)

    for source in (path, PICTURE):
        found = hash_media(source, limits=small)
        assert "1,000 are allowed" in str(found.refused)
        assert hashlib.md5(PICTURE).digest() == found.digests.md5  # noqa: S324 - banks hold them


@pytest.mark.parametrize("settings", [{"workers": 0}, {"memory": 0}, {"seconds": 0}])
def test_a_hasher_without_means_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="at least one worker"):
        MediaHasher(**settings)


def test_a_fresh_installation_hashes_what_every_decoder_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No kernel was compiled before: the process does so before it takes its rights away."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    with MediaHasher(seconds=60) as hasher:
        for form in ("PNG", "JPEG"):
            assert hasher.hash(file_of(harbour(96, 80), form)).picture is not None
