"""Where a call comes from, when somebody may have stood in between."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import cache, lru_cache

from kaquan.foundation.configuration import current_configuration

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

HOPS_MAX = 32


def source_of(
    peer_ip: str, forwarded_for: str | None, trusted: Sequence[Network] | None = None
) -> str:
    """The address that a call comes from: the last one in the chain that no proxy of ours is.

    ``X-Forwarded-For`` is believed only from a trusted proxy (KAQUAN_TRUSTED_PROXIES), and read
    from its end, where our proxies write: what a caller puts in front of that is of no effect.
    """
    proxies = _trusted_proxies() if trusted is None else trusted
    if not forwarded_for or not proxies:
        return peer_ip
    source = peer_ip
    for hop in reversed(forwarded_for.split(",")[-HOPS_MAX:]):
        if not _is_within(source, proxies):
            break
        address = _address(hop)
        if address is None:
            break  # a proxy of ours writes addresses; what is none was there before it
        source = str(address)
    return source


@lru_cache(maxsize=20_000)
def subject_of(source: str) -> tuple[str, str]:
    """What a failure counts against: the address (an IPv6 /64, which is one line's), and its
    surroundings (an IPv4 /24, an IPv6 /48)."""
    address = _address(source)
    if address is None:
        return "unknown", "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address), _block(address, 24)
    return _block(address, 64), _block(address, 48)


def _block(address: Address, bits: int) -> str:
    return str(ipaddress.ip_network((address, bits), strict=False))


def _address(text: str) -> Address | None:
    text = text.strip()
    if text.startswith("["):  # [2001:db8::1]:443
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # 192.0.2.1:443
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _is_within(source: str, networks: Sequence[Network]) -> bool:
    address = _address(source)
    return address is not None and any(address in network for network in networks)


@cache
def _trusted_proxies() -> tuple[Network, ...]:
    return current_configuration().trusted_proxies
