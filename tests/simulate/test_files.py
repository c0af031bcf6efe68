"""The files: the same for the same wish, whole or absent, in either format."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leeward.errors import AlreadyExists, NoPermission, OutOfSpace, StoreError, UsageError
from leeward.model import INPUT_SCHEMA, admit_columns
from leeward.pipeline import ingest
from leeward.simulate import STRUCTURES, RoleSizes, _simulate, simulate
from leeward.simulate._columns import Columns
from leeward.simulate._settings import Settings
from leeward.simulate._world import make_world
from leeward.store import Log, Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leeward.simulate import Structure

SMALL: dict[str, Any] = {"accounts": 300, "ring": 12}


def octets(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("structure", STRUCTURES)
def test_the_same_wish_gives_the_same_bytes(tmp_path: Path, structure: Structure) -> None:
    for name in ("one", "other"):
        simulate(tmp_path / name, **SMALL, structure=structure, seed=4)
    assert octets(tmp_path / "one") == octets(tmp_path / "other")
    assert {"events.parquet", "truth.parquet", "tainted.parquet"} == set(octets(tmp_path / "one"))


@pytest.mark.parametrize("change", [{"seed": 5}, {"structure": "trade"}, {"ring": 13}])
def test_another_wish_gives_another_platform(tmp_path: Path, change: dict[str, Any]) -> None:
    simulate(tmp_path / "one", **SMALL, seed=4)
    simulate(tmp_path / "other", **{**SMALL, "seed": 4, **change})
    other = octets(tmp_path / "other")
    assert {
        name for name, found in octets(tmp_path / "one").items() if found == other[name]
    } == set()


@pytest.mark.parametrize("structure", [name for name in STRUCTURES if name != "migrating"])
def test_who_is_who_does_not_depend_on_what_the_ring_does(
    tmp_path: Path, structure: Structure
) -> None:
    """But somebody for whom there was nothing to meet stays ordinary; and some have neighbours.

    Where members are suspended and return, others than they are there at the time.
    """
    simulate(tmp_path / "one", **SMALL, seed=4)
    simulate(tmp_path / "other", **SMALL, seed=4, structure=structure)
    one, other = (_truth(tmp_path / name) for name in ("one", "other"))
    changed = {frozenset((one[who][0], other[who][0])) for who in one if one[who] != other[who]}
    assert changed <= {
        *(frozenset(("ordinary", role)) for role in ("passer_by", "critic", "flagger")),
        *({frozenset(("ordinary", "neighbour"))} if structure == "adjacent" else ()),
    }


def _truth(folder: Path) -> dict[str, tuple[str, int | None]]:
    rows = pq.read_table(folder / "truth.parquet").to_pylist()
    return {row["account"]: (row["role"], row["cell"]) for row in rows}


def test_rows_do_not_depend_on_the_batch_they_are_in() -> None:
    columns = Columns(make_world(Settings(**SMALL)))
    whole = pa.Table.from_batches(columns.batches())
    for rows in (1_000, 777):
        parts = pa.Table.from_batches(columns.batches(rows))
        assert parts.combine_chunks() == whole.combine_chunks()


def test_nothing_depends_on_how_many_threads_react(monkeypatch: pytest.MonkeyPatch) -> None:
    from leeward.simulate import _reactions

    def made(threads: int) -> list[bytes]:
        monkeypatch.setattr(_reactions, "_THREADS", threads)
        return [column.tobytes() for column in make_world(Settings(**SMALL)).timeline]

    assert made(1) == made(2) == made(5)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize(
    ("accounts", "ring", "each"), [(200, 8, 8), (200, 10, 25), (300, 12, 25), (1_000, 50, 60)]
)
def test_small_platforms_are_whole(
    tmp_path: Path, structure: Structure, accounts: int, ring: int, each: float
) -> None:
    for seed in range(3):
        out = tmp_path / str(seed)
        summary = simulate(
            out,
            accounts=accounts,
            ring=ring,
            seed=seed,
            structure=structure,
            events_per_account=each,
        )
        for batch in pq.ParquetFile(out / "events.parquet").iter_batches():
            assert [] == admit_columns(batch).refusals
        assert sum(summary.roles.values()) == accounts
        assert summary.roles["producer"] >= 1
        assert summary.tainted["post"] >= 1


def test_roles_beside_the_ring_can_be_left_out(tmp_path: Path) -> None:
    nobody = RoleSizes(**dict.fromkeys(RoleSizes.__struct_fields__, 0.0))
    summary = simulate(tmp_path / "out", **SMALL, roles=nobody)
    left = {role for role, count in summary.roles.items() if count}
    # A ring needs somebody to turn to, and a platform has bots.
    assert left == {
        *("ordinary", "producer", "distributor", "reposter", "silent"),
        *("child", "school", "bot"),
    }


def test_lines_say_the_same_as_columns(tmp_path: Path) -> None:
    stored = []
    for form in ("parquet", "jsonl"):
        simulate(tmp_path / form, **SMALL, format=form)
        with Writer.open(tmp_path / f"data-{form}") as writer:
            done = ingest([str(tmp_path / form / f"events.{form}")], writer)
        assert not done.quarantined
        with Log(tmp_path / f"data-{form}") as log:
            stored.append(pa.Table.from_batches(log.scan(INPUT_SCHEMA.names)).to_pylist())
    assert stored[0] == stored[1]


def test_an_empty_folder_may_be_given(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    summary = simulate(tmp_path / "out", **SMALL)
    assert summary.bytes == (tmp_path / "out" / "events.parquet").stat().st_size
    assert {str(path) for path in (tmp_path / "out").iterdir()} == set(summary.files)


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_nothing_is_replaced(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    if kind == "folder":
        out.mkdir()
        (out / "keel").write_text("mine")
    else:
        out.write_text("mine")
    with pytest.raises(AlreadyExists, match="name a new folder"):
        simulate(out, **SMALL)
    assert (out / "keel" if kind == "folder" else out).read_text() == "mine"


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, OutOfSpace), (errno.EACCES, NoPermission), (errno.EIO, StoreError)],
)
@pytest.mark.parametrize("step", ["write_table", "write_events"])
def test_a_failure_leaves_nothing_behind(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    kind: type[StoreError],
    step: str,
) -> None:
    def fails(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(_simulate, step, fails)
    with pytest.raises(kind) as caught:
        simulate(tmp_path / "deep" / "out", **SMALL)
    assert type(caught.value) is kind
    assert [] == list((tmp_path / "deep").iterdir())


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_disk_that_is_full_half_way_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Any
) -> None:
    """The writer is a thread; its failure is the run's, and the rows behind it wait for nobody."""
    from leeward.simulate import _write

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Columns.batches, "__defaults__", (100,))
    monkeypatch.setattr(pq.ParquetWriter, "write_batch", full)
    monkeypatch.setattr(_write, "_bare", full)
    with pytest.raises(OutOfSpace):
        simulate(tmp_path / "out", **SMALL, format=form)
    assert [] == list(tmp_path.iterdir())


