"""How fast do customers empty one hot batch? Many threads claim through one batcher; the batch has
less stock than there are customers, and exactly the stock is handed out.

Bar: at least pgbench simple-update (measured by ``door``).
"""

from __future__ import annotations

from collections import Counter
from time import perf_counter

from benchmarks.report import Report
from benchmarks.server import Bench
from benchmarks.workload import a_batch, claims
from kaquan.engine.outcomes import OutcomeCode
from kaquan.ledger.batcher import Batcher
from kaquan.ledger.door import open_door

STOCK = 50_000
CUSTOMERS = 55_000
WAITING = 256


def run(report: Report, bench: Bench) -> None:
    """Measure claims with 1, 2 and 4 writers; ``WAITING`` callers wait at any time."""
    for writers in (1, 2, 4):
        door = open_door()
        batch = a_batch(door, quantity=STOCK, by_code=False)
        door.close()
        commands = list(claims(batch, range(1, CUSTOMERS + 1)))
        batcher = Batcher(writers=writers)
        codes: Counter[OutcomeCode] = Counter()
        start_s = perf_counter()
        waiting = []
        for command in commands:
            waiting.append(batcher.submit([command]))
            if len(waiting) == WAITING:
                codes.update(future.result()[0].code for future in waiting[: WAITING // 2])
                del waiting[: WAITING // 2]
        codes.update(future.result()[0].code for future in waiting)
        taken_s = perf_counter() - start_s
        batcher.close()
        assert codes == {
            OutcomeCode.DONE: STOCK,
            OutcomeCode.STOCK_EXHAUSTED: CUSTOMERS - STOCK,
        }, codes
        report(f"claims of one hot batch, {writers} writers", CUSTOMERS / taken_s, "claims/s")
