"""What the benchmarks book: batches with full rules, and commands that name them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from kaquan.engine.commands import (
    AnyCommand,
    Claim,
    DefineBatch,
    Mint,
    OpenBudget,
    Redeem,
    RequestKey,
    VoucherUse,
)
from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.ledger.door import Door

START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
STORES = 200
TERMS = b"""{
 "benefit": {"kind": "amount_off", "amount_fen": 2000},
 "validity": {
  "range": {"kind": "fixed_range", "first_day": "2026-11-01", "last_day": "2027-12-31"}},
 "scope": {"order_minimum_fen": 10000, "channels": ["store", "app"], "stores": {"include": [1]}},
 "commit": "redeem"%s
}"""
ONE_A_CUSTOMER = (
    b', "limits": [{"dimension": "customer", "period": "ever", "unit": "uses", "cap": 1,'
    b' "at": "claim"}]'
)

_names = count(1_000_000_001)  # beyond those that the product gives, for others measure beside


@dataclass(frozen=True)
class BatchOfVouchers:
    """A minted batch: ``first_serial`` and ``quantity`` where it is named by code."""

    batch_id: int
    first_serial: int
    quantity: int


def a_batch(door: Door, *, quantity: int, by_code: bool) -> BatchOfVouchers:
    """A batch of 20-off-100 vouchers under a budget that covers all of them."""
    number = next(_names)
    terms = TERMS % (b"" if by_code else ONE_A_CUSTOMER)
    outcomes = door.submit(
        [
            OpenBudget(at=START, budget_id=number, total_fen=2_000 * quantity),
            DefineBatch(at=START, batch_id=number, terms=terms, budget_id=number, by_code=by_code),
            Mint(at=START, batch_id=number, quantity=quantity),
        ]
    )
    assert all(outcome.done for outcome in outcomes), outcomes
    first_serial = outcomes[2].data["first_serial"]
    assert isinstance(first_serial, int)
    return BatchOfVouchers(number, first_serial, quantity)


def redeems(serials: Sequence[int], *, lines: int = 3) -> list[AnyCommand]:
    """Uses of distinct vouchers on orders of so many lines, each with its own request key."""
    chance = random.Random(serials[0])
    return [
        Redeem(
            at=START + timedelta(seconds=position / 50),
            key=RequestKey(7, f"till-{chance.getrandbits(96):x}"),
            vouchers=(VoucherUse(serial),),
            facts=Facts(
                store_id=store,
                store_path=(1, 10 + store % 7, 100 + store % 31, store),
                channel="store",
                terminal_kind="till",
                order=_an_order(position, lines, chance),
            ),
        )
        for position, serial in enumerate(serials)
        for store in [1_000 + serial % STORES]
    ]


def _an_order(position: int, lines: int, chance: random.Random) -> Order:
    return Order(
        f"NO{position:08d}",
        tuple(
            OrderLine(
                str(line),
                f"sku{chance.randrange(5_000)}",
                1,
                10_500 // lines + chance.randrange(9_000),
            )
            for line in range(1, lines + 1)
        ),
    )


def claims(batch: BatchOfVouchers, customers: range) -> Iterator[AnyCommand]:
    """Each customer takes one voucher of a batch."""
    for customer_id in customers:
        yield Claim(
            at=START,
            key=RequestKey(8, f"claim-{batch.batch_id}-{customer_id}"),
            batch_id=batch.batch_id,
            facts=Facts(customer_id=customer_id, channel="app"),
        )
