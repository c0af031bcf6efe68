"""A small policy, and the signals that it reads."""

from __future__ import annotations

from typing import Any, Final

from leeward.model import Event, Finding, MediaRef
from leeward.policy import Field, Policy, Signal, Value, event_schema, read_policy

__all__ = ["SCHEMA", "boat_event", "finding", "policy", "policy_text", "rule_text"]

SCHEMA: Final = event_schema(
    [
        Signal(name="strangers", about="many strangers passed it on", unit="a share"),
        Signal(
            name="rare-text",
            about="words that are rare elsewhere",
            unit="log-odds",
            values=(Value("oddness", "how rare, in bits"), Value("messages", "how many it saw")),
        ),
        Signal(
            name="harbour-bank",
            about="in the harbour master's list",
            scored=False,
            may=frozenset({"hide"}),
        ),
        Signal(
            name="garden-bank",
            about="a garden whose owner asked",
            scored=False,
            may=frozenset({"protect"}),
        ),
    ],
    [Field(name="account.followers", kind="int", about="how many follow it")],
)


def rule_text(when: str, name: str = "one", **keys: str) -> str:
    """A rule in YAML."""
    keys = {
        "subject": "account",
        "causes": "[open_case]",
        "daily_quota": "10",
        **keys,
    }
    quoted = when.replace("'", "''")
    lines = [f"  - rule: {name}", f"    when: '{quoted}'"]
    lines += [f"    {key}: {value}" for key, value in keys.items() if value]
    return "\n".join(lines) + "\n"


def policy_text(*rules: str, let: str = "", cases: str = "", **keys: str) -> str:
    """A policy in YAML."""
    keys = {
        "policy": "gardens",
        "version": "1",
        "about": "Pictures of gardens.",
        "stands_on": "Harbour rules, 4.2.",
        "severity": "low",
        **keys,
    }
    head = "".join(f"{key}: {value}\n" for key, value in keys.items() if value)
    names = f"let:\n{let}" if let else ""
    tests = f"cases:\n{cases}" if cases else ""
    return f"{head}{names}rules:\n{''.join(rules)}{tests}"


def policy(*rules: str, let: str = "", cases: str = "", **keys: str) -> Policy:
    """A checked policy."""
    return read_policy(policy_text(*rules, let=let, cases=cases, **keys), SCHEMA, "gardens.yaml")


def boat_event(seq: int = 1, **keys: Any) -> Event:
    """A post about boats."""
    values: dict[str, Any] = {
        "id": f"harbour:post:{seq}@1#create",
        "source": "harbour",
        "kind": "post",
        "op": "create",
        "at": 1_700_000_000_000_000 + seq,
        "actor": "boat:1",
        "object": f"post:{seq}",
        "text": "the tide turns",
        "folded": "the tide turns",
        "media": (MediaRef(uri=f"picture:{seq}"),),
        "seq": seq,
    }
    return Event(**{**values, **keys})


def finding(signal: str, outcome: Any, score: float | None = None) -> Finding:
    """What a signal said of an event."""
    return Finding(
        seq=1,
        signal=signal,
        version="1",
        subject="post:1",
        outcome=outcome,
        at=1_700_000_000_000_000,
        score=score,
    )
