"""Pages about policies: a backtest, and the difference that shadow mode shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from leeward.console import _text
from leeward.console._policy_shapes import Fact, balance, daily
from leeward.console._templates import allowed, environment, source
from leeward.console._text import count, share
from leeward.store import write_whole

if TYPE_CHECKING:
    from os import PathLike

    from jinja2 import Environment

    from leeward.pipeline import (
        Backtested,
        Changed,
        Difference,
        DifferentPolicy,
        DifferentRule,
        Labelled,
        PolicyBacktested,
        RuleBacktested,
        Sides,
    )

__all__ = [
    "backtest_page",
    "difference_page",
    "write_backtest_page",
    "write_difference_page",
]

_HOLDS: Final = {True: "held", False: "did not hold", None: "could not be computed"}
_MARKS: Final = {"hit": "same", "newly": "new", "no longer": "now"}
_SIDES: Final = {
    "shadow": ("new", "Only in shadow mode"),
    "current": ("now", "Only in force"),
}


def backtest_page(found: Backtested, *, title: str = "Tested on the past") -> str:
    """What a backtest says, as one HTML page that holds all it needs and has no script."""
    return _render(
        "backtest.html.j2",
        title=title,
        of=found,
        window=_window(found.since, found.until) if found.events else "nothing",
        policies=[_policy(policy) for policy in found.policies],
        marks=_MARKS,
    )


def difference_page(found: Difference, *, title: str = "What shadow mode says") -> str:
    """What runs in shadow mode says otherwise, as such a page."""
    days = "All that is stored" if found.days is None else f"The last {count(found.days)} days"
    return _render(
        "difference.html.j2",
        title=title,
        window=f"{days}, up to {_stamped(found.until)}." if found.until else "The log is empty.",
        policies=[_different(policy) for policy in found.policies],
    )


def write_backtest_page(path: str | PathLike[str], found: Backtested) -> Path:
    """Write the page to a file that only its owner may read; whole, or not at all.

    Raises:
        StoreError: The file cannot be written.
    """
    return _write(path, backtest_page(found))


def write_difference_page(path: str | PathLike[str], found: Difference) -> Path:
    """The same for what runs in shadow mode.

    Raises:
        StoreError: The file cannot be written.
    """
    return _write(path, difference_page(found))


def _write(path: str | PathLike[str], text: str) -> Path:
    file = Path(path)
    write_whole(file, text.encode())
    return file


# --- a backtest --------------------------------------------------------------------------------


def _policy(policy: PolicyBacktested) -> dict[str, Any]:
    facts = [Fact(count(policy.subjects), "subjects that any of its rules hits")]
    facts += _changed_facts(policy.changed)
    facts += _labelled_facts(policy.labelled)
    return {
        "of": policy,
        "facts": facts,
        "balance": _changed_balance(policy.subjects, policy.changed),
        "rules": [_rule(rule) for rule in policy.rules],
    }


def _rule(rule: RuleBacktested) -> dict[str, Any]:
    facts = [
        Fact(count(rule.hits), "hits"),
        Fact(count(rule.subjects), "subjects"),
        Fact(count(rule.abstained), "abstained"),
    ]
    if rule.cut:
        facts.append(Fact(count(rule.cut), f"beyond the quota of {count(rule.daily_quota)} a day"))
    facts += _changed_facts(rule.changed)
    facts += _labelled_facts(rule.labelled)
    days = [(day.day, [("hits", day.hits), ("abstained", day.abstained)]) for day in rule.days]
    words = f"{rule.rule}: hits and abstentions a day"
    return {
        "of": rule,
        "facts": facts,
        "chart": daily(days, stacked=True, words=words, quota=rule.daily_quota),
    }


def _changed_facts(changed: Changed | None) -> list[Fact]:
    if changed is None:
        return []
    return [
        Fact(_with_sign("+", changed.newly_subjects), "subjects newly", "new"),
        Fact(_with_sign("\N{MINUS SIGN}", changed.no_longer_subjects), "subjects no longer", "now"),
    ]


def _with_sign(sign: str, many: int) -> str:
    return f"{sign}{count(many)}" if many else "0"


def _labelled_facts(labelled: Labelled) -> list[Fact]:
    if labelled.precision is None:
        return []
    known = labelled.offender + labelled.innocent
    words = f"of {count(known)} labelled subjects are labelled offender"
    return [Fact(share(labelled.precision), words)]


def _changed_balance(subjects: int, changed: Changed | None) -> Any:
    if changed is None:
        return None
    return balance(
        [
            ("now", changed.no_longer_subjects, "no longer"),
            ("same", subjects - changed.newly_subjects, "hit by both"),
            ("new", changed.newly_subjects, "newly"),
        ]
    )


# --- shadow mode -------------------------------------------------------------------------------


def _different(policy: DifferentPolicy) -> dict[str, Any]:
    days = [(day, [("now", now), ("new", new)]) for day, now, new in policy.days]
    sides = [
        {"kind": kind, "words": words, "samples": some}
        for side, (kind, words) in _SIDES.items()
        if (some := [one for one in policy.samples if one.side == side])
    ]
    return {
        "of": policy,
        "balance": _sides_balance(policy.subjects),
        "chart": daily(days, stacked=False, words="hits a day, in force and in shadow mode"),
        "rules": [_different_rule(rule) for rule in policy.rules],
        "samples": sides,
    }


def _different_rule(rule: DifferentRule) -> dict[str, Any]:
    now, new = rule.hits
    facts = [
        Fact(count(now), "hits in force", "now"),
        Fact(count(new), "hits in shadow mode", "new"),
        Fact(count(rule.subjects.both), "subjects that both hit"),
        Fact(count(rule.subjects.only_current), "subjects only in force", "now"),
        Fact(count(rule.subjects.only_shadow), "subjects only in shadow mode", "new"),
    ]
    if any(rule.abstained):
        facts.append(
            Fact(" / ".join(map(count, rule.abstained)), "abstained, in force / in shadow")
        )
    if any(rule.overflows):
        facts.append(Fact(" / ".join(map(count, rule.overflows)), "days with a used up quota"))
    said = (now or rule.abstained[0], new or rule.abstained[1])
    side = "" if all(said) else "says something in force only" if said[0] else "in shadow mode only"
    return {"of": rule, "facts": facts, "balance": _sides_balance(rule.subjects), "side": side}


def _sides_balance(sides: Sides) -> Any:
    return balance(
        [
            ("now", sides.only_current, "only in force"),
            ("same", sides.both, "both"),
            ("new", sides.only_shadow, "only in shadow mode"),
        ]
    )


# --- rendering ---------------------------------------------------------------------------------


def _render(template: str, **values: Any) -> str:
    style = Markup(source("page.css") + source("policy.css"))  # noqa: S704 - our own files
    return (
        _environment()
        .get_template(template)
        .render(style=style, style_hash=allowed(style), holds=_HOLDS, **values)
    )


@cache
def _environment() -> Environment:
    return environment(
        count=count,
        isolated=_text.isolated,
        measured=_measured,
        share=share,
        stamped=_stamped,
        visible=_text.visible,
    )


def _measured(value: float | bool | None) -> str:
    if value is None:
        return "not known"
    return str(value).lower() if isinstance(value, bool) else f"{value:,.4g}"


def _stamped(micros: int) -> str:
    try:
        return (
            f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros):%Y-%m-%d %H:%MZ}"
        )
    except OverflowError:
        return "after the year 9999"


def _window(since: int, until: int) -> str:
    first, last = _stamped(since)[:10], _stamped(until)[:10]
    return first if first == last else f"{first} to {last}"
