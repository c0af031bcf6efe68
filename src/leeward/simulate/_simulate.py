"""From a wish to a folder of files that is whole or absent."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec
import numpy as np

from leeward.errors import AlreadyExists, NoPermission, OutOfSpace, StoreError, UsageError
from leeward.simulate._cast import ROLES
from leeward.simulate._columns import Columns
from leeward.simulate._rows import KIND_WORDS
from leeward.simulate._settings import RoleSizes, Settings
from leeward.simulate._truth import ordinary_share, tainted_of, truth_of
from leeward.simulate._world import make_world
from leeward.simulate._write import Format, write_events, write_table

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from leeward.simulate._settings import Attack, Structure
    from leeward.simulate._world import World

__all__ = ["Summary", "simulate"]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What was simulated.

    Attributes:
        events: How many there are in all.
        kinds: Events by kind.
        accounts: How many accounts there are.
        roles: Accounts by role.
        ring_cells: In how many cells the ring is organised.
        ordinary_share: The share of ordinary acts among those of the ring's accounts.
        tainted: Tainted items by kind.
        files: What was written, in the order events, truth, tainted.
        bytes: The size of the events.
    """

    events: int
    kinds: dict[str, int]
    accounts: int
    roles: dict[str, int]
    ring_cells: int
    ordinary_share: float
    tainted: dict[str, int]
    files: tuple[str, ...]
    bytes: int


def simulate(
    out: str | os.PathLike[str],
    *,
    accounts: int,
    ring: int,
    seed: int = 0,
    structure: Structure = "shared-posts",
    attack: Attack = "none",
    events_per_account: float = 25.0,
    roles: RoleSizes | None = None,
    format: Format = "parquet",  # noqa: A002 - the name of the command's option
    progress: Callable[[int], None] | None = None,
) -> Summary:
    """Write the events of a made-up platform with a hidden ring, and the truth about them.

    Equal arguments give equal files, byte for byte, with the same versions of Leeward, numpy
    and pyarrow.

    Args:
        out: The folder to make; it may exist if it is empty.
        accounts: How many accounts there are.
        ring: How many of them are in the ring; at most one in twenty.
        seed: Other seeds give other platforms.
        structure: How the ring is organised; one of :data:`STRUCTURES`.
        attack: What the ring does to mislead those who look for it; one of :data:`ATTACKS`.
        events_per_account: The mean.
        roles: How many people stand beside the ring.
        format: Of the events: ``parquet`` or ``jsonl``.
        progress: Told how many events are written so far.

    Returns:
        What was written.

    Raises:
        UsageError: What was asked for cannot be simulated.
        AlreadyExists: ``out`` exists and is not an empty folder.
        NoPermission, OutOfSpace, StoreError: The system refuses to write. Nothing is left behind.
    """
    wish = Settings(
        accounts=accounts,
        ring=ring,
        seed=seed,
        structure=structure,
        attack=attack,
        events_per_account=events_per_account,
        roles=roles or RoleSizes(),
    )
    wish.check()
    if format not in get_args(Format):
        raise UsageError("there is no such format", where="format", hint="parquet or jsonl")
    folder = Path(out)
    _check_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}")
        beside.mkdir()
        try:
            summary = _write(make_world(wish), beside, format, progress)
            beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise _refused(error, folder) from error
    return msgspec.structs.replace(
        summary, files=tuple(str(folder / name) for name in summary.files)
    )


def _write(
    world: World, folder: Path, form: Format, progress: Callable[[int], None] | None
) -> Summary:
    names = (f"events.{form}", "truth.parquet", "tainted.parquet")
    write_events(Columns(world).batches(), folder / names[0], form, progress)
    write_table(truth_of(world), folder / names[1])
    tainted = tainted_of(world)
    write_table(tainted, folder / names[2])
    kinds = np.bincount(world.timeline.kind, minlength=len(KIND_WORDS)).tolist()
    return Summary(
        events=len(world.timeline.at),
        kinds=_summed(KIND_WORDS, kinds),
        accounts=world.settings.accounts,
        roles=_summed(ROLES, np.bincount(world.cast.role, minlength=len(ROLES)).tolist()),
        ring_cells=world.cast.ring.cells,
        ordinary_share=ordinary_share(world),
        tainted=_counted(tainted["kind"].to_pylist()),
        files=names,
        bytes=(folder / names[0]).stat().st_size,
    )


def _summed(names: tuple[str, ...], counts: list[int]) -> dict[str, int]:
    found = dict.fromkeys(names, 0)
    for name, count in zip(names, counts, strict=True):
        found[name] += count
    return found


def _counted(names: list[Any]) -> dict[str, int]:
    return {name: names.count(name) for name in dict.fromkeys(names)}


def _check_free(folder: Path) -> None:
    try:
        taken = folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))
    except OSError as error:
        raise _refused(error, folder) from error
    if taken:
        raise AlreadyExists(
            "something stands here already, and a simulation replaces nothing",
            where=str(folder),
            hint="name a new folder, or empty this one first",
        )


def _refused(error: OSError, folder: Path) -> StoreError:
    import errno
    import os

    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OutOfSpace(
            "the disk is full; nothing was left behind",
            where=str(folder),
            hint="free space, or ask for fewer accounts; an event takes about 60 bytes",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return NoPermission(
            "the system refuses to write here",
            where=str(folder),
            hint="name a folder in which you may write",
        )
    return StoreError(
        f"the system reports: {os.strerror(error.errno or errno.EIO)}",
        where=str(folder),
        hint="check the disk and the folder, then try again",
    )
