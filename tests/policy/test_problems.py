"""What is wrong with a policy, as whoever wrote it sees it: each file beside its rendering."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.errors import PolicyError
from leeward.policy import problems_of, read_policy
from leeward.policy._validators import VALIDATORS
from tests.policy._policies import SCHEMA, policy_text, rule_text

_FOLDER = Path(__file__).parent / "problems"
_FILES = sorted(_FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_a_problem_is_shown_with_its_place_and_what_to_do(path: Path) -> None:
    problems = problems_of(path.read_text(), SCHEMA, path.name)

    assert "\n\n".join(map(str, problems)) + "\n" == path.with_suffix(".txt").read_text()


def test_every_validator_has_such_a_file() -> None:
    assert {one.__name__ for one in VALIDATORS} <= {path.stem for path in _FILES}


def test_an_error_holds_everything_that_is_wrong_at_once() -> None:
    text = policy_text(rule_text('event.knd == "post"'), rule_text("1"), severity="hi")
    with pytest.raises(PolicyError) as caught:
        read_policy(text, SCHEMA, "gardens.yaml")

    assert caught.value.exit_code == 2
    assert caught.value.where == "gardens.yaml"
    assert caught.value.message.count("error: ") == 4


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a\n- b\n",
        "policy: [",
        "policy: a\npolicy: b\n",
        "a: &x [1]\nb: *x\n",
        "policy: !!python/object:os.system x\n",
        "policy: a\n---\npolicy: b\n",
        "? [a]\n: b\n",
        "policy: \x00",
        "[" * 500,
        "a: " * 3,
        "{" * 40 + "}" * 40,
        "x" * 300_000,
        "- a\n" * 25_000,
        "rules: x\ncases: y\nlet: z\n",
        "rules: [a, [b], {rule: [c]}]\ncases: [d, {given: e, expect: f}]\n",
        "\ufeffpolicy: a",
        "policy: a\r\nversion: 1\r\n",
    ],
    ids=range(18),
)
def test_any_file_is_read_or_refused_in_words(text: str) -> None:
    problems = problems_of(text, SCHEMA)

    assert problems
    assert all(one.message and str(one).startswith("error: ") for one in problems)


@pytest.mark.parametrize(
    ("line", "hint"),
    [("about: Boats: and nets.", "in quotes"), ("\tabout: Boats.", "with blanks")],
)
def test_what_yaml_refuses_most_is_told_with_what_to_do(line: str, hint: str) -> None:
    problems = problems_of(f"{line}\npolicy: gardens\n", SCHEMA)

    assert [hint in problem.hint for problem in problems] == [True]


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    (problem,) = problems_of("\n".join(lines), SCHEMA)

    assert problem.message == "anchors and aliases are not used here"


_WHOLE = policy_text(
    rule_text('seen and has_any(event.tags, ["sail"])', if_abstained="open_case"),
    let='  seen: event.kind == "post" and strangers.score / 2 > 0.4\n',
    cases="  - case: a\n    given: {strangers: hit 0.9, event.tags: [b]}\n    expect: {one: no}\n",
)
_SCRAPS = [
    "\n",
    "  ",
    "- ",
    ": ",
    "&a ",
    "*a",
    "!x ",
    "'",
    '"',
    "[",
    "}",
    "|\n",
    "not ",
    "(",
    "é",
    "\t",
]


@given(
    cuts=st.lists(
        st.tuples(
            st.integers(0, len(_WHOLE)),
            st.integers(0, 12),
            st.sampled_from(_SCRAPS) | st.text(max_size=3),
        ),
        max_size=4,
    )
)
def test_a_spoilt_policy_is_a_policy_or_a_list_of_problems(
    cuts: list[tuple[int, int, str]],
) -> None:
    text = _WHOLE
    for at, length, scrap in cuts:
        text = text[:at] + scrap + text[at + length :]
    lines = text.split("\n")

    for problem in problems_of(text, SCHEMA):
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


def test_the_policy_that_is_spoilt_above_is_right_in_itself() -> None:
    assert not problems_of(_WHOLE, SCHEMA)


@pytest.mark.parametrize("word", ["no", "on", "1:30", "0o17", "~", "2026-05-04", ".inf", "0x10"])
def test_words_that_yaml_takes_for_something_else_stay_texts(word: str) -> None:
    text = policy_text(rule_text('event.kind == "post"'), about=word)

    assert read_policy(text, SCHEMA).about == word


@pytest.mark.parametrize(
    "scalar",
    [
        'event.kind == "post" and event.knd == "x"',
        '\'event.kind == "post" and event.knd == "x"\'',
        '"event.kind == \\"post\\" and event.knd == \\"x\\""',
        '>\n      event.kind == "post"\n      and event.knd == "x"\n',
        '|\n      event.kind == "post" and\n\n        event.knd == "x"\n',
        'event.kind == "post"\n      and event.knd == "x"',
        '>-  # why\n      event.kind == "post" and event.knd == "x"',
    ],
    ids=range(7),
)
def test_the_caret_stands_under_the_name_however_the_condition_is_written(scalar: str) -> None:
    text = policy_text(rule_text("True")).replace("'True'", scalar)
    (problem,) = problems_of(text, SCHEMA)
    line = text.splitlines()[problem.line - 1]

    assert problem.message == "there is no field or signal `event.knd`"
    assert line[problem.column - 1 :].startswith("event.knd")


@pytest.mark.parametrize(
    "when",
    [
        "__import__('os')",
        "().__class__",
        "event.text.__class__",
        "(lambda: 1)()",
        "[x for x in event.tags]",
        "event.kind if True else event.op",
        "f'{event.kind}' == 'post'",
        "event.tags[0] == 'a'",
        "event.text == b'a'",
        "event.pictures == 1j",
        "event.pictures == ...",
        "event.pictures == 2 ** 60",
        "event.pictures == 99999999999999999999",
        "event.pictures == 1e999",
        "event.pictures // 2 == 1",
        "(x := 1) == 1",
        "event.text is None",
        "event.text == None",
        "not not " * 30 + "True",
        "(" * 300 + "True" + ")" * 300,
        "True and " * 600 + "True",
        "event.pictures == 1 # and event.kind",
        "event.text == '\u202e'",
        r"event.text == '\d'",
        r"event.text == '\ud800'",
        "event.kind = 'post'",
        "event.kind == 'post' && True",
        "len(event.text, event.text) > 1",
        "len(x=event.text) > 1",
        "at_least(3, True, True)",
        "min(1) == 1",
        "days(event.pictures) == days(1)",
        "event.at - 3 > days(1)",
        "event.at + event.at > days(1)",
        "event.text < event.lang",
        "event.tags == ['a']",
        "'' in event.text",
        "event.lang in event.text",
        "event.lang in []",
        "event.lang in ['a', 1]",
        "True == True",
        "event.text",
        "strangers",
        "harbour_bank.score > 1",
        "strangers.scores > 1",
        "",
        "*",
    ],
)
def test_what_is_not_part_of_the_language_is_refused_with_a_place(when: str) -> None:
    problems = problems_of(policy_text(rule_text(when)), SCHEMA)

    assert problems
    assert all(one.line >= 7 for one in problems)
