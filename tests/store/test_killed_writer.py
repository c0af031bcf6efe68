"""A writer that is killed loses nothing it acknowledged; one writer at a time."""

from __future__ import annotations

import os
import random
import threading
import time
from typing import TYPE_CHECKING

import pytest

from leeward.errors import WriterBusy
from leeward.store import Log, Writer
from tests.store._helpers import assert_whole, batch, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_kill_9_at_random_moments_loses_no_acknowledged_event(
    data: Path, rounds: Callable[[int, int], int]
) -> None:
    """One log over all rounds, so that each kill finds what the one before left."""
    rng = random.Random(11)  # noqa: S311 - not a secret
    acknowledged: set[int] = set()
    for number in range(rounds(50, 4)):
        acknowledged |= _killed_after(data, number * 1_000_000, rng.uniform(0, 0.5))
        with Writer.open(data), Log(data) as log:
            stored = {n for _, n in assert_whole(log)}
        assert acknowledged <= stored
    assert acknowledged


def _killed_after(data: Path, first: int, seconds: float) -> set[int]:
    """The numbers that a producer acknowledged before it was killed."""
    with start("_producer", data, first) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        time.sleep(seconds)
        process.kill()
        lines += process.stdout.readlines()
        process.communicate()
    spans = [line.split() for line in lines if line.endswith(b"\n")]
    return {n for begin, end in spans for n in range(int(begin), int(end))}


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_readers_in_other_processes_see_whole_beginnings_while_segments_merge(
    data: Path, rounds: Callable[[int, int], int]
) -> None:
    with Writer.open(data) as writer:
        writer.append(batch([0]))
        readers = [start("_follower", data) for _ in range(2)]
        for reader in readers:
            assert reader.stdout is not None
            reader.stdout.readline()  # it has begun
        for turn in range(rounds(400, 40)):
            writer.append(batch(range(1 + turn * 25, 26 + turn * 25)))
            if turn % 3 == 0:
                writer.seal()
        for reader in readers:
            output, _ = reader.communicate(timeout=120)
            assert reader.returncode == 0
            assert output.split()[-1] == str(1 + 25 * rounds(400, 40)).encode()


def test_a_second_writer_is_refused_by_name_of_the_first(data: Path) -> None:
    with Writer.open(data), start("_opener", data) as process:
        output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert f"process {os.getpid()}" in output.decode()
    assert "next:" in output.decode()


def test_a_second_writer_in_one_process_is_refused_too(data: Path) -> None:
    with Writer.open(data) as first:
        with pytest.raises(WriterBusy, match=f"process {os.getpid()}") as caught:
            Writer.open(data)
        assert caught.value.hint
        assert first.append(batch([1])).accepted == 1
    with Writer.open(data) as second:
        assert second.append(batch([1])).repeated == 1


def test_the_right_to_write_is_free_once_its_owner_was_killed(data: Path) -> None:
    with start("_opener", data) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        with pytest.raises(WriterBusy, match=f"process {process.pid}"):
            Writer.open(data)
        process.kill()
        process.communicate()
    with Writer.open(data) as writer:
        assert writer.append(batch([1])).accepted == 1


@pytest.mark.usefixtures("small")
def test_eight_threads_get_places_without_a_gap_and_exact_receipts(data: Path) -> None:
    """They share half of their events, so each of those is accepted from one thread only."""
    calls: list[tuple[list[int], int, int, int]] = []

    def produce(thread: int) -> None:
        rng = random.Random(thread)  # noqa: S311 - not a secret
        for turn in range(12):
            own = range((thread + 1) * 10_000 + turn * 50, (thread + 1) * 10_000 + turn * 50 + 9)
            numbers = [*own, *rng.sample(range(300), 10)]
            rng.shuffle(numbers)
            receipt = writer.append(batch(numbers))
            calls.append((numbers, receipt.first_seq, receipt.accepted, receipt.repeated))

    with Writer.open(data) as writer, Log(data) as log:
        threads = [threading.Thread(target=produce, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stored = dict(assert_whole(log))

    assert len(calls) == 8 * 12
    assert len(stored) == sum(accepted for _, _, accepted, _ in calls)
    given_out: set[int] = set()
    for numbers, first, accepted, repeated in calls:
        own_places = range(first, first + accepted)
        assert len(numbers) == accepted + repeated
        assert given_out.isdisjoint(own_places)
        given_out |= set(own_places)
        got = [stored[seq] for seq in own_places]
        assert got == [n for n in numbers if n in set(got)]  # in the order of the batch
