"""Media that arrive without a hash are fetched, hashed and forgotten; none is left out."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from leeward.connectors import open_origins
from leeward.errors import DependencyDown, WriterBusy
from leeward.hashing import MediaHasher, digests, hash_picture
from leeward.model import FetchSettings, MediaRef, OriginSettings
from leeward.pipeline import _fetch, fetch_plan, fetch_standing
from leeward.pipeline._fetch_keeper import fetching_alone
from leeward.store.tables import (
    ask_fetch_again,
    due_fetches,
    fetch_state_of,
    fetched,
    fetched_since,
    origins_behind,
    settle_fetches,
    waiting_fetches,
)
from tests.connectors._fetch_servers import LOOPBACK, FileServer, hang_up, never
from tests.pipeline._fetch_worlds import World, picture, post
from tests.store._helpers import shrink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.connectors._fetch_servers import Conversation

DAY = 86_400


@pytest.fixture(scope="module")
def hasher() -> Iterator[MediaHasher]:
    with MediaHasher() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, address: str, hasher: MediaHasher) -> Iterator[World]:
    with World(tmp_path / "data", address) as made:
        made.hasher = hasher
        yield made


# --- what comes of it --------------------------------------------------------------------------


def test_what_was_fetched_is_known_by_its_hashes(world: World) -> None:
    uris = world.put(3)
    world.name(*uris)
    assert world.fetch() == 3
    for number, uri in enumerate(uris):
        with world.tables.read() as connection:
            row = fetched(connection, [uri, "boat"])[uri]
        exact, looks = digests(picture(number)), hash_picture(picture(number), dihedral=True)
        assert (row.outcome, row.reason) == ("hashed", None)
        assert (row.sha256, row.hashes.sha1) == (exact.sha256.hex(), exact.sha1.hex())
        assert (row.hashes.md5, row.hashes.size) == (exact.md5.hex(), len(picture(number)))
        assert (row.pdq, row.quality) == (looks.pdq.hex(), looks.quality)
        assert row.hashes.positions == tuple(value.hex() for value in looks.dihedral)
        assert (row.hashes.mime, row.hashes.width, row.hashes.height) == ("image/jpeg", 128, 96)
        assert exact.sha256.hex() not in repr(row)
    assert sorted(row.id for row in world.rows()) == [1, 2, 3]


def test_other_looks_of_a_file_are_kept(world: World) -> None:
    from PIL import Image

    from tests.hashing._pictures import file_of, pixels

    frames = [Image.fromarray(pixels("grain", 64, 64, seed)) for seed in range(4)]
    gif = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    world.server.put("/boat.gif", gif)
    world.name(world.uri("/boat.gif"))
    world.fetch()
    views = [(v.kind, v.pdq.hex(), v.quality) for v in hash_picture(gif).views]
    assert [tuple(view) for view in world.rows()[0].hashes.views] == views
    assert views


def test_what_is_no_picture_has_digests_and_is_not_clear(world: World) -> None:
    world.server.put("/boat.txt", b"The ferry leaves at dawn")
    world.name(world.uri("/boat.txt"))
    world.fetch()
    (row,) = world.rows()
    assert (row.outcome, row.reason, row.pdq) == ("abstained", "no_looks", None)
    assert row.sha256 == digests(b"The ferry leaves at dawn").sha256.hex()


def test_a_type_that_a_server_states_is_not_believed(world: World) -> None:
    world.server.paths["/boat.exe"] = lambda it: it.answer(
        200, picture(1), content_type="application/x-msdownload"
    )
    world.name(world.uri("/boat.exe"))
    world.fetch()
    assert world.rows()[0].hashes.mime == "image/jpeg"


def test_only_what_has_no_pdq_hash_is_fetched(world: World) -> None:
    digest = "ab" * 32
    uris = world.put(7)
    refs = [
        MediaRef(uri=uris[0]),
        MediaRef(uri=uris[1], sha256=digest),
        MediaRef(uri=uris[2], pdq=digest),
        MediaRef(uri=uris[3], sha256=digest, mime="video/mp4"),
        MediaRef(uri=uris[4], mime="video/mp4"),
        MediaRef(sha256=digest),
    ]
    world.writer.append([post(media=tuple(refs))])
    world.writer.append([post(uris[5], op="delete"), post(uris[6], op="update")])
    world.fetch()
    assert set(world.outcomes()) == {uris[0], uris[1], uris[4], uris[6]}


def test_each_file_is_fetched_once_however_often_it_is_named(world: World) -> None:
    (uri,) = world.put(1)
    for _ in range(5):
        world.name(uri, uri)
    assert world.fetch() == 1
    world.name(uri)
    assert world.fetch() == 0
    assert world.server.targets == ["/0.jpg"]


def test_nothing_of_a_file_reaches_the_disk_or_a_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    canary = b"canary-8812"
    world.server.paths["/canary-5151.jpg"] = lambda it: it.answer(
        200, picture(1) + canary, etag="canary-7171"
    )
    world.name(world.uri("/canary-5151.jpg"))
    world.fetch()
    assert world.rows()[0].outcome == "hashed"
    assert "canary" not in caplog.text
    for path in world.folder.rglob("*"):
        if path.is_file():
            assert canary not in path.read_bytes()


# --- what is passed over -----------------------------------------------------------------------


def test_without_an_origin_nothing_is_asked_for(world: World) -> None:
    (uri,) = world.put(1)
    world.name(uri, "media/4", "https://cdn.example/5.jpg", "https://cdn.example/6.jpg")
    assert world.fetch(open_origins({})) == 0
    with world.tables.read() as connection:
        standing = fetch_standing(connection)
    assert standing.passed_over == {"not_listed": 3, "no_address": 1}
    plan = fetch_plan(world.log, world.tables, open_origins({}), FetchSettings())
    here = f"http://127.0.0.1:{world.server.port}"
    assert list(plan.not_listed.items()) == [("https://cdn.example", 2), (here, 1)]
    assert (plan.listed, plan.no_address) == ({}, 1)
    assert world.server.connected == 0


def test_an_origin_that_is_listed_later_gets_what_was_passed_over(world: World) -> None:
    uris = world.put(4)
    world.name(*uris)
    world.fetch(open_origins({}))
    plan = fetch_plan(world.log, world.tables, world.origins(), FetchSettings())
    assert plan.listed == {"pier": 4}
    assert world.fetch() == 4
    with world.tables.read() as connection:
        assert fetch_standing(connection).passed_over == {}
    plan = fetch_plan(world.log, world.tables, world.origins(), FetchSettings())
    assert plan == ({"pier": 0}, {}, 0)


def test_what_is_too_old_is_passed_over(world: World) -> None:
    uris = world.put(2)
    world.name(uris[0])
    later = time.time() + 31 * DAY
    assert world.fetch(clock=lambda: later) == 0
    assert world.server.connected == 0
    # An event that was read while it was young is not looked at again, and one that is young is.
    assert world.fetch(clock=lambda: later, max_age=_age("60d")) == 1


def _age(text: str) -> object:
    from leeward.model import Age

    return Age.parse(text)


def test_no_more_come_to_wait_than_there_is_room_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_fetch, "_LOOK", 0.02)
    monkeypatch.setattr(_fetch, "_COMMIT", 0.02)
    shrink(monkeypatch.setattr)
    for uri in world.put(40):
        world.name(uri)
    seen: list[int] = []

    def stop() -> bool:
        with world.tables.read() as connection:
            seen.append(sum(waiting_fetches(connection).values()))
        return False

    assert world.fetch(stop=stop, waiting=4, workers=1) == 40
    # What one part of the log names comes to wait as a whole, so the bound is not exact.
    assert 4 <= max(seen) <= 4 + 10
    with world.tables.read() as connection:
        assert origins_behind(connection) == {}


def test_an_origin_that_is_down_keeps_no_other_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of its media wait than there is room for; those of others are fetched all the same."""
    monkeypatch.setattr(_fetch, "_LOOK", 0.02)
    shrink(monkeypatch.setattr)
    with FileServer() as down:
        down.paths = {f"/{number}.jpg": hang_up for number in range(40)}
        lost = [f"http://127.0.0.1:{down.port}/{number}.jpg" for number in range(40)]
        uris = world.put(40)
        for pair in zip(lost, uris, strict=True):
            world.name(*pair)
        settings = {
            name: OriginSettings(
                url=f"http://127.0.0.1:{server.port}", networks=LOOPBACK, per_minute=60_000
            )
            for name, server in (("down", down), ("pier", world.server))
        }
        origins = open_origins(settings)
        world.fetch(origins, waiting=4)
        assert set(world.outcomes()) == set(uris)
        with world.tables.read() as connection:
            assert set(origins_behind(connection)) == {"down"}
            assert waiting_fetches(connection)["down"] < 20
        # Once it is up again, all of its media are fetched.
        for number in range(40):
            down.put(f"/{number}.jpg", picture(number))
        later = time.time() + DAY
        assert world.fetch(origins, waiting=4, clock=lambda: later) == 40
        assert set(world.outcomes()) == {*uris, *lost}


