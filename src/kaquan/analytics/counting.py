"""What a block's records add to the counters. Pure: records in, numbers out.

``issued`` counts claims, assignments and sales, ``sold`` the sales among them; ``sold_fen`` is what
customers paid, top-ups too. ``redeemed`` and ``reversed`` count vouchers; ``discount_fen`` is what
orders got off, ``card_paid_fen`` what prepaid cards paid, ``cost_fen`` what stores are owed for it;
``returned_fen``, ``card_returned_fen`` and ``cost_returned_fen`` are what reversals took back.
``refused`` counts refusals, ``refused.<code>`` each kind of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from zoneinfo import ZoneInfo

from kaquan.engine import commands as c
from kaquan.engine.facts import Facts
from kaquan.engine.outcomes import VoucherResult
from kaquan.engine.places import Place
from kaquan.ledger.records import Record
from kaquan.ledger.tail import BlockRecords

Key = tuple[date, int, str]

REFUSED = "refused"

#: Operations that are counted in vouchers under a name of their own.
COUNTED = {
    "claim": "issued",
    "assign": "issued",
    "sell": "issued",
    "hold": "held",
    "redeem": "redeemed",
    "reverse": "reversed",
    "transfer": "transferred",
    "extend": "extended",
    "freeze": "frozen",
    "expire": "expired",
    "void": "void",
}


def count(
    blocks: Iterable[BlockRecords], zone: ZoneInfo, batch_of: Mapping[int, int]
) -> Counter[Key]:
    """The sums over some blocks, by day in ``zone``, batch (0: none or unknown) and name.

    ``batch_of`` knows the batches of ``refused_serials``.
    """
    sums: Counter[Key] = Counter()
    for block in blocks:
        for record in block.records:
            day = record.command.at.astimezone(zone).date()
            for batch_id, name, amount in _amounts(record, batch_of):
                sums[day, batch_id, name] += amount
    return +sums  # without zeros


def count_by_store(
    blocks: Iterable[BlockRecords], zone: ZoneInfo, store_of: Mapping[Place, int]
) -> Counter[Key]:
    """The same sums by store instead of batch, of what happened in one.

    ``store_of`` knows the stores of ``places_elsewhere``.
    """
    sums: Counter[Key] = Counter()
    for block in blocks:
        for record in block.records:
            store_id = _store_of(record, store_of)
            if not store_id:
                continue
            day = record.command.at.astimezone(zone).date()
            for _, name, amount in _amounts(record, {}):
                sums[day, store_id, name] += amount
    return +sums


def amounts_in_stores(
    record: Record, store_of: Mapping[Place, int]
) -> Iterator[tuple[int, str, int]]:
    """What a record adds, by the store where it happened (0: in none) and name."""
    store_id = _store_of(record, store_of)
    for _, name, amount in _amounts(record, {}):
        yield store_id, name, amount


def facts_in(record: Record, facts_of: Mapping[Place, Facts]) -> Facts | None:
    """Where and through what a command happened; None for one that knows nothing of that.

    ``facts_of`` knows those of ``places_elsewhere``.
    """
    place = _place_elsewhere(record)
    if place is not None:
        return facts_of.get(place)
    facts: Facts | None = getattr(record.command, "facts", None)
    return facts


def places_elsewhere(records: Iterable[Record]) -> set[Place]:
    """Where the uses and holds stand that commands undo or settle: those name the store."""
    places = {_place_elsewhere(record) for record in records}
    return {place for place in places if place is not None}


def refused_serials(blocks: Iterable[BlockRecords]) -> set[int]:
    """The serials that refused commands are about: no record says which batches they are of."""
    serials = {_refused_serial(record) for block in blocks for record in block.records}
    return {serial for serial in serials if serial is not None}


def batch_id_of(record: Record, batch_of: Mapping[int, int]) -> int:
    """The batch that a command is about; 0 for none, or where that is not known."""
    if record.outcome.vouchers:
        return record.outcome.vouchers[0].batch_id
    serial = _refused_serial(record)
    known = 0 if serial is None else batch_of.get(serial, 0)
    return known or getattr(record.command, "batch_id", 0)


def store_id_of(record: Record) -> int:
    """The store where a command happened; 0 for none."""
    facts = getattr(record.command, "facts", None)
    return 0 if facts is None else facts.store_id


def amount_of(record: Record) -> int:
    """What one command was about, in fen, for the list of events; 0 where no money moved."""
    command, outcome = record.command, record.outcome
    match command:
        case c.Sell(paid_fen=amount) | c.TopUp(amount_fen=amount):
            return amount if outcome.done else 0
    return abs(sum(result.discount_fen for result in outcome.vouchers))


def _store_of(record: Record, store_of: Mapping[Place, int]) -> int:
    place = _place_elsewhere(record)
    return store_id_of(record) if place is None else store_of.get(place, 0)


def _place_elsewhere(record: Record) -> Place | None:
    if not record.outcome.done:
        return None  # it may name anything
    match record.command:
        case c.Reverse(redemption=place) | c.Redeem(hold=Place() as place) | c.Release(hold=place):
            return place
    return None


def _amounts(record: Record, batch_of: Mapping[int, int]) -> Iterable[tuple[int, str, int]]:
    command, outcome = record.command, record.outcome
    if not outcome.done:
        batch_id = batch_id_of(record, batch_of)
        yield batch_id, REFUSED, 1
        yield batch_id, f"{REFUSED}.{outcome.code.name.lower()}", 1
        return
    if isinstance(command, c.Mint):
        yield command.batch_id, "minted", command.quantity
    name = COUNTED.get(command.operation)
    for result in outcome.vouchers:
        if name is not None:
            yield result.batch_id, name, 1
        for part, amount in _money(command, result):
            yield result.batch_id, part, amount


def _money(command: c.AnyCommand, result: VoucherResult) -> tuple[tuple[str, int], ...]:
    cost_fen = sum(fen for _, fen in result.funding)
    # A use that nobody funds out of a balance is the customer's own money on a prepaid card.
    by_card = bool(result.balance_used_fen) and not result.funding
    match command:
        case c.Sell(paid_fen=paid_fen):
            return (("sold", 1), ("sold_fen", paid_fen))
        case c.TopUp(amount_fen=amount_fen):
            return (("sold_fen", amount_fen),)
        case c.Redeem():
            name = "card_paid_fen" if by_card else "discount_fen"
            return ((name, result.discount_fen), ("cost_fen", cost_fen))
        case c.Reverse():
            name = "card_returned_fen" if by_card else "returned_fen"
            return ((name, -result.discount_fen), ("cost_returned_fen", -cost_fen))
        case _:
            return ()


def _refused_serial(record: Record) -> int | None:
    if record.outcome.done:
        return None
    uses = getattr(record.command, "vouchers", ())
    serial: int | None = uses[0].serial if uses else getattr(record.command, "serial", None)
    return serial
