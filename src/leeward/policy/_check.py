"""From the text of a file to a checked policy, or to everything that is wrong with it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from leeward.errors import PolicyError
from leeward.policy._draft import Draft, DraftRule, drafted, text_at, texts_at
from leeward.policy._given import given_value
from leeward.policy._policy import Case, Policy, Rule
from leeward.policy._source import PolicyProblem, Problem, Source, Span, placed
from leeward.policy._validators import VALIDATORS
from leeward.policy._yaml import Mapped, Text, read_yaml

if TYPE_CHECKING:
    from leeward.model import Severity, VerdictCause
    from leeward.policy._schema import Schema
    from leeward.policy._shape import Abstained

__all__ = ["check_policy", "problems_of", "read_policy"]


def read_policy(text: str, schema: Schema, path: str = "policy") -> Policy:
    """The policy that a file holds.

    Args:
        text: The file.
        schema: What its conditions may read.
        path: What to call the file in errors.

    Raises:
        PolicyError: It does not check; the message shows everything that is wrong with it.
    """
    found = check_policy(text, schema, path)
    if isinstance(found, Policy):
        return found
    shown = "\n\n".join(map(str, placed(Source(path, text), found)))
    raise PolicyError(
        f"the policy does not check\n\n{shown}\n",
        where=path,
        hint="mend it; `leeward policy check` looks at it again",
    )


def problems_of(text: str, schema: Schema, path: str = "policy") -> list[PolicyProblem]:
    """Everything that is wrong with a policy; empty where nothing is."""
    found = check_policy(text, schema, path)
    return [] if isinstance(found, Policy) else placed(Source(path, text), found)


def check_policy(text: str, schema: Schema, path: str = "policy") -> Policy | list[Problem]:
    """The policy that a file holds, or what is wrong with it."""
    source = Source(path, text)
    root, problems = read_yaml(source)
    if root is not None and not isinstance(root, Mapped):
        hint = "begin with `policy: NAME`"
        problems.append(Problem("a policy holds names and values", Span(0, 1), hint))
    if not isinstance(root, Mapped):
        return problems
    draft = drafted(source, schema, root, problems)
    for validator in VALIDATORS:
        problems.extend(validator(draft))
    return problems or _policy(draft)


def _policy(draft: Draft) -> Policy:
    severity = cast("Severity", _text(draft.root, "severity"))
    shadow = text_at(draft.root, "shadow")
    return Policy(
        name=_text(draft.root, "policy"),
        version=int(_text(draft.root, "version")),
        about=_text(draft.root, "about").strip(),
        stands_on=_text(draft.root, "stands_on").strip(),
        severity=severity,
        shadow=shadow is not None and shadow.value == "true",
        rules=tuple(_rule(rule, severity) for rule in draft.rules),
        cases=tuple(_case(case, draft.schema) for case in draft.cases),
        source=draft.source,
        schema=draft.schema,
    )


def _rule(draft: DraftRule, severity: Severity) -> Rule:
    assert draft.when is not None, "a rule without a condition is a problem"  # noqa: S101 - ours
    about, says = text_at(draft.node, "about"), text_at(draft.node, "if_abstained")
    own = text_at(draft.node, "severity")
    return Rule(
        name=draft.name,
        about="" if about is None else about.value.strip(),
        when=draft.when,
        if_abstained=None if says is None else cast("Abstained", says.value),
        subject=_text(draft.node, "subject"),
        causes=tuple(
            dict.fromkeys(cast("VerdictCause", one.value) for one in texts_at(draft.node, "causes"))
        ),
        severity=severity if own is None else cast("Severity", own.value),
        daily_quota=int(_text(draft.node, "daily_quota")),
    )


def _case(node: Mapped, schema: Schema) -> Case:
    given: dict[str, object] = {}
    for key, value in _items(node, "given"):
        given |= given_value(key, value, schema)
    expect = [(key, value) for key, value in _items(node, "expect") if isinstance(value, Text)]
    return Case(
        name=_text(node, "case"),
        given=given,
        expect={key.value: value.value for key, value in expect},
        span=node.items[0][0].span,
        places={key.value: key.span for key, _ in expect},
    )


def _items(node: Mapped, key: str) -> list[tuple[Text, Text | Mapped]]:
    found = node.get(key)
    return list(found.items) if isinstance(found, Mapped) else []  # type: ignore[arg-type]


def _text(node: Mapped, key: str) -> str:
    found = text_at(node, key)
    return "" if found is None else found.value