# --- trying again ------------------------------------------------------------------------------


def test_what_fails_is_tried_again_later_and_given_up_in_the_end(world: World) -> None:
    world.server.paths["/boat.jpg"] = lambda it: it.answer(500)
    world.name(world.uri("/boat.jpg"))
    now = time.time()
    waits: list[float] = []

    def clock() -> float:
        return now

    for _ in range(4):
        assert world.fetch(clock=clock, attempts=5) == 0
        with world.tables.read() as connection:
            (item,) = due_fetches(connection, "pier", 2**60, 9)
        waits.append(item.due_at / 1e6 - now)
        assert world.fetch(clock=clock, attempts=5) == 0  # not before it is due
        now = item.due_at / 1e6 + 1
    for wait, least in zip(waits, (30, 120, 480, 1_920), strict=True):
        assert least <= wait <= least * 1.25 + 1
    assert world.fetch(clock=clock, attempts=5) == 1
    assert world.outcomes() == {world.uri("/boat.jpg"): "busy"}
    assert len(world.server.asked) == 5


def test_an_origin_that_recovers_is_fetched_from(world: World) -> None:
    answers = itertools.chain([503, 503], itertools.repeat(200))

    def flaky(it: Conversation) -> None:
        status = next(answers)
        it.answer(status, picture(1) if status == 200 else b"")

    world.server.paths["/boat.jpg"] = flaky
    world.name(world.uri("/boat.jpg"))
    began = time.time()
    done = [world.fetch(clock=partial(float, began + 5_000 * step)) for step in range(3)]
    assert done == [0, 0, 1]
    assert world.rows()[0].outcome == "hashed"


