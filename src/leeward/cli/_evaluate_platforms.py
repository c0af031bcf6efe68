"""Simulated platforms for an evaluation: made once, and kept where they are wanted."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leeward.evaluate import Setting
    from leeward.simulate import Attack, Structure

__all__ = [
    "ATTACKS",
    "STRUCTURES",
    "accounts_option",
    "made_in",
    "platforms_folder",
    "settings_of",
    "structure_option",
    "world_seed_option",
    "worlds_option",
]

STRUCTURES: Final = ("shared-posts", "hashtags", "migrating", "trade", "adjacent", "links")
ATTACKS: Final = ("flags", "follows", "flood", "fans")
_SMALLEST: Final = 1_000
_RING: Final = 0.014
"""The ring's share of the accounts."""


accounts_option = click.option(
    "--accounts",
    type=click.IntRange(min=_SMALLEST),
    multiple=True,
    default=(20_000,),
    show_default="20000",
    help="Accounts of a platform; 1.4 % of them are the ring. May be given more than once.",
)
structure_option = click.option(
    "--structure",
    "structures",
    type=click.Choice(STRUCTURES),
    multiple=True,
    default=STRUCTURES,
    show_default="all six",
    help="How the ring is organised. May be given more than once.",
)
world_seed_option = click.option(
    "--world-seed",
    "worlds_seeds",
    type=click.IntRange(min=0),
    multiple=True,
    default=(1,),
    show_default="1",
    help="Another seed, another platform. May be given more than once.",
)
worlds_option = click.option(
    "--worlds",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep the simulated platforms here, and use those that are kept. Without it they are "
    "deleted in the end.",
)


@contextlib.contextmanager
def platforms_folder(worlds: Path | None) -> Iterator[Path]:
    """Where platforms are made: kept, or for now."""
    if worlds is not None:
        worlds.mkdir(parents=True, exist_ok=True)
        yield worlds
        return
    with tempfile.TemporaryDirectory(prefix="leeward-evaluate-") as folder:
        yield Path(folder)


def settings_of(
    accounts: tuple[int, ...],
    structures: tuple[Structure, ...],
    attacks: tuple[str, ...],
    worlds_seeds: tuple[int, ...],
) -> list[Setting]:
    """Each platform that is to be measured on, the smallest first."""
    from leeward.evaluate import Setting

    chosen = ("none", *(ATTACKS if "all" in attacks else dict.fromkeys(attacks)))
    return [
        Setting(structure, attack, count, world)
        for count, world, attack, structure in itertools.product(
            sorted({*accounts}), dict.fromkeys(worlds_seeds), chosen, dict.fromkeys(structures)
        )
    ]


def made_in(folder: Path, setting: Setting, say: Callable[[str], None]) -> None:
    """Simulate a platform and ingest its events, each of them whole or not at all."""
    from leeward.pipeline import ingest
    from leeward.simulate import simulate
    from leeward.store import Writer

    if not (folder / "platform").exists():
        say("simulating")
        structure: Any = setting.structure
        attack: Attack = setting.attack  # type: ignore[assignment]  # it is one of the choices
        simulate(
            folder / "platform",
            accounts=setting.accounts,
            ring=max(round(_RING * setting.accounts), 8),
            seed=setting.world,
            structure=structure,
            attack=attack,
        )
    if not (folder / "ingested").exists():
        say("ingesting")
        with Writer.open(folder / "data") as writer:  # what was ingested before is known again
            ingest([folder / "platform" / "events.parquet"], writer)
        (folder / "ingested").touch()
