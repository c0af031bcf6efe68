"""Servers on this machine that speak the protocols of hash exchanges, and misbehave when told to.

They are written from the public descriptions of the protocols, not from the clients under test.
"""

from __future__ import annotations

import base64
import json
import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self


class Closable(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=Closable)

USER = "harbour"
PASSWORD = "boathouse-9"  # noqa: S105 - of a server that lives for one test
START = 1_700_000_000
HALF_A_DAY = 12 * 3_600


@dataclass
class Clock:
    """Seconds since 1970 UTC, which only a test moves."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class Answer:
    """What a server says, and how badly.

    Attributes:
        stall: Seconds before the body.
        drip: Seconds between single bytes of the body.
        cut: Bytes of the body that are never sent, though announced.
        untold: Whether its length is not announced; it ends where the connection does.
        then: Called before the answer is sent.
    """

    body: bytes = b""
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    stall: float = 0.0
    drip: float = 0.0
    cut: int = 0
    untold: bool = False
    then: Callable[[], None] | None = None


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Served:
    """A server in a thread. Faults are answered before anything else, first come first served."""

    prefix = ""

    def __init__(self, clock: Clock | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.clock = clock or Clock()
        self.asked: list[Asked] = []
        self.faults: deque[Answer | None] = deque()
        self.date_ahead = 0.0
        self._clients: list[Closable] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                pass

            def date_time_string(self, timestamp: float | None = None) -> str:
                return formatdate(server.clock.now + server.date_ahead, usegmt=True)

            def _serve(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                parts = urlsplit(self.path)
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                headers = {key.lower(): value for key, value in self.headers.items()}
                asked = Asked(self.command, parts.path, query, headers, self.rfile.read(length))
                server.asked.append(asked)
                fault = server.faults.popleft() if server.faults else None
                server._send(self, fault or server.answer(asked))

            do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the library's names

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.handle_error = lambda *_: None  # type: ignore[method-assign]
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.address = f"{scheme}://127.0.0.1:{self._http.server_port}{self.prefix}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self._clients:
            client.close()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def to_close(self, client: C) -> C:
        """Close a client before the server goes."""
        self._clients.append(client)
        return client

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    def _send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        if answer.then is not None:
            answer.then()
        handler.send_response(answer.status)
        for name, value in {"content-type": answer.kind, **answer.headers}.items():
            handler.send_header(name, value)
        if not answer.untold:
            handler.send_header("content-length", str(len(answer.body)))
        if answer.cut or answer.untold:
            handler.send_header("connection", "close")
        handler.end_headers()
        time.sleep(answer.stall)
        body = answer.body[: len(answer.body) - answer.cut]
        if answer.drip:
            for octet in body:
                handler.wfile.write(bytes([octet]))
                handler.wfile.flush()
                time.sleep(answer.drip)
        else:
            handler.wfile.write(body)
        if answer.cut or answer.untold:
            handler.wfile.flush()
            handler.close_connection = True


def refusal(status: int = 403) -> Answer:
    return Answer(b'{"detail": "no"}', status)


Key = tuple[str, str]


@dataclass
class Entry:
    """An entry of a list, and when it was last changed."""

    at: int
    fingerprints: dict[str, str] | None
    kind: str = "image"
    classification: str = "A1"
    feedback: str = ""
    hrefs: dict[str, str] = field(default_factory=dict)


class NcmecServer(Served):
    """NCMEC Hash Sharing v2: pages in no order of time, whose addresses live for half a day."""

    prefix = "/hashsharing"

    def __init__(self, clock: Clock | None = None, rows: int = 1_000, **more: Any) -> None:
        super().__init__(clock, **more)
        self.rows = rows
        self.entries: dict[Key, Entry] = {}
        self.large: dict[str, bytes] = {}
        self.feedback: dict[tuple[str, ...], str] = {}
        self.reasons = {"Wrong boat": "0000-aa", "Not a boat": "0000-bb"}
        self.first_belongs, self.last_belongs = True, False
        self._cursors: dict[str, tuple[float, list[Key]]] = {}
        self._shuffle = random.Random(7)  # noqa: S311 - an order, not a secret

    def put(self, member: str, name: str, fingerprints: dict[str, str], **more: Any) -> None:
        self.entries[member, name] = Entry(int(self.clock.now), fingerprints, **more)

    def delete(self, member: str, name: str) -> None:
        kind = self.entries[member, name].kind
        self.entries[member, name] = Entry(int(self.clock.now), None, kind)

    def answer(self, asked: Asked) -> Answer:
        pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {pair}":
            return refusal(401)
        path = asked.path.removeprefix(self.prefix)
        if asked.method == "PUT":
            self.feedback[tuple(path.split("/")[3:6])] = asked.body.decode()
            return Answer(b"", 200, "application/xml")
        if path == "/v2/entries":
            return self._entries(asked.query)
        if path in self.large:
            return Answer(self.large[path], 200, "application/octet-stream")
        if path in {"/v2/status", "/v2/members"}:
            member = '<member id="42">Harbour Office</member>'
            name = path.rpartition("/")[2]
            both = member if name == "status" else member + '<member id="43">Pier Two</member>'
            return _xml(f"<{name} xmlns={_NAMESPACE}>{both}</{name}>")
        if path.startswith("/v2/feedback/"):
            reasons = "".join(
                f"<reason guid={quoteattr(guid)} name={quoteattr(name)}/>"
                for name, guid in self.reasons.items()
            )
            root = "availableFeedbackReasons"
            return _xml(f"<{root} xmlns={_NAMESPACE}>{reasons}</{root}>")
        return Answer(b"", 404)

    def _entries(self, query: dict[str, str]) -> Answer:
        if "cursor" in query:
            made, keys = self._cursors.get(query["cursor"], (-1e18, []))
            if self.clock.now - made > HALF_A_DAY:
                return Answer(b"", 404)
        else:
            first, last = _moment(query["from"]), _moment(query["to"])
            ends = self.first_belongs, self.last_belongs
            keys = [
                key
                for key, entry in self.entries.items()
                if first < entry.at < last
                or (entry.at, True) in zip((first, last), ends, strict=True)
            ]
            self._shuffle.shuffle(keys)
        page, rest = keys[: self.rows], keys[self.rows :]
        paging = ""
        if rest:
            number = str(len(self._cursors))
            self._cursors[number] = (self.clock.now, rest)
            params = {"from": query["from"], "to": query["to"], "cursor": number}
            paging = f"<paging><next>{escape('/v2/entries?' + urlencode(params))}</next></paging>"
        lists = "".join(self._list(kind, page) for kind in ("image", "video"))
        return _xml(f"<queryResult xmlns={_NAMESPACE}>{lists}{paging}</queryResult>")

    def _list(self, kind: str, page: list[Key]) -> str:
        keys = [key for key in page if self.entries[key].kind == kind]
        rows = "".join(_row(key, self.entries[key]) for key in keys)
        return f'<{kind}s count="{len(keys)}">{rows}</{kind}s>'


_NAMESPACE = '"https://hashsharing.ncmec.org/hashsharing/v2"'


def _row(key: Key, entry: Entry) -> str:
    head = (
        f"<member id={quoteattr(key[0])}>A member</member>"
        f"<timestamp>{_stamp(entry.at)}</timestamp><id>{escape(key[1])}</id>"
    )
    if entry.fingerprints is None:
        name = f"deleted{entry.kind.title()}"
        return f"<{name}>{head}</{name}>"
    prints = "".join(f"<{n}>{escape(v)}</{n}>" for n, v in entry.fingerprints.items())
    prints += "".join(f"<{n} rel='self' href={quoteattr(v)}/>" for n, v in entry.hrefs.items())
    return (
        f"<{entry.kind}>{head}<classification>{entry.classification}</classification>"
        f"<fingerprints>{prints}</fingerprints>{entry.feedback}</{entry.kind}>"
    )


def _xml(text: str) -> Answer:
    whole = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{text}'
    return Answer(whole.encode(), 200, "application/xml;charset=utf-8")


def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _moment(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()


class StopNciiServer(Served):
    """StopNCII: records by time of change, pages by token."""

    prefix = "/v1"

    def __init__(self, clock: Clock | None = None, rows: int = 800) -> None:
        super().__init__(clock)
        self.rows = rows
        self.records: dict[str, dict[str, Any]] = {}
        self.feedback: list[dict[str, Any]] = []

    def put(self, value: str, status: str = "Active", kind: str = "ImagePDQ", **more: Any) -> None:
        self.records[value] = {
            "lastModtimestamp": int(self.clock.now),
            "signalType": kind,
            "hashValue": value,
            "hashStatus": status,
            "caseNumbers": {"case-1": status},
            "CSPFeedbacks": [],
            **more,
        }

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("ocp-apim-subscription-key") != PASSWORD:
            return refusal(401)
        step = asked.path.removeprefix(self.prefix)
        if asked.headers.get("x-functions-key") != f"key-of-{step[1:]}":
            return refusal(401)
        if step == "/SubmitFeedback":
            self.feedback.append(json.loads(asked.body))
            return Answer(b"{}")
        since = int(asked.query["startTimestamp"])
        rows = min(int(asked.query["pageSize"]), self.rows)
        found = [row for row in self.records.values() if row["lastModtimestamp"] >= since]
        page, token = _part(found, "lastModtimestamp", "hashValue", asked, "nextPageToken", rows)
        more = token is not None
        newest = max((row["lastModtimestamp"] for row in page), default=since)
        body = {
            "count": len(page),
            "nextPageToken": token,
            "nextSetTimestamp": newest,
            "hasMoreRecords": more,
            "hashRecords": page,
        }
        return Answer(json.dumps(body).encode(), kind="application/json; charset=utf-8")


class GraphServer(Served):
    """The Graph API's ``threat_updates`` of one privacy group, and reactions."""

    prefix = "/v21.0"
    group = "4242"
    token = "123456789|harbour-secret"  # noqa: S105 - of a server that lives for one test

    def __init__(self, clock: Clock | None = None, rows: int = 500) -> None:
        super().__init__(clock)
        self.rows = rows
        self.indicators: dict[str, dict[str, Any]] = {}
        self.reactions: list[tuple[str, str]] = []

    def put(self, name: str, value: str, kind: str = "HASH_PDQ", **more: Any) -> None:
        """An indicator with one description, unless told otherwise."""
        described = [{"id": f"9{name}", "owner": {"id": "77"}, "status": "MALICIOUS"}]
        self.indicators[name] = {
            "id": name,
            "type": kind,
            "indicator": value,
            "last_updated": int(self.clock.now),
            "should_delete": False,
            "descriptors": {"data": described},
            **more,
        }

    def delete(self, name: str) -> None:
        self.put(name, self.indicators[name]["indicator"], should_delete=True)
        del self.indicators[name]["descriptors"]

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return refusal(401)
        path = asked.path.removeprefix(self.prefix)
        if asked.method == "POST":
            self.reactions.append((path[1:], parse_qs(asked.body.decode())["reactions"][0]))
            return Answer(b'{"success": true}')
        if path != f"/{self.group}/threat_updates/":
            found = self.indicators.get(path[1:])
            return Answer(json.dumps(found).encode()) if found else Answer(b"", 404)
        since = int(asked.query.get("start_time", "0"))
        types = asked.query["types"].split(",")
        rows = [
            row
            for row in self.indicators.values()
            if row["last_updated"] >= since and row["type"] in types
        ]
        page, token = _part(rows, "last_updated", "id", asked, "after", self.rows)
        body: dict[str, Any] = {"data": page}
        if token is not None:
            params = {**asked.query, "after": token, "access_token": self.token}
            following = f"{self.address}/{self.group}/threat_updates/?{urlencode(params)}"
            body["paging"] = {"cursors": {"after": token}, "next": following}
        return Answer(json.dumps(body).encode(), kind="application/json; charset=UTF-8")


