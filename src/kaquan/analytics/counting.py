"""What a block's records add to the counters. Pure: records in, numbers out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from kaquan.engine.commands import Mint, Redeem, Reverse, Sell, TopUp
from kaquan.ledger.records import Record

Key = tuple[date, int, str]

#: Operations that are counted in vouchers under a name of their own.
_COUNTED = {
    "claim": "issued",
    "assign": "issued",
    "sell": "issued",
    "redeem": "redeemed",
    "reverse": "reversed",
    "expire": "expired",
    "void": "void",
}
REFUSED = "refused"
NAMES = (
    "minted",
    *sorted(set(_COUNTED.values())),
    "discount_fen",
    "returned_fen",
    "sold_fen",
    REFUSED,
)


def count(records: Iterable[Record], zone: ZoneInfo) -> Counter[Key]:
    """The sums over some records, by day in ``zone``, batch (0: none or unknown) and name."""
    sums: Counter[Key] = Counter()
    for record in records:
        command, outcome = record.command, record.outcome
        day = command.at.astimezone(zone).date()
        if not outcome.done:
            sums[day, getattr(command, "batch_id", 0), REFUSED] += 1
            continue
        name = _COUNTED.get(command.operation)
        for result in outcome.vouchers:
            if name is not None:
                sums[day, result.batch_id, name] += 1
            if isinstance(command, Redeem):
                sums[day, result.batch_id, "discount_fen"] += result.discount_fen
            elif isinstance(command, Reverse):
                sums[day, result.batch_id, "returned_fen"] += abs(result.discount_fen)
        if isinstance(command, Mint):
            sums[day, command.batch_id, "minted"] += command.quantity
        elif isinstance(command, Sell):
            sums[day, command.batch_id, "sold_fen"] += command.paid_fen
        elif isinstance(command, TopUp):
            sums[day, outcome.vouchers[0].batch_id, "sold_fen"] += command.amount_fen
    return sums


def amount_of(record: Record) -> int:
    """What one record was about, in fen, for the list of events; 0 where no money moved."""
    command = record.command
    if isinstance(command, Sell):
        return command.paid_fen
    if isinstance(command, TopUp):
        return command.amount_fen
    return abs(sum(result.discount_fen for result in record.outcome.vouchers))