def test_an_origin_may_ask_to_be_left_alone(world: World) -> None:
    world.server.paths["/0.jpg"] = lambda it: it.answer(429, retry_after="3600")
    uris = [world.uri(f"/{number}.jpg") for number in range(9)]
    world.put(8, 1)
    world.name(*uris)
    assert world.fetch(world.origins(parallel=1), workers=1) < 9
    with world.tables.read() as connection:
        waiting = {item.uri: item for item in due_fetches(connection, "pier", 2**60, 99)}
    assert waiting[uris[0]].due_at / 1e6 > time.time() + 3_000


def test_an_origin_that_is_down_is_left_alone_and_loses_no_attempts(world: World) -> None:
    """Otherwise an hour's outage would use up what every file is allowed."""
    uris = [world.uri(f"/{number}.jpg") for number in range(50)]
    for number in range(50):
        world.server.paths[f"/{number}.jpg"] = hang_up
    world.name(*uris)
    assert world.fetch(world.origins(parallel=1), workers=1) == 0
    with world.tables.read() as connection:
        waiting = due_fetches(connection, "pier", 2**60, 99)
    assert len(waiting) == 50
    assert 5 <= sum(item.attempts for item in waiting) <= 7


def test_what_was_given_up_can_be_asked_for_again(world: World) -> None:
    uri = world.uri("/boat.jpg")
    world.name(uri, world.uri("/gull.jpg"))
    world.fetch()
    assert set(world.outcomes().values()) == {"gone"}
    world.server.put("/boat.jpg", picture(1))
    assert world.fetch() == 0
    with world.tables.begin() as connection:
        listed = {uri: "pier"}
        assert ask_fetch_again(connection, "gone", listed.get, "Ada Example") == 1
    assert world.outcomes()[uri] == "gone"  # until there is another outcome
    assert world.fetch() == 1
    assert world.outcomes() == {world.uri("/gull.jpg"): "gone", uri: None}
    rows = world.rows()
    assert [row.id for row in rows if row.uri == uri] == [3]
    with world.tables.read() as connection:
        assert [row.id for row in fetched_since(connection, 2, 9)] == [3]
        standing = fetch_standing(connection)
    assert (standing.hashed, standing.abstained) == (1, {"gone": 1})


