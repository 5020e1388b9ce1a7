"""A real server on the worker's database, and everything that a caller of it needs."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import psycopg
from django.db import connections

from kaquan.access.actions import create_client, create_key
from kaquan.access.models import KeyKind
from kaquan.customers.actions import create_customer
from kaquan.engine.codes import format_code
from kaquan.foundation import clock
from kaquan.foundation.configuration import Configuration
from kaquan.foundation.postgres.urls import connection_urls
from kaquan.ledger.catalogue import Catalogue
from kaquan.ledger.connections import LedgerConnection
from kaquan.ledger.door import Door
from kaquan.organisations.models import Organisation
from kaquan.redemption.codes import code_book
from tests.builders.issuer import SYSTEM, a_number, a_store, an_organisation
from tests.builders.ledger import BuiltBatch, a_batch
from tests.database_cleaner import Cleaner
from tests.programs import start_program

START_S = 60
IDLE_S_MAX = 5.0
BASE = "/api/v1/"
TILL = ("redemption.redeem", "redemption.reverse", "redemption.issue")
ALWAYS = {"range": {"kind": "fixed_range", "first_day": "2020-01-01", "last_day": "2199-12-31"}}

Server = subprocess.Popen[str]

_keys = count(1)


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The answer's code."""
        return str(self.json["code"])


def a_request_key() -> str:
    """A request key that nobody has used."""
    return f"test-{os.getpid()}-{next(_keys)}"


class Caller:
    """Somebody with an API key; each thread has a connection of its own."""

    def __init__(self, port: int, api_key: str | None) -> None:
        self.port = port
        self.api_key = api_key
        self._local = threading.local()

    def post(self, path: str, body: Any = None, *, key: str | None = "", **headers: str) -> Answer:
        """POST, with a fresh request key unless one is named (None: without any)."""
        sent = {"Content-Type": "application/json"}
        if key is not None:
            sent["Idempotency-Key"] = key or a_request_key()
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        payload = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        return self.ask("POST", path, payload, sent)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Any request at all."""
        sent = dict(headers or {})
        if self.api_key is not None:
            sent.setdefault("Authorization", f"Bearer {self.api_key}")
        connection = self._connection()
        try:
            connection.request(method, path if path[:1] == "/" else BASE + path, body, sent)
            response = connection.getresponse()
            told = response.read()
        except (http.client.HTTPException, OSError):
            self.close()
            raise
        return Answer(
            response.status, {name.lower(): value for name, value in response.getheaders()}, told
        )

    def close(self) -> None:
        """Hang up."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _connection(self) -> http.client.HTTPConnection:
        connection = getattr(self._local, "connection", None)
        used_s, self._local.used_s = getattr(self._local, "used_s", 0.0), time.monotonic()
        if connection is not None and self._local.used_s - used_s > IDLE_S_MAX:
            self.close()  # the server may have hung up meanwhile
            connection = None
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            self._local.connection = connection
        return connection


@dataclass
class Site:
    """A running server, an issuer with two regions, and a till with an API key."""

    configuration: Configuration
    port: int
    server: Server
    door: Door
    root: Organisation
    region: Organisation
    elsewhere: Organisation
    store: str
    far_store: str
    callers: list[Caller] = field(default_factory=list)

    @property
    def till(self) -> Caller:
        """A key for the whole issuer that may redeem, reverse and issue."""
        return self.callers[0]

    def caller(
        self,
        *permissions: str,
        organisation: Organisation | None = None,
        store_codes: tuple[str, ...] = (),
        publishable: bool = False,
        **key: Any,
    ) -> Caller:
        """Somebody with a new key."""
        now = clock.now()
        client = create_client(
            actor=SYSTEM,
            name=a_number("接入方"),
            at=now,
            organisation_id=organisation.id if organisation else None,
        )
        made = create_key(
            actor=SYSTEM,
            client_id=client.id,
            permissions=permissions or TILL,
            at=now,
            kind=KeyKind.PUBLISHABLE if publishable else KeyKind.SECRET,
            store_codes=store_codes,
            **key,
        )
        caller = Caller(self.port, made.text)
        self.callers.append(caller)
        return caller

    def batch(self, **fields: Any) -> BuiltBatch:
        """A batch that is good now and always."""
        fields.setdefault("validity", ALWAYS)
        return a_batch(self.door, at=clock.now(), **fields)

    def customer(self, **fields: Any) -> str:
        """The number of a new customer."""
        number = a_number("M")
        create_customer(actor=SYSTEM, number=number, **fields)
        return number

    def connect(self) -> psycopg.Connection[Any]:
        """A session to look at the books; the caller closes it."""
        return psycopg.connect(connection_urls(self.configuration).app, autocommit=True)

    def order(self, amount_fen: int = 10_000, **fields: Any) -> dict[str, Any]:
        """Where a redemption happens: an order at the store."""
        order = {"order_no": a_number("A"), "amount_fen": amount_fen}
        return {"store": self.store, "order": order, **fields}

    def two_lines(self, **fields: Any) -> dict[str, Any]:
        """An order of 60 and 40 yuan."""
        lines = [
            {"line_id": "1", "sku": "latte", "quantity": 2, "amount_fen": 6_000},
            {"line_id": "2", "sku": "cake", "quantity": 1, "amount_fen": 4_000},
        ]
        return {"store": self.store, "order": {"order_no": a_number("A"), "lines": lines}, **fields}

    def redeem(self, *codes: str, **fields: Any) -> dict[str, Any]:
        """The body of a redemption of these codes."""
        return {"vouchers": [{"code": one} for one in codes], **self.order(), **fields}


