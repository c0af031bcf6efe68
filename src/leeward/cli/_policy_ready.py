"""``leeward policy ready``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leeward.cli._options import answered

if TYPE_CHECKING:
    from leeward.cli._options import Answer

__all__ = ["ready"]


@click.command(epilog="Example: leeward policy ready age-poll > data/policies/age-poll.yaml")
@click.argument("name", required=False)
@answered
def ready(name: str | None, answer: Answer) -> None:
    """List the ready-made policies, or print the one called NAME, to copy and to adapt.

    What each cannot see, and whom it may concern by mistake, is described in
    docs/reference/ready-made-policies.md.
    """
    from leeward.policy import READY, ready_policy, told

    if name is not None:
        text = ready_policy(name)
        answer.one({"policy": name, "text": text}, [text.rstrip("\n")])
        return
    rows = ({"policy": one, "about": told(ready_policy(one)).about} for one in READY)
    answer.rows(rows, {"policy": "POLICY", "about": "FINDS"}, "there are none")
