"""Does minting depend on how many? It must not: a mint of any size is a few small rows.

Bar: under 100 ms.
"""

from __future__ import annotations

from time import perf_counter

from benchmarks.report import Report
from benchmarks.server import Bench
from benchmarks.workload import a_batch
from kaquan.ledger.door import open_door


def run(report: Report, bench: Bench) -> None:
    """Measure a mint of a thousand and of a hundred million."""
    door = open_door()
    a_batch(door, quantity=10, by_code=True)  # the connection's first statements are not a mint's
    for quantity in (1_000, 100_000_000):
        start_s = perf_counter()
        a_batch(door, quantity=quantity, by_code=True)
        taken_s = perf_counter() - start_s
        report(f"budget, batch and mint of {quantity:,}", taken_s * 1e3, "ms", "< 100")
    door.close()
