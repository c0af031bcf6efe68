"""``leeward policy``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from leeward.cli._options import answered, counted
from leeward.cli._policy_backtest import backtest
from leeward.cli._policy_difference import difference
from leeward.cli._policy_explain import explain
from leeward.cli._policy_input import data_or_not, files_or_in_force, read, signals_option
from leeward.cli._policy_ready import ready

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.cli._options import Answer
    from leeward.policy import Tested

__all__ = ["policy"]


@click.group()
def policy() -> None:
    """Check, test and explain policies: the operator's rules, one file a policy.

    The policies in force lie in DIR/policies. Their form is described in
    docs/reference/policies.md.
    """


@policy.command(epilog="Example: leeward policy check harbour.yaml --signals signals.toml")
@files_or_in_force
@signals_option
@data_or_not
@answered
def check(files: tuple[Path, ...], signals: Path | None, data: Path | None, answer: Answer) -> None:
    """Say everything that is wrong with policies, as a compiler does.

    With --data the signals are those of the installation, and a version that judged there must
    have the same rules; without FILE its policies in force are checked. Nothing is changed. Ends
    with 2 where a policy does not check.
    """
    from leeward.pipeline import check_versions

    found = read(files, signals, data)
    if data is not None:
        check_versions(data, found)
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
@files_or_in_force
@signals_option
@data_or_not
@answered
def test(files: tuple[Path, ...], signals: Path | None, data: Path | None, answer: Answer) -> None:
    """Run the cases that stand beside policies, and say where they end otherwise, and why.

    Ends with 1 where one does.
    """
    from leeward.errors import LeewardError
    from leeward.policy import run_cases

    tested = [run_cases(one) for one in read(files, signals, data)]
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


for _command in (backtest, difference, explain, ready):
    policy.add_command(_command)
