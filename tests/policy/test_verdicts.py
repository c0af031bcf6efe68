"""From events to verdicts: whom they are about, why, what follows, and when a rule stops."""

from __future__ import annotations

import math
from typing import Any

import pytest

from leeward.model import Event, Finding, MediaRef, Verdict
from leeward.policy import (
    Compiled,
    RowReader,
    Spent,
    collect,
    compile_policies,
    judge,
    meter,
    subjects_of,
)
from tests.policy._policies import boat_event, finding, policy, rule_text

_DAY = 86_400_000_000


def _judged(compiled: Compiled, *events: tuple[Event, dict[str, Finding]]) -> list[Verdict]:
    reader = RowReader(compiled, {"account.followers": lambda _: 12})
    return judge(compiled, reader, list(events))


def test_a_verdict_says_who_why_and_what_follows() -> None:
    rule = rule_text(
        'event.kind == "post" and strangers.score >= 0.8 and account.followers < 20',
        if_abstained="abstain",
        causes="[open_case, raise_case]",
        severity="high",
    )
    compiled = compile_policies([policy(rule, version="3")])
    (verdict,) = _judged(compiled, (boat_event(7), {"strangers": finding("strangers", "hit", 0.9)}))

    assert (verdict.seq, verdict.policy, verdict.version, verdict.rule) == (7, "gardens", 3, "one")
    assert (verdict.outcome, verdict.severity) == ("hit", "high")
    assert verdict.causes == ("open_case", "raise_case")
    assert (verdict.subject_kind, verdict.subject) == ("account", "boat:1")
    assert [(part.says, part.holds, part.values) for part in verdict.operands] == [
        ('event.kind == "post"', True, ()),
        ("strangers.score >= 0.8", True, (("strangers.score", 0.9),)),
        ("account.followers < 20", True, (("account.followers", 12),)),
    ]


def test_no_text_of_an_event_is_in_a_verdict() -> None:
    when = 'len(event.text) > 3 and event.text != "quay" and not (event.lang in ["en"])'
    compiled = compile_policies([policy(rule_text(when))])
    event = boat_event(text="canary words", folded="canary words", lang="canary")
    (verdict,) = _judged(compiled, (event, {}))

    assert "canary" not in str(verdict.operands)
    assert verdict.operands[0].values == (("len(event.text)", 12),)


def test_only_the_part_that_holds_carries_an_or() -> None:
    rule = rule_text("strangers.hit or rare_text.score > 2", if_abstained="abstain")
    compiled = compile_policies([policy(rule)])
    findings = {
        "strangers": finding("strangers", "miss", 0.1),
        "rare-text": finding("rare-text", "hit", 3.5),
    }
    (verdict,) = _judged(compiled, (boat_event(), findings))

    assert [part.says for part in verdict.operands] == ["rare_text.score > 2"]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"strangers": finding("strangers", "abstained")},
        {"strangers": finding("strangers", "hit")},
        {"strangers": finding("strangers", "hit", math.nan)},
        {"strangers": finding("strangers", "miss", math.inf)},
    ],
    ids=["none", "abstained", "no score", "not a number", "infinite"],
)
def test_what_could_not_be_computed_is_not_read_as_clear(said: dict[str, Finding]) -> None:
    rules = [
        rule_text("strangers.hit", "look", if_abstained="open_case"),
        rule_text("strangers.hit", "keep", if_abstained="abstain"),
        rule_text("strangers.hit", "pass-over", if_abstained="no"),
        rule_text("strangers.abstained", "ask"),
    ]
    found = _judged(compile_policies([policy(*rules)]), (boat_event(), said))

    assert [(one.rule, one.outcome, one.causes) for one in found] == [
        ("look", "abstained", ("open_case",)),
        ("keep", "abstained", ()),
        ("ask", "hit", ("open_case",)),
    ]


