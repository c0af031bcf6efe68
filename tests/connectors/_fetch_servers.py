"""Servers that behave as badly as one can think of, on this machine."""

from __future__ import annotations

import contextlib
import gzip
import shutil
import socket
import ssl
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Self

from leeward.connectors import Fetcher, Origins, open_origins
from leeward.model import OriginSettings
from tests.conftest import absent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Handler = Callable[["Conversation"], None]

NAME = "cdn.example"
FILE = bytes(range(256)) * 800
LOOPBACK = ("127.0.0.0/8", "::1/128")


class Conversation:
    """One request, and the connection on which it is to be answered."""

    def __init__(self, connection: socket.socket, head: bytes) -> None:
        self.connection = connection
        line, *rest = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = line.split(" ", 2)
        pairs = (line.split(": ", 1) for line in rest if ": " in line)
        self.headers = {name.lower(): value for name, value in pairs}

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """A sound answer, unless a header is given that lies."""
        given = {"content-length": str(len(body))}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        self.send(f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode("latin-1") + body)


class FileServer:
    """Answers each path by a function; everything it was asked is kept.

    Args:
        host: Where it listens.
        tls: With this certificate.
    """

    def __init__(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self.port: int = self._listener.getsockname()[1]
        self._tls = tls
        self._connections: list[socket.socket] = []
        self._closing = False
        self.paths: dict[str, Handler] = {}
        self.asked: list[Conversation] = []
        self.connected = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def put(self, path: str, body: bytes = FILE) -> None:
        self.paths[path] = lambda it: it.answer(200, body)

    def redirect(self, path: str, to: str, status: int = 302) -> None:
        self.paths[path] = lambda it: it.answer(status, location=to)

    @property
    def targets(self) -> list[str]:
        return [it.target for it in self.asked]

    def _listen(self) -> None:
        while not self._closing:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connected += 1
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._connections.append(connection)
            while head := _head(connection):
                it = Conversation(connection, head)
                self.asked.append(it)
                handler = self.paths.get(it.target.partition("?")[0])
                if handler is None:
                    it.answer(404)
                else:
                    handler(it)


def _head(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = connection.recv(65_536)
        if not piece:
            return b""
        head += piece
    return head[:-4]


def hang_up(it: Conversation) -> None:
    """Reset the connection instead of an answer."""
    it.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    it.connection.close()


def never(it: Conversation) -> None:
    """Say nothing until the other side is gone."""
    it.connection.recv(1)


def drip(it: Conversation) -> None:
    """A byte every now and then, for ever."""
    it.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while True:
        it.send(b"x")
        time.sleep(0.02)


def drip_headers(it: Conversation) -> None:
    it.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        it.send(b"x: y\r\n")
        time.sleep(0.02)


def endless(it: Conversation) -> None:
    """More and more, without a length."""
    it.send(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
    while True:
        it.send(bytes(65_536))


def endless_headers(it: Conversation) -> None:
    it.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        it.send(b"x: " + b"y" * 60_000 + b"\r\n")


def bomb(size: int) -> bytes:
    """A gzip file that unpacks to very much more."""
    return gzip.compress(bytes(size), 9)


def listed(
    server: FileServer,
    *,
    name: str = "127.0.0.1",
    scheme: str = "http",
    folder: str = "/",
    environment: dict[str, str] | None = None,
    called: str = "pier",
    **settings: object,
) -> Origins:
    """The origin that a server is, listed."""
    host = f"[{name}]" if ":" in name else name
    given = {"networks": LOOPBACK, "total_seconds": 20, **settings}
    origin = OriginSettings(url=f"{scheme}://{host}:{server.port}{folder}", **given)  # type: ignore[arg-type]
    return open_origins({called: origin}, environment or {})


def fetcher(
    origins: Origins,
    *addresses: str,
    trust: ssl.SSLContext | None = None,
    redirected: Callable[[str], None] = lambda _: None,
) -> Fetcher:
    """A fetcher for which every name has these addresses; those of this machine by default."""

    def resolver(_: str, __: int) -> Sequence[str]:
        return addresses or ("127.0.0.1",)

    return Fetcher(origins, resolver=resolver, trust=trust, redirected=redirected)


def certificate(folder: Path, name: str) -> Path:
    """A certificate for a name, with its key, that nobody but the test trusts."""
    program = shutil.which("openssl")
    if program is None:
        absent("openssl is not installed")
    path = folder / f"{name}.pem"
    key = folder / f"{name}.key"
    subprocess.run(
        [
            *(str(program), "req", "-x509", "-newkey", "ec", "-pkeyopt"),
            *("ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=harbour"),
            *("-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(path)),
        ],
        check=True,
        capture_output=True,
    )
    return path


def speaks_tls(path: Path) -> ssl.SSLContext:
    """What a server with that certificate needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, path.with_suffix(".key"))
    return context


def trusts(*paths: Path) -> ssl.SSLContext:
    """Trust in these certificates and in no other."""
    context = ssl.create_default_context(cafile=str(paths[0]))
    for path in paths[1:]:
        context.load_verify_locations(str(path))
    return context
