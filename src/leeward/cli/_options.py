"""Options that many commands share, and the way a command answers."""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from leeward.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from leeward.store.tables import Tables

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "Answer",
    "Unfinished",
    "answered",
    "as_person",
    "bytes_text",
    "counted",
    "data_option",
    "progress_line",
    "shown",
    "stamp",
    "tables_of",
]


def data_option(function: F) -> F:
    """``--data DIR``: the data folder."""
    return click.option(
        "--data",
        required=True,
        envvar="LEEWARD_DATA",
        show_envvar=True,
        type=click.Path(path_type=Path),
        help="The data folder.",
    )(function)


def as_person(function: F) -> F:
    """``--as NAME``: the person who acts. A command acts as a named person."""
    return click.option(
        "--as",
        "by",
        envvar="LEEWARD_AS",
        show_envvar=True,
        default=_login,
        metavar="NAME",
        help="The person who acts; by default the name you are logged in with.",
    )(function)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise UsageError(
            "it is not known who acts", where="--as", hint="give your name with --as"
        ) from None


class Answer:
    """What a command says on stdout: lines for people, or JSON."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def one(self, body: Any, lines: Iterable[str]) -> None:
        """A single answer."""
        if self.as_json:
            click.echo(msgspec.json.encode(body).decode())
        else:
            for line in lines:
                click.echo(line)

    def rows(self, rows: Iterable[dict[str, Any]], head: dict[str, str], empty: str) -> None:
        """A table; one JSON object a line with ``--json``.

        Args:
            rows: Column to value.
            head: Column to its heading.
            empty: What to say where there are no rows.
        """
        if self.as_json:
            for row in rows:
                click.echo(msgspec.json.encode(row).decode())
            return
        table = [[str("" if row[name] is None else row[name]) for name in head] for row in rows]
        if not table:
            click.echo(empty)
            return
        table.insert(0, list(head.values()))
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for cells in table:
            line = "  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True))
            click.echo(line.rstrip())


class Unfinished(Exception):
    """A command ended before its work did, and some of the work stands.

    Args:
        cause: What ended it, which decides the exit code.
        body: What stands, for ``--json``: members beside ``error``.
        lines: The same for people.
    """

    def __init__(self, cause: BaseException, body: dict[str, Any], lines: Iterable[str]) -> None:
        super().__init__("unfinished")
        self.cause = cause
        self.body = body
        self.lines = list(lines)


def answered(function: F) -> F:
    """``--json``, handed to the command as an :class:`Answer`."""

    def callback(_: click.Context, __: click.Parameter, value: bool) -> Answer:
        return Answer(as_json=value)

    return click.option(
        "--json", "answer", is_flag=True, callback=callback, help="Answer in JSON."
    )(function)


def tables_of(data: Path, *, new: bool = False) -> Tables:
    """The operational tables of a data folder.

    Args:
        data: The data folder.
        new: Make the tables where the folder is empty or has only its settings. Without it they
            are made beside a log only, so that no command leaves a database in a wrong folder.

    Raises:
        NotALog: There is no data folder, or it is not one of Leeward.
    """
    from leeward.errors import NotALog
    from leeward.store import read_settings
    from leeward.store.tables import database_url, open_tables

    if not data.is_dir():
        raise NotALog(
            "there is no data folder here",
            where=str(data),
            hint="make it with `leeward ingest`, or name another one",
        )
    url = database_url(read_settings(data).tables, data, os.environ)
    on_server = url.get_backend_name() != "sqlite"  # then the settings name it on purpose
    if not (on_server or (data / "log").is_dir() or Path(str(url.database)).exists()):
        if not new:
            raise NotALog(
                "there is no event log here",
                where=str(data),
                hint="name the folder given to `leeward ingest --data`, or ingest something first",
            )
        names = {path.name for path in data.iterdir()} - {"lost+found"}  # a new disk has that
        if names and "leeward.toml" not in names:
            raise NotALog(
                "this folder holds other files and no event log",
                where=str(data),
                hint="name an empty folder, or the one given to `leeward ingest --data`",
            )
    return open_tables(url)


@contextlib.contextmanager
def progress_line(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Tells what happens on one line of a terminal, which is empty again in the end."""
    terminal = sys.stderr.isatty() and not quiet

    def say(text: str) -> None:
        if terminal:
            click.echo(f"\r\x1b[K{text}", err=True, nl=False)

    try:
        yield say
    finally:
        say("")


def shown(text: str) -> str:
    """Text of unknown origin as it may stand on a terminal: what nobody sees stands as a number.

    Such characters may turn the direction of a line, or command the terminal.
    """
    return "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in text)


def stamp(micros: int | None) -> str | None:
    """A time for people: UTC to the second, or in words where the calendar has no such year."""
    from datetime import UTC, datetime, timedelta

    if micros is None:
        return None
    try:
        time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=micros // 1_000_000)
    except OverflowError:
        return "after the year 9999" if micros > 0 else "before the year 1"
    return f"{time:%Y-%m-%d %H:%M:%SZ}"


def counted(count: int, noun: str) -> str:
    """A number of things: ``1 item``, ``2,000 items``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def bytes_text(count: float) -> str:
    """A size for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1_000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1_000
    return f"{count:.1f} TB"
