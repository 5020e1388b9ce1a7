"""Processes that use a batch, and one that pauses it."""

import time
from dataclasses import dataclass

import psycopg

from kaquan.engine.commands import SetBatchState
from tests.builders.books import number
from tests.builders.ledger import NOON, redeem
from tests.races.racing import Call, Racer


def pause_of(batch_id: int) -> SetBatchState:
    """The command that pauses a batch."""
    return SetBatchState(at=NOON, batch_id=batch_id, state="paused", reason="错价")


@dataclass(frozen=True, slots=True)
class UseUntilRefused:
    """Uses one voucher after another until it is told no."""

    serials: range

    def __call__(self, racer: Racer) -> list[Call]:
        """All calls."""
        door = racer.open_door()
        racer.wait()
        made: list[Call] = []
        for serial in self.serials:
            commands = [redeem(serial)]
            called_ns = time.monotonic_ns()
            outcomes = door.submit(commands)
            made.append(Call(racer.number, called_ns, time.monotonic_ns(), commands, outcomes))
            if not outcomes[0].done:
                break
        door.close()
        return made


@dataclass(frozen=True, slots=True)
class PauseLater:
    """Pauses a batch when the others are well under way."""

    batch_id: int
    after_uses: int

    def __call__(self, racer: Racer) -> list[Call]:
        """The one call."""
        door = racer.open_door()
        with psycopg.connect(racer.url, autocommit=True) as connection:
            racer.wait()
            while number(connection, "SELECT count(*) FROM ledger_voucher") < self.after_uses:
                pass
        commands = [pause_of(self.batch_id)]
        called_ns = time.monotonic_ns()
        outcomes = door.submit(commands)
        door.close()
        return [Call(racer.number, called_ns, time.monotonic_ns(), commands, outcomes)]
