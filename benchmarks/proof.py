"""How long does the proof take, per million entries, and in how much memory?"""

from __future__ import annotations

import resource

from benchmarks.report import Report
from benchmarks.server import Bench
from benchmarks.workload import a_batch, redeems
from kaquan.ledger.door import open_door
from kaquan.ledger.prove import prove

VOUCHERS = 100_000
CALL = 500


def run(report: Report, bench: Bench) -> None:
    """Book ``VOUCHERS`` redemptions, then prove all that is there."""
    door = open_door()
    batch = a_batch(door, quantity=VOUCHERS, by_code=True)
    serials = range(batch.first_serial, batch.first_serial + VOUCHERS)
    for position in range(0, VOUCHERS, CALL):
        door.submit(redeems(serials[position : position + CALL]))
    door.close()
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    proof = prove(bench.connect, progress=lambda *_: None)
    assert proof.ok, proof.faults[:3]
    after_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report("proof", proof.seconds / proof.entries * 1e6, "s per million entries")
    report("proof: memory on top", (after_kb - before_kb) / 1024, "MB")
