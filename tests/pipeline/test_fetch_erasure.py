"""What a person asked to forget leaves what was fetched, and what waits; so does what is old."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from leeward.connectors import open_origins
from leeward.errors import ApprovalRequired, StoreError
from leeward.hashing import MediaHasher
from leeward.model import FetchSettings
from leeward.pipeline import _erasure as erasing
from leeward.pipeline import carry_out, fetch_standing, retain
from leeward.pipeline._fetch_follow import Follower
from leeward.store import Log
from leeward.store.tables import (
    ask_erasure,
    due_fetches,
    fetched_of,
    list_erasures,
    place_hold,
    release_hold,
)
from tests.pipeline._fetch_worlds import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leeward.pipeline import Forgotten

ADA, BEN = "did:example:ada", "did:example:ben"


@pytest.fixture(scope="module")
def hasher() -> Iterator[MediaHasher]:
    with MediaHasher() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, address: str, hasher: MediaHasher) -> Iterator[World]:
    with World(tmp_path / "data", address) as made:
        made.hasher = hasher
        yield made


def erase(world: World, account: str = ADA) -> Forgotten:
    with world.tables.begin() as connection:
        open_ones = [e for e in list_erasures(connection, done=False) if e.subject == account]
        request = open_ones[0] if open_ones else ask_erasure(connection, account, "Cleo Example")
    return carry_out(world.writer, world.tables, request, "Cleo Example")


def test_what_was_fetched_for_a_person_goes_with_their_events(world: World) -> None:
    uris = world.put(4)
    world.name(uris[0], uris[1], actor=ADA)
    world.name(uris[2], actor=BEN)
    world.name(world.uri("/never.jpg"), actor=ADA)
    world.fetch()
    done = erase(world)
    assert set(world.outcomes()) == {uris[2]}
    assert (done.proof.media, done.proof.clean) == (0, True)
    with world.tables.read() as connection:
        standing = fetch_standing(connection)
        assert (standing.hashed, dict(standing.abstained)) == (1, {})


def test_what_waits_for_a_person_goes_too_and_is_not_asked_for(world: World) -> None:
    (uri,) = world.put(1)
    world.name(uri, actor=ADA)
    follow(world)
    assert len(waiting(world)) == 1
    erase(world)
    assert waiting(world) == []
    assert world.fetch() == 0
    assert world.server.connected == 0


def follow(world: World) -> None:
    follower = Follower(world.log, world.tables, world.origins(), FetchSettings())
    while not follower.step():
        pass


def waiting(world: World) -> list[str]:
    with world.tables.read() as connection:
        return [item.uri for item in due_fetches(connection, "pier", 2**60, 99)]


def test_a_picture_that_somebody_else_posted_too_is_theirs(world: World) -> None:
    (uri,) = world.put(1)
    world.name(uri, actor=ADA)
    world.name(uri, actor=BEN)
    world.fetch()
    assert erase(world, ADA).proof.media == 0
    assert set(world.outcomes()) == {uri}
    assert erase(world, BEN).proof.media == 0
    assert world.outcomes() == {}


def test_what_a_hold_keeps_stays_until_it_is_released(world: World) -> None:
    uris = world.put(2)
    world.name(uris[0], actor=ADA)
    world.name(uris[1], actor=ADA)
    world.fetch()
    with world.tables.begin() as connection:
        number = place_hold(
            connection, uris[0], basis="a letter", keeps="content", by="Cleo Example"
        ).id
    with pytest.raises(ApprovalRequired):
        erase(world)
    assert set(world.outcomes()) == {uris[0]}
    with world.tables.begin() as connection:
        release_hold(connection, number, "Cleo Example", "it ended")
    assert erase(world).proof.media == 0
    assert world.outcomes() == {}


def test_a_skeleton_keeps_what_was_fetched_for_it(world: World) -> None:
    """It keeps who did what with which media; that is what the hash belongs to."""
    (uri,) = world.put(1)
    world.name(uri, actor=ADA)
    world.fetch()
    with world.tables.begin() as connection:
        place_hold(connection, ADA, basis="a letter", keeps="skeleton", by="Cleo Example")
    done = erase(world)
    assert (done.skeletons, done.proof.media) == (1, 0)
    assert set(world.outcomes()) == {uri}


def test_an_erasure_that_ended_in_between_is_gone_on_with(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is rewritten first, and nothing in it shows any more what was fetched for whom."""
    (uri,) = world.put(1)
    world.name(uri, actor=ADA)
    world.fetch()

    def ends(*_: object) -> int:
        raise StoreError("the power went out")

    with monkeypatch.context() as broken:
        broken.setattr(erasing, "forget_fetched_of", ends)
        with pytest.raises(StoreError):
            erase(world)
    assert set(world.outcomes()) == {uri}
    assert erase(world).proof.media == 0
    assert world.outcomes() == {}


def test_what_is_being_fetched_while_it_is_erased_is_dropped(world: World) -> None:
    (uri,) = world.put(1)
    answer = world.server.paths["/0.jpg"]
    asked, erased = threading.Event(), threading.Event()

    def slow(it: object) -> None:
        asked.set()
        erased.wait(30)
        answer(it)  # type: ignore[arg-type]

    world.server.paths["/0.jpg"] = slow
    world.name(uri, actor=ADA)
    thread = threading.Thread(target=world.fetch)
    thread.start()
    assert asked.wait(30)
    erase(world)
    erased.set()
    thread.join()
    assert world.outcomes() == {}


def test_what_was_read_of_the_log_before_an_erasure_does_not_come_to_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The follower has read the event, is held up, and would write after the erasure is done."""
    (uri,) = world.put(1)
    world.name(uri, actor=ADA)
    tail = Log.tail

    def held_up(log: Log, after: int = 0) -> object:
        batches = list(tail(log, after))
        erase(world)
        return iter(batches)

    with monkeypatch.context() as late:
        late.setattr(Log, "tail", held_up)
        follower = Follower(world.log, world.tables, world.origins(), FetchSettings())
        assert not follower.step()
    assert waiting(world) == []
    follow(world)
    assert waiting(world) == []


def test_retention_takes_what_was_fetched_for_the_events_it_removes(world: World) -> None:
    uris = world.put(3)
    world.name(uris[0], uris[1], actor=ADA)
    world.name(uris[2], actor=ADA, kind="repost", target="at://harbour/post/x")
    world.name(uris[1], actor=BEN, kind="repost", target="at://harbour/post/x")
    world.fetch()
    (world.folder / "leeward.toml").write_text('[retention]\npost = "1s"\n')

    time.sleep(1.1)
    retain(world.writer, world.tables, "leeward serve", apply=False)
    assert len(world.outcomes()) == 3
    retain(world.writer, world.tables, "leeward serve", apply=True)
    assert set(world.outcomes()) == {uris[1], uris[2]}
    with world.tables.read() as connection:
        assert [bearer.uri for bearer in fetched_of(connection, BEN)] == [uris[1]]


def test_an_origin_that_is_taken_out_is_asked_for_nothing_more(world: World) -> None:
    (uri,) = world.put(1)
    world.name(uri)
    follow(world)
    assert world.fetch(open_origins({})) == 0
    with world.tables.read() as connection:
        assert fetch_standing(connection).waiting == {}
    assert world.server.connected == 0