@pytest.mark.parametrize(
    ("subject", "event", "expected"),
    [
        ("account", {}, [("account", "boat:1")]),
        ("post", {}, [("post", "post:1")]),
        ("post", {"kind": "account", "object": "boat:1"}, [("account", "boat:1")]),
        ("target", {"kind": "repost", "target": "post:9"}, [("post", "post:9")]),
        ("target", {"kind": "follow", "target": "boat:9"}, [("account", "boat:9")]),
        ("thread", {"root": "post:3"}, [("thread", "post:3")]),
        ("thread", {}, [("thread", "post:1")]),
        ("community", {"community": "pier:1"}, [("community", "pier:1")]),
        ("community", {}, [("post", "post:1")]),
        ("tag", {"tags": ("tide", "sail", "tide")}, [("tag", "tide"), ("tag", "sail")]),
        ("media", {"media": (MediaRef(uri="a"), MediaRef())}, [("media", "a")]),
        ("media", {"media": ()}, [("post", "post:1")]),
    ],
)
def test_a_verdict_is_about_its_subject_or_else_about_what_came_to_be(
    subject: Any, event: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert subjects_of(subject, boat_event(**event)) == expected


def test_what_follows_is_collected_once_a_subject() -> None:
    rules = [
        rule_text('event.kind == "post"', "a", causes="[raise_case]"),
        rule_text('event.op == "create"', "b", causes="[open_case]", severity="critical"),
        rule_text('event.op == "create"', "c", subject="post"),
    ]
    shadow = policy(rule_text('event.kind == "post"'), policy="quiet", shadow="true")
    compiled = compile_policies([policy(*rules), shadow])
    found = _judged(compiled, (boat_event(1), {}), (boat_event(2), {}))
    account, *posts = collect(found)

    assert len(found) == 8
    assert (account.subject, account.severity) == ("boat:1", "critical")
    assert account.causes == ("open_case", "raise_case")
    assert len(account.verdicts) == 4
    assert [one.subject for one in posts] == ["post:1", "post:2"]
    assert "boat:1" not in repr(account)


def test_a_rule_over_its_quota_says_so_once_and_loses_nothing() -> None:
    compiled = compile_policies([policy(rule_text('event.kind == "post"', daily_quota="3"))])
    day = 20_000 * _DAY
    events = [boat_event(n, seen=day + n) for n in range(5)]
    events += [boat_event(9, seen=day + _DAY), boat_event(10, seen=day)]
    found = _judged(compiled, *((event, {}) for event in events))
    done = meter(found, compiled, {})

    assert [one.seq for one in done.passed] == [0, 1, 2, 3, 9, 10]
    assert [one.outcome for one in done.passed] == ["hit"] * 3 + ["overflow"] + ["hit"] * 2
    assert [one.seq for one in done.withheld] == [3, 4]
    assert done.spent == {"gardens/one": Spent(20_001, 2)}
    overflow = done.passed[3]
    assert (overflow.subject_kind, overflow.subject) == ("rule", "gardens/one")
    assert overflow.causes == ("open_case",)


@pytest.mark.parametrize("says", ["abstain", "open_case"])
def test_abstentions_leave_what_hits_its_room(says: str) -> None:
    rule = rule_text("strangers.hit", if_abstained=says, daily_quota="2")
    compiled = compile_policies([policy(rule)])
    hit = finding("strangers", "hit", 1.0)
    events = [(boat_event(n, seen=n), {"strangers": hit} if n > 3 else {}) for n in range(7)]
    done = meter(_judged(compiled, *events), compiled, {})

    assert [(one.seq, one.outcome, one.causes != ()) for one in done.passed] == [
        (0, "abstained", says == "open_case"),
        (1, "abstained", says == "open_case"),
        (2, "overflow", says == "open_case"),
        (4, "hit", True),
        (5, "hit", True),
        (6, "overflow", True),
    ]
    assert [one.seq for one in done.withheld] == [2, 3, 6]


def test_quotas_do_not_depend_on_where_a_batch_ends() -> None:
    compiled = compile_policies([policy(rule_text('event.kind == "post"', daily_quota="4"))])
    found = _judged(compiled, *((boat_event(n, seen=n * _DAY // 5), {}) for n in range(20)))
    whole = meter(found, compiled, {})
    spent: dict[str, Spent] = {}
    passed, withheld = [], []
    for verdict in found:
        one = meter([verdict], compiled, spent)
        spent = one.spent
        passed += one.passed
        withheld += one.withheld

    assert (passed, withheld, spent) == tuple(whole)


def test_a_reader_says_which_field_nothing_gives() -> None:
    from leeward.errors import PolicyError

    rule = rule_text("account.followers > 3", if_abstained="no")
    with pytest.raises(PolicyError) as caught:
        RowReader(compile_policies([policy(rule)]))
    assert caught.value.where == "account.followers"


def test_text_that_the_log_did_not_fold_is_folded_at_the_door() -> None:
    compiled = compile_policies([policy(rule_text('"sail" in event.text'))])
    event = boat_event(text="Red SAILS", folded=None)

    assert len(_judged(compiled, (event, {}))) == 1
