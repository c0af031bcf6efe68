"""Hash lists on their way into a bank, for ``leeward bank add`` and ``import``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from leeward.cli._options import Unfinished, progress_line, shown, tables_of
from leeward.connectors import BankDefaults, BankFile, expand, open_input
from leeward.errors import InputError, UsageError
from leeward.store.tables import (
    Act,
    ImportBatch,
    add_entries,
    begin_act,
    finish_act,
    get_bank,
    import_entries,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from leeward.connectors import BadLine, BankForm
    from leeward.model import NewEntry
    from leeward.store.tables import Added

__all__ = ["Import", "add_values", "values_of"]

_MOST_BY_HAND: Final = 10_000
_MOST_SHOWN: Final = 20
_MOST_TOLD: Final = 1_000


def add_values(
    data: Path,
    name: str,
    source: Path | Sequence[Path],
    told: dict[str, Any],
    by: str,
    *,
    reason: str | None,
    relist: bool,
) -> tuple[dict[str, Any], list[str]]:
    """Add the values of a file, or some pictures, all of them or none.

    Returns:
        The answer, as JSON and as lines.
    """
    defaults, notes = BankDefaults(**told), list[str]()
    if isinstance(source, Sequence):
        from leeward.cli._bank_pictures import picture_entries  # decoders are slow to load

        entries, notes = picture_entries(source, defaults)
    else:
        entries = _by_hand(source, defaults)
    with tables_of(data) as tables, tables.begin() as connection:
        act = begin_act(connection, get_bank(connection, name), "add", by, why=reason)
        add_entries(connection, act, entries, relist=relist)
        done = finish_act(connection, act)
    body = _body(done)
    return body | {"notes": notes}, [*_lines(body), *notes]


def values_of(source: Path, algorithm: str) -> list[tuple[str, bytes]]:
    """The values of a file, or an error that names the first line that has none."""
    entries = _by_hand(source, BankDefaults(algorithm=algorithm))
    return [(entry.algorithm, entry.value) for entry in entries]


class Import:
    """Files that are imported into a bank one after the other, each as an act of its own.

    Args:
        data: The data folder.
        name: Of the bank.
        told: What the lines leave out.
        form: The form of all files; seen from each, if not given.
        quiet: Whether no progress is shown.
    """

    def __init__(
        self, data: Path, name: str, told: dict[str, Any], *, form: BankForm | None, quiet: bool
    ) -> None:
        self._data = data
        self._name = name
        self._defaults = BankDefaults(**told)
        self._form = form
        self._quiet = quiet
        self._bad: list[dict[str, Any]] = []

    def check(self, paths: Sequence[Path]) -> None:
        """Read all files and import nothing; each must be one that can be read again.

        Raises:
            InputError: A line cannot be read.
            UsageError: A file can be read only once.
        """
        count = 0
        for path in expand(paths):
            with open_input(path) as opened:
                if opened.path is None:
                    raise UsageError(
                        "--strict reads its input twice, which this one does not allow",
                        where=opened.name,
                        hint="give the path of a file",
                    )
                for part in BankFile(opened, self._form, self._defaults).parts():
                    self._tell(opened.name, part.bad)
                    count += len(part.bad)
        if count:
            cannot = "1 line cannot" if count == 1 else f"{count:,} lines cannot"
            raise Unfinished(
                InputError(
                    f"{cannot} be read, so nothing was imported",
                    where=f"{self._bad[0]['file']}, line {self._bad[0]['line']}",
                    hint="mend the file, or leave --strict out to import the other lines",
                ),
                {"bad": self._bad},
                [],
            )

    def run(
        self, paths: Sequence[Path], by: str, *, reason: str | None, relist: bool, strict: bool
    ) -> tuple[dict[str, Any], list[str]]:
        """Import all files; the answer, as JSON and as lines."""
        acts: list[Act] = []
        with tables_of(self._data) as tables, progress_line(quiet=self._quiet) as say:
            for path in expand(paths):
                with open_input(path) as opened:
                    file = BankFile(opened, self._form, self._defaults)
                    act = import_entries(
                        tables,
                        self._name,
                        self._batches(opened.name, file, strict=strict),
                        by,
                        origin=opened.name[:255],
                        why=reason,
                        relist=relist,
                        digest=file.digest,
                        after_each=_counter(say, opened.name),
                    )
                acts.append(act)
        body = _body(*acts) | {"imports": [act.id for act in acts], "bad": self._bad}
        lines = _lines(body)
        return body, [*lines, f"import {', '.join(str(act.id) for act in acts)}"]

    def _batches(self, name: str, file: BankFile, *, strict: bool) -> Iterator[ImportBatch]:
        for part in file.parts():
            if strict and part.bad:
                raise InputError(
                    "the file has changed since it was checked; what came before stands",
                    where=f"{name}, line {part.bad[0].line}",
                    hint="repeat the command when nothing writes to the file any more",
                )
            self._tell(name, part.bad)
            yield ImportBatch(part.entries, len(part.bad))

    def _tell(self, name: str, bad: Iterable[BadLine]) -> None:
        """Name lines that cannot be read, the first of them at least."""
        for line, reason in bad:
            if len(self._bad) < _MOST_TOLD:
                self._bad.append({"file": name, "line": line, "reason": reason})
            if not self._quiet and len(self._bad) <= _MOST_SHOWN:
                click.echo(f"{shown(name)}, line {line}: {reason}", err=True)
            elif not self._quiet and len(self._bad) == _MOST_SHOWN + 1:
                click.echo("more lines cannot be read; --json names a thousand", err=True)


def _by_hand(source: Path, defaults: BankDefaults) -> list[NewEntry]:
    entries: list[NewEntry] = []
    for path in expand([source]):
        with open_input(path) as opened:
            for part in BankFile(opened, None, defaults).parts():
                entries.extend(part.entries)
                if part.bad:
                    line, reason = part.bad[0]
                    raise InputError(
                        f"a line {reason}",
                        where=f"{opened.name}, line {line}",
                        hint="mend it, and repeat the command; nothing was done",
                    )
                if len(entries) > _MOST_BY_HAND:
                    raise UsageError(
                        f"there are more than {_MOST_BY_HAND:,} values",
                        where=opened.name,
                        hint="use `leeward bank import`",
                    )
    if not entries:
        raise UsageError("there is no value", hint="give one a line")
    return entries


def _counter(say: Callable[[str], None], name: str) -> Callable[[Added], None]:
    count = 0

    def after_each(done: Added) -> None:
        nonlocal count
        count += done.listed + done.known + done.kept_out
        say(f"{shown(name)}: {count:,} values")

    return after_each


def _body(*acts: Act) -> dict[str, Any]:
    names = ("added", "listed", "known", "kept_out", "refused")
    return {name: sum(getattr(act, name) for act in acts) for name in names}


def _lines(body: dict[str, Any]) -> list[str]:
    lines = [f"{body['added']:>12,}  values match from now on"]
    lines.append(f"{body['listed']:>12,}  listings added")
    if body["known"]:
        lines.append(f"{body['known']:>12,}  were listed already")
    if body["kept_out"]:
        lines.append(f"{body['kept_out']:>12,}  were withdrawn before and stay so (--relist)")
    if body["refused"]:
        lines.append(f"{body['refused']:>12,}  lines could not be read")
    return lines
