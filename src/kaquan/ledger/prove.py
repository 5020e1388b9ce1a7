"""Proof: everything that the books say is recomputed from the chain of blocks, in one snapshot.

Four stages. The chain: sequence, links and hashes of every block over its entries. The postings:
entries against the answers of their block. The evidence: what the answers promise, copied into
temporary tables. The tables: each row of the ledger against that, then the equations between them.
PostgreSQL does what needs memory, in tables that it spills to disk; here it stays constant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from msgspec import Struct

from kaquan.foundation import clock
from kaquan.ledger.proof.blocks import BlockReader
from kaquan.ledger.proof.evidence import Evidence
from kaquan.ledger.proof.faults import Fault, Faults
from kaquan.ledger.proof.postings import check_postings
from kaquan.ledger.proof.tables import check_tables

__all__ = ["Fault", "Progress", "Proof", "prove"]

WORK_MEMORY = "64MB"

Connection = psycopg.Connection[Any]
Progress = Callable[[str, int, int], None]
"""Takes a stage ("blocks", "tables"), how much of it is done, and of how much."""


class Proof(Struct, frozen=True):
    """What came out. ``faults`` are in the order found: the first is the first wrong row.

    ``head_hashes`` names each lane's last hash: kept elsewhere, they prove later that not even the
    whole chain was written anew.
    """

    faults: list[Fault]
    blocks: int
    entries: int
    vouchers: int
    seconds: float
    head_hashes: dict[int, str]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def prove(connect: Callable[[], Connection], *, progress: Progress) -> Proof:
    """Recompute the whole ledger as it stands at one moment; it may be in full use meanwhile."""
    with connect() as connection:
        connection.autocommit = True
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        proof = prove_snapshot(connection, progress=progress)
        connection.execute("ROLLBACK")
    return proof


def prove_snapshot(connection: Connection, *, progress: Progress) -> Proof:
    """Recompute the whole ledger as a transaction sees it; leaves temporary tables in that."""
    started_s = clock.monotonic_s()
    connection.execute(
        "SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, MDY', true), "
        "set_config('work_mem', %s, true)",
        [WORK_MEMORY],
    )
    faults = Faults()
    reader = BlockReader(connection, faults)
    evidence = Evidence(connection, faults)
    for read in reader.read():
        check_postings(read, faults)
        evidence.add(read)
        progress("blocks", reader.blocks, max(reader.blocks, reader.expected_blocks))
    evidence.finish()
    check_tables(connection, evidence, faults, lambda done, total: progress("tables", done, total))
    row = connection.execute("SELECT count(*) FROM ledger_voucher").fetchone()
    return Proof(
        faults=faults.found,
        blocks=reader.blocks,
        entries=reader.entries,
        vouchers=row[0] if row else 0,
        seconds=clock.monotonic_s() - started_s,
        head_hashes={number: lane.at_hash.hex() for number, lane in sorted(reader.lanes.items())},
    )
