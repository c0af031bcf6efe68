"""Which addresses media may be fetched from: public ones, and private ones that are listed.

A platform's events name media, and whoever posts can have a say in those names. An address that
leads back into the operator's own network must not be reached by one (server-side request
forgery). So an address is refused unless it is known to be public.

The blocks are those of IANA's special-purpose registries for IPv4 and IPv6 that are not globally
reachable, and those that reach something else than a host of that address.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network, IPv6Network

    Network: TypeAlias = IPv4Network | IPv6Network

__all__ = ["Address", "may_connect", "plain_address"]

Address: TypeAlias = IPv4Address | IPv6Address

_NEVER: Final = tuple(
    ip_network(text)
    for text in (
        # Where clouds hand out credentials to whoever asks from inside.
        "169.254.169.254/32",
        "169.254.170.2/32",
        "169.254.170.23/32",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.192/32",
        "fd00:ec2::/32",
        # No host has such an address.
        "0.0.0.0/8",
        "224.0.0.0/4",
        "255.255.255.255/32",
        "::/128",
        "ff00::/8",
    )
)
"""Not even where a listed network covers them."""

_NOT_PUBLIC: Final = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "240.0.0.0/4",
        "2001::/23",  # Teredo, ORCHID and benchmarking among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: leads to an IPv4 address through strangers
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)

_UNICAST: Final = ip_network("2000::/3")
"""All of IPv6 that IANA has given out as global unicast; the rest is refused."""

_NAT64: Final = ip_network("64:ff9b::/96")
"""RFC 6052: how a network without IPv4 reaches an IPv4 address, which is in the last 32 bits."""


def plain_address(text: str) -> Address | None:
    """An address without disguise: one of IPv4 that is mapped into IPv6 is that of IPv4.

    Args:
        text: As a resolver gives it.

    Returns:
        None where it is none, or has a zone, which only link-local ones need.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address


def may_connect(address: Address, networks: Sequence[Network] = ()) -> bool:
    """Whether media may be fetched from an address.

    Args:
        address: Of :func:`plain_address`.
        networks: What may be reached though it is not public.
    """
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return may_connect(address.ipv4_mapped, networks)
    if isinstance(address, IPv6Address) and address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        return may_connect(inner) or (_within(address, networks) and not _within(inner, _NEVER))
    if _within(address, _NEVER):
        return False
    if _within(address, networks):
        return True
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return not _within(address, _NOT_PUBLIC)


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
