"""Two servers of two workers each on one database, used at once, are one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from tests.builders.books import faults
from tests.fixtures_cluster import OwnCluster
from tests.history.records import Answer as Told
from tests.http_faults.callers import Answer, Connection
from tests.http_faults.judging import judge
from tests.http_faults.load import Attempt, Goods, Load, Request, Till, settle
from tests.http_faults.servers import ServerProcess

TWICE = 60


@pytest.fixture
def servers(
    server: ServerProcess, open_server: Callable[..., ServerProcess]
) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    """The kept one and another."""
    second = open_server()
    yield server, second
    second.end()


def test_tills_spread_over_two_servers_see_one_ledger(
    cluster: OwnCluster,
    servers: tuple[ServerProcess, ServerProcess],
    new_goods: Callable[[], Goods],
) -> None:
    ports, goods = [one.port for one in servers], new_goods()
    load = Load(ports, goods).start()
    load.wait_for_progress(30)
    attempts = load.stop()
    attempts += settle(ports[0], goods.issuer.till_key, attempts)
    with cluster.connect() as connection:
        assert judge(connection, goods, attempts) == []

    goods = new_goods()
    twins = Twins(ports, goods)
    for _ in range(TWICE):
        twins.send_both()
    attempts = twins.close()

    with cluster.connect() as connection:
        assert judge(connection, goods, attempts) == []
    assert faults(cluster.connect) == []
    assert sum(one.told is Told.DONE for one in attempts) > TWICE


class Twins:
    """Sends each request to two servers in the same moment."""

    def __init__(self, ports: list[int], goods: Goods) -> None:
        key = goods.issuer.till_key
        self._stop = threading.Event()
        self._tills = [Till(7, [Connection(port, key)], goods, self._stop) for port in ports]
        self._gate = threading.Barrier(len(ports))

    def send_both(self) -> None:
        """One request, the same for both; their answers are the same to the byte."""
        request = self._tills[0].next_request()
        threads = [threading.Thread(target=self._send, args=(one, request)) for one in self._tills]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        first, second = [_last(one) for one in self._tills]
        assert (first.status, first.body) == (second.status, second.body)

    def close(self) -> list[Attempt]:
        """Hang up; what was sent."""
        for till in self._tills:
            till.close()
        return [attempt for one in self._tills for attempt in one.attempts]

    def _send(self, till: Till, request: Request) -> None:
        self._gate.wait()
        till.settle(request)


def _last(till: Till) -> Answer:
    answer = till.attempts[-1].answer
    assert answer is not None
    return answer
