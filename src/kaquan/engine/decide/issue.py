"""Handing vouchers out: claim, assign and sell, from stock or by code; and topping up a card."""

from __future__ import annotations

from kaquan.engine import commands as c
from kaquan.engine.decide.kinds import Kind, kind_of
from kaquan.engine.decide.limits import LimitMoves
from kaquan.engine.decide.postings import Purse, commit
from kaquan.engine.decide.supply import BATCH_UNKNOWN
from kaquan.engine.decide.vouchers import (
    BATCH_PAUSED,
    BATCH_STOPPED,
    CODE_PASSED_ON,
    COMMAND_NOT_FOR_KIND,
    NO_BENEFIT_YET,
    VOUCHER_HELD,
    VOUCHER_UNKNOWN,
    Change,
    begin_change,
    done,
    home_of_piece,
    is_of_another_hand,
    local_time,
    malformed,
    may_cost,
    state_refusal,
)
from kaquan.engine.entries import Account, Unit
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import Outcome, OutcomeCode, Refusal, VoucherResult
from kaquan.engine.rows import Batch, Custody, Slice, Voucher
from kaquan.engine.rules.benefits import Benefit
from kaquan.engine.rules.terms import PrepaidCard
from kaquan.engine.shards import BUCKETS, bucket_of_customer, shard_of_serial
from kaquan.engine.world import World

CUSTOMER_REQUIRED = Refusal(OutcomeCode.CUSTOMER_REQUIRED)
STOCK_EXHAUSTED = Refusal(OutcomeCode.STOCK_EXHAUSTED)
ALREADY_ISSUED = Refusal(OutcomeCode.VOUCHER_ALREADY_ISSUED)


def issue(command: c.Claim | c.Assign | c.Sell, world: World) -> Outcome | Refusal:
    """Give a voucher to a customer, or sell it, also to a bearer whom nobody knows."""
    batch = world.batches.get(command.batch_id)
    if batch is None:
        return BATCH_UNKNOWN
    if (command.serial is None) == batch.by_code:
        return malformed("serial")
    kind, share = kind_of(batch.rules), world.slices[batch.batch_id]
    voucher = None if command.serial is None else world.vouchers.get(command.serial)
    if batch.by_code and (voucher is None or voucher.batch_id != batch.batch_id):
        return VOUCHER_UNKNOWN
    refusal = (
        _slice_refusal(share)
        or _voucher_refusal(command, batch, kind, voucher)
        or _person_refusal(command, batch)
    )
    if refusal is not None:
        return refusal
    load_fen = _load(command, kind, voucher)
    if isinstance(load_fen, Refusal):
        return load_fen
    moves = LimitMoves(world) if kind.claim_has_limits else None
    seat = _find_seat(world, batch, command.facts.customer_id) if voucher is None else None
    refusal = _limit_refusal(command, batch, moves)
    if refusal is not None:
        return refusal
    if voucher is None and seat is None:
        return STOCK_EXHAUSTED
    commit_fen = _to_commit(batch, kind, voucher)
    refusal = Purse(world).take(batch.budget_id, commit_fen) if commit_fen else None
    if refusal is not None:
        return refusal

    # From here on nothing may fail.
    if moves is not None:
        moves.apply()
    if seat is not None:
        voucher = _take_seat(world, batch, seat)
    assert voucher is not None
    change = begin_change(world, command, voucher, batch, world.place)
    return done(world, _hand_over(change, load_fen, commit_fen))


def top_up(command: c.TopUp, world: World) -> Outcome | Refusal:
    """Put paid money onto a prepaid card that takes more."""
    voucher = world.vouchers.get(command.serial)
    if voucher is None:
        return VOUCHER_UNKNOWN
    if is_of_another_hand(command.hand, voucher):
        return CODE_PASSED_ON
    batch = world.batches[voucher.batch_id]
    refusal = _slice_refusal(world.slices[voucher.batch_id]) or state_refusal(
        voucher, batch, "top_up", command.at, before_start=True
    )
    if refusal is not None:
        return refusal
    card = batch.rules.terms.benefit
    if not isinstance(card, PrepaidCard) or not card.reloadable:
        return COMMAND_NOT_FOR_KIND
    room = card.max_balance_fen - voucher.balance_fen
    if not card.minimum_top_up_fen <= command.amount_fen <= room:
        data = {"minimum_fen": max(card.minimum_top_up_fen, 1), "maximum_fen": max(room, 0)}
        return Refusal(OutcomeCode.AMOUNT_NOT_ALLOWED, {**data})
    # From here on nothing may fail.
    change = begin_change(world, command, voucher, batch, world.place)
    loaded = _load_card(change, command.amount_fen)
    _book_sale(change, command.amount_fen)
    return done(world, change.result(benefit=loaded))


def _slice_refusal(share: Slice) -> Refusal | None:
    if share.state == "running":
        return None
    return BATCH_PAUSED if share.state == "paused" else BATCH_STOPPED


def _voucher_refusal(
    command: c.Issue, batch: Batch, kind: Kind, voucher: Voucher | None
) -> Refusal | None:
    """Why this voucher, or a new one of the batch, cannot be handed out."""
    if voucher is None:
        window = batch.rules.unclaimed_window
        if window is not None and command.at >= window[1]:
            data = {"valid_until": local_time(window[1], batch)}
            return Refusal(OutcomeCode.VOUCHER_EXPIRED, {**data})
    else:
        refusal = state_refusal(voucher, batch, command.operation, command.at, before_start=True)
        # What has no window before its claim is not unissued by that: it is being issued now.
        if refusal is not None and refusal.code is not OutcomeCode.VOUCHER_NOT_ISSUED:
            return refusal
        if voucher.holds:
            return VOUCHER_HELD
    if isinstance(command, c.Sell):
        if voucher is not None and voucher.version and _is_in_use(voucher, kind):
            return ALREADY_ISSUED
        if kind.terms.price_fen is None and not kind.is_prepaid:
            return COMMAND_NOT_FOR_KIND
    return None


