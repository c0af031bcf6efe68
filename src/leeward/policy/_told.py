"""A policy's file as words: what stands in it, without asking whether it checks today.

A verdict of last year may come from a policy that reads a signal that there is no more.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from leeward.policy._draft import text_at
from leeward.policy._source import Source
from leeward.policy._yaml import Listed, Mapped, Text, read_yaml

__all__ = ["Told", "ToldRule", "told"]


@dataclass(frozen=True)
class ToldRule:
    """A rule as it is written: what it finds, and its condition."""

    about: str = ""
    when: str = ""


@dataclass(frozen=True)
class Told:
    """A policy as it is written.

    Attributes:
        about: What it finds.
        stands_on: The published rules that it enforces.
        names: What ``let`` names, as it is written.
        rules: By name.
    """

    about: str = ""
    stands_on: str = ""
    names: dict[str, str] = field(default_factory=dict)
    rules: dict[str, ToldRule] = field(default_factory=dict)


def told(text: str) -> Told:
    """What stands in a policy's file; what cannot be read is left out."""
    root, _ = read_yaml(Source("policy", text))
    if not isinstance(root, Mapped):
        return Told()
    lets, rules = root.get("let"), root.get("rules")
    names = [
        (key.value, value.value)
        for key, value in (lets.items if isinstance(lets, Mapped) else ())
        if isinstance(value, Text)
    ]
    nodes = rules.items if isinstance(rules, Listed) else ()
    return Told(
        about=_at(root, "about"),
        stands_on=_at(root, "stands_on"),
        names={name: " ".join(value.split()) for name, value in names},
        rules={
            _at(node, "rule"): ToldRule(_at(node, "about"), " ".join(_at(node, "when").split()))
            for node in nodes
            if isinstance(node, Mapped)
        },
    )


def _at(node: Mapped, key: str) -> str:
    found = text_at(node, key)
    return "" if found is None else found.value.strip()
