"""How fast is the door? Redemptions of distinct untouched vouchers, durable, full rules, against
pgbench simple-update on the same server before and after (the mean of both).

Bar: at 500 commands a call, one process, at least 4 times pgbench. Control: pgbench itself, and one
writer alone. Writers are threads of this process, each with a lane of its own; all of them spend
from one budget.
"""

from __future__ import annotations

import gc
import random
import threading
from collections.abc import Sequence
from time import perf_counter, thread_time

from benchmarks.report import Report
from benchmarks.server import Bench
from benchmarks.workload import a_batch, redeems
from kaquan.engine.commands import AnyCommand
from kaquan.ledger.door import Door, open_door

VOUCHERS = 1_000_000
SIZES = {1: 2_000, 50: 20_000, 500: 100_000}
BIGGEST = 500
WRITERS = (2, 3)
TOGETHER = 60_000


def run(report: Report, bench: Bench) -> None:
    """Measure the door at several sizes of call, and its ratio to pgbench."""
    bench.prepare_pgbench()
    before = bench.pgbench_simple_update()
    door = open_door()
    batch = a_batch(door, quantity=VOUCHERS, by_code=True)
    serials = random.Random(1).sample(
        range(batch.first_serial, batch.first_serial + VOUCHERS),
        sum(SIZES.values()) + len(WRITERS) * TOGETHER,
    )
    rates = {}
    for size, number in SIZES.items():
        mine = [serials.pop() for _ in range(number)]
        cpu_s, taken_s = _book(door, mine, size)
        rates[f"door at {size} a call"] = number / taken_s
        report(f"door, {size} a call: own CPU", cpu_s / number * 1e6, "µs each")
    door.close()
    for writers in WRITERS:
        mine = [serials.pop() for _ in range(TOGETHER)]
        taken_s = _book_together(mine, writers)
        rates[f"door at {BIGGEST} a call, {writers} writers"] = TOGETHER / taken_s
    peer = (before + bench.pgbench_simple_update()) / 2
    report("pgbench simple-update, 64 clients, prepared", peer, "transactions/s")
    for name, rate in rates.items():
        report(name, rate, "redemptions/s")
        bar = "≥ 4×, hoped 8×" if str(BIGGEST) in name else ""
        report(f"{name} / pgbench", rate / peer, "×", bar)


def _book(door: Door, serials: Sequence[int], size: int) -> tuple[float, float]:
    """Redeem in calls of ``size``; CPU and wall seconds inside the door.

    Each call's commands are made just before it and not timed, as they arrive fresh in life too.
    """
    cpu_s = taken_s = 0.0
    for position in range(0, len(serials), size):
        commands = redeems(serials[position : position + size])
        start_s, start_cpu_s = perf_counter(), thread_time()
        outcomes = door.submit(commands)
        taken_s += perf_counter() - start_s
        cpu_s += thread_time() - start_cpu_s
        assert all(outcome.done for outcome in outcomes)
    return cpu_s, taken_s


def _book_together(serials: Sequence[int], writers: int) -> float:
    """Redeem in calls of ``BIGGEST`` from several threads; wall seconds until the last is done."""
    calls = [
        redeems(serials[position : position + BIGGEST])
        for position in range(0, len(serials), BIGGEST)
    ]
    shares = [calls[number::writers] for number in range(writers)]
    doors = [open_door() for _ in range(writers)]
    begin = threading.Barrier(writers + 1)
    refused: list[int] = []

    def book(door: Door, share: list[list[AnyCommand]]) -> None:
        begin.wait()
        refused.extend(
            sum(not outcome.done for outcome in door.submit(commands)) for commands in share
        )

    threads = [threading.Thread(target=book, args=pair) for pair in zip(doors, shares, strict=True)]
    for thread in threads:
        thread.start()
    gc.freeze()  # the commands that wait here would be in nobody's memory in life
    begin.wait()
    start_s = perf_counter()
    for thread in threads:
        thread.join()
    taken_s = perf_counter() - start_s
    gc.unfreeze()
    assert len(refused) == len(calls), "a writer ended early"
    assert not any(refused), "something was refused"
    for door in doors:
        door.close()
    return taken_s