def code_of(batch: BuiltBatch, index: int = 0) -> str:
    """The code of a voucher of a batch by code."""
    return format_code(code_book().encode(batch.serial(index)))


@contextmanager
def serving(configuration: Configuration, cleaner: Cleaner, **settings: str) -> Iterator[Site]:
    """``kaquan up`` with an issuer on a database that is cleaned once, for several tests: a server
    keeps what it knows, and one that outlived them would do the jobs of those that come after."""
    cleaner.clean()
    started = start_site(configuration, **settings)
    try:
        yield started
    finally:
        end_site(started)
        connections.close_all()


def start_site(configuration: Configuration, **settings: str) -> Site:
    """Start ``kaquan up`` and give its database an issuer."""
    server, port = start_server(configuration, **settings)
    try:
        url = connection_urls(configuration).app
        door = Door(LedgerConnection(lambda: psycopg.connect(url)), Catalogue())
        root = an_organisation(a_number("总部"), None)
        region, elsewhere = an_organisation("华东", root), an_organisation("华南", root)
        store, far_store = a_store(region), a_store(elsewhere)
        site = Site(
            configuration,
            port,
            server,
            door,
            root,
            region,
            elsewhere,
            store.organisation.code,
            far_store.organisation.code,
        )
        site.caller(*TILL)
    except BaseException:
        end_server(server)
        raise
    return site


def start_server(
    configuration: Configuration, **settings: str
) -> tuple[subprocess.Popen[str], int]:
    """Start ``kaquan up`` on a free port; it listens."""
    port = free_port()
    environment = {
        **os.environ,
        **configuration.environment(),
        "KAQUAN_HTTP_PORT": str(port),
        **settings,
    }
    server = start_program(
        "-m", "kaquan", "up", env=environment, stderr=subprocess.PIPE, encoding="utf-8"
    )
    try:
        _wait_until_up(server)
        _wait_until_listening(server, port)
    except BaseException:
        end_server(server)
        raise
    return server, port


def end_site(site: Site) -> None:
    """Stop everything that was started."""
    for caller in site.callers:
        caller.close()
    site.door.close()
    end_server(site.server)


def end_server(server: Server) -> int:
    """Ask a server to end; its exit code."""
    if server.poll() is None:
        server.send_signal(signal.SIGTERM)
    code = server.wait(START_S)
    assert server.stderr is not None
    server.stderr.close()
    return code


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(server: Server) -> None:
    assert server.stderr is not None
    watchdog = threading.Timer(START_S, server.kill)
    watchdog.start()
    said = []
    try:
        for line in server.stderr:
            said.append(line)
            if "Kaquan is up" in line:
                threading.Thread(target=_pass_on, args=(server,), daemon=True).start()
                return
    finally:
        watchdog.cancel()
    raise AssertionError("".join(said))


def _wait_until_listening(server: Server, port: int) -> None:
    deadline_s = time.monotonic() + START_S
    while True:
        try:
            probe = Caller(port, None)
            assert probe.ask("GET", "problems").status == 200
            probe.close()
        except ConnectionRefusedError:
            assert server.poll() is None, "it has ended"
            assert time.monotonic() < deadline_s, "it does not listen"
            time.sleep(0.05)
        else:
            return


def _pass_on(server: Server) -> None:
    """What the server says goes to the test's own output."""
    assert server.stderr is not None
    try:
        for line in server.stderr:
            sys.stderr.write(line)
    except ValueError:
        return  # closed at the end
