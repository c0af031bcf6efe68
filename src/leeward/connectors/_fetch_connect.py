"""Connections for fetching: the address that is checked is the address that is connected to.

httpcore, which httpx stands on, lets its connections be made elsewhere. Made here, a name is
looked up once, every address of it is checked, and one of those very addresses is connected to: a
name server that answers differently the next time gains nothing. TLS still verifies the name.
"""

from __future__ import annotations

import contextlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import httpcore

from leeward.connectors._fetch_address import may_connect, plain_address

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Sequence
    from ipaddress import IPv4Network, IPv6Network

    Resolve: TypeAlias = Callable[[str, int], Sequence[str]]

__all__ = ["AddressRefused", "Connector", "NameUnknown", "resolve"]

_ADDRESSES: Final = 4
"""Addresses of one name that are tried, one after the other."""

_RESOLVERS: Final = 8


class AddressRefused(Exception):
    """The name has an address that media may not be fetched from."""


class NameUnknown(Exception):
    """The name has no address, or none in time."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, by the system's resolver.

    Raises:
        OSError: It has none, or the resolver does not answer.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@cache
def _resolvers() -> ThreadPoolExecutor:
    # The system's resolver knows no time limit of ours, so it is waited for from outside.
    return ThreadPoolExecutor(_RESOLVERS, "leeward-resolve")


class Connector(httpcore.NetworkBackend):
    """Makes connections to checked addresses, and bounds everything on them by one deadline.

    Args:
        networks: What may be reached though it is not public.
        connect_seconds: For the look-up, and for each connection.
        resolver: Gives the addresses of a name; the system's by default.
    """

    def __init__(
        self,
        networks: Sequence[IPv4Network | IPv6Network] = (),
        connect_seconds: float = 10.0,
        resolver: Resolve = resolve,
    ) -> None:
        self._networks = networks
        self._seconds = connect_seconds
        self._resolver = resolver
        self._system = httpcore.SyncBackend()
        self._sockets: dict[int, _Stream] = {}
        self.until = float("inf")
        self.aborted = False

    def left(self, timeout: float | None = None) -> float:
        """Seconds that the next step may take.

        Raises:
            ReadTimeout: None are left.
        """
        left = self.until - time.monotonic()
        if left <= 0 or self.aborted:
            raise httpcore.ReadTimeout("the time for this file is over")
        return left if timeout is None else min(left, timeout)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - ours is stricter
        local_address: str | None = None,  # noqa: ARG002 - httpcore's signature
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Look a name up, check what it means, and connect to one of the addresses checked.

        Raises:
            AddressRefused: An address of the name is not allowed.
            NameUnknown: The name has no address.
            ConnectError, ConnectTimeout: Nothing answers there.
        """
        addresses = self._checked(host, port)
        problem: Exception = NameUnknown("the name has no address")
        for address in addresses[:_ADDRESSES]:
            try:
                inner = self._system.connect_tcp(
                    address,
                    port,
                    timeout=self.left(self._seconds),
                    socket_options=socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
                continue
            stream = _Stream(inner, self)
            self._sockets[id(stream)] = stream
            return stream
        raise problem

    def abort(self) -> None:
        """End what is under way, from another thread; nothing can be fetched any more."""
        self.aborted = True
        for stream in list(self._sockets.values()):
            stream.shut()

    def forget(self, stream: _Stream) -> None:
        """A stream was closed."""
        self._sockets.pop(id(stream), None)

    def _checked(self, host: str, port: int) -> list[str]:
        literal = plain_address(host)
        found = [host] if literal is not None else self._look_up(host, port)
        addresses = [plain_address(text) for text in found]
        # One bad address is enough: which of them is taken must not be a matter of luck.
        if any(a is None or not may_connect(a, self._networks) for a in addresses):
            raise AddressRefused("an address is not allowed")
        return [str(address) for address in addresses]

    def _look_up(self, host: str, port: int) -> Sequence[str]:
        asked = _resolvers().submit(self._resolver, host, port)
        try:
            return asked.result(self.left(self._seconds))
        except (OSError, UnicodeError):  # among the former, that it takes too long
            raise NameUnknown("the name is not known") from None


class _Stream(httpcore.NetworkStream):
    """A connection whose every step ends by the deadline of what is being fetched."""

    def __init__(self, inner: httpcore.NetworkStream, owner: Connector) -> None:
        self._inner = inner
        self._owner = owner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._owner.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._owner.left(timeout))

    def close(self) -> None:
        self._owner.forget(self)
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        try:
            self._inner = self._inner.start_tls(
                ssl_context, server_hostname, self._owner.left(timeout)
            )
        except BaseException:
            self.close()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def shut(self) -> None:
        """Wake whoever waits for this connection."""
        with contextlib.suppress(OSError):
            self._inner.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
