"""What a store gave for a voucher that was good no more, and that the issuer bears all the same."""

from __future__ import annotations

from kaquan.engine import commands as c
from kaquan.engine.decide.vouchers import VOUCHER_UNKNOWN, begin_change, done
from kaquan.engine.entries import Account, Unit
from kaquan.engine.lifecycle import refusal_of
from kaquan.engine.outcomes import Outcome, Refusal
from kaquan.engine.world import World


def book_loss(command: c.BookLoss, world: World) -> Outcome | Refusal:
    """Owe the store what it gave; the voucher, its limits and its budget stay as they are."""
    voucher = world.vouchers.get(command.serial)
    if voucher is None:
        return VOUCHER_UNKNOWN
    code = refusal_of(voucher.state, command.operation)
    if code is not None:
        return Refusal(code)
    batch = world.batches[voucher.batch_id]
    # From here on nothing may fail.
    change = begin_change(world, command, voucher, batch, world.place)
    loss, store = (Account.OFFLINE_LOSS, batch.batch_id), (Account.STORE, command.facts.store_id)
    change.enter(Unit.FEN, command.amount_fen, loss, store)
    return done(world, change.result())
