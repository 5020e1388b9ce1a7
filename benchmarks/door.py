"""How fast is the door? Redemptions of distinct untouched vouchers, durable, full rules, against
pgbench simple-update on the same server before and after (the mean of both).

Bar: at 500 commands a call, one process, at least 4 times pgbench. Control: pgbench itself.
"""

from __future__ import annotations

import random
import resource
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

from benchmarks.report import Report
from benchmarks.server import Bench
from benchmarks.workload import a_batch, redeems
from kaquan.engine.commands import AnyCommand
from kaquan.ledger.door import Door, open_door

VOUCHERS = 1_000_000
SIZES = {1: 2_000, 50: 20_000, 500: 100_000}
BIGGEST = 500


def run(report: Report, bench: Bench) -> None:
    """Measure the door at several sizes of call, and its ratio to pgbench."""
    bench.prepare_pgbench()
    before = bench.pgbench_simple_update()
    door = open_door()
    batch = a_batch(door, quantity=VOUCHERS, by_code=True)
    serials = random.Random(1).sample(
        range(batch.first_serial, batch.first_serial + VOUCHERS),
        sum(SIZES.values()) + SIZES[BIGGEST],
    )
    rates = {}
    for size, number in SIZES.items():
        commands = redeems([serials.pop() for _ in range(number)])
        start_s, cpu_s = perf_counter(), _cpu_s()
        _book(door, commands, size)
        rates[f"door at {size} a call"] = number / (perf_counter() - start_s)
        report(f"door, {size} a call: own CPU", (_cpu_s() - cpu_s) / number * 1e6, "µs each")
    door.close()
    two = f"door at {BIGGEST} a call, two writers"
    rates[two] = _with_two_writers([serials.pop() for _ in range(SIZES[BIGGEST])])
    peer = (before + bench.pgbench_simple_update()) / 2
    report("pgbench simple-update, 64 clients, prepared", peer, "transactions/s")
    for name, rate in rates.items():
        report(name, rate, "redemptions/s")
        bar = "≥ 4×, hoped 8×" if str(BIGGEST) in name else ""
        report(f"{name} / pgbench", rate / peer, "×", bar)


def _with_two_writers(serials: Sequence[int]) -> float:
    """Redemptions a second of one process with two writers, each on its own lane."""
    halves = [redeems(serials[::2]), redeems(serials[1::2])]
    doors = [open_door(), open_door()]
    start_s = perf_counter()
    with ThreadPoolExecutor(len(doors)) as threads:
        for done in [
            threads.submit(_book, door, half, BIGGEST)
            for door, half in zip(doors, halves, strict=True)
        ]:
            done.result()
    taken_s = perf_counter() - start_s
    for door in doors:
        door.close()
    return len(serials) / taken_s


def _book(door: Door, commands: Sequence[AnyCommand], size: int) -> None:
    for position in range(0, len(commands), size):
        outcomes = door.submit(commands[position : position + size])
        assert all(outcome.done for outcome in outcomes)


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
