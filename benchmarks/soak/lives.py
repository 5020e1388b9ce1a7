"""Long random lives of the whole ledger, from seeds, each proven in the end."""

from __future__ import annotations

import random

from rich.progress import track

from benchmarks.server import Bench
from benchmarks.soak.verdict import Verdict
from kaquan.ledger.door import open_door
from tests.builders.books import faults
from tests.ledger.random_traffic import RandomTraffic

DOORS = 3
COMMANDS_A_LIFE = 2_000


def run(verdict: Verdict, bench: Bench, *, commands: int) -> None:
    """Whatever can be asked, in any order, through several writers."""
    done = broken = 0
    seeds = range(max(1, commands // COMMANDS_A_LIFE))
    for seed in track(seeds, "lives", console=verdict.console):
        doors = [open_door() for _ in range(DOORS)]
        traffic = RandomTraffic(doors, random.Random(seed))
        traffic.open()
        traffic.run(min(commands, COMMANDS_A_LIFE))
        done += traffic.done
        broken += len(faults(bench.connect))
        for door in doors:
            door.close()
    verdict.note("lives", len(seeds))
    verdict.note("commands done in them", done)
    verdict.expect("faults that the proof finds", broken, 0)
