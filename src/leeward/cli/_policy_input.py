"""What the commands of ``leeward policy`` read: policies, signals, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from leeward.cli._options import Unfinished, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leeward.policy import Policy, PolicyProblem, Schema

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "data_or_not",
    "days_option",
    "files_or_in_force",
    "log_folder",
    "page_option",
    "read",
    "schema_of",
    "signals_option",
]

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)

files_or_in_force = click.argument("files", nargs=-1, metavar="[FILE...]", type=_FILE)
signals_option = click.option(
    "--signals", metavar="FILE", type=_FILE, help="The signals that there are, as TOML."
)

days_option = click.option(
    "--days", type=click.IntRange(1, 36_500), help="Only the last so many days of the log."
)
page_option = click.option(
    "--page",
    metavar="OUT.html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a self-contained page, too; it names accounts, and only its owner can read it.",
)


def data_or_not(function: F) -> F:
    """``--data DIR``, where a command can do without."""
    return click.option(
        "--data",
        envvar="LEEWARD_DATA",
        show_envvar=True,
        type=click.Path(path_type=Path),
        help="The data folder: its signals, and its policies where no file is named.",
    )(function)


def schema_of(signals: Path | None, data: Path | None) -> Schema:
    """What conditions may read: the signals of a file, or those of a data folder."""
    from leeward.pipeline import policy_text
    from leeward.policy import event_schema, read_signals

    if signals is not None:
        return event_schema(read_signals(policy_text(signals), str(signals)))
    if data is None:
        return event_schema()
    from leeward.pipeline import readable
    from leeward.store import read_settings

    return event_schema(readable(data, read_settings(data)))


def log_folder(data: Path) -> Path:
    """A data folder that has a log.

    Raises:
        NotALog: It has none.
    """
    from leeward.store import Log

    Log(data).close()
    return data


def read(
    files: Sequence[Path], signals: Path | None, data: Path | None, schema: Schema | None = None
) -> list[Policy]:
    """The policies of files, or of a data folder where none is named.

    Raises:
        Unfinished: One does not check; it says everything that is wrong with any of them.
        UsageError: There are none.
    """
    from leeward.errors import PolicyError, UsageError
    from leeward.pipeline import POLICIES, policy_files, read_policies

    if not files and data is None:
        raise UsageError(
            "it is not said which policies", hint="name their files, or --data for those in force"
        )
    paths = list(files) if files or data is None else policy_files(data)
    if not paths and data is not None:
        raise UsageError(
            "no policy is in force here",
            where=str(data / POLICIES),
            hint="put one there, as `leeward policy ready known-hash-upload` prints it",
        )
    found, wrong = read_policies(paths, schema or schema_of(signals, data))
    if wrong:
        files_with = len({problem.path for problem in wrong})
        cause = PolicyError(
            f"{counted(len(wrong), 'problem')} in {counted(files_with, 'file')}",
            hint="see docs/reference/policies.md for the form, the fields and the functions",
        )
        lines = [f"{problem}\n" for problem in wrong]
        raise Unfinished(cause, {"problems": [_problem(problem) for problem in wrong]}, lines)
    return found


def _problem(problem: PolicyProblem) -> dict[str, Any]:
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
    }
