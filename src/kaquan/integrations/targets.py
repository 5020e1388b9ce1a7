"""Where webhooks may go: never into the network that we stand in, unless the operator says so.

A name is resolved once, every address that it has must be allowed, and the connection is made to
one of these very addresses: a name that answers otherwise the next time gains nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from urllib.parse import urlsplit

from kaquan.foundation.errors import KaquanError
from kaquan.integrations.errors import target_refused

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]
Resolve = Callable[[str, int], Sequence[str]]

URL_CHARACTERS_MAX = 500
ADDRESSES_MAX = 8
PUBLIC_PORTS = frozenset({443, 8443})

#: Not reachable from the internet, or meant for something else (IANA's special registries), and
#: the address at which one cloud's machines ask about themselves.
_REFUSED_V4 = tuple(
    IPv4Network(one)
    for one in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",
    )
)  # fmt: skip
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(one) for one in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of a webhook's URL; ``request_path`` has its query."""

    scheme: str
    host: str
    port: int
    request_path: str

    @property
    def host_header(self) -> str:
        """The host as a request names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = 443 if self.scheme == "https" else 80
        return host if self.port == default else f"{host}:{self.port}"


def parse_target(url: str) -> Target:
    """The parts of a URL; raises ``webhook_target_invalid`` for what cannot be one."""
    if len(url) > URL_CHARACTERS_MAX:
        raise target_refused(
            f"超过 {URL_CHARACTERS_MAX} 个字符", f"is longer than {URL_CHARACTERS_MAX} characters"
        )
    if not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>^`{|}'):
        raise target_refused(
            "含有空格或其他不能用的字符", "holds spaces or other characters that do not belong"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise target_refused("格式有误", "is malformed") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise target_refused("应以 https:// 开头", "must begin with https://")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise target_refused("不能含有用户名、密码或 #", "cannot hold a user, a password or a #")
    if port == 0 or "%" in parts.hostname:
        raise target_refused("格式有误", "is malformed")
    path = parts.path or "/"
    return Target(
        parts.scheme,
        parts.hostname,
        port or (443 if parts.scheme == "https" else 80),
        f"{path}?{parts.query}" if parts.query else path,
    )


def allowed_addresses(target: Target, *, resolve: Resolve, private: Networks) -> list[str]:
    """Where a target may be reached now; raises ``webhook_target_invalid``.

    Within the networks that the operator named, http and every port will do; elsewhere https and
    the usual ports only.
    """
    try:
        found = list(resolve(target.host, target.port))[:ADDRESSES_MAX]
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise target_refused("无法解析主机名", "has a host name that cannot be resolved")
    if all(_lies_in(one, private) for one in found):
        return found
    if not all(may_be_reached(one, private) for one in found):
        raise target_refused(
            "指向内网或本机地址，未获允许", "leads to a private address, which is not allowed"
        )
    if target.scheme != "https":
        raise target_refused("应以 https:// 开头", "must begin with https://")
    if target.port not in PUBLIC_PORTS:
        ports = ", ".join(map(str, sorted(PUBLIC_PORTS)))
        raise target_refused(f"端口应为 {ports} 之一", f"must use one of the ports {ports}")
    return found


def may_be_reached(address: str, private: Networks) -> bool:
    """Whether an address is public, or in a network that the operator named."""
    try:
        return is_public(ip_address(address)) or _lies_in(address, private)
    except ValueError:
        return False


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet's, and not another's in disguise."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _REFUSED_V4)
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _GLOBAL_V6 and not any(address in network for network in _REFUSED_V6)


def resolve_name(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def looked_up(url: str, resolve: Resolve = resolve_name) -> Resolve:
    """What is known of a URL's host now, for when nothing may wait for a name server any more."""
    found: list[str] = []
    try:
        target = parse_target(url)
        found = list(resolve(target.host, target.port))
    except (KaquanError, OSError, UnicodeError):
        pass  # whoever checks the target says so

    def known(_host: str, _port: int) -> list[str]:
        return found

    return known


def check_target(url: str, *, resolve: Resolve, private: Networks) -> Target:
    """What a URL says, if a webhook may go there now; raises ``webhook_target_invalid``."""
    target = parse_target(url)
    allowed_addresses(target, resolve=resolve, private=private)
    return target


def fault_of(error: KaquanError) -> str:
    """Why a target was refused, short, for the log of deliveries."""
    return error.en.removeprefix("The webhook's URL: ").rstrip(".")[:200]


def _lies_in(address: str, networks: Networks) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in networks)
