"""``leeward bank add``, ``import``, ``export`` and ``withdraw``: what comes in and goes out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from leeward.cli._options import Answer, answered, as_person, counted, data_option, tables_of
from leeward.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["add", "export", "import_", "withdraw"]

_FILE = click.Path(path_type=Path)


def _told(function: F) -> F:
    """The options that say what lines leave out."""
    options = [
        click.option(
            "--algorithm",
            default="pdq",
            show_default=True,
            help="The algorithm of values that do not name one: pdq, sha256, sha1, md5.",
        ),
        click.option(
            "--licensed",
            multiple=True,
            metavar="NAME",
            help="A further algorithm whose values are taken as they are; repeatable.",
        ),
        click.option("--exchange", default="local", help="The exchange or list they came through."),
        click.option("--member", default="", help="The member of it who lists them."),
        click.option("--classification", help="What the member calls them."),
        click.option("--relist", is_flag=True, help="Let what was withdrawn before match again."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@click.command(epilog="Example: leeward bank add harbour boat.jpg --reason 'case 12' --data data")
@click.argument("name")
@click.argument("pictures", nargs=-1, type=_FILE, metavar="[PICTURE]...")
@data_option
@click.option(
    "--from",
    "source",
    type=_FILE,
    default="-",
    help="File of values, one a line; by default they are read from standard input.",
)
@_told
@click.option("--reason", help="Why; it goes into the audit chain.")
@as_person
@answered
def add(
    name: str,
    pictures: tuple[Path, ...],
    data: Path,
    source: Path,
    reason: str | None,
    relist: bool,
    by: str,
    answer: Answer,
    **told: Any,
) -> None:
    """Add a few values by hand, or picture and video files; all of them or none.

    A value is never an argument: arguments end up in the shell's history. Of a file, PDQ (of a
    video, its frames) and SHA-256 are added, and nothing else of it is kept.
    """
    from leeward.cli._bank_input import add_values

    if pictures and str(source) != "-":
        raise UsageError("there are pictures and a file of values", hint="give one of both")
    body, lines = add_values(data, name, pictures or source, told, by, reason=reason, relist=relist)
    answer.one(body, lines)


@click.command(
    "import",
    epilog="Example: leeward bank import hotline list.csv --exchange hotline --data data",
)
@click.argument("name")
@click.argument("paths", nargs=-1, required=True, type=_FILE, metavar="PATH...")
@data_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json", "lines"]),
    help="The form of the files; by default it is seen from their beginning.",
)
@click.option("--strict", is_flag=True, help="Import nothing if a line cannot be read.")
@_told
@click.option("--reason", help="Why; it goes into the audit chain.")
@as_person
@answered
def import_(
    name: str,
    paths: tuple[Path, ...],
    data: Path,
    form: Any,
    strict: bool,
    reason: str | None,
    relist: bool,
    by: str,
    answer: Answer,
    **told: Any,
) -> None:
    """Import hash lists: CSV, JSON and lines of Leeward, HMA, threatexchange and the PDQ tools.

    Lines that cannot be read are named on stderr by their number, and left out. The same import
    again adds nothing; one that was interrupted is finished by the same command. `-` is standard
    input.
    """
    from leeward.cli._bank_input import Import

    work = Import(data, name, told, form=form, quiet=answer.as_json)
    if strict:
        work.check(paths)
    body, lines = work.run(paths, by, reason=reason, relist=relist, strict=strict)
    answer.one(body, lines)


@click.command(epilog="Example: leeward bank export hotline hotline.csv --data data")
@click.argument("name")
@click.argument("out", type=_FILE)
@data_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl", "threatexchange", "hma", "pdq"]),
    default="csv",
    show_default=True,
    help="The form of the file; the last three are lists of values.",
)
@click.option("--values", is_flag=True, help="With the hash values; another person permits it.")
@click.option("--reason", help="What for; needed with --values, and in the audit chain.")
@as_person
@answered
def export(
    name: str,
    out: Path,
    data: Path,
    form: Any,
    values: bool,
    reason: str | None,
    by: str,
    answer: Answer,
) -> None:
    """Write what a bank lists to a new file that its owner only can read; `-` is stdout.

    Without --values it holds numbers and provenance only. With them it needs a permission:
    `leeward bank permit`. Either is in the audit chain before the first line is written.
    """
    from leeward.cli._bank_output import export_bank

    count = export_bank(data, name, out, form, by, values=values, reason=reason)
    if str(out) != "-":
        body = {"bank": name, "listings": count, "format": form, "values": values}
        answer.one(body, [f"{counted(count, 'listing')} written"])


@click.command(
    epilog="Example: leeward bank withdraw hotline --external-id 4711 "
    "--reason 'withdrawn by the hotline' --data data"
)
@click.argument("name")
@data_option
@click.option("--entry", "entries", type=int, multiple=True, help="A number; repeatable.")
@click.option("--external-id", "external_ids", multiple=True, help="The exchange's; repeatable.")
@click.option("--import", "acts", type=int, multiple=True, help="All of an import, by its number.")
@click.option("--values", "source", type=_FILE, help="File of values, one a line; - is stdin.")
@click.option(
    "--algorithm", default="pdq", show_default=True, help="Of values that do not name one."
)
@click.option("--exchange", help="Only what was listed through this exchange.")
@click.option("--member", help="Only what this member listed.")
@click.option("--reason", required=True, help="Why; it goes into the audit chain.")
@as_person
@answered
def withdraw(
    name: str,
    data: Path,
    entries: tuple[int, ...],
    external_ids: tuple[str, ...],
    acts: tuple[int, ...],
    source: Path | None,
    algorithm: str,
    exchange: str | None,
    member: str | None,
    reason: str,
    by: str,
    answer: Answer,
) -> None:
    """Withdraw listings. What another member still lists goes on matching."""
    from leeward.cli._bank_input import values_of
    from leeward.store.tables import withdraw_entries

    values = [] if source is None else values_of(source, algorithm)
    if not (entries or external_ids or acts or values):
        raise UsageError(
            "nothing says what to withdraw",
            hint="give --entry, --external-id, --import or --values",
        )
    with tables_of(data) as tables, tables.begin() as connection:
        done = withdraw_entries(
            connection,
            name,
            by,
            reason,
            entries=entries,
            values=values,
            external_ids=external_ids,
            acts=acts,
            exchange=exchange,
            member=member,
        )
    gone = "1 value matches" if done.entries == 1 else f"{done.entries:,} values match"
    line = f"{counted(done.listings, 'listing')} withdrawn; {gone} no more"
    answer.one(done._asdict(), [line])
