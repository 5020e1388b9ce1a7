"""Entries: one transfer of one unit from a debit to a credit account, balanced by construction."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from msgspec import Struct

from kaquan.engine.places import Place


class Unit(IntEnum):
    """What an entry moves."""

    FEN = 1
    USE = 2
    PIECE = 3


class Account(IntEnum):
    """Kinds of account; what the account's id is stands behind each."""

    OUTSIDE = 1  # 0: the world; vouchers are minted and budgets funded from here
    BUDGET_AVAILABLE = 2  # budget id
    BUDGET_COMMITTED = 3  # budget id
    BUDGET_RELEASED = 4  # budget id
    BATCH_COST = 5  # batch id: discounts of a batch that has no budget
    STORE = 6  # store id: what the issuer owes the store for vouchers used there
    CARD = 7  # serial: the balance on a prepaid card or partly used cash voucher
    CARD_HELD = 8  # serial: balance reserved by holds
    CARD_ISSUED = 9  # batch id: the other side of every card balance
    PAYMENT = 10  # batch id: money customers paid
    SALES = 11  # batch id: what vouchers and top-ups were sold for
    STOCK = 12  # batch id: pieces minted and not yet touched
    HOLDER = 13  # customer id, 0 for the bearer: pieces in people's hands
    ENDED = 14  # batch id: pieces void or expired
    FROZEN = 15  # batch id: pieces stopped for the time being
    USES = 16  # serial: uses on a count card
    USES_HELD = 17  # serial: uses reserved by holds
    CUSTODY = 18  # organisation id, 0 for the batch's own: pieces allotted
    # Paper, by the organisation that answers for it: see engine.custody.
    PAPER_PRINTED = 19
    PAPER_RECEIVED = 20
    PAPER_READY = 21
    PAPER_SENT = 22
    PAPER_HANDED_OUT = 23
    PAPER_SPOILED = 24
    PAPER_LOST = 25
    PAPER_DESTROYED = 26
    PAPER_MISSING = 27
    OFFLINE_LOSS = 28  # batch id: what stores gave without a network for vouchers good no more


class Entry(Struct, frozen=True, gc=False):
    """One entry. ``amount`` > 0 in ``unit``; ``reverses`` names the redemption that it undoes.

    ``serial`` and ``version`` say which voucher and which of its changes it belongs to (0: none);
    of pieces of paper that were moved ``serial`` is the first, and ``version`` 0.
    ``funder_id`` who bears it (0: the issuer). ``operation`` indexes ``OPERATIONS``.
    """

    index: int
    operation: int
    unit: Unit
    amount: int
    debit: Account
    debit_id: int
    credit: Account
    credit_id: int
    at: datetime
    serial: int = 0
    version: int = 0
    batch_id: int = 0
    funder_id: int = 0
    reverses: Place | None = None


#: Operation numbers in entries are for ever: only append.
OPERATIONS = (
    "open_budget",
    "change_budget",
    "define_batch",
    "mint",
    "set_batch_state",
    "activate",
    "allot",
    "claim",
    "assign",
    "sell",
    "top_up",
    "redeem",
    "hold",
    "release",
    "reverse",
    "transfer",
    "extend",
    "freeze",
    "unfreeze",
    "void",
    "expire",
    "adjust",
    "move_pieces",
    "revise_terms",
    "book_loss",
)
OPERATION_NUMBER = {name: number for number, name in enumerate(OPERATIONS)}
