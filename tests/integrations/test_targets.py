"""Where webhooks may go: not into our own network, by whatever name or disguise."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.integrations.sending import Reply, post
from kaquan.integrations.targets import (
    allowed_addresses,
    check_target,
    is_public,
    may_be_reached,
    parse_target,
)
from tests.integrations.receiver import LOOPBACK, Receiver, receiving

_PRIVATE = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.1.2.3
169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1
192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1
255.255.255.255 168.63.129.16
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1
64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe:: 3fff::1
fc00::1 fd00:ec2::254 fd12:3456::1 fe80::1 fec0::1 ff02::1 ff05::2
"""
_PUBLIC = """
1.1.1.1 8.8.8.8 172.15.255.255 172.32.0.1 100.128.0.1 169.253.1.1 192.0.1.1 223.255.255.255
2606:4700::1111 2400:3200::1 2001:4860:4860::8888 ::ffff:8.8.8.8 64:ff9b::808:808
"""


@pytest.mark.parametrize("address", _PRIVATE.split())
def test_an_address_that_is_not_the_internets_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(KaquanError) as caught:
        check_target("https://hooks.example", resolve=lambda *_: [address], private=())
    assert caught.value.code == "webhook_target_invalid"


@pytest.mark.parametrize("address", _PUBLIC.split())
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_public(ip_address(address))
    check_target("https://hooks.example", resolve=lambda *_: [address], private=())


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(KaquanError):
        check_target("https://a.example", resolve=lambda *_: ["8.8.8.8", "10.0.0.1"], private=())


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://017700000001/",
        "https://localhost/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
    ],
)
def test_this_machine_is_refused_however_it_is_written(url: str) -> None:
    """By what the system itself makes of the name; none of these asks a server."""
    from kaquan.integrations.targets import resolve_name

    with pytest.raises(KaquanError):
        check_target(url, resolve=resolve_name, private=())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://a.example/",
        "//a.example/",
        "https://",
        "https:///x",
        "https://user:secret@a.example/",
        "https://a.example/#part",
        "https://a.example/ x",
        "https://a.example/\r\nHost: b",
        "https://a.example\\@b.example/",
        "https://例子.example/",
        "https://a.example:0/",
        "https://a.example:99999/",
        "https://[fe80::1%25eth0]/",
        "https://[::1",
        "https://a.example/" + "x" * 500,
        "javascript:alert(1)",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_address_for_a_webhook_is_refused(url: str) -> None:
    with pytest.raises(KaquanError) as caught:
        check_target(url, resolve=lambda *_: ["8.8.8.8"], private=())
    assert caught.value.code == "webhook_target_invalid"


@pytest.mark.parametrize("url", ["http://a.example/", "https://a.example:22/"])
def test_on_the_internet_only_https_on_its_ports_will_do(url: str) -> None:
    with pytest.raises(KaquanError):
        check_target(url, resolve=lambda *_: ["8.8.8.8"], private=LOOPBACK)
    inside = [ip_network("10.0.0.0/8")]
    check_target(url, resolve=lambda *_: ["10.1.2.3"], private=inside)


def test_a_network_that_the_operator_named_opens_itself_and_nothing_else() -> None:
    inside = [ip_network("10.1.0.0/16")]
    assert may_be_reached("10.1.2.3", inside)
    assert may_be_reached("::ffff:10.1.2.3", inside)
    assert not may_be_reached("10.2.0.1", inside)
    assert not may_be_reached("nonsense", inside)


def test_a_name_that_cannot_be_resolved_is_refused() -> None:
    def fail(*_: object) -> list[str]:
        raise socket.gaierror(-2, "unknown")

    with pytest.raises(KaquanError, match="cannot be resolved"):
        check_target("https://a.example/", resolve=fail, private=())


def send(url: str, addresses: list[str], **fields: object) -> Reply:
    """One delivery to given addresses."""
    known = {
        "headers": {},
        "body": b"{}",
        "private": LOOPBACK,
        "context": ssl.create_default_context(),
        "timeout_s": 5.0,
    }
    return post(parse_target(url), addresses, **known | fields)  # type: ignore[arg-type]


def test_the_connection_itself_is_checked_again(receiver: Receiver) -> None:
    """As if the check before had been passed by a name that answers differently each time."""
    reply = send(receiver.url, ["127.0.0.1"], private=())
    assert (reply.status, receiver.received) == (None, [])
    assert "not allowed" in reply.error


def test_the_checked_address_is_used_whatever_the_name_says_now(receiver: Receiver) -> None:
    url = f"http://rebinding.example:{receiver.port}/hook?key=1"
    target = parse_target(url)
    answers = iter([["127.0.0.1"]])  # a second question would fail
    addresses = allowed_addresses(target, resolve=lambda *_: next(answers), private=LOOPBACK)
    assert send(url, addresses).status == 200
    (received,) = receiver.received
    assert received.headers["host"] == f"rebinding.example:{receiver.port}"
    assert received.path == "/hook?key=1"


def test_where_one_address_does_not_answer_the_next_one_is_tried(receiver: Receiver) -> None:
    assert send(receiver.url, ["127.255.255.254", "127.0.0.1"]).status == 200


@contextmanager
def talking(say: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that answers each connection in its own way; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                try:
                    say(connection)
                except OSError:
                    return  # the other side has had enough

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join()


def test_a_receiver_that_drips_its_answer_meets_the_deadline() -> None:
    ended = threading.Event()

    def drip(connection: socket.socket) -> None:
        while not ended.wait(0.02):
            connection.sendall(b"H")

    with talking(drip) as url:
        reply = send(url, ["127.0.0.1"], timeout_s=0.3)
        ended.set()
    assert reply.status is None
    assert reply.error.startswith("no answer within")
    assert reply.latency_ms < 2_000


def test_a_receiver_that_talks_without_end_is_not_listened_to() -> None:
    def chatter(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)

    with talking(chatter) as url:
        assert send(url, ["127.0.0.1"]).status == 200


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200]
)
def test_what_is_no_answer_is_a_failure(answer: bytes) -> None:
    with talking(lambda connection: connection.sendall(answer)) as url:
        reply = send(url, ["127.0.0.1"])
    assert (reply.status, bool(reply.error)) == (None, True)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for hooks.example with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    now = clock.now()
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "hooks.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize(
    ("host", "trusted", "taken"),
    [
        ("hooks.example", True, True),
        ("other.example", True, False),
        ("hooks.example", False, False),
    ],
)
def test_the_certificate_must_be_the_hosts_and_of_an_authority_we_know(
    certificate: Path, host: str, trusted: bool, taken: bool
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    context = ssl.create_default_context(cafile=str(certificate) if trusted else None)
    with receiving(server) as receiver:
        reply = send(f"https://{host}:{receiver.port}/", ["127.0.0.1"], context=context)
        assert (reply.status == 200) is taken
        assert len(receiver.received) == taken
    assert taken or reply.error.startswith("TLS: ")
