"""Ready-made policies: what somebody gets who copies one."""

from __future__ import annotations

from importlib import resources

import pytest

from leeward.errors import UsageError
from leeward.policy import (
    READY,
    compile_policies,
    event_schema,
    read_policy,
    ready_policy,
    ready_signals,
    run_cases,
)

_SCHEMA = event_schema(ready_signals())


@pytest.mark.parametrize("name", READY)
def test_its_cases_show_each_rule_hit_and_keep_quiet(name: str) -> None:
    policy = read_policy(ready_policy(name), _SCHEMA, f"{name}.yaml")
    tested = run_cases(policy)

    assert (tested.differences, tested.never_hit) == ((), ())
    for rule in policy.rules:
        ends = {case.expect.get(rule.name) for case in policy.cases}
        assert {"hit", "no"} <= ends, rule.name


@pytest.mark.parametrize("name", READY)
def test_it_only_asks_a_person_to_look(name: str) -> None:
    policy = read_policy(ready_policy(name), _SCHEMA)
    by_itself = [rule for rule in policy.rules if not {"open_case", "raise_case"} >= {*rule.causes}]

    assert policy.name == name
    assert policy.stands_on.startswith("Replace this")
    assert [rule.name for rule in by_itself] == ["verified-match"] * (name == "known-hash-upload")


def test_every_file_is_listed_and_all_of_them_run_together() -> None:
    folder = resources.files("leeward.policy") / "ready"
    files = {entry.name.removesuffix(".yaml") for entry in folder.iterdir()}

    assert files == {*READY, "signals.toml"}
    compile_policies([read_policy(ready_policy(name), _SCHEMA) for name in READY])


def test_a_name_that_is_none_is_answered_with_one_like_it() -> None:
    with pytest.raises(UsageError) as caught:
        ready_policy("age-pol")

    assert caught.value.hint == "did you mean `age-poll`?"
