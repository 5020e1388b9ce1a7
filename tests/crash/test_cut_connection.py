"""A connection that breaks around COMMIT: the door finds out what happened, and does it once."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest

from kaquan.engine.outcomes import Outcome
from kaquan.ledger.connections import LedgerConnection
from kaquan.ledger.door import Door
from tests.builders.books import number
from tests.builders.ledger import a_key, a_sold_card, codes, done, redeem
from tests.crash.proxy import Proxy, Wire
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor

Connection = psycopg.Connection[Any]
LEFT = "SELECT balance_fen FROM ledger_voucher"
WAIT_S = 20.0


@pytest.fixture
def proxy(database: Database) -> Iterator[Proxy]:
    """A wire to the worker's database."""
    # A socket's path has room for 107 bytes; pytest's own folders may be longer.
    with TemporaryDirectory() as folder, Proxy(Path(folder), database.app_url) as made:
        yield made


@pytest.fixture
def card(door: Door) -> int:
    """A card with ¥200."""
    return a_sold_card(door)


@pytest.fixture
def far_door(proxy: Proxy, new_door: OpenDoor, card: int) -> Door:
    """A door at the far end of the wire that has worked before, so its statements are prepared."""
    door = new_door(proxy.url)
    for _ in range(4):
        done(door, redeem(card, amount_fen=1_000))
    return door


@pytest.fixture
def watch(database: Database) -> Connection:
    """A session that may see what the others wait for."""
    return database.connect(database.owner_url)


def _wait_for_lock(watch: Connection) -> None:
    """Until some session of this database waits for a lock."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    deadline_s = time.monotonic() + WAIT_S
    while not number(watch, waiting):
        assert time.monotonic() < deadline_s, "nobody waits"
        time.sleep(0.002)


def _committed_but_unanswered(wire: Wire, commit: bytes, _: Connection) -> None:
    """The server commits and answers, and the answer never arrives."""
    wire.cut_client()
    wire.server.sendall(commit)
    wire.server.settimeout(WAIT_S)


def _cut_before_it_arrived(wire: Wire, commit: bytes, _: Connection) -> None:
    """The server never sees the COMMIT."""
    wire.cut_client()
    wire.cut_server()


def _committed_late(wire: Wire, commit: bytes, watch: Connection) -> None:
    """The COMMIT arrives when the client has long connected again and asks what became of it."""
    wire.cut_client()
    _wait_for_lock(watch)
    wire.server.sendall(commit)


def _lost_late(wire: Wire, commit: bytes, watch: Connection) -> None:
    """The transaction is still open when the client asks what became of it, and then it is lost."""
    wire.cut_client()
    _wait_for_lock(watch)
    wire.cut_server()


ACCIDENTS = [
    _committed_but_unanswered,
    _cut_before_it_arrived,
    _committed_late,
    _lost_late,
]


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda one: one.__name__.strip("_"))
@pytest.mark.parametrize("keyed", [True, False])
def test_a_use_is_answered_and_booked_exactly_once(
    *,
    proxy: Proxy,
    far_door: Door,
    card: int,
    connection: Connection,
    watch: Connection,
    accident: Callable[[Wire, bytes, Connection], None],
    keyed: bool,
) -> None:
    """Without a request key as well: only the lane says what became of the lost COMMIT."""
    met = threading.Event()

    def on_commit(wire: Wire, commit: bytes) -> None:
        accident(wire, commit, watch)
        met.set()

    proxy.on_commit = on_commit
    command = redeem(card, amount_fen=3_000, key=a_key() if keyed else None)
    (outcome,) = far_door.submit([command])
    assert met.wait(WAIT_S)
    assert outcome.done
    assert number(connection, LEFT) == 13_000
    assert number(connection, "SELECT max(version) FROM ledger_voucher") == 6
    assert outcome.vouchers[0].version == 6
    if keyed:
        assert far_door.submit([command]) == [outcome]
    done(far_door, redeem(card, amount_fen=1_000))
    assert number(connection, LEFT) == 12_000


def test_control_without_the_lanes_lock_a_late_commit_is_booked_twice(
    *,
    proxy: Proxy,
    far_door: Door,
    card: int,
    connection: Connection,
    watch: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A door that only looks whether the block is there sees nothing, and uses the card again."""
    proxy.on_commit = lambda wire, commit: _committed_late(wire, commit, watch)
    monkeypatch.setattr(Door, "_outcomes_if_committed", lambda _: None)
    done(far_door, redeem(card, amount_fen=3_000))
    assert number(connection, LEFT) == 10_000


def test_a_commit_that_nobody_can_find_out_about_is_unavailable_and_safe_to_repeat(
    proxy: Proxy, far_door: Door, card: int, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network swallowed the COMMIT, and the server has not noticed: it waits for more."""
    open_connection = LedgerConnection._open

    def open_impatient(self: LedgerConnection) -> Connection:
        raw = open_connection(self)
        raw.execute("SET lock_timeout = '50ms'")
        return raw

    monkeypatch.setattr(LedgerConnection, "_open", open_impatient)
    swallowed: list[tuple[Wire, bytes]] = []

    def swallow(wire: Wire, commit: bytes) -> None:
        wire.cut_client()
        swallowed.append((wire, commit))

    proxy.on_commit = swallow
    command = redeem(card, amount_fen=3_000, key=a_key())
    assert codes(far_door.submit([command])) == ["UNAVAILABLE"]
    (wire, commit), waited = swallowed[0], threading.Event()
    monkeypatch.undo()
    answers: list[Outcome] = []

    def retry() -> None:
        answers.extend(far_door.submit([command]))
        waited.set()

    thread = threading.Thread(target=retry)
    thread.start()
    wire.server.sendall(commit)  # it gets there after all
    thread.join(WAIT_S)
    assert waited.is_set()
    assert codes(answers) == ["DONE"]
    assert number(connection, LEFT) == 13_000
