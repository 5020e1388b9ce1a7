"""Which rows a command reads and changes: what the door loads and locks before ``decide``.

First what the command says itself (``footprint``). Redemptions and holds stand behind some
commands, and a redemption may have settled a hold (``settled_hold``): all of them go into
``World.past``, and so do the active holds on every voucher. With vouchers and batches there,
``limit_keys`` names the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from msgspec import Struct

from kaquan.engine import commands as c
from kaquan.engine.facts import Facts
from kaquan.engine.fields import field_fault
from kaquan.engine.outcomes import LimitChange
from kaquan.engine.places import Place
from kaquan.engine.rows import Batch, LimitKey, Voucher
from kaquan.engine.rules.channels import channel_subject
from kaquan.engine.rules.check import CompiledLimit, Dimension, LimitUnit
from kaquan.engine.shards import SHARD_KEYS_64, shard_of_customer
from kaquan.engine.world import Past, World

#: Rows that belong to no customer and no serial live in one shard until a cluster needs more.
HOME_SHARD = SHARD_KEYS_64[0]

# Two dimensions besides those that terms name: what a capped funder has borne, and how often one
# voucher was passed on.
FUNDER = 5
VOUCHER = 6

MOMENTS = {"claim": 1, "redeem": 2, "transfer": 3}


class Footprint(Struct, frozen=True, gc=False):
    """What a command names. ``past``: the redemption or hold behind it, whose vouchers count too.

    ``changes_slice``: the batch's slice must be locked for change, not only for reading.
    ``needs_custody``: the batch's custody runs; ``needs_serials``: ``World.next_serial``.
    """

    serials: tuple[int, ...] = ()
    past: Place | None = None
    batch_id: int | None = None
    budget_id: int | None = None
    changes_slice: bool = False
    needs_custody: bool = False
    needs_serials: bool = False


#: The footprint of a malformed command, which is refused before anything is looked at.
NOTHING = Footprint()


def footprint(command: c.AnyCommand) -> Footprint:
    """What is known from the command alone. A malformed command needs nothing: it is refused."""
    if field_fault(command) is not None:
        return NOTHING
    match command:
        case c.Redeem(hold=place, vouchers=uses):
            return Footprint(tuple([use.serial for use in uses]), past=place)
        case c.Claim() | c.Assign() | c.Sell():
            stock = command.serial is None
            return Footprint(
                () if command.serial is None else (command.serial,),
                batch_id=command.batch_id,
                changes_slice=stock,
                needs_custody=stock,
            )
        case c.Hold(vouchers=uses):
            return Footprint(tuple([use.serial for use in uses]))
        case c.Release(hold=place) | c.Reverse(redemption=place):
            return Footprint(past=place)
        case c.OpenBudget() | c.ChangeBudget():
            return Footprint(budget_id=command.budget_id)
        case c.DefineBatch():
            return Footprint(batch_id=command.batch_id, budget_id=command.budget_id or None)
        case c.SetBatchState() | c.ReviseTerms():
            return Footprint(batch_id=command.batch_id, changes_slice=True)
        case c.Mint() | c.Activate() | c.Allot() | c.MovePieces():
            return Footprint(
                batch_id=command.batch_id,
                changes_slice=True,
                needs_custody=True,
                needs_serials=isinstance(command, c.Mint),
            )
        case _:
            return Footprint((command.serial,))


def settled_hold(past: Past) -> Place | None:
    """The hold that a redemption settled: its facts count, so ``World.past`` must hold it too."""
    command, _ = past
    return command.hold if isinstance(command, c.Redeem) else None


def coming_holders(commands: Iterable[c.AnyCommand]) -> dict[int, set[int]]:
    """Who may come to hold a voucher, by its serial, through commands that share a block."""
    coming: dict[int, set[int]] = {}
    for command in commands:
        if isinstance(command, c.Transfer):
            coming.setdefault(command.serial, set()).add(command.to_customer_id)
        elif isinstance(command, c.Claim | c.Assign | c.Sell) and command.serial is not None:
            coming.setdefault(command.serial, set()).add(command.facts.customer_id)
    return coming


def limit_keys(
    command: c.AnyCommand,
    names: Footprint,
    world: World,
    coming: Mapping[int, set[int]] = MappingProxyType({}),
) -> set[LimitKey]:
    """The limit rows that a well-formed command may move, given-back ones included.

    ``world`` must hold batches, ``past``, ``held`` and every named voucher already; of an untouched
    one only its batch matters. ``coming`` names who may hold a voucher by the time it is used. Caps
    of funders are among the rows.
    """
    found: set[LimitKey] = set()
    serials = list(names.serials)
    if isinstance(command, c.Hold) or (isinstance(command, c.Redeem) and command.hold is None):
        for serial in serials:
            found.update(_keys_of_use(world, serial, command, coming.get(serial, ())))
    elif isinstance(command, c.Issue):
        batch = world.batches.get(command.batch_id)
        if batch is not None:
            keyed = keyed_limits(batch, "claim", command.facts, 0, command.at)
            found.update(key for key, _ in keyed)
    elif isinstance(command, c.Transfer):
        voucher = world.vouchers.get(command.serial)
        if voucher is not None:
            found.add(transfer_key(voucher))
    elif names.past is not None:
        serials += _add_past(world, names.past, found)
    if world.held:
        for serial in serials:
            for held in world.held.get(serial, ()):
                if held.state == "active":
                    _add_past(world, held.hold, found)
    return found


def _keys_of_use(
    world: World, serial: int, command: c.Redeem | c.Hold, coming: Iterable[int]
) -> list[LimitKey]:
    voucher = world.vouchers.get(serial)
    if voucher is None:
        return []
    batch = world.batches[voucher.batch_id]
    rules = batch.rules
    keys = [funder_key(batch, funder) for funder in rules.capped_funders]
    if rules.limits_at("redeem"):
        for holder_id in (voucher.customer_id, *coming):
            keyed = keyed_limits(batch, "redeem", command.facts, holder_id, command.at)
            keys += [key for key, _ in keyed]
    return keys


def _add_past(world: World, place: Place | None, found: set[LimitKey]) -> list[int]:
    """Add the limits that a redemption or hold moved; returns the serials of its vouchers."""
    serials: list[int] = []
    while place is not None and (past := world.past.get(place)) is not None:
        outcome = past[1]
        serials += [result.serial for result in outcome.vouchers]
        found.update(map(key_of, outcome.limits))
        place = settled_hold(past)
    return serials


def keyed_limits(
    batch: Batch, moment: str, facts: Facts, holder_id: int, at: datetime
) -> list[tuple[LimitKey, CompiledLimit]]:
    """The limits of a batch's terms at a moment, each with the row that counts it.

    ``holder_id``: the customer who holds the voucher, 0 where nobody does by name.
    """
    rules = batch.rules
    found = []
    for limit in rules.limits_at(moment):
        subject, shard = 0, HOME_SHARD
        if limit.dimension is Dimension.CUSTOMER:
            subject = holder_id or facts.customer_id
            shard = shard_of_customer(subject)
        elif limit.dimension is Dimension.PERSON:
            subject = facts.person_id
            shard = shard_of_customer(subject)
        elif limit.dimension is Dimension.STORE:
            subject = facts.store_id
        elif limit.dimension is Dimension.CHANNEL:
            subject = channel_subject(facts.channel)
            if limit.channels and subject not in limit.channels:
                continue
        day = rules.day_number(at) if limit.daily else 0
        dimension, unit = int(limit.dimension), int(limit.unit)
        key = LimitKey(shard, batch.batch_id, dimension, subject, day, unit, MOMENTS[moment])
        found.append((key, limit))
    return found


def funder_key(batch: Batch, funder_id: int) -> LimitKey:
    """The row that counts what a funder who pays up to a total has borne for a batch."""
    fen = int(LimitUnit.FEN)
    return LimitKey(HOME_SHARD, batch.batch_id, FUNDER, funder_id, 0, fen, MOMENTS["redeem"])


def transfer_key(voucher: Voucher) -> LimitKey:
    """The row that counts how often a voucher was passed on."""
    uses, serial = int(LimitUnit.USES), voucher.serial
    return LimitKey(voucher.shard, voucher.batch_id, VOUCHER, serial, 0, uses, MOMENTS["transfer"])


def key_of(change: LimitChange) -> LimitKey:
    """The limit row that a change was made to."""
    return LimitKey(
        change.shard,
        change.batch_id,
        change.dimension,
        change.subject_id,
        change.day,
        change.unit,
        change.moment,
    )
