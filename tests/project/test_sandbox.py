"""A live issuer and its sandbox at one address: what happens to one never happens to the other."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connections
from psycopg import sql

from kaquan.foundation.configuration import Configuration
from kaquan.foundation.postgres.sandbox import (
    prepare_sandbox_database,
    sandbox_configuration,
    sandbox_socket,
)
from kaquan.foundation.postgres.sessions import running_database
from kaquan.foundation.postgres.urls import (
    DATABASE,
    OWNER_ROLE,
    connection_urls,
    superuser_url,
)
from kaquan.surfaces.cli.exit_codes import Ending
from tests.builders.books import number
from tests.database_cleaner import Cleaner
from tests.gateway.site import BASE, Answer, Caller, Site, code_of, end_site, start_site
from tests.programs import start_program
from tests.session_folder import copy_home, home_configuration, remove_home
from tests.waiting import soon

SOON_S = 60.0
ROOT = Path(__file__).parents[2]

_FILL = """
import json, sys
import psycopg
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.django_setup import setup
setup(current_configuration())
from kaquan.access.actions import create_client, create_key
from kaquan.foundation import clock
from kaquan.ledger.catalogue import Catalogue
from kaquan.ledger.connections import LedgerConnection, connect_default
from kaquan.ledger.door import Door
from tests.builders.issuer import SYSTEM, a_store, an_organisation
from tests.builders.ledger import a_batch
from tests.gateway.site import ALWAYS, TILL, code_of
now = clock.now()
store = a_store(an_organisation("总部", None), "T001")
client = create_client(actor=SYSTEM, name="集成商", at=now)
key = create_key(actor=SYSTEM, client_id=client.id, permissions=TILL, at=now,
                 networks=("127.0.0.1/32",))
