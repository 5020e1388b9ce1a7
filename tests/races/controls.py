"""The same door with one cure taken away: what a race would do without it.

A green race proves something only if the same race without the cure goes wrong. These processes run
the real code; only the row locks, a unique key or the memory of request keys are gone, and
everybody reads before anybody writes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import psycopg
from psycopg import sql

from kaquan.engine.world import World
from kaquan.ledger import door as door_module
from kaquan.ledger.door import Door
from tests.races.racing import Call, Racer, Send

SCRATCH = "scratch"


@dataclass(frozen=True, slots=True)
class SendWithoutLocks(Send):
    """Reads without FOR UPDATE and FOR SHARE, as read-then-write code does."""

    def __call__(self, racer: Racer) -> list[Call]:
        """The calls with their answers."""
        _read_together(racer)
        return _send(self, racer, _take_locks_away)


@dataclass(frozen=True, slots=True)
class SendSettingBudgets(Send):
    """Reads without locks, and sets a budget to what it computed instead of moving its amounts."""

    def __call__(self, racer: Racer) -> list[Call]:
        """The calls with their answers."""
        _read_together(racer)
        door_module.write_budgets = _set_budgets
        return _send(self, racer, _take_locks_away)


@dataclass(frozen=True, slots=True)
class SendWithoutMemory(Send):
    """Keeps every lock, but neither looks request keys up nor writes them down."""

    def __call__(self, racer: Racer) -> list[Call]:
        """The calls with their answers."""
        return _send(self, racer, _take_memory_away)


@dataclass(frozen=True, slots=True)
class SendWithoutKeys(Send):
    """Births voucher rows in a table that has no primary key (see ``vouchers_without_key``)."""

    def __call__(self, racer: Racer) -> list[Call]:
        """The calls with their answers."""
        _read_together(racer)
        separator = "&" if "?" in racer.url else "?"
        options = quote(f"-c role=kaquan_app -c search_path={SCRATCH},public")
        url = f"{racer.url}{separator}options={options}"
        return _send(self, Racer(racer.number, url, racer.gate), lambda _: None)


@contextmanager
def vouchers_without_key(owner: psycopg.Connection[object]) -> Iterator[None]:
    """A table of vouchers that lets one serial be born twice, in front of the real one."""
    schema = sql.Identifier(SCRATCH)
    owner.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
    try:
        owner.execute(
            sql.SQL("CREATE TABLE {}.ledger_voucher (LIKE public.ledger_voucher)").format(schema)
        )
        for what in ("USAGE ON SCHEMA {}", "ALL ON ALL TABLES IN SCHEMA {}"):
            owner.execute(sql.SQL("GRANT " + what + " TO kaquan_app").format(schema))
        yield
    finally:
        owner.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(schema))


def _send(part: Send, racer: Racer, weaken: Callable[[Door], None]) -> list[Call]:
    def open_weak(self: Racer) -> Door:
        door = original(self)
        weaken(door)
        return door

    original = Racer.open_door
    Racer.open_door = open_weak  # type: ignore[method-assign]  # this process ends with the race
    return Send(part.calls)(racer)


def _take_locks_away(door: Door) -> None:
    load = door._loader.load
    door._loader.load = lambda commands, **_: load(commands, lock=False)  # type: ignore[method-assign]


def _set_budgets(connection: psycopg.Connection[object], world: World, _before: object) -> None:
    for budget in world.budgets.values():
        connection.execute(
            # kaquan-allow: ledger-writes because it is the fault that the control shows
            "UPDATE ledger_budget SET available_fen = %s, committed_fen = %s, spent_fen = %s, "
            "released_fen = %s WHERE budget_id = %s",
            [
                budget.available_fen,
                budget.committed_fen,
                budget.spent_fen,
                budget.released_fen,
                budget.budget_id,
            ],
        )


def _take_memory_away(door: Door) -> None:
    door._request_lines = lambda *_: []  # type: ignore[method-assign]


def _read_together(racer: Racer) -> None:
    passages = iter(range(1, 10**6))

    def wait_once(racer: Racer, name: str) -> None:
        if name == "ledger.before_write" and next(passages) == 1:
            racer.wait()

    door_module.failpoint = partial(wait_once, racer)
