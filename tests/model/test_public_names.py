"""What the rooms offer, and the tree of errors as its docstring draws it."""

from __future__ import annotations

import re
import types
from typing import TYPE_CHECKING

import pytest

import leeward.console
import leeward.evaluate
import leeward.hashing
import leeward.model
import leeward.network
import leeward.pipeline
import leeward.policy
import leeward.signals
import leeward.simulate
import leeward.store
from leeward import errors

if TYPE_CHECKING:
    from types import ModuleType


ROOMS = [
    leeward.console,
    leeward.evaluate,
    leeward.hashing,
    leeward.model,
    leeward.network,
    leeward.pipeline,
    leeward.policy,
    leeward.signals,
    leeward.simulate,
    leeward.store,
]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_all_lists_every_public_name_in_order(room: ModuleType) -> None:
    public = {
        name
        for name, value in vars(room).items()
        if not name.startswith("_")
        and not (isinstance(value, types.ModuleType) and name != "bounds")
        and name != "annotations"
    }

    assert sorted(public, key=_rank) == room.__all__


def _rank(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions: the order that the linter keeps."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def test_errors_are_all_public() -> None:
    defined = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and value.__module__ == errors.__name__
    }

    assert sorted(defined) == errors.__all__


def _drawn() -> list[tuple[str, str, int | None]]:
    """The lines of the tree: a class, its parent, and the exit code where one is stated."""
    line = re.compile(r"^( *)[*x+] (\w+)\s+(?:\((?:exit code )?(\d)\))?", re.MULTILINE)
    stack: list[tuple[int, str]] = [(-1, "Exception")]
    drawn = []
    for indent, name, code in line.findall(str(errors.__doc__)):
        while stack[-1][0] >= len(indent):
            stack.pop()
        drawn.append((name, stack[-1][1], int(code) if code else None))
        stack.append((len(indent), name))
    return drawn


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn = {name: parent for name, parent, _ in _drawn()}
    real = {name: getattr(errors, name).__base__.__name__ for name in errors.__all__}

    assert drawn == real
    assert len(drawn) == len(_drawn())


def test_the_tree_states_where_an_exit_code_differs_from_the_parents() -> None:
    for name, parent, code in _drawn():
        inherited = getattr(getattr(errors, parent, None), "exit_code", None)
        stated = inherited if code is None else code
        assert getattr(errors, name).exit_code == stated, name


def test_an_error_reads_as_problem_place_and_next_step() -> None:
    error = errors.Corrupt("a file differs", where="log/x", hint="restore the last backup")

    assert str(error) == "a file differs\n  where: log/x\n  next:  restore the last backup"
    assert str(errors.LeewardError("no more")) == "no more"
    assert errors.Overloaded("the queue is full", retry_after=2.0).hint == "try again in 2 s"
