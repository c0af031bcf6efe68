"""A simulated platform as a reader of its files sees it."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.simulate import Summary

RING = ("producer", "distributor", "reposter", "silent")
POSTS = ("post", "poll")


class Platform:
    """The three files of a simulation, as plain Python.

    Attributes:
        folder: Where they are.
        summary: What the simulation said of them.
        structure: How the ring is organised.
    """

    def __init__(self, folder: Path, summary: Summary, structure: str) -> None:
        self.folder = folder
        self.summary = summary
        self.structure = structure

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """All events, in the order of the file."""
        found: list[dict[str, Any]] = pq.read_table(self.folder / "events.parquet").to_pylist()
        return found

    @cached_property
    def acts(self) -> list[dict[str, Any]]:
        """Events that are not about the existence of an account."""
        return [event for event in self.events if event["kind"] != "account"]

    @cached_property
    def post(self) -> dict[str, dict[str, Any]]:
        """Posts, polls and replies by URI."""
        return {event["object"]: event for event in self.events if event["kind"] in POSTS}

    @cached_property
    def truth(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = pq.read_table(self.folder / "truth.parquet").to_pylist()
        return found

    @cached_property
    def role(self) -> dict[str, str]:
        return {row["account"]: row["role"] for row in self.truth}

    @cached_property
    def cell(self) -> dict[str, int | None]:
        return {row["account"]: row["cell"] for row in self.truth}

    def having(self, *roles: str) -> set[str]:
        """Accounts with one of these roles."""
        return {account for account, role in self.role.items() if role in roles}

    @cached_property
    def ring(self) -> set[str]:
        return self.having(*RING)

    @cached_property
    def tainted(self) -> dict[str, set[str]]:
        """Tainted subjects by kind."""
        found: dict[str, set[str]] = defaultdict(set)
        for row in pq.read_table(self.folder / "tainted.parquet").to_pylist():
            found[row["kind"]].add(row["subject"])
        return found

    @cached_property
    def touches(self) -> dict[str, list[dict[str, Any]]]:
        """Reactions (replies, reposts, likes, complaints) to tainted posts, by account."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for event in self.acts:
            if aim_of(event) in self.tainted["post"]:
                found[event["actor"]].append(event)
        return found


def aim_of(event: dict[str, Any]) -> str | None:
    """The post or account that an event turns to."""
    found: str | None = event["reply_to"] if event["kind"] in POSTS else event["target"]
    return found


def bits_between(one: str, other: str) -> int:
    """The Hamming distance of two hashes in hexadecimal."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
