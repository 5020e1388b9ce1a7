"""Where a call comes from: forwarding headers are believed from our own proxies only."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from kaquan.access.sources import Network, source_of, subject_of
from kaquan.foundation.configuration import ConfigurationError, load_configuration

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


def test_the_setting_takes_networks_and_gives_them_back_as_they_were() -> None:
    told = {"KAQUAN_HOME": "/x", "KAQUAN_TRUSTED_PROXIES": " 10.0.0.0/8, fd00::/8,192.0.2.1 "}

    configuration = load_configuration(told)

    assert configuration.trusted_proxies == (*PROXIES, ip_network("192.0.2.1/32"))
    assert load_configuration(configuration.environment()) == configuration
    assert load_configuration({"KAQUAN_HOME": "/x"}).trusted_proxies == ()


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.example", "10.0.0.0/33", "*"])
def test_a_setting_that_is_no_list_of_networks_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="KAQUAN_TRUSTED_PROXIES"):
        load_configuration({"KAQUAN_HOME": "/x", "KAQUAN_TRUSTED_PROXIES": text})
