"""How fast is the door? Redemptions of distinct untouched vouchers, durable, full rules, against
pgbench simple-update on the same server before and after (the mean of both).

Bar: at 500 commands a call, one process, at least 4 times pgbench. Control: pgbench itself.
"""

from __future__ import annotations

import random
import resource
from time import perf_counter

from benchmarks.report import Report
from benchmarks.server import Bench
from benchmarks.workload import a_batch, redeems
from kaquan.ledger.door import open_door

VOUCHERS = 1_000_000
SIZES = {1: 2_000, 50: 20_000, 500: 100_000}


def run(report: Report, bench: Bench) -> None:
    """Measure the door at several sizes of call, and its ratio to pgbench."""
    bench.prepare_pgbench()
    before = bench.pgbench_simple_update()
    door = open_door()
    batch = a_batch(door, quantity=VOUCHERS, by_code=True)
    serials = random.Random(1).sample(
        range(batch.first_serial, batch.first_serial + VOUCHERS), sum(SIZES.values())
    )
    rates = {}
    for size, number in SIZES.items():
        commands = redeems([serials.pop() for _ in range(number)])
        start_s, cpu_s = perf_counter(), _cpu_s()
        for position in range(0, number, size):
            outcomes = door.submit(commands[position : position + size])
            assert all(outcome.done for outcome in outcomes)
        rates[size] = number / (perf_counter() - start_s)
        report(f"door, {size} a call", rates[size], "redemptions/s")
        report(f"door, {size} a call: own CPU", (_cpu_s() - cpu_s) / number * 1e6, "µs each")
    door.close()
    after = bench.pgbench_simple_update()
    peer = (before + after) / 2
    report("pgbench simple-update, 64 clients, prepared", peer, "transactions/s")
    for size, rate in rates.items():
        bar = "≥ 4×, hoped 8×" if size == 500 else ""
        report(f"door at {size} a call / pgbench", rate / peer, "×", bar)


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
