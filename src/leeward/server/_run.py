"""Running the server in this process, until it is told to stop."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, Final

import uvicorn

from leeward.errors import LeewardError, NoPermission, UsageError
from leeward.server._app import app_of
from leeward.server._parts import open_parts
from leeward.server._protocol import Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from leeward.model import ServerSettings, Settings

__all__ = ["serve"]

KEEP_ALIVE_SECONDS: Final = 75
"""Longer than producers usually pause, so that few meet a connection that is just closing."""
STOP_SECONDS: Final = 60
"""How long requests that have begun may take when the server is told to stop."""
BACKLOG: Final = 1_024
COLLECT_AT: Final = (20_000, 20, 50)


def serve(
    data: str | os.PathLike[str],
    settings: Settings,
    *,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve a data folder until SIGTERM or SIGINT; then finish what was begun and return.

    A second SIGINT does not wait for requests. What was acknowledged is durable either way.

    Args:
        data: The data folder.
        settings: What is in force.
        ready: Called with the server's address once it listens.

    Raises:
        WriterBusy: Another process writes to the log.
        LeewardError: The address or the folder cannot be used.
    """
    with open_parts(data, settings) as parts, _listening(settings.server) as listener:
        config = uvicorn.Config(
            app_of(parts),
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        server = _Server(config)
        server.on_ready = lambda: ready(_address(listener))
        server.on_stop = lambda: setattr(parts.state, "closing", True)
        with _few_collections():
            server.run([listener])


@contextlib.contextmanager
def _few_collections() -> Iterator[None]:
    """Spare the collector the modules that are loaded: they are most objects and stay for good.

    A full collection walks them all, some tens of milliseconds, and requests make enough
    objects for several a second: half of the processor time of small requests.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AT)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


class _Server(uvicorn.Server):
    """Uvicorn, but a signal to stop ends in a return and not in the signal's own effect."""

    on_ready: Callable[[], None]
    on_stop: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.on_stop()
        super().handle_exit(sig, frame)


@contextlib.contextmanager
def _listening(settings: ServerSettings) -> Iterator[socket.socket]:
    where = f"{settings.host}:{settings.port}"
    try:
        family, *_, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except socket.gaierror:
        raise UsageError(
            "there is no such address", where=where, hint="correct server.host"
        ) from None
    except OSError as error:
        raise _cannot_listen(error, where) from None
    with listener:
        yield listener


def _cannot_listen(error: OSError, where: str) -> LeewardError:
    if error.errno == errno.EADDRINUSE:
        return LeewardError(
            "another program listens there already",
            where=where,
            hint="stop it, or set server.port to another port",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return NoPermission(
            "the system does not let this user listen there",
            where=where,
            hint="set server.port to 1024 or more",
        )
    return UsageError(
        f"the system cannot listen there: {os.strerror(error.errno or errno.EIO)}",
        where=where,
        hint="set server.host to an address of this machine",
    )


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
