"""Which addresses may be connected to: IANA's registries and the standard library know."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.connectors._fetch_address import may_connect, plain_address

if TYPE_CHECKING:
    from ipaddress import IPv4Network

    Network = IPv4Network | IPv6Network

# IANA's special-purpose address registries: each block that is not globally reachable.
# https://www.iana.org/assignments/iana-ipv4-special-registry
# https://www.iana.org/assignments/iana-ipv6-special-registry
NOT_REACHABLE = [
    *("0.0.0.0/8", "0.0.0.0/32", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.0.0.0/24", "192.0.0.0/29", "192.0.0.8/32", "192.0.0.170/32"),
    *("192.0.0.171/32", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
    *("203.0.113.0/24", "240.0.0.0/4", "255.255.255.255/32", "::1/128", "::/128"),
    *("::ffff:0:0/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001::/32"),
    *("2001:2::/48", "2001:10::/28", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16"),
    *("fc00::/7", "fe80::/10"),
]
# Multicast has registries of its own; what was site-local must not be used (RFC 3879).
NOT_HOSTS = ["224.0.0.0/4", "ff00::/8", "fec0::/10", "::/96"]
PUBLIC = [
    *("1.1.1.1", "8.8.8.8", "93.184.215.14", "100.63.255.255", "100.128.0.0", "126.255.255.255"),
    *("128.0.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0"),
    *("198.17.255.255", "198.20.0.0", "223.255.255.255", "11.0.0.0", "9.255.255.255"),
    *("2606:4700::1", "2001:4860:4860::8888", "2a00:1450::1", "2001:200::1", "2003::1"),
    *("64:ff9b::808:808", "::ffff:8.8.8.8"),
]
METADATA = [
    *("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    *("fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"),
]


def addresses_in(network: Network) -> st.SearchStrategy[IPv4Address | IPv6Address]:
    first, last = int(network[0]), int(network[-1])
    kind = IPv6Address if isinstance(network, IPv6Network) else IPv4Address
    edges = st.sampled_from([first, last])
    return st.one_of(edges, st.integers(first, last)).map(kind)


def undisguised(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv6Address) and int(address) >> 32 in (0xFFFF, 0x64FF9B << 64):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


blocks = st.sampled_from([ip_network(text) for text in NOT_REACHABLE + NOT_HOSTS])


@given(blocks.flatmap(addresses_in))
def test_nothing_of_a_special_block_is_connected_to(address: IPv4Address | IPv6Address) -> None:
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        assert may_connect(address) == may_connect(address.ipv4_mapped)
    else:
        assert not may_connect(address)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_what_may_be_connected_to_is_global_for_the_standard_library_too(
    address: IPv4Address | IPv6Address,
) -> None:
    if may_connect(address):
        inner = undisguised(address)
        assert inner.is_global
        others = ("multicast", "reserved", "unspecified", "loopback", "link_local", "private")
        assert not [name for name in others if getattr(inner, f"is_{name}")]


@given(st.ip_addresses(v=4))
def test_no_ordinary_address_is_refused(address: IPv4Address) -> None:
    """Of IPv4 the refused blocks are those of the registry, and a few that nothing lies in."""
    special = [ip_network(text) for text in NOT_REACHABLE + NOT_HOSTS if ":" not in text]
    others = ["168.63.129.16/32", "192.88.99.0/24", "192.31.196.0/24", "192.52.193.0/24"]
    special += [ip_network(text) for text in [*others, "192.175.48.0/24"]]
    assert may_connect(address) == (not any(address in network for network in special))


@given(st.ip_addresses(v=4))
def test_an_address_of_ipv4_in_disguise_is_judged_by_what_it_leads_to(address: IPv4Address) -> None:
    mapped = IPv6Address((0xFFFF << 32) | int(address))
    translated = IPv6Address((0x64FF9B << 96) | int(address))
    assert may_connect(mapped) == may_connect(address)
    assert may_connect(translated) == may_connect(address)
    assert plain_address(str(mapped)) == address
    # 6to4, Teredo and IPv4-compatible ones lead through strangers, or nowhere.
    for prefix in (
        0x2002 << 112 | int(address) << 80,
        0x20010000 << 96 | int(address),
        int(address),
    ):
        assert not may_connect(IPv6Address(prefix))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_connected_to(text: str) -> None:
    assert may_connect(ip_address(text))


@pytest.mark.parametrize("text", METADATA)
def test_where_clouds_keep_credentials_is_never_connected_to(text: str) -> None:
    everything = [ip_network("0.0.0.0/0"), ip_network("::/0")]
    assert not may_connect(ip_address(text))
    assert not may_connect(ip_address(text), everything)


@pytest.mark.parametrize("text", ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255"])  # noqa: S104
def test_what_is_no_host_is_never_connected_to(text: str) -> None:
    assert not may_connect(ip_address(text), [ip_network("0.0.0.0/0"), ip_network("::/0")])


def test_a_listed_network_opens_itself_and_nothing_else() -> None:
    listed = [ip_network("10.2.0.0/16"), ip_network("fd12::/32")]
    for text in ("10.2.0.0", "10.2.255.255", "::ffff:10.2.3.4", "fd12::1"):
        assert may_connect(ip_address(text), listed)
    for text in ("10.1.255.255", "10.3.0.0", "127.0.0.1", "fd13::1", "64:ff9b::a02:304", "::1"):
        assert not may_connect(ip_address(text), listed)
    assert may_connect(ip_address("8.8.8.8"), listed)


@pytest.mark.parametrize("text", ["", "cdn.example", "127.1", "fe80::1%lo", "1.2.3.4.5", "[::1]"])
def test_what_is_no_plain_address_is_none(text: str) -> None:
    assert plain_address(text) is None
