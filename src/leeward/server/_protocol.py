"""HTTP/1.1 on a connection, with a bound on what comes before a request's body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

__all__ = ["Protocol"]

HEAD_BYTES: Final = 64 << 10
HEAD_SECONDS: Final = 30.0

_TOO_LONG: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class Protocol(HttpToolsProtocol):
    """Closes connections whose request line and headers are too long or take too long.

    The parser gathers them without a bound, before any code of ours is asked.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._in_head = True
        self._head = 0
        self._heads = 0
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._got_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and count it while headers are not complete."""
        if self._in_head and self._late is None:
            self._await_head()
        all_head = self._in_head
        heads = self._heads
        super().data_received(data)
        # What completes a head or a body may hold the beginning of the next head; that part is
        # smaller than one read, so it need not be counted.
        all_head &= self._in_head and heads == self._heads
        self._head = self._head + len(data) if all_head else 0
        if self._head > HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_TOO_LONG)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """A request begins."""
        self._in_head = False
        self._heads += 1
        self._got_head()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Another one may follow."""
        self._in_head = True
        super().on_message_complete()

    def _await_head(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def _got_head(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        self._late = None
        if self._in_head and not self.transport.is_closing():
            self.transport.close()
