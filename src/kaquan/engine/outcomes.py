"""Every answer the door can give: a stable code, its precedence, and what would help.

The number of a code is its precedence: of several true reasons the lowest is told. Numbers and
names are for ever; new ones go into the gaps. A stranger who holds a code learns only
``DETAILS[code].public``.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from msgspec import Struct

from kaquan.engine.places import Place

Data = dict[str, int | str | list[str]]


class OutcomeCode(IntEnum):
    """The stable answers, in order of precedence."""

    DONE = 0

    MALFORMED_COMMAND = 100
    REQUEST_KEY_REUSED = 110
    LINKED_COMMAND_FAILED = 120
    PERMISSION_DENIED = 130

    CODE_MALFORMED = 200
    CODE_MISTYPED = 205
    CODE_FORGED = 210
    CODE_PASSED_ON = 215
    VOUCHER_UNKNOWN = 220
    VOUCHER_NOT_YOURS = 230
    BATCH_UNKNOWN = 240
    BATCH_EXISTS = 242
    BUDGET_UNKNOWN = 245
    BUDGET_EXISTS = 247
    REDEMPTION_UNKNOWN = 250
    HOLD_UNKNOWN = 260

    BATCH_PAUSED = 300
    BATCH_STOPPED = 305
    VOUCHER_NOT_ACTIVATED = 310
    VOUCHER_NOT_HANDED_OUT = 312
    VOUCHER_LOST = 314
    VOUCHER_SPOILED = 316
    VOUCHER_DESTROYED = 318
    VOUCHER_VOID = 320
    VOUCHER_FROZEN = 330
    VOUCHER_EXPIRED = 340
    VOUCHER_NOT_YET_VALID = 345
    VOUCHER_USED = 350
    VOUCHER_HELD = 355
    VOUCHER_NOT_ISSUED = 360
    VOUCHER_ALREADY_ISSUED = 365
    VOUCHER_NOT_FROZEN = 367
    COMMAND_NOT_FOR_KIND = 370
    TRANSFER_FORBIDDEN = 372
    NOT_EXPIRED_YET = 374
    TERMS_NOT_BETTER = 376
    TERMS_CHANGED = 378
    HOLD_EXPIRED = 380
    HOLD_SETTLED = 382
    ALREADY_REVERSED = 390
    REVERSAL_EXCEEDS_USE = 392
    RANGE_NOT_AVAILABLE = 396
    PIECES_ELSEWHERE = 398

    WRONG_WEEKDAY = 400
    OUTSIDE_DAILY_WINDOW = 405
    EXCLUDED_DATE = 410
    WRONG_STORE = 420
    WRONG_CHANNEL = 425
    WRONG_TERMINAL = 430
    CUSTOMER_REQUIRED = 440
    CUSTOMER_NOT_TARGETED = 445
    FIRST_ORDER_ONLY = 450
    ORDER_REQUIRED = 455
    PRODUCTS_NOT_ELIGIBLE = 460
    ORDER_BELOW_MINIMUM = 470

    STACKING_FORBIDDEN = 500
    TOO_MANY_VOUCHERS = 505
    NO_BENEFIT = 510
    AMOUNT_NOT_ALLOWED = 520
    BETTER_WITHOUT = 530

    LIMIT_PER_CUSTOMER = 600
    LIMIT_PER_PERSON = 605
    LIMIT_PER_STORE = 615
    LIMIT_PER_CHANNEL = 617
    LIMIT_PER_BATCH = 620
    STOCK_EXHAUSTED = 640
    BUDGET_EXHAUSTED = 650
    BUDGET_CHANGED = 652
    BALANCE_INSUFFICIENT = 660
    USES_INSUFFICIENT = 665

    BUSY = 900
    UNAVAILABLE = 910


class Refusal(Struct, frozen=True, gc=False):
    """Why a command may not happen; ``data`` fills the sentence (amounts in fen end in
    ``_fen``)."""

    code: OutcomeCode
    data: Data = {}


class VoucherResult(Struct, frozen=True, gc=False, omit_defaults=True):
    """What one command did to one voucher, and what the voucher was after it.

    ``discount_fen`` is what the order got off through this voucher; ``allocation`` splits it over
    the order's lines (same order), ``funding`` over those who pay: (funder id, fen).
    ``balance_used_fen`` and ``uses_used`` are what left the voucher (negative: came back). The
    rest is the state after. ``before`` is where the voucher's previous change stands, so that a
    trace needs no index. ``set_aside_fen`` is what a hold committed for it besides what was
    committed already, and ``released_fen`` what its last use left of that: the amounts that giving
    back must know. ``units_returned`` is how much of each order line has come back after a
    reversal. ``hand`` is how often it has been passed on.
    """

    serial: int
    batch_id: int
    version: int
    state: int
    discount_fen: int = 0
    allocation: tuple[int, ...] = ()
    funding: tuple[tuple[int, int], ...] = ()
    balance_used_fen: int = 0
    uses_used: int = 0
    customer_id: int = 0
    balance_fen: int = 0
    uses_left: int = 0
    committed_fen: int = 0
    holds: int = 0
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    before: Place | None = None
    set_aside_fen: int = 0
    released_fen: int = 0
    units_returned: tuple[int, ...] = ()
    hand: int = 0


class LimitChange(Struct, frozen=True, gc=False, array_like=True):
    """A limit row after a command moved it by ``delta``: evidence for the proof."""

    shard: int
    batch_id: int
    dimension: int
    subject_id: int
    day: int
    unit: int
    moment: int
    delta: int


class Outcome(Struct, frozen=True, gc=False, omit_defaults=True):
    """The answer to one command. ``place`` names it for ever (a redemption's or hold's id is its
    place).

    ``data`` fills a refusal's sentence, or holds small facts of a success (``first_serial``,
    ``quantity`` …).
    """

    code: OutcomeCode
    data: Data = {}
    place: Place | None = None
    vouchers: tuple[VoucherResult, ...] = ()
    limits: tuple[LimitChange, ...] = ()

    @property
    def done(self) -> bool:
        """Whether the command happened."""
        return self.code is OutcomeCode.DONE