def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path / "out", **SMALL, progress=interrupt)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("wish", "where", "hint"),
    [
        ({"accounts": 199}, "accounts", "ask for more"),
        ({"ring": 7}, "ring", "larger ring"),
        ({"ring": 16}, "ring", "ask for 320 accounts, or a ring of 15"),
        ({"seed": -1}, "seed", "choose another"),
        ({"structure": "chain"}, "structure", ", ".join(STRUCTURES)),
        ({"attack": "storm"}, "attack", "none, flags, follows, flood, fans"),
        ({"attack": "fans", "roles": RoleSizes(fans=1)}, "roles.fans", "2 times the ring or more"),
        ({"attack": "flood", "roles": RoleSizes(fans=0)}, "roles.fans", "2 times the ring or more"),
        ({"events_per_account": 7.9}, "events_per_account", "ask for more"),
        ({"events_per_account": float("nan")}, "events_per_account", "ask for more"),
        ({"accounts": 5_000_000}, "accounts", "fewer accounts"),
        ({"roles": RoleSizes(fans=-1)}, "roles.fans", "choose another"),
        ({"roles": RoleSizes(fans=25)}, "roles", "make the ring or the roles beside it smaller"),
        ({"format": "csv"}, "format", "parquet or jsonl"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_with_a_way_out(
    tmp_path: Path, wish: dict[str, Any], where: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        simulate(tmp_path / "out", **{**SMALL, **wish})
    assert (where, True) == (caught.value.where, hint in str(caught.value.hint))
    assert [] == list(tmp_path.iterdir())


def test_progress_ends_at_the_number_of_events(tmp_path: Path) -> None:
    told: list[int] = []
    note: Callable[[int], None] = told.append
    summary = simulate(tmp_path / "out", **SMALL, progress=note)
    assert told[-1] == summary.events


def test_the_room_offers_what_it_lists() -> None:
    import leeward.simulate as room

    assert all(hasattr(room, name) for name in room.__all__)
    constants = [name for name in room.__all__ if name.isupper()]
    classes = sorted(name for name in room.__all__ if name[0].isupper() and not name.isupper())
    functions = sorted(name for name in room.__all__ if name[0].islower())
    assert [*constants, *classes, *functions] == room.__all__
