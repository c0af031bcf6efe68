"""``leeward evaluate``."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from leeward.cli._evaluate_platforms import (
    ATTACKS,
    accounts_option,
    made_in,
    platforms_folder,
    settings_of,
    structure_option,
    world_seed_option,
    worlds_option,
)
from leeward.cli._evaluate_priors import priors
from leeward.cli._options import Answer, answered, progress_line
from leeward.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leeward.evaluate import Measured, Setting, Wish
    from leeward.simulate import Structure

__all__ = ["evaluate"]


out_option = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write rows.jsonl, report.md and figures (SVG) here; earlier ones are replaced.",
)


@click.group()
def evaluate() -> None:
    """Measure methods on platforms whose truth is known."""


evaluate.add_command(priors)


@evaluate.command(
    epilog="Example: leeward evaluate discovery --accounts 20000 --structure links --out measured"
)
@accounts_option
@structure_option
@click.option(
    "--attack",
    "attacks",
    type=click.Choice([*ATTACKS, "all"]),
    multiple=True,
    help="Measure each structure under this attack, too. May be given more than once.",
)
@world_seed_option
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    multiple=True,
    default=(10,),
    show_default="10",
    help="Accounts that the search begins with; 1, 3, 10 and 50 are the goals'. "
    "May be given more than once.",
)
@click.option(
    "--wrong",
    type=click.IntRange(0, 9),
    default=0,
    show_default=True,
    help="Measure ten seeds of which so many are wrong, too.",
)
@click.option(
    "--draws", type=click.IntRange(min=1), default=3, show_default=True, help="Draws of seeds."
)
@click.option(
    "--answers",
    type=click.IntRange(min=0),
    multiple=True,
    default=(300, 600),
    show_default="300, 600",
    help="Measure after so many answers of simulated reviewers; 0 for no reviews. "
    "May be given more than once.",
)
@click.option(
    "--error",
    type=float,
    default=0.02,
    show_default=True,
    help="The share of their answers that is wrong.",
)
@click.option(
    "--most",
    type=click.IntRange(min=0),
    default=1_500,
    show_default=True,
    help="Answers that there may be until half of the ring is certified.",
)
@click.option(
    "--german",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="POSTS",
    help="Measure on the real posts of german_elections, too: their posts.csv.gz.",
)
@click.option("--no-platforms", is_flag=True, help="Measure on real posts only.")
@click.option("--no-fraudar", is_flag=True, help="Leave FRAUDAR out, which takes longest.")
@click.option(
    "--no-oracle", is_flag=True, help="Leave the oracle's ceiling out, which needs scikit-learn."
)
@worlds_option
@out_option
@answered
def discovery(
    accounts: tuple[int, ...],
    structures: tuple[Structure, ...],
    attacks: tuple[str, ...],
    worlds_seeds: tuple[int, ...],
    seeds: tuple[int, ...],
    wrong: int,
    draws: int,
    answers: tuple[int, ...],
    error: float,
    most: int,
    german: Path | None,
    no_platforms: bool,
    no_fraudar: bool,
    no_oracle: bool,
    worlds: Path | None,
    out: Path | None,
    answer: Answer,
) -> None:
    """Measure discovery on simulated platforms, beside its goals and other methods.

    Prints a table in Markdown, or with --json one object for each figure and each goal. The
    search was developed on all structures but migrating; this one, and all attacks but flood,
    were held out. With reviews, a draw at 200,000 accounts took five minutes on two cores. Rows
    are written to --out one by one: what an evaluation that was interrupted had measured is there,
    and `leeward evaluate report` makes a report of it.
    """
    from leeward.evaluate import Wish, rows_file

    if not 0 <= error < 0.5:
        raise UsageError(
            "the share of wrong answers lies from 0 to below a half",
            where="--error",
            hint="give 0.02 for two of a hundred",
        )
    if no_platforms and german is None:
        raise UsageError(
            "there is nothing to measure on", where="--no-platforms", hint="add --german POSTS"
        )
    milestones = tuple(sorted({*answers} - {0}))
    wish = Wish(tuple(sorted({*seeds})), wrong, draws, milestones, error, most, not no_fraudar)
    settings = [] if no_platforms else settings_of(accounts, structures, attacks, worlds_seeds)
    rows: list[Measured] = []
    with (
        platforms_folder(worlds) as folder,
        progress_line(quiet=answer.as_json) as say,
        rows_file(out / "rows.jsonl") if out is not None else nullcontext(_nowhere) as keep,
    ):
        measured = (_platform(folder, at, wish, not no_oracle, say) for at in settings)
        real = [] if german is None else [_german(german, folder, draws, say)]
        for row in chain(chain.from_iterable(measured), *real):
            rows.append(row)
            keep(row)
            if answer.as_json:
                click.echo(msgspec.json.encode({"measured": row}).decode())
    _tell(rows, out, answer)


@evaluate.command(name="report", epilog="Example: leeward evaluate report first second --out both")
@click.argument(
    "measured",
    type=click.Path(path_type=Path, exists=True),
    nargs=-1,
    required=True,
)
@out_option
@answered
def report_command(measured: tuple[Path, ...], out: Path | None, answer: Answer) -> None:
    """Make one report of several evaluations.

    MEASURED are folders that `leeward evaluate discovery --out` wrote, or rows.jsonl files: of
    platforms that were measured one by one or on several machines, or what an evaluation that was
    interrupted had measured. What was measured twice under the same conditions counts once, as it
    stands in the last.
    """
    from leeward.evaluate import read_rows

    files = [path / "rows.jsonl" if path.is_dir() else path for path in measured]
    rows = {
        (row.setting, row.method, row.answers, row.figure): row
        for file in files
        for row in read_rows(file)
    }
    _tell([*rows.values()], out, answer)


def _nowhere(_: Measured) -> None:
    """Rows that nobody asked to keep."""


def _tell(rows: list[Measured], out: Path | None, answer: Answer) -> None:
    from leeward.evaluate import reached, report, write_report

    written = write_report(out, rows) if out is not None else []
    if answer.as_json:
        for line in reached(rows):
            click.echo(msgspec.json.encode({"goal": line._asdict()}).decode())
    else:
        click.echo(report(rows))
        for path in written:
            click.echo(f"written: {path}")


def _platform(
    folder: Path, setting: Setting, wish: Wish, oracle: bool, say: Callable[[str], None]
) -> Iterator[Measured]:
    """Make a platform, or take the kept one, and measure on it."""
    from leeward.evaluate import measure, open_world
    from leeward.network import search

    name = f"{setting.structure}-{setting.attack}-{setting.accounts}-{setting.world}"

    def told(text: str) -> None:
        say(f"{name}: {text}")

    made_in(folder / name, setting, told)
    world = open_world(folder / name, oracle=oracle, progress=told)
    yield from measure(world, setting, wish, search, told)


def _german(
    posts: Path, folder: Path, draws: int, say: Callable[[str], None]
) -> Iterator[Measured]:
    from leeward.evaluate import measure_german, open_german
    from leeward.network import search

    say("reading german_elections")
    for times in (False, True):
        world = open_german(posts, folder / "german_elections", times=times)
        yield from measure_german(world, search, draws, say)
