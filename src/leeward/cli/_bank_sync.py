"""``leeward bank sync``: what hash exchanges state, into banks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from leeward.cli._options import (
    Answer,
    Unfinished,
    answered,
    as_person,
    counted,
    data_option,
    progress_line,
    stamp,
    tables_of,
)
from leeward.errors import LeewardError, SettingsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from leeward.connectors import Exchange
    from leeward.model import ExchangeSettings
    from leeward.pipeline import FeedbackReport, SyncReport
    from leeward.store.tables import Tables

__all__ = ["sync"]


@click.command(epilog="Example: leeward bank sync ncmec --feedback --data data")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@data_option
@click.option("--whole", is_flag=True, help="Read all of it again, and withdraw what is missing.")
@click.option(
    "--allow-mass-withdrawal",
    is_flag=True,
    help="Also where most of what stands is missing. Look first whether the list is complete.",
)
@click.option("--feedback", is_flag=True, help="Then send the feedback that waits.")
@as_person
@answered
def sync(
    names: tuple[str, ...],
    data: Path,
    whole: bool,
    allow_mass_withdrawal: bool,
    feedback: bool,
    by: str,
    answer: Answer,
) -> None:
    """Read hash exchanges into their banks: all that the settings name, or these.

    A sync that was interrupted goes on where it was. If one exchange fails, the others are read,
    and the command ends with the exit code of the first failure.
    """
    from leeward.store import read_settings

    chosen = _chosen(read_settings(data).exchanges, names)
    rows: list[dict[str, Any]] = []
    lines: list[str] = []
    failures: list[LeewardError] = []
    with tables_of(data) as tables, progress_line(quiet=answer.as_json) as say:
        for name, settings in chosen.items():
            job = _Job(tables, data, name, settings, by)
            try:
                job.run(say, whole=whole, allow_mass_withdrawal=allow_mass_withdrawal)
                if feedback:
                    job.send()
            except LeewardError as error:
                job.row["error"] = _told(error)
                failures.append(error)
            say("")
            rows.append(job.row)
            lines += _lines(job.row)
    if failures:
        raise Unfinished(failures[0], {"exchanges": rows}, lines)
    answer.one({"exchanges": rows}, lines)


def _chosen(
    exchanges: dict[str, ExchangeSettings], names: Sequence[str]
) -> dict[str, ExchangeSettings]:
    """The exchanges that are meant. Look-up services give no list, so they are never synced."""
    lists = {name: each for name, each in exchanges.items() if each.kind != "arachnid"}
    if not lists:
        raise SettingsError(
            "the settings name no exchange that gives a list",
            where="leeward.toml, exchanges",
            hint="add a table [exchanges.NAME] with its kind and its bank",
        )
    if not set(names) <= set(lists):
        raise UsageError(
            "the settings name no such exchange that gives a list",
            where="NAME",
            hint=f"there are: {', '.join(lists)}",
        )
    return {name: each for name, each in lists.items() if not names or name in names}


class _Job:
    """One exchange, into one bank.

    Attributes:
        row: What was done so far, as JSON has it.
    """

    def __init__(
        self, tables: Tables, data: Path, name: str, settings: ExchangeSettings, by: str
    ) -> None:
        self._tables = tables
        self._data = data
        self._name = name
        self._settings = settings
        self._by = by
        self.row: dict[str, Any] = {"exchange": name, "bank": settings.bank}

    def run(self, say: Callable[[str], None], *, whole: bool, allow_mass_withdrawal: bool) -> None:
        """Read it."""
        from leeward.pipeline import SyncedBank, sync

        if self._settings.bank is None:
            raise SettingsError(
                "it is not said which bank the exchange is read into",
                where=f"exchanges.{self._name}.bank",
                hint="make one with `leeward bank create`, and name it there",
            )
        bank = SyncedBank(self._tables, self._settings.bank, self._by)
        with bank.alone(self._name), self._opened() as exchange:
            sync(
                exchange,
                bank,
                whole=whole,
                allow_mass_withdrawal=allow_mass_withdrawal,
                progress=partial(self._note, say),
            )

    def send(self) -> None:
        """Send the feedback that waits."""
        from leeward.pipeline import feedback_queue, send_reviewed
        from leeward.store.tables import get_entries, list_feedback

        with self._tables.read() as connection:
            unsent = list_feedback(connection, str(self._settings.bank), unsent=True)
            entries = get_entries(connection, [each.entry for each in unsent])
        queue = feedback_queue(self._name, unsent, entries)
        with self._opened() as exchange:
            self._note_feedback(send_reviewed(exchange, queue, self._mark_sent))

    def _opened(self) -> Any:
        from contextlib import closing

        from leeward.connectors import open_exchange

        exchange: Exchange = open_exchange(self._name, self._settings, self._data)
        return closing(exchange)

    def _mark_sent(self, number: int) -> None:
        from leeward.store.tables import note_feedback_sent

        with self._tables.begin() as connection:
            note_feedback_sent(connection, number)

    def _note(self, say: Callable[[str], None], report: SyncReport) -> None:
        self.row |= report._asdict() | {
            "ignored": dict(report.ignored),
            "since": None if report.since is None else stamp(report.since.through),
            "through": None if report.through is None else stamp(report.through.through),
        }
        count = report.added + report.withdrawn + report.repeated
        say(f"{self._name}: {counted(report.pages, 'page')}, {count:,} listings")

    def _note_feedback(self, report: FeedbackReport) -> None:
        refused = [{"feedback": n, "reason": why} for n, why in report.refused.items()]
        self.row["feedback"] = {"sent": report.sent, "refused": refused}


def _told(error: LeewardError) -> dict[str, Any]:
    names = ("message", "where", "hint")
    return {"type": type(error).__name__} | {name: getattr(error, name) for name in names}


def _lines(row: dict[str, Any]) -> list[str]:
    name = row["exchange"]
    lines = []
    if "pages" in row:
        counts = ", ".join(f"{row[word]:,} {word}" for word in ("added", "withdrawn", "repeated"))
        until = f"; read until {row['through']}" if row["through"] else ""
        lines.append(f"{name}: {counts}{until}")
        if row["kept_out"]:
            lines.append(f"{name}: {row['kept_out']:,} stay withdrawn, as a person decided")
        lines += [f"{name}: {count:,} ignored: {why}" for why, count in row["ignored"].items()]
    if "feedback" in row:
        lines.append(f"{name}: {counted(len(row['feedback']['sent']), 'opinion')} sent")
        for each in row["feedback"]["refused"]:
            lines.append(f"{name}: feedback {each['feedback']} waits: {each['reason']}")
    if "error" in row:
        lines.append(f"{name}: failed: {row['error']['message']}")
    return lines