# --- bounds ------------------------------------------------------------------------------------


def test_an_origin_is_asked_as_often_and_as_much_at_a_time_as_it_allows(world: World) -> None:
    lock, under_way, most = threading.Lock(), 0, 0

    def counting(it: Conversation) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.05)
        with lock:
            under_way -= 1
        it.answer(200, picture(1))

    for number in range(12):
        world.server.paths[f"/{number}.jpg"] = counting
    world.name(*(world.uri(f"/{number}.jpg") for number in range(12)))
    began = time.monotonic()
    assert world.fetch(world.origins(parallel=2, per_minute=600), workers=8) == 12
    assert most <= 2
    assert time.monotonic() - began >= 11 * 0.1


def test_a_slow_origin_does_not_keep_another_waiting(world: World, tmp_path: Path) -> None:
    with FileServer() as slow:
        slow.paths["/boat.jpg"] = never
        settings = {
            "slow": OriginSettings(
                url=f"http://127.0.0.1:{slow.port}", networks=LOOPBACK, parallel=1
            ),
            "pier": OriginSettings(
                url=f"http://127.0.0.1:{world.server.port}", networks=LOOPBACK, per_minute=60_000
            ),
        }
        world.name(*(f"http://127.0.0.1:{slow.port}/boat.jpg?{n}" for n in range(9)))
        uris = world.put(9)
        world.name(*uris)

        def all_there() -> bool:
            return set(uris) <= set(world.outcomes())

        world.fetch(open_origins(settings), stop=all_there, drain=False, workers=2)
        assert set(world.outcomes()) == set(uris)
        with world.tables.read() as connection:
            waiting = due_fetches(connection, "slow", 2**60, 99)
        assert sum(item.attempts for item in waiting) == 0  # what was ended is no attempt


def test_a_file_may_redirect_to_another_origin_that_is_listed(world: World) -> None:
    world.server.redirect("/boat.jpg", "/0.jpg")
    world.server.redirect("/gull.jpg", "https://cdn.example/0.jpg")
    world.put(1)
    world.name(world.uri("/boat.jpg"), world.uri("/gull.jpg"))
    world.fetch()
    assert world.outcomes() == {
        world.uri("/boat.jpg"): None,
        world.uri("/gull.jpg"): "redirected_out",
    }


def test_one_process_of_a_folder_fetches(tmp_path: Path) -> None:
    with fetching_alone(tmp_path), pytest.raises(WriterBusy), fetching_alone(tmp_path):
        pass
    with fetching_alone(tmp_path):
        pass


# --- interruptions -----------------------------------------------------------------------------


