"""What was measured: one figure a row, with all that it was measured under."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from leeward.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

__all__ = [
    "DEVELOPED_ON",
    "GERMAN",
    "GERMAN_TIMED",
    "Measured",
    "Setting",
    "read_rows",
    "rows_file",
    "write_rows",
]

DEVELOPED_ON: Final = ("shared-posts", "hashtags", "adjacent", "links", "trade")
"""The structures that the search was developed on. All others were held out, and all
attacks but ``flood``."""

GERMAN: Final = "german_elections"
"""The structure of real posts: nobody made it."""

GERMAN_TIMED: Final = "german_elections, times known"
"""The same where it is known when accounts acted, of which that network is made."""


class Setting(Struct, frozen=True):
    """Under which conditions something was measured.

    Attributes:
        structure: How the ring is organised; or the name of real data.
        attack: What it does to mislead.
        accounts: How many accounts the platform has.
        world: The seed of the simulation.
        seeds: How many accounts the search began with.
        wrong: How many of these are no members.
        placebo: Whether they were drawn from everybody.
        draw: Which draw of seeds.
    """

    structure: str
    attack: str = "none"
    accounts: int = 0
    world: int = 0
    seeds: int = 10
    wrong: int = 0
    placebo: bool = False
    draw: int = 0


class Measured(Struct, frozen=True):
    """A figure.

    Attributes:
        setting: What it was measured under.
        method: The search itself, a member of its portfolio, or a peer.
        answers: How many answers of reviewers had been given.
        figure: What was measured.
        value: None where there is none: a precision of nobody, an average without members.
        points: A curve or a table, where the figure is one; its value is then None.
    """

    setting: Setting
    method: str
    answers: int
    figure: str
    value: float | None = None
    points: tuple[tuple[float, ...], ...] = ()


@contextmanager
def rows_file(file: Path) -> Iterator[Callable[[Measured], None]]:
    """A file that takes one row after the other, each a JSON object on a line of its own.

    What it has taken stays, whatever ends the program. Its folder is made, and an earlier file is
    replaced.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:

        def write(row: Measured) -> None:
            out.write(msgspec.json.encode(row) + b"\n")
            out.flush()

        yield write


def write_rows(file: Path, rows: Iterable[Measured]) -> None:
    """Write them all."""
    with rows_file(file) as write:
        for row in rows:
            write(row)


def read_rows(file: Path) -> list[Measured]:
    """Read them again; a last one that was cut short is left out.

    Raises:
        InputError: They are none.
    """
    try:
        lines = file.read_bytes().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]
        if lines and not whole:
            whole = lines  # no file of ours begins so
        return [msgspec.json.decode(line, type=Measured) for line in whole]
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(
            "these are no measured rows",
            where=str(file),
            hint="give the rows.jsonl that `leeward evaluate discovery --out` wrote",
        ) from error