def _part(
    rows: list[dict[str, Any]], at: str, name: str, asked: Asked, token: str, most: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Some rows after the one that a token stands for, and the token of the next ones."""
    rows = sorted(rows, key=lambda row: (row[at], row[name]))
    if token in asked.query:
        after = json.loads(asked.query[token])
        rows = [row for row in rows if [row[at], row[name]] > after]
    page = rows[:most]
    more = len(rows) > most
    return page, json.dumps([page[-1][at], page[-1][name]]) if more else None


class ShieldServer(Served):
    """Arachnid Shield: what it knows, by base64 of a PDQ hash or by the bytes themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, dict[str, Any] | None] = {}
        self.media: dict[bytes, dict[str, Any]] = {}
        self.sizes: list[int] = []

    def answer(self, asked: Asked) -> Answer:
        pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {pair}":
            return refusal(401)
        nothing: dict[str, Any] = {
            "classification": "no-known-match",
            "match_type": None,
            "near_match_details": [],
        }
        if asked.path == "/v1/pdq/":
            words = json.loads(asked.body)["hashes"]
            self.sizes.append(len(words))
            found = {word: self.known.get(word, nothing) for word in words}
            return Answer(json.dumps({"scanned_hashes": found}).encode())
        said = {"size_bytes": len(asked.body), **self.media.get(asked.body, nothing)}
        return Answer(json.dumps(said).encode())
