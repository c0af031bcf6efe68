"""``leeward bank``: banks, their settings, and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from leeward.cli._bank_entries import add, export, import_, withdraw
from leeward.cli._bank_floods import flood_line, flood_row
from leeward.cli._bank_lookback import lookback
from leeward.cli._bank_match import match
from leeward.cli._bank_people import feedback, permit
from leeward.cli._bank_sync import sync
from leeward.cli._options import Answer, answered, as_person, counted, data_option, stamp, tables_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeVar

    from leeward.model import BankSettings, HashBank
    from leeward.store.tables import Act, BankCount

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["CAUSE_WORDS", "MEANING_WORDS", "bank"]

# A test compares these with the model's, which `--help` must not load.
MEANING_WORDS = (
    "illegal_verified",
    "illegal_unverified",
    "exploitative",
    "protected_photograph",
    "known_innocent",
)
CAUSE_WORDS = ("open_case", "refuse_upload", "hide", "protect")


@click.group()
def bank() -> None:
    """Keep hash banks: lists of known pictures, and what a match with them means.

    Hash values are secrets. No command shows one; they come from files and leave with `leeward
    bank export --values` only.
    """


def _settings(*, new: bool) -> Callable[[F], F]:
    """The options that say what a bank means and may cause."""
    options = [
        click.option(
            "--meaning",
            required=new,
            type=click.Choice(MEANING_WORDS),
            help="What it says of a picture to be in the bank.",
        ),
        click.option("--source", required=new, help="Where its entries come from, in words."),
        click.option(
            "--distance",
            type=click.IntRange(0, 64),
            help="Bits within which two PDQ hashes match." + (" 31, if not given." if new else ""),
        ),
        click.option(
            "--automation-distance",
            type=click.IntRange(0, 64),
            help="Bits within which a PDQ match may hide or refuse by itself; only for"
            " illegal_verified, and off unless it is given.",
        ),
        click.option(
            "--review",
            type=click.IntRange(0, 3),
            help="Who looked at entries before they were listed: 0 unknown, 1 one person, 2 two"
            " people, 3 a hotline or an authority.",
        ),
        click.option(
            "--cause",
            "causes",
            multiple=True,
            type=click.Choice(CAUSE_WORDS),
            help="What a match may cause; more than one may be given. What the meaning forbids is"
            " refused.",
        ),
    ]

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


@bank.command(
    epilog="Example: leeward bank create hotline --meaning illegal_verified "
    "--source 'the national hotline' --review 3 --data data"
)
@click.argument("name")
@data_option
@_settings(new=True)
@as_person
@answered
def create(name: str, data: Path, by: str, answer: Answer, **given: Any) -> None:
    """Make an empty bank. Its name is for ever; everything else can be changed."""
    from leeward.model import BankSettings
    from leeward.store.tables import create_bank

    settings = BankSettings(**_named(given))
    with tables_of(data, new=True) as tables, tables.begin() as connection:
        made = create_bank(connection, name, settings, by)
    answer.one(_row(made), [f"the bank {made.name} is made", *_lines(made)])


@bank.command("list", epilog="Example: leeward bank list --data data")
@data_option
@answered
def list_(data: Path, answer: Answer) -> None:
    """List banks: meaning, distances, what a match may cause, how many entries match."""
    from leeward.store.tables import count_banks, list_banks

    with tables_of(data) as tables, tables.read() as connection:
        counts = count_banks(connection)
        rows = [_row(found) | _sums(counts, found.name) for found in list_banks(connection)]
    if not answer.as_json:
        rows = [row | {"causes": ",".join(row["causes"])} for row in rows]
    head = ("name", "version", "meaning", "distance", "automation_distance", "causes", "entries")
    words = {name: name.replace("_distance", "").replace("_", " ") for name in head}
    answer.rows(rows, words | {"paused": "paused since"}, "there are no banks")


@bank.command(epilog="Example: leeward bank show hotline --versions --data data")
@click.argument("name")
@data_option
@click.option("--versions", is_flag=True, help="Also every version that the bank ever had.")
@answered
def show(name: str, data: Path, versions: bool, answer: Answer) -> None:
    """Show a bank: settings, counts, what is paused, imports that were not finished."""
    from leeward.store.tables import (
        bank_history,
        count_banks,
        get_bank,
        list_acts,
        list_floods,
        paused_entries,
    )

    with tables_of(data) as tables, tables.read() as connection:
        found = get_bank(connection, name)
        counts = count_banks(connection, name)
        paused = paused_entries(connection, name)
        unfinished = list_acts(connection, name, unfinished=True)
        floods = list_floods(connection, name)
        history = bank_history(connection, name) if versions else []
    body = _row(found) | {"counts": [count._asdict() for count in counts]}
    body["paused_entries"] = [
        {"entry": entry, "since": stamp(why.at), "by": why.by, "why": why.why}
        for entry, why in paused.items()
    ]
    body["unfinished"] = [_act(act) for act in unfinished]
    body["floods"] = [flood_row(flood) for flood in floods]
    if versions:
        body["versions"] = [_row(version) for version in history]
    lines = [*_lines(found), *_counts(counts), *_unfinished(unfinished)]
    lines += [f"ALERT    {flood_line(flood)}" for flood in floods[:20]]
    lines += [f"paused   entry {entry}: {why.why}" for entry, why in list(paused.items())[:20]]
    for version in history:
        lines.append(
            f"version {version.version}, {stamp(version.changed_at)}, {version.changed_by}"
        )
        lines += [f"  {line}" for line in _lines(version)]
    answer.one(body, lines)


@bank.command(
    epilog="Example: leeward bank change hotline --distance 24 "
    "--reason 'false matches at 28' --data data"
)
@click.argument("name")
@data_option
@_settings(new=False)
@click.option("--no-automation", is_flag=True, help="Let no match act by itself any more.")
@click.option("--reason", help="Why; it goes into the audit chain.")
@as_person
@answered
def change(
    name: str,
    data: Path,
    no_automation: bool,
    reason: str | None,
    by: str,
    answer: Answer,
    **given: Any,
) -> None:
    """Change settings. What is not named stays; the result is the bank's next version."""
    from leeward.store.tables import change_bank, get_bank

    with tables_of(data) as tables, tables.begin() as connection:
        before = get_bank(connection, name).settings
        changed = change_bank(
            connection, name, _changed(before, given, no_automation), by, reason=reason
        )
    answer.one(_row(changed), [f"{changed.name} is at version {changed.version}", *_lines(changed)])


