"""What conditions say: abstentions in words, laws that no rule can break, reading back."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leeward.errors import PolicyError, UsageError
from leeward.policy import (
    Field,
    Schema,
    Signal,
    compile_policies,
    problems_of,
    read_policy,
    row_of,
)
from leeward.policy._unknown import _counted
from leeward.policy._written import written
from tests.policy import _conditions
from tests.policy._policies import SCHEMA, policy, policy_text, rule_text

_VALUES = (True, False, None)
_RACING = Schema([Field(name=f"boat.{name}", kind="bool", about=name) for name in "ab"])


def _table(when: str) -> dict[tuple[bool | None, bool | None], bool | None]:
    """A condition over two truth values, each true, false or unknown."""
    text = policy_text(rule_text(when, if_abstained="abstain"))
    compiled = compile_policies([read_policy(text, _RACING)])
    pairs = [(a, b) for a in _VALUES for b in _VALUES]
    rows = [tuple({"boat.a": a, "boat.b": b}[name] for name in compiled.columns) for a, b in pairs]
    outcomes = {row: outcome for row, _, outcome in compiled.decide(rows)}
    return {pair: outcomes.get(at, False) for at, pair in enumerate(pairs)}


def test_unknown_goes_on_unless_the_rest_decides() -> None:
    both, either = _table("boat.a and boat.b"), _table("boat.a or boat.b")
    pairs = [(a, b) for a in _VALUES for b in _VALUES]

    # Kleene, Introduction to Metamathematics (1952), section 64: the strong tables.
    assert [both[pair] for pair in pairs] == [
        True, False, None,
        False, False, False,
        None, False, None,
    ]  # fmt: skip
    assert [either[pair] for pair in pairs] == [
        True, True, True,
        True, False, None,
        True, None, None,
    ]  # fmt: skip
    assert [_table("not boat.a and not boat.a")[a, True] for a in _VALUES] == [False, True, None]


@pytest.mark.parametrize(
    "when",
    [
        "strangers.score > 1",
        "strangers.hit",
        "strangers.miss",
        "not strangers.hit",
        'event.kind == "post" and strangers.hit',
        "strangers.abstained and strangers.hit",
        "account.followers > 3",
        "event.pictures / event.pictures > 1",
        "1e308 * event.pictures > 1",
        "not strangers.abstained and rare_text.score > 1",
        "not strangers.abstained and strangers.score > 1",
        "rare_text.oddness > 2",
        "not rare_text.abstained and rare_text.hit and rare_text.oddness > 2",
        "known(rare_text.score) and rare_text.oddness > 2",
        "at_least(1, strangers.hit, rare_text.hit)",
        "known(account.followers) or account.followers > 3",
    ],
)
def test_a_rule_says_what_follows_an_abstention(when: str) -> None:
    (problem,) = problems_of(policy_text(rule_text(when)), SCHEMA)

    assert "does not say what follows" in problem.message
    assert not problems_of(policy_text(rule_text(when, if_abstained="open_case")), SCHEMA)


@pytest.mark.parametrize(
    "when",
    [
        "not strangers.abstained and strangers.hit and strangers.score > 1",
        "strangers.abstained or strangers.hit",
        "strangers.abstained or (strangers.hit and strangers.score < 3)",
        "known(strangers.score) and strangers.hit",
        "known(rare_text.oddness) and rare_text.oddness > 2 and rare_text.hit",
        "known(strangers.score) and strangers.score > 1",
        "known(account.followers) and account.followers > 3",
        "event.pictures / 2 > 1",
        "known(1 / event.pictures) and 1 / event.pictures > 0.2",
        "event.pictures * event.pictures + 3 > 1",
        "at_least(1, strangers.abstained, strangers.hit)",
        'event.lang == "en"',
        "event.at - event.at > days(3)",
    ],
)
def test_a_condition_that_tests_for_it_needs_no_such_words(when: str) -> None:
    assert not problems_of(policy_text(rule_text(when)), SCHEMA)
    (problem,) = problems_of(policy_text(rule_text(when, if_abstained="no")), SCHEMA)
    assert problem.message == "this condition can always be computed"


@pytest.mark.parametrize(
    ("when", "cause", "fits"),
    [
        ("harbour_bank.hit", "hide", True),
        ("harbour_bank.hit and event.pictures > 0", "hide", True),
        ("not not harbour_bank.hit", "hide", True),
        ("(harbour_bank.hit and True) or harbour_bank.hit", "hide", True),
        ("at_least(2, harbour_bank.hit, event.pictures > 0)", "hide", True),
        ("garden_bank.hit", "protect", True),
        ("garden_bank.hit", "hide", False),
        ("harbour_bank.hit", "protect", False),
        ("strangers.hit", "hide", False),
        ("harbour_bank.hit or strangers.hit", "hide", False),
        ("at_least(1, harbour_bank.hit, event.pictures > 0)", "hide", False),
        ("not harbour_bank.hit", "hide", False),
        ("harbour_bank.miss", "hide", False),
        ("harbour_bank.abstained", "hide", False),
        ("known(harbour_bank.hit)", "hide", False),
    ],
)
def test_only_a_match_in_a_list_can_hide(when: str, cause: str, fits: bool) -> None:
    text = policy_text(
        rule_text(when, if_abstained="open_case", subject="media", causes=f"[{cause}]")
    )
    problems = [one.message for one in problems_of(text, SCHEMA) if "enough" in one.message]

    assert problems == ([] if fits else [f"this condition is not enough for `{cause}`"])


def test_an_abstention_causes_a_look_and_never_what_a_hit_does() -> None:
    from leeward.policy import RowReader, judge
    from tests.policy._policies import boat_event

    rule = rule_text("harbour_bank.hit", if_abstained="open_case", subject="media", causes="[hide]")
    compiled = compile_policies([policy(rule)])
    (verdict,) = judge(compiled, RowReader(compiled), [(boat_event(), {})])

    assert (verdict.outcome, verdict.causes) == ("abstained", ("open_case",))


@given(when=_conditions.conditions())
@example(when="not known(tide.score)")
@example(when="boat.racing and known(-9007199254740994.0)")
def test_a_condition_is_written_so_that_it_can_be_read_again(when: str) -> None:
    def tree(text: str) -> Any:
        for says in ("abstain", ""):
            whole = policy_text(rule_text(text, if_abstained=says))
            if not problems_of(whole, _conditions.SCHEMA):
                return read_policy(whole, _conditions.SCHEMA).rules[0].when
        raise AssertionError(problems_of(policy_text(rule_text(text)), _conditions.SCHEMA))

    first = tree(when)
    assert tree(written(first)) == first


def test_only_content_that_was_matched_is_hidden_by_itself() -> None:
    from leeward.policy import RowReader, judge
    from tests.policy._policies import boat_event, finding

    def causes(subject: str, kind: str) -> set[tuple[str, ...]]:
        rule = rule_text("harbour_bank.hit", if_abstained="no", subject=subject, causes="[hide]")
        compiled = compile_policies([policy(rule)])
        event = boat_event(kind=kind, target="post:9")
        rows = RowReader(compiled), [(event, {"harbour-bank": finding("harbour-bank", "hit")})]
        return {verdict.causes for verdict in judge(compiled, *rows)}

    assert causes("post", "post") == {("hide",)}
    assert causes("target", "flag") == {("open_case",)}, "the post complained about"
    assert causes("media", "post") == {("open_case",)}, "which of its pictures was it?"
    assert causes("post", "account") == {("open_case",)}


def test_names_stand_for_what_they_say() -> None:
    let = '  seen: event.kind == "post"\n  boats: \'["sail", "mast"]\'\n'
    let += "  both: seen and has_any(event.tags, boats)\n"
    (rule,) = policy(rule_text("both and event.pictures > 0"), let=let).rules

    assert written(rule.when) == (
        'event.kind == "post" and has_any(event.tags, ["sail", "mast"]) and event.pictures > 0'
    )


def test_a_row_of_another_type_is_refused_at_the_door() -> None:
    compiled = compile_policies([policy(rule_text('event.lang == "en"'))])
    with pytest.raises(PolicyError):
        row_of(compiled, {"event.lang": 3})


@pytest.mark.parametrize(
    ("fields", "signals"),
    [
        ([Field(name="Boat", kind="bool", about="x")], []),
        ([Field(name="boat.and", kind="bool", about="x")], []),
        ([Field(name="boat", kind="bool", about="x")] * 2, []),
        ([Field(name="tide.hit", kind="bool", about="x")], [Signal(name="tide", about="x")]),
        ([Field(name="boat", kind="boolean", about="x")], []),  # type: ignore[arg-type]
        ([], [Signal(name="rare-text", about="x"), Signal(name="rare_text", about="x")]),
        ([], [Signal(name="tide", about="x", may=frozenset({"open_case"}))]),
    ],
    ids=range(7),
)
def test_a_schema_that_cannot_be_is_refused(fields: list[Field], signals: list[Signal]) -> None:
    with pytest.raises(UsageError):
        Schema(fields, signals)


def test_names_that_are_one_are_told() -> None:
    with pytest.raises(UsageError) as caught:
        Schema([], [Signal(name="rare-text", about="x"), Signal(name="rare_text", about="x")])
    assert caught.value.where == "rare_text"
    field = Field(name="tide.hit", kind="bool", about="x")
    with pytest.raises(UsageError) as caught:
        Schema([field], [Signal(name="tide", about="x")])
    assert (caught.value.where, bool(caught.value.hint)) == ("tide.hit", True)


def test_policies_that_run_together_have_names_of_their_own() -> None:
    one = policy(rule_text('event.lang == "en"'))
    for several in ([], [one, one]):
        with pytest.raises(PolicyError):
            compile_policies(several)


def test_known_inside_known_does_not_double_the_generated_text() -> None:
    def size(levels: int) -> int:
        when = "strangers.hit"
        for _ in range(levels):
            when = f"known({when} and account.followers > 3)"
        return len(compile_policies([policy(rule_text(when))]).python)

    assert size(16) < 3 * size(8) < 9 * size(4)


@given(
    parts=st.lists(
        st.sets(st.sampled_from([True, False, None]), min_size=1).map(frozenset), max_size=6
    ),
    least=st.integers(1, 6),
)
def test_what_may_come_of_counting_is_what_comes_of_every_choice(
    parts: list[frozenset[bool | None]], least: int
) -> None:
    every = {
        True
        if chosen.count(True) >= least
        else False
        if chosen.count(True) + chosen.count(None) < least
        else None
        for chosen in itertools.product(*parts)
    }

    assert _counted(least, parts) == every
