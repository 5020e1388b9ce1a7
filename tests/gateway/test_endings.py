"""Too many callers, a server that ends, a bug of ours: nobody is lost, nothing doubled."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any

import psycopg
import pytest

from kaquan.foundation.configuration import Configuration
from kaquan.ledger import batcher as batcher_module
from kaquan.surfaces.gateway.application import Gateway
from kaquan.surfaces.gateway.runtime import Runtime
from tests.builders.books import number
from tests.gateway.site import (
    Answer,
    Caller,
    Site,
    a_request_key,
    code_of,
    end_server,
    start_server,
)
from tests.waiting import soon

Connection = psycopg.Connection[Any]


@pytest.fixture
def second_server(site: Site, migrated_database: Configuration) -> Iterator[tuple[Any, Caller]]:
    """Another server on the same database, for a test to end."""
    server, port = start_server(migrated_database)
    caller = Caller(port, site.till.api_key)
    yield server, caller
    caller.close()
    end_server(server)


def test_two_servers_on_one_database_book_a_code_once(
    site: Site, till: Caller, second_server: tuple[Any, Caller], connection: Connection
) -> None:
    _, other = second_server
    batch = site.batch(quantity=40)
    answers: list[Answer] = []

    def ask(caller: Caller) -> None:
        bodies = [site.redeem(code_of(batch, index)) for index in range(40)]
        answers.extend([caller.post("redemptions", body) for body in bodies])
        caller.close()

    threads = [threading.Thread(target=ask, args=(one,)) for one in (till, other, till, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    told = [one.code for one in answers]
    assert (told.count("done"), told.count("voucher_used")) == (40, 120)


def test_a_server_that_is_told_to_end_answers_what_it_has_taken(
    site: Site, second_server: tuple[Any, Caller], connection: Connection
) -> None:
    server, other = second_server
    batch = site.batch()
    body, key = site.redeem(code_of(batch)), a_request_key()
    answers: list[Answer] = []
    assert other.post("redemptions", site.redeem(code_of(batch, 1))).status == 200
    with site.connect() as holder, holder.transaction():
        # The writer has to wait for the batch, and the server is told to end meanwhile.
        query = "SELECT FROM ledger_slice WHERE batch_id = %s FOR UPDATE"
        holder.execute(query, [batch.batch_id])

        def ask() -> None:
            answers.append(other.post("redemptions", body, key=key))
            other.close()

        asking = threading.Thread(target=ask)
        asking.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        assert soon(lambda: number(connection, waiting) > 0)
        server.terminate()
        assert soon(lambda: not _listens(other.port))
    asking.join()

    assert [one.status for one in answers] == [200]
    assert server.wait(30) == 0
    assert site.till.post("redemptions", body, key=key).body == answers[0].body


def _listens(port: int) -> bool:
    fresh = Caller(port, None)
    try:
        fresh.ask("GET", "problems")
    except (HTTPException, OSError):
        return False
    else:
        fresh.close()
        return True


def test_a_full_queue_says_when_to_come_back(
    site: Site, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batcher_module, "QUEUE_COMMANDS_MAX", 0)
    batch = site.batch()

    status, headers, body = ask_in_process(site, site.redeem(code_of(batch)))

    assert (status, body["code"], body["retryable"]) == (503, "busy", True)
    assert headers["retry-after"] == "1"
    query = "SELECT count(*) FROM ledger_voucher WHERE batch_id = %s"
    assert number(connection, query, batch.batch_id) == 0


def test_a_bug_of_ours_is_told_as_such_and_stays_with_its_caller(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("our bug")

    batch = site.batch()
    monkeypatch.setattr("kaquan.ledger.door.Door.submit", broken)

    status, _, body = ask_in_process(site, site.redeem(code_of(batch)))

    assert (status, body["code"]) == (500, "internal_error")


def ask_in_process(site: Site, body: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
    """Ask a gateway in this process, which a test may spoil; its threads end with it."""
    sent: list[Any] = []

    async def run() -> None:
        opened: list[Runtime] = []

        def open_runtime() -> Runtime:
            opened.append(Runtime())
            return opened[0]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": json.dumps(body).encode()}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = {
            "authorization": f"Bearer {site.till.api_key}",
            "idempotency-key": a_request_key(),
            "content-type": "application/json",
        }
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/api/v1/redemptions",
            "query_string": b"",
            "client": ("127.0.0.1", 1),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        await Gateway(open_runtime)(scope, receive, send)
        await asyncio.to_thread(opened[0].close)

    asyncio.run(run())
    start, content = sent
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], told, json.loads(content["body"])
