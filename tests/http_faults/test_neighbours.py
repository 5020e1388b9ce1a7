"""A request that has to wait, or that breaks our own code, is alone with it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.builders.books import number
from tests.fixtures_cluster import OwnCluster
from tests.http_faults.callers import Answer, Connection
from tests.http_faults.issuer import Coded
from tests.http_faults.load import Goods
from tests.http_faults.servers import ServerProcess
from tests.waiting import soon

LOCK_WAIT_S = 5
NEIGHBOURS = 12


def test_a_voucher_that_somebody_else_holds_keeps_nobody_but_its_own_till_waiting(
    cluster: OwnCluster, open_server: Callable[..., ServerProcess], goods: Goods
) -> None:
    """With one writer, so that all of them are behind the one who waits, and with him in turn."""
    server = open_server(workers=1, KAQUAN_WRITER_THREADS="1")
    held, *others = goods.cards[: NEIGHBOURS + 1]
    took: list[float] = []
    answers: list[Answer] = []

    def ask(card: Coded, key: str) -> None:
        began_s = time.monotonic()
        answer = _use(server.port, goods, card, key)
        took.append(time.monotonic() - began_s)
        answers.append(answer)

    holding: list[Answer] = []
    with cluster.connect() as holder, holder.transaction():
        query = "SELECT FROM ledger_voucher WHERE serial = %s FOR UPDATE"
        holder.execute(query, [held.serial])
        first = threading.Thread(
            target=lambda: holding.append(_use(server.port, goods, held, "neighbour-held"))
        )
        first.start()
        with cluster.connect() as connection:
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            assert soon(lambda: number(connection, waiting) > 0)
        # Two more for the same voucher, among the neighbours in whatever block comes next.
        crowd = [*others[:6], held, *others[6:], held]
        threads = [
            threading.Thread(target=ask, args=(card, f"neighbour-{position}"))
            for position, card in enumerate(crowd)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        first.join()
        listed = _use_all(server.port, goods, [others[0], held, others[1]])
    server.end()

    assert [(one.status, one.code) for one in holding] == [(503, "busy")]
    assert sorted(one.status for one in answers) == [200] * NEIGHBOURS + [503] * 2
    assert max(took) < 3 * LOCK_WAIT_S  # with room for a machine that has other work
    assert [one["code"] for one in listed.json["outcomes"]] == ["done", "busy", "done"]
    with cluster.connect() as connection:
        left = "SELECT balance_fen FROM ledger_voucher WHERE serial = %s"
        assert number(connection, left, held.serial) == 20_000


def _use(port: int, goods: Goods, card: Coded, key: str) -> Answer:
    return _post(port, goods, "redemptions", _body(goods, card), key)


def _use_all(port: int, goods: Goods, cards: list[Coded]) -> Answer:
    commands = [{"do": "redeem", **_body(goods, card)} for card in cards]
    return _post(port, goods, "commands", {"commands": commands}, "neighbours")


def _body(goods: Goods, card: Coded) -> dict[str, Any]:
    return {
        "vouchers": [{"code": card.code, "amount_fen": 5}],
        "store": goods.issuer.stores[0],
        "order": {"order_no": "A-1", "amount_fen": 10_000},
    }


def _post(port: int, goods: Goods, path: str, body: dict[str, Any], key: str) -> Answer:
    connection = Connection(port, goods.issuer.till_key)
    answer = connection.post(path, json.dumps(body).encode(), key)
    connection.close()
    return answer
