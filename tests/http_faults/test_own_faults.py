"""What goes wrong on our side is told as such, stays with its request, and may be tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest

from kaquan.engine.decide import decide
from kaquan.foundation import clock
from kaquan.ledger.connections import LedgerConnection
from kaquan.ledger.door import Door
from kaquan.redemption.codes import new_code
from tests.builders.access import a_key
from tests.builders.books import number
from tests.builders.issuer import a_store, an_organisation
from tests.builders.ledger import BuiltBatch, a_batch
from tests.http_faults.callers import Answer
from tests.http_faults.in_process import Ask, with_gateway
from tests.http_faults.issuer import ALWAYS

Connection = psycopg.Connection[Any]
CULPRIT = 2
TOUCHED = "SELECT count(*) FROM ledger_voucher WHERE batch_id = %s"


@pytest.fixture
def batch(door: Door) -> BuiltBatch:
    """Vouchers, one of which breaks our code."""
    return a_batch(door, at=clock.now(), validity=ALWAYS)


@pytest.fixture
def break_on(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Have the engine fail whenever it meets a certain voucher."""

    def plant(culprit: int) -> None:
        def broken(commands: Sequence[Any], *arguments: Any, **named: Any) -> Any:
            if any(use.serial == culprit for one in commands for use in one.vouchers):
                raise RuntimeError("our bug")
            return decide(commands, *arguments, **named)

        monkeypatch.setattr("kaquan.ledger.door.decide", broken)

    return plant


@pytest.fixture
def till_key() -> str:
    """Somebody who may redeem."""
    return a_key("redemption.redeem", at=clock.now()).text


def uses_of(batch: BuiltBatch, quantity: int = 6) -> list[dict[str, Any]]:
    """The bodies of redemptions of its vouchers."""
    store = a_store(an_organisation("总部", None)).organisation.code
    order = {"order_no": "A-1", "amount_fen": 10_000}
    return [
        {"vouchers": [{"code": new_code(batch.serial(index))}], "store": store, "order": order}
        for index in range(quantity)
    ]


def test_a_request_that_breaks_our_code_fails_alone_and_succeeds_once_that_is_mended(
    batch: BuiltBatch,
    till_key: str,
    connection: Connection,
    break_on: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uses = uses_of(batch)
    break_on(batch.serial(CULPRIT))

    async def ask_all(ask: Ask) -> list[Answer]:
        asked = [ask("redemptions", one, f"own-{index}") for index, one in enumerate(uses)]
        return list(await asyncio.gather(*asked))

    first = with_gateway(till_key, ask_all)
    assert [one.status for one in first] == [200, 200, 500, 200, 200, 200]
    assert first[CULPRIT].code == "internal_error"
    assert number(connection, TOUCHED, batch.batch_id) == 5
    monkeypatch.undo()
    again = with_gateway(till_key, ask_all)
    assert [one.status for one in again] == [200] * 6
    assert [one.body for one in again if one is not again[CULPRIT]] == [
        one.body for one in first if one is not first[CULPRIT]
    ]


def test_a_command_of_a_list_that_breaks_our_code_fails_with_what_is_linked_to_it_alone(
    batch: BuiltBatch,
    till_key: str,
    connection: Connection,
    break_on: Callable[[int], None],
) -> None:
    commands = [{"do": "redeem", **one} for one in uses_of(batch)]
    commands[CULPRIT]["link"] = commands[CULPRIT + 1]["link"] = 1
    break_on(batch.serial(CULPRIT))

    answer = with_gateway(till_key, lambda ask: ask("commands", {"commands": commands}))

    assert [one["code"] for one in answer.json["outcomes"]] == [
        "done",
        "done",
        "internal_error",
        "internal_error",
        "done",
        "done",
    ]
    assert number(connection, TOUCHED, batch.batch_id) == 4


def test_what_a_database_did_not_take_may_be_sent_again_when_the_answer_says(
    batch: BuiltBatch, till_key: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise psycopg.OperationalError

    (use,) = uses_of(batch, 1)

    async def ask_twice(ask: Ask) -> list[Answer]:
        with monkeypatch.context() as spoilt:
            spoilt.setattr(Door, "_attempt", away)
            spoilt.setattr(LedgerConnection, "reopen", lambda _: False)
            first = await ask("redemptions", use, "away")
        return [first, await ask("redemptions", use, "away")]

    first, second = with_gateway(till_key, ask_twice)
    assert (first.status, first.code, first.json["retryable"]) == (503, "unavailable", True)
    assert first.headers["retry-after"] == "1"
    assert second.status == 200
    assert number(connection, TOUCHED, batch.batch_id) == 1
