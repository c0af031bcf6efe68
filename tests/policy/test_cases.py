"""Cases beside a policy: what is given, what is expected, and how a difference reads."""

from __future__ import annotations

import pytest

from leeward.policy import problems_of, run_cases
from tests.policy._policies import SCHEMA, policy, policy_text, rule_text

_RULE = rule_text(
    'event.kind == "post" and strangers.score >= 0.8 and "sail" in event.tags',
    if_abstained="open_case",
)


def _case(*given: str, expect: str = "hit") -> str:
    lines = "".join(f"      {line}\n" for line in given)
    return f"  - case: boats\n    given:\n{lines}    expect:\n      one: {expect}\n"


def test_a_case_that_ends_as_expected_shows_that_its_rule_hits() -> None:
    case = _case("event.kind: post", "strangers: hit 0.9", "event.tags: ['#Sail']")
    tested = run_cases(policy(_RULE, cases=case))

    assert (tested.cases, tested.failed, tested.differences, tested.never_hit) == (1, 0, (), ())


def test_a_difference_says_where_and_why() -> None:
    case = _case("event.kind: post", "strangers: miss 0.72", "event.tags: [sail]")
    tested = run_cases(policy(_RULE, cases=case))
    (difference,) = tested.differences

    assert tested.failed == 1
    assert tested.never_hit == ("one",)
    assert str(difference) == (
        "gardens.yaml:20: boats\n"
        "  one: expected hit, came out as no, because\n"
        "    strangers.score >= 0.8  is false; strangers.score is 0.72"
    )


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        (["event.kind: post", "event.tags: [sail]"], "abstained"),
        (["event.kind: post", "event.tags: [sail]", "strangers: abstained"], "abstained"),
        (["event.kind: like", "event.tags: [sail]"], "no"),
        (["strangers: hit 1"], "no"),
    ],
)
def test_what_is_not_given_is_absent(given: list[str], expect: str) -> None:
    assert not run_cases(policy(_RULE, cases=_case(*given, expect=expect))).differences


@pytest.mark.parametrize(
    ("given", "when"),
    [
        ("event.text: Red SAILS", '"red sails" in event.text'),
        ("event.pictures: 3", "event.pictures == 3"),
        ("account.followers: 4", "known(account.followers) and account.followers == 4"),
        ("event.at: 2026-05-04T12:00:00Z", "event.at - event.at == days(0)"),
        ("event.visibility: public", 'event.visibility == "public"'),
    ],
)
def test_values_are_given_as_their_field_has_them(given: str, when: str) -> None:
    assert not run_cases(policy(rule_text(when), cases=_case(given))).differences


@pytest.mark.parametrize(
    "given",
    [
        "event.kind: posts",
        "event.kind: [post]",
        "event.tags: sail",
        "event.pictures: three",
        "event.pictures: 2.5",
        "event.pictures: 99999999999999999999",
        "event.at: yesterday",
        "event.at: 2026-05-04T12:00:00",
        "strangers: 0.9",
        "strangers: hit",
        "strangers: abstained 1",
        "strangers: hit nan",
        "harbour_bank: hit 1",
        "strangers.score: 0.9",
        "nobody: hit",
    ],
)
def test_what_cannot_be_given_is_a_problem_of_the_policy(given: str) -> None:
    rule = rule_text('event.kind == "post"')
    (problem,) = problems_of(policy_text(rule, cases=_case(given)), SCHEMA)

    assert problem.hint or problem.message
