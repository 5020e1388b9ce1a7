"""What a block's records add to the counters. Pure: records in, numbers out.

``issued`` counts claims, assignments and sales, ``sold`` the sales among them; ``sold_fen`` is what
customers paid, top-ups too. ``redeemed`` and ``reversed`` count vouchers; ``discount_fen`` is what
orders got off, ``card_paid_fen`` what prepaid cards paid, ``cost_fen`` what stores are owed for it;
``returned_fen``, ``card_returned_fen`` and ``cost_returned_fen`` are what reversals took back.
``offline_loss_fen`` is what stores are owed for vouchers that were good no more (no use of them).
``refused`` counts refusals, ``refused.<code>`` each kind of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from kaquan.engine import commands as c
from kaquan.engine.facts import Facts
from kaquan.engine.outcomes import VoucherResult
from kaquan.engine.places import Place
from kaquan.ledger.records import Record
from kaquan.ledger.tail import BlockRecords

Key = tuple[date, int, str]
DayKey = tuple[date, str]


class CellKey(NamedTuple):
    """What commands have in common that are counted together.

    Day and hour are those of the issuer's clock; ``batch_id`` 0: none or unknown; ``store_id`` 0:
    in none. ``channel`` is None where a command knows nothing of one. ``actor``: who did it at a
    store's till, empty for what clerks are not counted by.
    """

    day: date
    hour: int
    batch_id: int
    store_id: int
    channel: str | None
    actor: str


class Cell(Struct):
    """What some commands add, by name; ``last_at``: when the last of them happened."""

    sums: dict[str, int]
    last_at: datetime


Cells = dict[CellKey, Cell]

REFUSED = "refused"
ORDERS = "orders"  # commands that used vouchers, however many: only trade counts them

#: What clerks do at a till.
BY_CLERKS = frozenset({c.Redeem, c.Hold, c.Reverse})

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


def gather(
    blocks: Iterable[BlockRecords],
    zone: ZoneInfo,
    batch_of: Mapping[int, int],
    facts_of: Mapping[Place, Facts],
) -> Cells:
    """The sums over some blocks: each record is looked at once, and the counters at cells.

    ``batch_of`` knows the batches of ``refused_serials``, ``facts_of`` the facts of
    ``places_elsewhere``.
    """
    cells: Cells = {}
    for block in blocks:
        for record in block.records:
            _add(cells, record, zone, batch_of, facts_of)
    return cells


def _add(
    cells: Cells,
    record: Record,
    zone: ZoneInfo,
    batch_of: Mapping[int, int],
    facts_of: Mapping[Place, Facts],
) -> None:
    command = record.command
    facts = _facts_in(record, facts_of)
    store_id, channel = (0, None) if facts is None else (facts.store_id, facts.channel)
    actor = command.actor if store_id and type(command) in BY_CLERKS else ""
    day, hour = _hour_of(command.at, zone)
    sums: dict[str, int] = {}
    of_batch: int | None = None
    for batch_id, name, amount in _amounts(record, batch_of):
        if not amount:
            continue
        if batch_id != of_batch:  # nearly always there is one
            of_batch = batch_id
            key = CellKey(day, hour, batch_id, store_id, channel, actor)
            cell = cells.get(key)
            if cell is None:
                cell = cells[key] = Cell({}, command.at)
            elif command.at > cell.last_at:
                cell.last_at = command.at
            sums = cell.sums
        sums[name] = sums.get(name, 0) + amount


def _hour_of(at: datetime, zone: ZoneInfo) -> tuple[date, int]:
    local = at.astimezone(zone)
    return local.date(), local.hour


def count(cells: Cells) -> Counter[Key]:
    """The sums by day, batch and name."""
    sums: Counter[Key] = Counter()
    for key, cell in cells.items():
        for name, amount in cell.sums.items():
            if name != ORDERS:
                sums[key.day, key.batch_id, name] += amount
    return sums


def count_by_day(sums: Mapping[Key, int]) -> Counter[DayKey]:
    """The sums of all batches together."""
    days: Counter[DayKey] = Counter()
    for (day, _, name), amount in sums.items():
        days[day, name] += amount
    return days


def count_by_store(cells: Cells) -> Counter[Key]:
    """The same sums by store instead of batch, of what happened in one."""
    sums: Counter[Key] = Counter()
    for key, cell in cells.items():
        if key.store_id:
            for name, amount in cell.sums.items():
                if name != ORDERS:
                    sums[key.day, key.store_id, name] += amount
    return sums


def _facts_in(record: Record, facts_of: Mapping[Place, Facts]) -> Facts | None:
    """Where and through what a command happened; None for one that knows nothing of that."""
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


def _place_elsewhere(record: Record) -> Place | None:
    command = record.command
    place: Place | None = None
    if isinstance(command, (c.Redeem, c.Release)):
        place = command.hold
    elif isinstance(command, c.Reverse):
        place = command.redemption
    # A refused command may name anything.
    return place if place is not None and record.outcome.done else None


def _amounts(record: Record, batch_of: Mapping[int, int]) -> list[tuple[int, str, int]]:
    """What a record adds: batch, name, amount; the first is about the batch of the command."""
    command, outcome = record.command, record.outcome
    if not outcome.done:
        batch_id = batch_id_of(record, batch_of)
        return [(batch_id, REFUSED, 1), (batch_id, f"{REFUSED}.{outcome.code.name.lower()}", 1)]
    found: list[tuple[int, str, int]] = []
    if isinstance(command, c.Mint):
        found.append((command.batch_id, "minted", command.quantity))
    elif isinstance(command, c.Redeem) and outcome.vouchers:
        found.append((outcome.vouchers[0].batch_id, ORDERS, 1))
    name = COUNTED.get(command.operation)
    for result in outcome.vouchers:
        if name is not None:
            found.append((result.batch_id, name, 1))
        for part, amount in _money(command, result):
            found.append((result.batch_id, part, amount))
    return found


def _money(command: c.AnyCommand, result: VoucherResult) -> tuple[tuple[str, int], ...]:
    cost_fen = sum([fen for _, fen in result.funding])
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
        case c.BookLoss(amount_fen=amount_fen):
            return (("offline_loss_fen", amount_fen),)
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
