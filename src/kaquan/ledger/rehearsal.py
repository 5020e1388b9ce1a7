"""What would happen: commands decided as the door would decide them, and nothing of it kept.

Each is judged as if it came first, so many callers share one reading of the books. Nothing is
locked, so an answer may be old by the time it is read.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from msgspec import Struct, structs

from kaquan.engine.commands import AnyCommand
from kaquan.engine.decide import decide
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.rows import Batch, Voucher
from kaquan.engine.shards import SERIAL_END
from kaquan.engine.world import World
from kaquan.ledger.catalogue import Catalogue
from kaquan.ledger.connections import LOST, LedgerConnection, connect_default
from kaquan.ledger.loading import Loader

COMMANDS_MAX = 500
_ATTEMPTS = 2


class Seen(Struct, frozen=True):
    """A voucher as it is now, with its batch; ``batch_state`` as in ``Slice.state``."""

    voucher: Voucher
    batch: Batch
    batch_state: str


class Rehearsed(Struct, frozen=True):
    """What a command would be answered, and the vouchers that it names and that there are."""

    outcome: Outcome
    seen: dict[int, Seen]


class Rehearsal:
    """A reader of the books: one connection. Not to be shared between threads."""

    def __init__(self, connection: LedgerConnection, catalogue: Catalogue) -> None:
        self._connection = connection
        self._loader = Loader(connection, catalogue)

    def rehearse(self, commands: Sequence[AnyCommand]) -> list[Rehearsed]:
        """Decide commands without their request keys; one answer each.

        Where the database stays out of reach all are ``UNAVAILABLE``.
        """
        assert 0 < len(commands) <= COMMANDS_MAX, len(commands)
        unnamed = [structs.replace(command, key=None, link=0) for command in commands]
        for _attempt in range(_ATTEMPTS):
            try:
                return self._attempt(unnamed)
            except psycopg.errors.SerializationFailure:
                self._connection.rollback()
            except LOST:
                if not self._connection.reopen():
                    break
            except BaseException:
                self._connection.rollback()
                raise
        return [Rehearsed(Outcome(OutcomeCode.UNAVAILABLE), {})] * len(commands)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _attempt(self, commands: Sequence[AnyCommand]) -> list[Rehearsed]:
        loaded = self._loader.load(commands, lock=False)
        self._connection.rollback()
        world = loaded.world
        rehearsed = []
        for index, command in enumerate(commands):
            seen = _seen(command, world)
            outcome = loaded.answers.get(index) or _decide_and_undo(command, world)
            rehearsed.append(Rehearsed(outcome, seen))
        return rehearsed


def open_rehearsal() -> Rehearsal:
    """A new reader of this process's database (Django's default)."""
    return Rehearsal(LedgerConnection(connect_default), _catalogue)


_catalogue = Catalogue()


def _decide_and_undo(command: AnyCommand, world: World) -> Outcome:
    world.begin_link()
    (outcome,) = decide([command], world, are_sound=True)
    world.end_link(undo=True)
    if outcome.place is not None:
        world.past.pop(outcome.place, None)
    return outcome


def _seen(command: AnyCommand, world: World) -> dict[int, Seen]:
    """Copies of the rows, before the command changes them for a moment."""
    serials = [use.serial for use in getattr(command, "vouchers", ())]
    serial = getattr(command, "serial", None)
    if serial is not None:
        serials.append(serial)
    found = {}
    for one in serials:
        voucher = world.vouchers.get(one) if 0 <= one < SERIAL_END else None
        if voucher is not None:
            batch = world.batches[voucher.batch_id]
            state = world.slices[voucher.batch_id].state
            found[one] = Seen(structs.replace(voucher), batch, state)
    return found
