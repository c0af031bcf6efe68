"""The origins that an operator lists, and which of them an address belongs to."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final, NamedTuple

import httpx

from leeward.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ipaddress import IPv4Network, IPv6Network

    from leeward.model import OriginSettings

__all__ = ["Origin", "Origins", "Place", "open_origins", "origin_of", "place_of"]

_LONGEST: Final = 8_192
_PORTS: Final = {"http": 80, "https": 443}
# Dots that lead upwards, however they are escaped: a folder that is listed would be left by them.
_UP: Final = re.compile(
    # Some servers take what follows a semicolon for a parameter of the folder before it.
    r"(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?=[/\\;]|%2f|%5c|%3b|$)",
    re.IGNORECASE,
)
_SECRET: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?")
_OURS: Final = frozenset(
    (
        *("accept-encoding", "connection", "content-length", "expect", "host", "keep-alive"),
        *("proxy-authorization", "range", "te", "trailer", "transfer-encoding", "upgrade"),
        *("accept", "user-agent"),
    )
)
"""Headers that say how a request is made, which no setting may change."""


class Place(NamedTuple):
    """Where an address of the web leads, taken apart once.

    Attributes:
        scheme: ``http`` or ``https``.
        host: In small letters, with IDNA applied; an address of IPv6 without brackets.
        port: Number.
        target: Path and query, as they are sent.
    """

    scheme: str
    host: str
    port: int
    target: str

    def __repr__(self) -> str:
        """Nothing: it is content."""
        return "<Place>"

    @property
    def path(self) -> str:
        """The path as it is sent."""
        return self.target.partition("?")[0]


class Origin(NamedTuple):
    """A place that media may be fetched from.

    Attributes:
        name: By which the settings call it.
        place: Scheme, host and port; its path is the folder that is meant, with a slash at its end.
        settings: How, how often and how much.
        networks: What it may lie in though it is not public.
        headers: What each request to it carries besides; a secret.
    """

    name: str
    place: Place
    settings: OriginSettings
    networks: tuple[IPv4Network | IPv6Network, ...]
    headers: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        """The name."""
        return f"<Origin {self.name}>"


class Origins:
    """All origins that are listed.

    Args:
        origins: Them, no two alike.

    Attributes:
        by_name: Them, by their names.
        heads: Scheme, host and port of each, as :func:`origin_of` gives them.
    """

    def __init__(self, origins: Sequence[Origin]) -> None:
        self.by_name: dict[str, Origin] = {origin.name: origin for origin in origins}
        self._hosts: dict[tuple[str, str, int], list[Origin]] = {}
        for origin in origins:
            self._hosts.setdefault(origin.place[:3], []).append(origin)
        for listed in self._hosts.values():
            listed.sort(key=lambda origin: -len(origin.place.target))
        self.heads = frozenset(_head(origin.place) for origin in origins)

    def __len__(self) -> int:
        return len(self.by_name)

    def __repr__(self) -> str:
        """How many there are."""
        return f"<Origins {len(self)}>"

    def find(self, place: Place) -> Origin | None:
        """The origin that a place belongs to: the one with the longest folder."""
        listed = self._hosts.get(place[:3])
        if listed is None or _UP.search(place.path):
            return None
        path = place.path
        return next((each for each in listed if path.startswith(each.place.target)), None)


def place_of(address: str) -> Place | None:
    """Where an address leads; None where it is none of the web, or holds credentials."""
    if len(address) > _LONGEST:
        return None
    try:
        url = httpx.URL(address)
        target = url.raw_path.decode("ascii")
        host = url.raw_host.decode("ascii").lower()
    except (httpx.InvalidURL, ValueError, TypeError):
        return None
    if url.scheme not in _PORTS or not host or url.userinfo or "%" in host:
        return None
    port = url.port or _PORTS[url.scheme]
    # What a server takes for a slash is not agreed on, so it is not sent.
    if not target.startswith("/") or "\\" in target or not 0 < port < 65_536:
        return None
    return Place(url.scheme, host, port, target)


@lru_cache(maxsize=4_096)
def _origin_of_head(head: str) -> str | None:
    place = place_of(head + "/")
    return None if place is None else _head(place)


def _head(place: Place) -> str:
    host = f"[{place.host}]" if ":" in place.host else place.host
    port = "" if place.port == _PORTS[place.scheme] else f":{place.port}"
    return f"{place.scheme}://{host}{port}"


def origin_of(address: str) -> str | None:
    """Scheme, host and port of an address as they would be listed; None where it is no address.

    It is quick: many addresses have the same beginning.
    """
    scheme, mark, rest = address.partition("://")
    if not mark or scheme.lower() not in _PORTS:
        return None
    return _origin_of_head(f"{scheme}://{re.split(r'[/?#]', rest, maxsplit=1)[0]}")


def open_origins(
    settings: Mapping[str, OriginSettings], environment: Mapping[str, str] = os.environ
) -> Origins:
    """The origins as settings name them. Nothing is asked of any.

    Raises:
        SettingsError: One cannot be used. The error names keys and variables, never a value.
    """
    origins: list[Origin] = []
    for name, each in settings.items():
        place = _base(name, each.url)
        if any(place == other.place for other in origins):
            raise _wrong(name, "url", "another origin has the same one", "take one of them out")
        networks = tuple(_network(name, text) for text in each.networks)
        headers = _headers(name, each, environment, secure=place.scheme == "https")
        origins.append(Origin(name, place, each, networks, headers))
    return Origins(origins)


def _base(name: str, text: str) -> Place:
    place = place_of(text)
    if place is None or "?" in text or "#" in text or "*" in text:
        raise _wrong(
            name,
            "url",
            "it is not scheme, host, port and folder",
            "write it as `https://cdn.example/media/`, without credentials and without `*`",
        )
    if _UP.search(place.path):
        raise _wrong(name, "url", "its folder leads upwards", "take the dots out")
    return place._replace(target=place.target.rstrip("/") + "/")


def _network(name: str, text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise _wrong(
            name, "networks", "one is no network", "write each as `10.2.0.0/16` or `fd12::/32`"
        ) from None


def _headers(
    name: str, settings: OriginSettings, environment: Mapping[str, str], *, secure: bool
) -> tuple[tuple[str, str], ...]:
    header, variable = settings.header, settings.header_env
    if header is None and variable is None:
        return ()
    if header is None or variable is None:
        absent = "header" if header is None else "header_env"
        raise _wrong(name, absent, "it is not set", "set both `header` and `header_env`, or none")
    if header.lower() in _OURS:
        raise _wrong(name, "header", "it is one that Leeward sets itself", "name another header")
    if not secure and not settings.networks:
        raise _wrong(
            name,
            "header_env",
            "a secret would be sent without encryption",
            "use https; http will do for an origin in one of `networks`",
        )
    value = environment.get(variable, "").strip()
    if not _SECRET.fullmatch(value):
        raise _wrong(
            name,
            "header_env",
            f"the variable {variable} is empty or holds no value for a header",
            f"set {variable} to printable ASCII",
        )
    return ((header.lower(), value),)


def _wrong(name: str, key: str, problem: str, hint: str) -> SettingsError:
    return SettingsError(problem, where=f"origins.{name}.{key}", hint=hint)
