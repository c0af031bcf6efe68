"""``leeward policy``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leeward.cli._options import Answer, Unfinished, answered, counted

if TYPE_CHECKING:
    from leeward.policy import Policy, PolicyProblem, Schema, Tested

__all__ = ["policy"]


@click.group()
def policy() -> None:
    """Check and test policies: the operator's rules, one file a policy.

    The form of a policy is described in docs/reference/policies.md.
    """


_files = click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
)
_signals = click.option(
    "--signals",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The signals that there are, as TOML.",
)


@policy.command(epilog="Example: leeward policy check harbour.yaml --signals signals.toml")
@_files
@_signals
@answered
def check(files: tuple[Path, ...], signals: Path | None, answer: Answer) -> None:
    """Say everything that is wrong with policies, as a compiler does.

    Nothing is read but the files. Ends with 2 where a policy does not check.
    """
    found = _read(files, signals)
    rules = sum(len(one.rules) for one in found)
    answer.one(
        {
            "policies": [
                {"policy": one.name, "version": one.version, "rules": len(one.rules)}
                for one in found
            ]
        },
        [f"{counted(len(found), 'file')}, {counted(rules, 'rule')}: nothing is wrong"],
    )


@policy.command(epilog="Example: leeward policy test harbour.yaml --signals signals.toml")
@_files
@_signals
@answered
def test(files: tuple[Path, ...], signals: Path | None, answer: Answer) -> None:
    """Run the cases that stand beside policies, and say where they end otherwise, and why.

    Ends with 1 where one does.
    """
    from leeward.errors import LeewardError
    from leeward.policy import run_cases

    tested = [run_cases(one) for one in _read(files, signals)]
    if answer.as_json:
        for one in tested:
            answer.one(_as_json(one), [])
    else:
        for one in tested:
            click.echo("\n".join(_as_lines(one)))
    failed = sum(one.failed for one in tested)
    if failed:
        raise LeewardError(
            f"{counted(failed, 'case')} ended otherwise than expected",
            hint="mend the rule or the case",
        )


def _read(files: tuple[Path, ...], signals: Path | None) -> list[Policy]:
    from leeward.errors import PolicyError
    from leeward.policy import compile_policies, problems_of, read_policy

    schema = _schema(signals)
    texts = [(str(path), _text(path)) for path in files]
    wrong = [problem for path, text in texts for problem in problems_of(text, schema, path)]
    if wrong:
        files_with = len({problem.path for problem in wrong})
        cause = PolicyError(
            f"{counted(len(wrong), 'problem')} in {counted(files_with, 'file')}",
            hint="see docs/reference/policies.md for the form, the fields and the functions",
        )
        lines = [f"{problem}\n" for problem in wrong]
        raise Unfinished(cause, {"problems": [_problem(problem) for problem in wrong]}, lines)
    found = [read_policy(text, schema, path) for path, text in texts]
    compile_policies(found)
    return found


def _problem(problem: PolicyProblem) -> dict[str, Any]:
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
    }


def _schema(signals: Path | None) -> Schema:
    from leeward.policy import event_schema, read_signals

    return event_schema([] if signals is None else read_signals(_text(signals), str(signals)))


def _text(path: Path) -> str:
    from leeward.errors import PolicyError

    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise PolicyError("the file is not UTF-8", where=str(path)) from None
    except OSError as error:
        raise PolicyError(
            "the file cannot be read", where=str(path), hint=error.strerror
        ) from error


def _as_json(one: Tested) -> dict[str, Any]:
    return {
        "policy": one.policy,
        "cases": one.cases,
        "failed": one.failed,
        "never_hit": one.never_hit,
        "differences": one.differences,
    }


def _as_lines(one: Tested) -> list[str]:
    lines = [str(difference) for difference in one.differences]
    lines += [f"no case shows that `{rule}` hits" for rule in one.never_hit]
    outcome = f"{one.failed} failed" if one.failed else "all as expected"
    return [*lines, f"{one.policy}: {counted(one.cases, 'case')}, {outcome}"]
