"""Where a call comes from: forwarding headers are believed from our own proxies only."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from kaquan.access.sources import Network, source_of, subject_of

PROXIES: tuple[Network, ...] = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    "forwarded_for", [None, "", "1.1.1.1", "10.0.0.1", "127.0.0.1, 10.0.0.1", "x", "," * 100_000]
)
def test_a_stranger_is_where_the_connection_comes_from_whatever_it_says(
    forwarded_for: str | None,
) -> None:
    assert source_of("192.0.2.7", forwarded_for, PROXIES) == "192.0.2.7"


@pytest.mark.parametrize("forwarded_for", ["1.1.1.1", "1.1.1.1, 10.0.0.1"])
def test_without_trusted_proxies_nobody_is_believed(forwarded_for: str) -> None:
    assert source_of("10.0.0.1", forwarded_for, ()) == "10.0.0.1"
    assert source_of("10.0.0.1", forwarded_for) == "10.0.0.1"  # the setting is empty by default


@pytest.mark.parametrize(
    ("forwarded_for", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("192.0.2.7:51000", "192.0.2.7"),
        ("[2001:db8::7]:51000", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, 10.9.9.9", "192.0.2.7"),
        ("192.0.2.7, fd00::1, 10.9.9.9", "192.0.2.7"),
        # What the caller put in front of what our proxy wrote.
        ("127.0.0.1, 192.0.2.7", "192.0.2.7"),
        ("10.0.0.1, 192.0.2.7", "192.0.2.7"),
        ("1.1.1.1, 2.2.2.2, 192.0.2.7, 10.9.9.9", "192.0.2.7"),
        # Not written by a proxy: the last one that is known for sure.
        ("nonsense", "10.1.1.1"),
        ("nonsense, 10.9.9.9", "10.9.9.9"),
        ("192.0.2.7, nonsense", "10.1.1.1"),
        ("", "10.1.1.1"),
        (",", "10.1.1.1"),
    ],
)
def test_behind_our_proxy_it_is_the_last_address_that_is_none_of_ours(
    forwarded_for: str, source: str
) -> None:
    assert source_of("10.1.1.1", forwarded_for, PROXIES) == source


def test_a_very_long_chain_is_read_from_its_end_and_not_to_its_beginning() -> None:
    chain = ", ".join(["192.0.2.7"] + ["10.0.0.1"] * 10_000)

    assert source_of("10.1.1.1", chain, PROXIES) == "10.0.0.1"


@pytest.mark.parametrize(
    ("source", "address", "network"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:2:9:9:9:9", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("", "unknown", "unknown"),
        ("unix:", "unknown", "unknown"),
    ],
)
def test_failures_count_against_one_line_and_its_surroundings(
    source: str, address: str, network: str
) -> None:
    assert subject_of(source) == (address, network)
