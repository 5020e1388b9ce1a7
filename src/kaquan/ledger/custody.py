"""Which serials a batch owns, for those who write its codes down."""

from __future__ import annotations

from typing import Any

import psycopg


def serial_runs(connection: psycopg.Connection[Any], batch_id: int) -> list[range]:
    """The serials of a by-code batch's vouchers, in order; neighbours in custody are one run."""
    runs: list[range] = []
    for first, quantity in connection.execute(
        "SELECT c.first_serial, c.quantity "
        "FROM ledger_custody c JOIN ledger_batch b USING (batch_id) "
        "WHERE c.batch_id = %s AND b.by_code ORDER BY c.first_serial",
        [batch_id],
    ):
        if runs and runs[-1].stop == first:
            runs[-1] = range(runs[-1].start, first + quantity)
        else:
            runs.append(range(first, first + quantity))
    return runs