door = Door(LedgerConnection(connect_default), Catalogue())
batch = a_batch(door, at=now, validity=ALWAYS)
door.close()
print(json.dumps({"key": key.text, "codes": [code_of(batch, index) for index in range(4)]}))
"""


@dataclass
class Both:
    """A live site, and what there is in its sandbox."""

    live: Site
    configuration: Configuration
    tester: Caller
    codes: list[str]

    def sandbox_blocks(self) -> int:
        """How much the sandbox has booked."""
        with psycopg.connect(connection_urls(self.configuration).app) as connection:
            return number(connection, "SELECT count(*) FROM ledger_block")

    def live_blocks(self) -> int:
        """How much the live side has booked."""
        with self.live.connect() as connection:
            return number(connection, "SELECT count(*) FROM ledger_block")


@pytest.fixture(scope="module")
def both(
    migrated_database: Configuration, cleaner: Cleaner, session_folder: Path
) -> Iterator[Both]:
    """A live site with a running sandbox, in which there is an issuer too."""
    cleaner.clean()
    url = _second_database(migrated_database, session_folder)
    configuration = replace(migrated_database, sandbox=True, sandbox_database_url=url)
    sandbox = sandbox_configuration(configuration)
    filled = subprocess.run(
        [sys.executable, "-c", _FILL],
        env={**os.environ, **sandbox.environment()},
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    known = json.loads(filled.stdout)
    live = start_site(migrated_database, KAQUAN_SANDBOX="1", KAQUAN_SANDBOX_DATABASE_URL=url)
    tester = Caller(live.port, known["key"])
    live.callers.append(tester)
    try:
        assert soon(lambda: _probe(tester).status == 200)
        yield Both(live, sandbox, tester, known["codes"])
    finally:
        end_site(live)
        connections.close_all()


def _second_database(live: Configuration, session_folder: Path) -> str:
    assert live.database_url is not None
    parts = urlsplit(live.database_url)
    name = f"{parts.path[1:]}_sandbox"
    shared = home_configuration(session_folder / "shared")
    with psycopg.connect(superuser_url(shared), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {} owner {}").format(
                *map(sql.Identifier, (name, DATABASE, OWNER_ROLE))
            )
        )
    return parts._replace(path=f"/{name}").geturl()


def _redeem(caller: Caller, code: str, *, store: str = "T001", key: str = "") -> Answer:
    order = {"order_no": "T1", "amount_fen": 10_000}
    body = {"vouchers": [{"code": code}], "store": store, "order": order}
    return caller.post("redemptions", body, key=key)


def test_a_test_key_redeems_in_the_sandbox_and_moves_nothing_live(both: Both) -> None:
    live_before, sandbox_before = both.live_blocks(), both.sandbox_blocks()

    answer = _redeem(both.tester, both.codes[0])

    assert (answer.status, answer.code) == (200, "done"), answer.body
    assert both.sandbox_blocks() > sandbox_before
    assert both.live_blocks() == live_before


def test_a_live_key_redeems_live_and_moves_nothing_in_the_sandbox(both: Both) -> None:
    batch = both.live.batch()
    live_before, sandbox_before = both.live_blocks(), both.sandbox_blocks()

    answer = both.live.till.post("redemptions", both.live.redeem(code_of(batch)))

    assert answer.code == "done", answer.body
    assert both.live_blocks() > live_before
    assert both.sandbox_blocks() == sandbox_before


def test_codes_of_one_are_forged_ones_to_the_other(both: Both) -> None:
    live_code = code_of(both.live.batch())
    before = (both.live_blocks(), both.sandbox_blocks())

    answers = [
        _redeem(both.tester, live_code),
        _redeem(both.live.till, both.codes[1], store=both.live.store),
    ]

    assert [(one.status, one.code) for one in answers] == [(404, "code_forged")] * 2
    assert (both.live_blocks(), both.sandbox_blocks()) == before


def test_the_sandbox_itself_takes_no_live_key(both: Both) -> None:
    before = both.sandbox_blocks()

    with _over_the_socket(both.configuration) as connection:
        body = json.dumps({"vouchers": [{"code": both.codes[2]}], "store": "T001"})
        headers = {
            "Authorization": f"Bearer {both.live.till.api_key}",
            "Content-Type": "application/json",
            "Idempotency-Key": "straight-in",
        }
        connection.request("POST", f"{BASE}redemptions", body, headers)
        response = connection.getresponse()
        answer = json.loads(response.read())

    assert (response.status, answer["code"]) == (401, "key_of_other_mode")
    assert both.sandbox_blocks() == before


def test_the_sandbox_of_a_second_server_waits_for_the_first_one_s(both: Both) -> None:
    path = sandbox_socket(both.configuration.home)
    before = path.stat().st_ino
    second = start_program(
        "-m", "kaquan", "up", "--behind", str(os.getpid()),
        env={**os.environ, **both.configuration.environment()}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert soon(lambda: _has_open(second.pid, "server.lock"))
        assert _probe(both.tester).status == 200
    finally:
        second.send_signal(signal.SIGTERM)
        assert second.wait(SOON_S) == Ending.TERMINATED
    assert path.stat().st_ino == before
    assert _probe(both.tester).status == 200


def _has_open(process_id: int, name: str) -> bool:
    files = Path(f"/proc/{process_id}/fd").iterdir()
    return any(os.readlink(one).endswith(name) for one in files if one.is_symlink())


def test_a_killed_sandbox_is_503_until_it_is_back_and_the_live_side_goes_on(both: Both) -> None:
    first = _redeem(both.tester, both.codes[3], key="again")
    assert first.code == "done", first.body

    os.kill(_sandbox_server(both), signal.SIGKILL)

    assert soon(lambda: _probe(both.tester).status == 503)
    down = _probe(both.tester)
    if down.status == 503:  # it may be back by now
        assert down.code == "sandbox_unavailable"
        assert int(down.headers["retry-after"]) > 0
    batch = both.live.batch()
    assert both.live.till.post("redemptions", both.live.redeem(code_of(batch))).code == "done"
    assert soon(lambda: _probe(both.tester).status == 200)
    assert _redeem(both.tester, both.codes[3], key="again").body == first.body


def test_in_the_embedded_server_neither_role_may_enter_the_other_s_database(
    session_folder: Path, pristine_home: Path
) -> None:
    live = replace(copy_home(pristine_home, session_folder / f"two-{os.getpid()}"), sandbox=True)
    try:
        with running_database(live):
            prepare_sandbox_database(live)
            prepare_sandbox_database(live)  # as every start does
            sandbox = sandbox_configuration(live)
            with psycopg.connect(connection_urls(sandbox).owner) as connection:
                assert connection.execute("select current_database()").fetchone() == (
                    "kaquan_sandbox",
                )
            with psycopg.connect(connection_urls(live).app):
                pass  # live goes on as before
            for url, database in (
                (connection_urls(sandbox).owner, "kaquan"),
                (connection_urls(live).app, "kaquan_sandbox"),
                (connection_urls(live).owner, "kaquan_sandbox"),
            ):
                other = urlsplit(url)._replace(path=f"/{database}").geturl()
                with pytest.raises(psycopg.OperationalError, match="permission denied"):
                    psycopg.connect(other)
    finally:
        remove_home(live)


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        """Over the sandbox's own socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))

    def __enter__(self) -> _SocketConnection:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def _over_the_socket(sandbox: Configuration) -> _SocketConnection:
    return _SocketConnection(sandbox_socket(sandbox.home))


def _probe(caller: Caller) -> Answer:
    return caller.ask("GET", "problems")


def _sandbox_server(both: Both) -> int:
    """The process id of the sandbox's ``kaquan up``, a child of the live one."""
    for thread in Path(f"/proc/{both.live.server.pid}/task").iterdir():
        children = thread / "children"
        for child in children.read_text().split():
            if b"--behind" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    raise AssertionError("no sandbox runs")
