"""What the processes of the contests run. Light to import: each of them does so anew."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.builders.ledger import codes, redeem
from tests.races.racing import Racer

WINDOW = 250


@dataclass(frozen=True, slots=True)
class Contend:
    """Tries to use each voucher so many times, window by window, all processes in one window."""

    serials: Sequence[int]
    attempts: int

    def __call__(self, racer: Racer) -> tuple[list[int], dict[str, int]]:
        """The serials that this process won, and how often it was told what."""
        door = racer.open_door()
        chance = random.Random(racer.number)
        won: list[int] = []
        told: dict[str, int] = {}
        for first in range(0, len(self.serials), WINDOW):
            wanted = list(self.serials[first : first + WINDOW]) * self.attempts
            chance.shuffle(wanted)
            racer.wait()
            while wanted:
                size = chance.choice((1, 4, 20, 100))
                asked, wanted = wanted[:size], wanted[size:]
                outcomes = door.submit([redeem(serial) for serial in asked])
                for serial, outcome in zip(asked, outcomes, strict=True):
                    if outcome.done:
                        won.append(serial)
                for code in codes(outcomes):
                    told[code] = told.get(code, 0) + 1
        door.close()
        return won, told


@dataclass(frozen=True, slots=True)
class Spend:
    """Tries to use vouchers of its own of each batch: (first serial, how many) for each batch."""

    shares: Sequence[tuple[int, int]]

    def __call__(self, racer: Racer) -> list[int]:
        """How many were done, by batch."""
        door = racer.open_door()
        done = []
        for number, (first, quantity) in enumerate(self.shares):
            if number % 50 == 0:
                racer.wait()
            commands = [redeem(first + index) for index in range(quantity)]
            done.append(codes(door.submit(commands)).count("DONE") if commands else 0)
        door.close()
        return done
