"""The command itself: which commands there are, and how an error ends one."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

import leeward
from leeward.cli._options import Unfinished
from leeward.errors import LeewardError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["app", "main"]

_COMMANDS: Final = {
    "demo": "leeward.cli._demo:demo",
    "simulate": "leeward.cli._simulate:simulate",
    "ingest": "leeward.cli._ingest:ingest",
    "discover": "leeward.cli._discover:discover",
    "evaluate": "leeward.cli._evaluate:evaluate",
    "serve": "leeward.cli._serve:serve",
    "status": "leeward.cli._status:status",
    "quarantine": "leeward.cli._quarantine:quarantine",
    "hash": "leeward.cli._hash:hash_",
    "bank": "leeward.cli._bank:bank",
    "media": "leeward.cli._media:media",
    "policy": "leeward.cli._policy:policy",
    "signal": "leeward.cli._signal:signal",
    "score": "leeward.cli._score:score",
    "label": "leeward.cli._label:label",
    "key": "leeward.cli._key:key",
    "hold": "leeward.cli._hold:hold",
    "erase": "leeward.cli._erase:erase",
    "retain": "leeward.cli._retain:retain",
    "seal": "leeward.cli._seal:seal",
    "backup": "leeward.cli._backup:backup",
    "restore": "leeward.cli._backup:restore",
    "audit": "leeward.cli._audit:audit",
}


class _Lazy(click.Group):
    """Imports a command when it is asked for: ``leeward --help`` must not load a database."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        place = _COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(
    cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(leeward.__version__, prog_name="leeward")
def app() -> None:
    """Software for the trust and safety team of a social platform.

    Every command takes --json. Data goes to stdout, progress and errors to stderr. Exit codes:
    0 done, 1 failed, 2 usage, 3 a dependency is missing or down, 4 approval required,
    130 interrupted.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and end the process with its exit code."""
    sys.exit(_code(list(sys.argv[1:] if arguments is None else arguments)))


def _code(arguments: list[str]) -> int:
    as_json = "--json" in arguments
    try:
        result = app.main(arguments, prog_name="leeward", standalone_mode=False)
    except Unfinished as ended:
        if not as_json:
            for line in ended.lines:
                click.echo(line, err=True)
        return _ended(ended.cause, as_json, ended.body)
    except (Exception, KeyboardInterrupt) as error:
        return _ended(error, as_json, {})
    return result if isinstance(result, int) else 0


def _ended(error: BaseException, as_json: bool, stands: dict[str, Any]) -> int:
    """Tell what ended a command; the exit code."""
    match error:
        case LeewardError():
            _report(error, as_json, stands)
            return error.exit_code
        case click.ClickException():
            if as_json:
                _report(UsageError(error.format_message(), hint="see --help"), as_json, stands)
            else:
                error.show()
            return 2
        case click.Abort() | KeyboardInterrupt():
            if as_json:
                _report_json("Interrupted", LeewardError("interrupted"), stands)
            else:
                click.echo("interrupted", err=True)
            return 130
        case BrokenPipeError():
            # Whoever read our output has gone; there is nobody left to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        case _:  # the last resort: no content may reach the terminal or a log
            _report(_unexpected(error), as_json, stands)
            return 1


def _report(error: LeewardError, as_json: bool, stands: dict[str, Any]) -> None:
    if as_json:
        _report_json(type(error).__name__, error, stands)
    else:
        click.echo(f"error: {error}", err=True)


def _report_json(name: str, error: LeewardError, stands: dict[str, Any]) -> None:
    """The error as an object; what stands of the command's work is beside it."""
    import msgspec

    body = {"type": name, "message": error.message, "where": error.where, "hint": error.hint}
    click.echo(msgspec.json.encode({"error": body, **stands}).decode(), err=True)


def _unexpected(error: BaseException) -> LeewardError:
    """A fault of ours. Its message may hold content, so only its type and place are told."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    if os.environ.get("LEEWARD_DEBUG"):
        traceback.print_exception(error)
    return LeewardError(
        f"an unexpected {type(error).__name__}; this is a fault in Leeward",
        where=f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno}",
        hint="report it with this line; LEEWARD_DEBUG=1 shows more, and may show content",
    )
