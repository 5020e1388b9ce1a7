"""Every voucher of a customer, also those that are used or ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from kaquan.engine.lifecycle import State
from kaquan.engine.places import Place


class HeldVoucher(NamedTuple):
    """A voucher as it stands; ``changed_at`` is where it last changed, ``hand`` how often it was
    passed on."""

    serial: int
    batch_id: int
    state: State
    balance_fen: int
    uses_left: int
    valid_from: datetime | None
    valid_until: datetime | None
    changed_at: Place
    hand: int = 0


def vouchers_of(
    connection: psycopg.Connection[Any], customer_id: int, *, after_serial: int = 0, limit: int
) -> list[HeldVoucher]:
    """In the order of their serials; the next page begins after the last one's."""
    rows = connection.execute(
        "SELECT serial, batch_id, state, coalesce(balance_fen, 0), uses_left, valid_from,"
        " valid_until, last_block, last_index, coalesce(hand, 0) FROM ledger_voucher"
        " WHERE customer_id = %s AND serial > %s ORDER BY serial LIMIT %s",
        [customer_id, after_serial, limit],
    )
    return [
        HeldVoucher(
            serial,
            batch_id,
            State(state),
            balance_fen,
            uses,
            begins,
            ends,
            Place(block, index),
            hand,
        )
        for serial, batch_id, state, balance_fen, uses, begins, ends, block, index, hand in rows
    ]


def balance_of(connection: psycopg.Connection[Any], customer_id: int) -> int:
    """What is left on all cards of a customer, in fen."""
    row = connection.execute(
        "SELECT coalesce(sum(balance_fen), 0)::bigint FROM ledger_voucher WHERE customer_id = %s",
        [customer_id],
    ).fetchone()
    assert row is not None
    return int(row[0])
