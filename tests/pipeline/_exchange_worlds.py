"""Servers of hash exchanges, what is true on each, and how it is reached."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from leeward.connectors._exchange_http import HttpLimits
from leeward.connectors._exchange_ncmec import NcmecExchange
from leeward.connectors._exchange_stopncii import StopNciiExchange
from leeward.connectors._exchange_threatexchange import ThreatExchange
from tests.connectors._exchange_servers import (
    PASSWORD,
    USER,
    GraphServer,
    NcmecServer,
    Served,
    StopNciiServer,
)

if TYPE_CHECKING:
    from leeward.connectors._exchange import Exchange
    from tests.pipeline._bank_sink import Listed

DAY = 86_400


class World(Protocol):
    """A server, what is true on it, and how it is reached."""

    server: Served

    def clear(self) -> None: ...
    def put(self, key: int, value: int) -> None: ...
    def delete(self, key: int) -> None: ...
    @property
    def exchange(self) -> Exchange: ...
    def truth(self) -> set[Listed]: ...


def pdq(value: int) -> bytes:
    return value.to_bytes(32, "big")


class Ncmec:
    def __init__(self) -> None:
        self.server: NcmecServer = NcmecServer(rows=3)

    def clear(self) -> None:
        self.server.entries.clear()

    def put(self, key: int, value: int) -> None:
        # Two members call things alike, and an entry has one or two values.
        prints = {"pdq": pdq(value).hex()}
        if value % 2:
            prints["md5"] = f"{value:032x}"
        self.server.put(str(40 + key % 2), f"boat{key // 2}", prints)

    def delete(self, key: int) -> None:
        if (str(40 + key % 2), f"boat{key // 2}") in self.server.entries:
            self.server.delete(str(40 + key % 2), f"boat{key // 2}")

    @cached_property
    def exchange(self) -> Exchange:
        there = NcmecExchange(
            self.server.address,
            USER,
            PASSWORD,
            clock=self.server.clock,
            sleep=lambda _: None,
            limits=HttpLimits(attempts=2),
            first_span=10 * 365 * DAY,
        )
        return self.server.to_close(there)

    def truth(self) -> set[Listed]:
        return {
            (member, name, algorithm, bytes.fromhex(text))
            for (member, name), entry in self.server.entries.items()
            for algorithm, text in (entry.fingerprints or {}).items()
        }


class StopNcii:
    def __init__(self) -> None:
        self.server: StopNciiServer = StopNciiServer(rows=3)

    def clear(self) -> None:
        self.server.records.clear()

    def put(self, key: int, value: int) -> None:
        self.server.put(pdq(key).hex(), "Active" if value % 2 else "Received")

    def delete(self, key: int) -> None:
        self.server.put(pdq(key).hex(), "Withdrawn" if key % 2 else "Deleted")

    @cached_property
    def exchange(self) -> Exchange:
        there = StopNciiExchange(
            PASSWORD,
            "key-of-FetchHashes",
            base=self.server.address,
            clock=self.server.clock,
            sleep=lambda _: None,
        )
        return self.server.to_close(there)

    def truth(self) -> set[Listed]:
        return {
            ("", f"pdq:{text}", "pdq", bytes.fromhex(text))
            for text, record in self.server.records.items()
            if record["hashStatus"] in {"Active", "Received"}
        }


class Graph:
    def __init__(self) -> None:
        self.server: GraphServer = GraphServer(rows=3)

    def clear(self) -> None:
        self.server.indicators.clear()

    def put(self, key: int, value: int) -> None:
        self.server.put(str(key), pdq(value).hex())

    def delete(self, key: int) -> None:
        if str(key) in self.server.indicators:
            self.server.delete(str(key))

    @cached_property
    def exchange(self) -> Exchange:
        there = ThreatExchange(
            GraphServer.group,
            GraphServer.token,
            base=self.server.address,
            clock=self.server.clock,
            sleep=lambda _: None,
        )
        return self.server.to_close(there)

    def truth(self) -> set[Listed]:
        return {
            ("", name, "pdq", bytes.fromhex(row["indicator"]))
            for name, row in self.server.indicators.items()
            if not row["should_delete"]
        }