def _is_in_use(voucher: Voucher, kind: Kind) -> bool:
    """Whether a voucher that nobody bought is not fresh any more: a second buyer would get less."""
    opening = (kind.opening_balance_fen, kind.opening_uses)
    return (voucher.balance_fen, voucher.uses_left) != opening


def _person_refusal(command: c.Issue, batch: Batch) -> Refusal | None:
    if not command.facts.customer_id and not isinstance(command, c.Sell):
        return CUSTOMER_REQUIRED
    return batch.rules.claim_refusal(command.facts)


def _load(command: c.Issue, kind: Kind, voucher: Voucher | None) -> int | Refusal:
    """The money that goes onto a prepaid card with its issue; 0 for other kinds."""
    asked = command.face_fen if isinstance(command, c.Sell) else None
    card = kind.terms.benefit
    if not isinstance(card, PrepaidCard):
        return 0 if asked is None else malformed("face_fen")
    if card.face_fen == 0 and asked is None and isinstance(command, c.Sell):
        return malformed("face_fen")
    fen = asked or card.face_fen
    room = card.max_balance_fen - (0 if voucher is None else voucher.balance_fen)
    if fen > room or (card.face_fen and fen != card.face_fen):
        data = {"minimum_fen": card.face_fen, "maximum_fen": min(room, card.face_fen or room)}
        return Refusal(OutcomeCode.AMOUNT_NOT_ALLOWED, {**data})
    return fen


def _to_commit(batch: Batch, kind: Kind, voucher: Voucher | None) -> int:
    """What must be set aside; a used bearer's voucher may have something set aside already."""
    if not batch.budget_id:
        return 0
    already_fen = 0 if voucher is None else voucher.committed_fen
    return max(0, may_cost(voucher, kind) - already_fen)


def _limit_refusal(command: c.Issue, batch: Batch, moves: LimitMoves | None) -> Refusal | None:
    if moves is None:
        return None
    return moves.add_use(batch, "claim", command.facts, 0, command.at, uses=1)


def _find_seat(world: World, batch: Batch, customer_id: int) -> int | None:
    """The next free serial in the customer's bucket, or in the next bucket that has one.

    Seats of a bucket are handed out in the order of their serials, so the count in ``cursor`` says
    which are gone; at the first one that is not active a bucket waits.
    """
    share = world.slices[batch.batch_id]
    if share.stock_left == 0:
        return None
    handed_out = share.minted - share.stock_left
    wanted = bucket_of_customer(customer_id) if customer_id else handed_out % BUCKETS
    runs = world.custody.get(batch.batch_id, ())
    for step in range(BUCKETS):
        bucket = (wanted + step) % BUCKETS
        serial = _active_serial(runs, share.cursor[bucket] * BUCKETS + bucket)
        if serial is not None:
            return serial
    return None


def _active_serial(runs: list[Custody] | tuple[Custody, ...], offset: int) -> int | None:
    """The serial at ``offset`` in a batch's runs laid end to end, if it is active."""
    for run in runs:
        if offset < run.quantity:
            return run.first_serial + offset if run.active else None
        offset -= run.quantity
    return None


def _take_seat(world: World, batch: Batch, serial: int) -> Voucher:
    assert serial not in world.vouchers, serial
    world.touch("slices", batch.batch_id)
    share = world.slices[batch.batch_id]
    share.cursor[serial % BUCKETS] += 1
    share.stock_left -= 1
    assert share.stock_left >= 0, share
    world.touch("vouchers", serial)
    voucher = world.vouchers[serial] = Voucher(shard_of_serial(serial), serial, batch.batch_id)
    return voucher


def _hand_over(change: Change, load_fen: int, commit_fen: int) -> VoucherResult:
    command, voucher, batch = change.command, change.voucher, change.batch
    assert isinstance(command, c.Issue)
    source = home_of_piece(voucher)
    voucher.state = State.ISSUED
    voucher.customer_id = command.facts.customer_id
    window = batch.rules.validity_window(command.at)
    assert window is not None
    if batch.rules.unclaimed_window is None:
        voucher.valid_from, voucher.valid_until = window
    elif not voucher.customer_id:
        voucher.valid_from = window[0]  # marks it as a bearer's own, see ``vouchers.issued``
    change.move_piece(source)
    if commit_fen:
        commit(change, commit_fen)
    loaded = _load_card(change, load_fen) if load_fen else NO_BENEFIT_YET
    if isinstance(command, c.Sell):
        _book_sale(change, command.paid_fen)
    return change.result(benefit=loaded)


def _load_card(change: Change, fen: int) -> Benefit:
    """Money comes onto a card: the opposite of using it."""
    voucher = change.voucher
    voucher.balance_fen += fen
    issued, card = (Account.CARD_ISSUED, voucher.batch_id), (Account.CARD, voucher.serial)
    change.enter(Unit.FEN, fen, issued, card)
    return Benefit(0, (), -fen, 0, 0)


def _book_sale(change: Change, fen: int) -> None:
    batch_id = change.voucher.batch_id
    change.enter(Unit.FEN, fen, (Account.PAYMENT, batch_id), (Account.SALES, batch_id))
