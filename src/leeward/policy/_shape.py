"""The form of a policy file: which keys there are, which are needed, and what stands at them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from leeward.model import SEVERITIES, VERDICT_CAUSES

__all__ = [
    "CASE",
    "FOUND",
    "IF_ABSTAINED",
    "KEYS",
    "POLICY",
    "RULE",
    "SUBJECTS",
    "Abstained",
    "Key",
    "Subject",
]

Abstained: TypeAlias = Literal["open_case", "abstain", "no"]

IF_ABSTAINED: Final[dict[Abstained, str]] = {
    "open_case": "a person looks: the verdict is `abstained`, and opens a case",
    "abstain": "the verdict is `abstained`, is kept and counted, and causes nothing",
    "no": "it counts as not hit, because the rule's author says that this does no harm",
}
"""What a rule may say of an abstention, and what that means."""

Subject: TypeAlias = Literal["account", "post", "target", "media", "tag", "thread", "community"]

SUBJECTS: Final[dict[Subject, str]] = {
    "account": "the account that acted",
    "post": "what came to be, changed or went",
    "target": "what it was done to: the post reposted or liked, the account followed",
    "media": "each picture or video that it carries",
    "tag": "each hashtag",
    "thread": "the thread that it belongs to",
    "community": "the group, channel, room or server that it happened in",
}
"""Whom or what a verdict can be about. An event without such a thing: what came to be."""

FOUND: Final = re.compile(r"(account|post|media|tag|thread|community) of ([a-z][a-z0-9_.]*)\Z")
"""Whom or what the finding of a signal is about: its kind, and the signal as conditions name it."""

Holds: TypeAlias = Literal[
    "name", "text", "words", "number", "mapping", "list", "texts", "subject", "any"
]


@dataclass(frozen=True)
class Key:
    """A key of a mapping.

    Attributes:
        about: What it says, in words.
        holds: What stands at it. ``texts`` is a list of words, ``words`` one of them; ``subject``
            is one, or a kind of subject and a signal.
        needed: It has to be there.
        words: All that may stand there, where that is a closed list.
        most: The largest number, or the longest text.
    """

    about: str
    holds: Holds
    needed: bool = True
    words: tuple[str, ...] = ()
    most: int = 4_000


POLICY: Final = {
    "policy": Key("its name", "name"),
    "version": Key(
        "a number from 1; a change of the policy is a new version", "number", most=10**6
    ),
    "about": Key("what it finds, in words", "text"),
    "stands_on": Key("the text of the published rules that it enforces", "text", most=20_000),
    "severity": Key("how bad it is", "words", words=SEVERITIES),
    "shadow": Key(
        "`true`: it runs beside the others, and causes nothing", "words", False, ("true", "false")
    ),
    "let": Key("names for parts of conditions; each may use those above it", "mapping", False),
    "rules": Key("its rules", "list"),
    "cases": Key("its tests", "list", False),
}

RULE: Final = {
    "rule": Key("its name", "name"),
    "about": Key("what it finds, in words", "text", False),
    "when": Key("its condition", "text"),
    "if_abstained": Key(
        "what follows where the condition cannot be computed",
        "words",
        False,
        get_args(Abstained),
    ),
    "subject": Key("whom or what a verdict is about", "subject", words=get_args(Subject)),
    "causes": Key("what a verdict causes", "texts", words=VERDICT_CAUSES),
    "severity": Key("where it differs from the policy's", "words", False, SEVERITIES),
    "daily_quota": Key(
        "verdicts a day; what exceeds them becomes one verdict that says so", "number", most=10**7
    ),
}

CASE: Final = {
    "case": Key("what happens, in words", "text", most=200),
    "given": Key("fields and findings of an event", "mapping"),
    "expect": Key("for each rule `hit`, `no` or `abstained`", "mapping"),
}

KEYS: Final = {"policy": POLICY, "rule": RULE, "case": CASE}
"""The keys of each mapping with a fixed form."""
