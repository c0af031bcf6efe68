"""Addresses of exchanges: one host, one folder, no secret."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final

import httpx

from leeward.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["checked_base", "joined"]

# A path, and maybe a query, of the letters that RFC 3986 has for them.
_PATH: Final = re.compile(
    r"/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/-]*(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?|{}-]*)?"
)
_UP: Final = re.compile(r"(?:/|%2f)(?:\.|%2e){2}(?:/|%2f|$)", re.IGNORECASE)
_LONGEST: Final = 8_192


def checked_base(exchange: str, base: str) -> str:
    """The address of an exchange without a slash at its end.

    Raises:
        UsageError: It cannot be used. The error does not repeat it, for it may hold a password.
    """
    where = f"{exchange}, its address"
    try:
        url = httpx.URL(base)
    except (httpx.InvalidURL, TypeError):
        raise UsageError("the exchange's address is none", where=where) from None
    if url.userinfo or url.query or url.fragment or not url.host:
        raise UsageError(
            "the exchange's address is not a plain one",
            where=where,
            hint="write scheme, host and path only; credentials come from the environment",
        )
    if url.scheme != "https" and not (url.scheme == "http" and _is_here(url.host)):
        raise UsageError(
            "an exchange is reached by https only",
            where=where,
            hint="use https; http is for a server on this machine itself",
        )
    return str(url).rstrip("/")


def joined(base: str, path: str, params: Mapping[str, str] | None, *, where: str) -> httpx.URL:
    """A path below an exchange's address, such as the server itself names the next page.

    Raises:
        InputError: It leads somewhere else.
    """
    root = httpx.URL(base)
    if len(path) > _LONGEST or not _PATH.fullmatch(path) or _UP.search(path.partition("?")[0]):
        raise InputError("the exchange names an address that is not one of its own", where=where)
    url = httpx.URL(base + path)
    if params:
        url = url.copy_merge_params(dict(params))
    same = (url.scheme, url.host, url.port) == (root.scheme, root.host, root.port)
    if not same or url.userinfo or not url.path.startswith(root.path.rstrip("/") + "/"):
        raise InputError("the exchange names an address that is not one of its own", where=where)
    return url


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