@bank.command(
    epilog="Example: leeward bank pause hotline --entry 17 "
    "--reason 'matches a holiday greeting' --data data"
)
@click.argument("name")
@data_option
@click.option("--entry", "entries", type=int, multiple=True, help="Only this entry; repeatable.")
@click.option("--reason", required=True, help="Why; it goes into the audit chain.")
@as_person
@answered
def pause(
    name: str, data: Path, entries: tuple[int, ...], reason: str, by: str, answer: Answer
) -> None:
    """Let matches cause nothing but a person's task: of a bank, or of some entries of it."""
    from leeward.store.tables import pause_bank, pause_entries

    with tables_of(data) as tables, tables.begin() as connection:
        if not entries:
            body = _row(pause_bank(connection, name, by, reason))
            line = f"{name} is paused"
        else:
            count = pause_entries(connection, name, entries, by, reason)
            body, line = {"paused": count}, f"{_entries(count)} paused"
    answer.one(body, [line])


@bank.command(
    epilog="Example: leeward bank resume hotline --entry 17 --reason 'looked at it' --data data"
)
@click.argument("name")
@data_option
@click.option("--entry", "entries", type=int, multiple=True, help="Only this entry; repeatable.")
@click.option("--reason", required=True, help="Why; it goes into the audit chain.")
@as_person
@answered
def resume(
    name: str, data: Path, entries: tuple[int, ...], reason: str, by: str, answer: Answer
) -> None:
    """Put a paused bank in force again, or some entries of it.

    A flood of it is over then: it floods again only when it matches many times more than it did.
    """
    from leeward.store.tables import resume_bank, resume_entries

    with tables_of(data) as tables, tables.begin() as connection:
        if not entries:
            body = _row(resume_bank(connection, name, by, reason))
            line = f"{name} is in force"
        else:
            count = resume_entries(connection, name, entries, by, reason)
            body, line = {"resumed": count}, f"{_entries(count)} in force"
    answer.one(body, [line])


for _command in (add, import_, export, withdraw, feedback, permit, match, lookback, sync):
    bank.add_command(_command)


def _named(given: dict[str, Any]) -> dict[str, Any]:
    """The settings that were named."""
    named = {key: value for key, value in given.items() if value not in (None, ())}
    if "causes" in named:
        named["causes"] = frozenset(named["causes"])
    return named


def _changed(before: BankSettings, given: dict[str, Any], no_automation: bool) -> BankSettings:
    import msgspec

    named = _named(given)
    if named.get("meaning", before.meaning) != before.meaning and "causes" not in named:
        named["causes"] = None  # the old ones were for the old meaning
    if no_automation:
        named["automation_distance"] = None
    return msgspec.structs.replace(before, **named)


def _entries(count: int) -> str:
    return f"{count:,} entry is" if count == 1 else f"{count:,} entries are"


def _row(found: HashBank) -> dict[str, Any]:
    settings, paused = found.settings, found.paused
    return {
        "name": found.name,
        "version": found.version,
        "meaning": settings.meaning,
        "source": settings.source,
        "distance": settings.distance,
        "automation_distance": settings.automation_distance,
        "review": settings.review,
        "causes": sorted(settings.may_cause),
        "paused": None if paused is None else stamp(paused.at),
        "paused_by": None if paused is None else paused.by,
        "paused_why": None if paused is None else paused.why,
        "changed": stamp(found.changed_at),
        "by": found.changed_by,
        "reason": found.reason,
    }


def _sums(counts: list[BankCount], name: str) -> dict[str, int]:
    return {"entries": sum(count.standing for count in counts if count.bank == name)}


def _lines(found: HashBank) -> list[str]:
    settings, paused = found.settings, found.paused
    causes = ", ".join(sorted(settings.may_cause)) or "nothing; it suppresses other matches"
    automation = settings.automation_distance
    lines = [
        f"meaning  {settings.meaning}, from {settings.source}; review level {settings.review}",
        f"match    within {settings.distance} bits; by itself "
        + ("never by PDQ" if automation is None else f"within {automation} bits"),
        f"causes   {causes}",
    ]
    if paused is not None:
        lines.append(f"ALERT    paused since {stamp(paused.at)} by {paused.by}: {paused.why}")
    return lines


def _counts(counts: list[BankCount]) -> list[str]:
    return [
        f"{count.algorithm:<8} {count.standing:,} of {counted(count.entries, 'value')} match"
        + (f", {count.paused:,} paused" if count.paused else "")
        for count in counts
    ]


def _unfinished(acts: list[Act]) -> list[str]:
    return [
        f"ALERT    the {act.kind} of {act.origin} by {act.by} was not finished; repeat it"
        for act in acts
    ]


def _act(act: Act) -> dict[str, Any]:
    return act._asdict() | {"at": stamp(act.at), "finished_at": stamp(act.finished_at)}
