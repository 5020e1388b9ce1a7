"""A database or a server lost under load: every answer is kept, and every retry has one effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.builders.books import faults, records
from tests.fixtures_cluster import OwnCluster
from tests.history.checker import check
from tests.history.records import Answer, History
from tests.http_faults.judging import effects_of_unanswered, history_of, judge
from tests.http_faults.load import Attempt, Goods, Load, settle
from tests.http_faults.servers import ServerProcess


def _prove(cluster: OwnCluster, goods: Goods, attempts: list[Attempt]) -> History:
    """The history of a run that kept its promises."""
    with cluster.connect() as connection:
        assert judge(connection, goods, attempts) == []
        history = history_of(records(connection), goods, attempts)
    assert faults(cluster.connect) == []
    done = {one.request.path.rpartition("/")[2] for one in attempts if one.told is Answer.DONE}
    assert done == {"redemptions", "reversals", "claims"}
    return history


def test_a_database_that_restarts_and_is_killed_under_load_loses_and_doubles_nothing(
    cluster: OwnCluster, server: ServerProcess, goods: Goods
) -> None:
    load = Load([server.port], goods).start()
    load.wait_for_progress()
    cluster.server.restart()
    load.wait_for_progress()
    cluster.kill()  # and nobody but the server itself starts it again
    load.wait_for_progress()
    attempts = load.stop()
    attempts += settle(server.port, goods.issuer.till_key, attempts)

    history = _prove(cluster, goods, attempts)
    for plant, kind in PLANTED.items():
        assert kind in {one.kind for one in check(plant(history))}


def _used_twice(history: History) -> History:
    """One more use under a key that had its effect."""
    change = max(history.changes, key=lambda one: one.version)
    again = replace(change, version=change.version + 1, left=change.left - change.taken)
    return replace(history, changes=(*history.changes, again))


def _lost(history: History) -> History:
    """A use that was answered is not in the books."""
    done = {one.key for one in history.attempts if one.answer is Answer.DONE}
    change = next(one for one in history.changes if one.key in done)
    return replace(history, changes=tuple(one for one in history.changes if one is not change))


def _reordered(history: History) -> History:
    """Two uses of one card stand in the other order."""
    first = min(history.changes, key=lambda one: (-one.left, one.version))
    last = max(
        (one for one in history.changes if one.voucher == first.voucher),
        key=lambda one: one.version,
    )
    assert first.key != last.key
    swapped = {first: replace(first, key=last.key), last: replace(last, key=first.key)}
    return replace(history, changes=tuple(swapped.get(one, one) for one in history.changes))


PLANTED: dict[Callable[[History], History], str] = {
    _used_twice: "done_twice",
    _lost: "acknowledged_but_lost",
    _reordered: "real_time_broken",
}


def test_a_server_killed_under_load_and_started_again_loses_and_doubles_nothing(
    cluster: OwnCluster, server: ServerProcess, goods: Goods
) -> None:
    load = Load([server.port], goods).start()
    load.wait_for_progress()
    server.kill()
    server.start()
    load.wait_for_progress()
    server.kill_workers()
    load.wait_for_progress()
    attempts = load.stop()
    attempts += settle(server.port, goods.issuer.till_key, attempts)

    _prove(cluster, goods, attempts)


def test_writers_killed_under_load_lose_and_double_nothing_and_their_workers_go_on(
    cluster: OwnCluster, server: ServerProcess, goods: Goods
) -> None:
    load = Load([server.port], goods).start()
    load.wait_for_progress()
    server.kill_writers()
    load.wait_for_progress()
    attempts = load.stop()
    attempts += settle(server.port, goods.issuer.till_key, attempts)

    _prove(cluster, goods, attempts)
    assert "writers' process ended" in server.said()


def test_a_server_told_to_end_under_load_answers_all_that_it_books(
    cluster: OwnCluster, server: ServerProcess, goods: Goods
) -> None:
    load = Load([server.port], goods).start()
    load.wait_for_progress()
    server.tell_to_end()
    assert server.wait() == 0
    attempts = load.stop()

    with cluster.connect() as connection:
        told = records(connection)
    assert effects_of_unanswered(told, attempts) == []
    server.start()
    attempts += settle(server.port, goods.issuer.till_key, attempts)
    _prove(cluster, goods, attempts)