def test_where_the_hasher_fails_nothing_is_lost(world: World, hasher: MediaHasher) -> None:
    class Broken:
        def hash(self, *_: object, **__: object) -> None:
            raise DependencyDown("the process that hashes pictures does not start")

    (uri,) = world.put(1)
    world.name(uri)
    world.hasher = Broken()  # type: ignore[assignment]
    with pytest.raises(DependencyDown):
        world.fetch()
    assert world.rows() == []
    world.hasher = hasher
    assert world.fetch() == 1


def test_a_fault_of_ours_is_told_without_content_and_nothing_is_lost(
    world: World, hasher: MediaHasher
) -> None:
    from leeward.errors import LeewardError

    class Broken:
        def hash(self, *_: object, **__: object) -> None:
            raise ValueError("canary-8812")

    (uri,) = world.put(1)
    world.name(uri)
    world.hasher = Broken()  # type: ignore[assignment]
    with pytest.raises(LeewardError) as caught:
        world.fetch()
    assert "canary" not in str(caught.value)
    world.hasher = hasher
    assert world.fetch() == 0  # others go before it meanwhile
    later = time.time() + DAY
    assert world.fetch(clock=lambda: later) == 1


def test_a_process_that_is_killed_anywhere_is_gone_on_from(
    world: World, rounds: Callable[[int, int], int]
) -> None:
    count = 60
    uris = world.put(count)

    def slowly(path: str) -> Callable[[Conversation], None]:
        body = picture(int(path[1:-4]))

        def answer(it: Conversation) -> None:
            time.sleep(0.01)
            it.answer(200, body)

        return answer

    for path in list(world.server.paths):
        world.server.paths[path] = slowly(path)
    for begin in range(0, count, 5):
        world.name(*uris[begin : begin + 5])
    command = [sys.executable, "-m", "tests.pipeline._fetch_worlds", str(world.folder)]
    command += [world.address, str(world.server.port)]
    kills = rounds(12, 2)
    for kill in range(kills):
        enough = len(world.server.asked) + 1 + kill * 7 % 13
        with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
            while process.poll() is None and len(world.server.asked) < enough:
                time.sleep(0.005)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        rows = world.rows()
        assert [row.id for row in rows] == list(range(1, len(rows) + 1))
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"done\n"
    rows = world.rows()
    assert [row.id for row in rows] == list(range(1, count + 1))
    assert {row.uri for row in rows} == set(uris)
    for row in rows:
        number = int(row.uri.rpartition("/")[2][:-4])
        assert row.sha256 == digests(picture(number)).sha256.hex()
    with world.tables.read() as connection:
        assert fetch_state_of(connection).seq == world.log.last_seq()
        assert fetch_standing(connection).waiting == {}


def test_who_follows_what_was_fetched_misses_none(world: World) -> None:
    """Rows become visible in the order of their numbers, whoever commits them."""
    from leeward.store.tables import FetchedHashes, QueuedFetch, enqueue_fetches

    uris = [f"https://cdn.example/{number}.jpg" for number in range(40)]
    with world.tables.begin() as connection:
        media = [QueuedFetch(uri, "did:example:ada", "post", 1, 1, "pier") for uri in uris]
        enqueue_fetches(connection, media, after=0, through=1, passed_over={}, most=99)
    threads = []
    for part in range(4):

        def settle(part: int = part) -> None:
            for uri in uris[part::4]:
                with world.tables.begin() as connection:
                    settle_fetches(connection, [(uri, "gone", FetchedHashes())])

        threads.append(threading.Thread(target=settle))
    for thread in threads:
        thread.start()
    last, seen = 0, list[int]()
    while len(seen) < len(uris):
        with world.tables.read() as connection:
            rows = fetched_since(connection, last, 3)
        seen += [row.id for row in rows]
        last = seen[-1] if seen else 0
    for thread in threads:
        thread.join()
    assert seen == list(range(1, len(uris) + 1))
