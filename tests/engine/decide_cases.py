"""Small ledgers for tests of ``decide``: batches of every kind, and commands with sane defaults."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from kaquan.engine import commands as c
from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.engine.outcomes import Outcome, OutcomeCode
from tests.engine.memory_ledger import MemoryLedger

SHANGHAI = timezone(timedelta(hours=8))
NOON = datetime(2026, 11, 22, 12, tzinfo=SHANGHAI)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=SHANGHAI)

YEAR_2026 = {"kind": "fixed_range", "first_day": "2026-01-01", "last_day": "2026-12-31"}

BENEFITS: dict[str, dict[str, Any]] = {
    "amount_off": {"kind": "amount_off", "amount_fen": 2000},
    "percent_off": {"kind": "percent_off", "basis_points_off": 1500, "cap_fen": 3000},
    "cash_voucher": {"kind": "cash_voucher", "face_fen": 5000},
    "cash_in_parts": {"kind": "cash_voucher", "face_fen": 5000, "allow_partial": True},
    "exchange": {"kind": "exchange", "goods": {"skus": ["tea"]}, "value_cap_fen": 4000},
    "prepaid_card": {
        "kind": "prepaid_card",
        "face_fen": 10_000,
        "max_balance_fen": 30_000,
        "reloadable": True,
    },
    "count_card": {"kind": "count_card", "uses": 3, "value_per_use_fen": 1500},
    "free_unit": {"kind": "free_unit", "quantity_buy": 1, "value_cap_fen": 4000},
}

ORDER = Order("O1", (OrderLine("1", "tea", 4, 20_000), OrderLine("2", "milk", 1, 1_234)))


def terms(benefit: str, **parts: Any) -> bytes:
    """Terms of a kind, good all through 2026, for sale and transferable unless said otherwise."""
    whole = {
        "benefit": BENEFITS[benefit],
        "validity": {"range": YEAR_2026},
        "transferable": True,
        "price_fen": 4000,
    }
    return json.dumps(whole | parts).encode()


def facts(**fields: Any) -> Facts:
    """A till in store 501 with an order of two lines."""
    return Facts(**({"store_id": 501, "store_path": (1, 501), "order": ORDER} | fields))


def done(outcome: Outcome) -> Outcome:
    """The outcome, which must be DONE."""
    assert outcome.code is OutcomeCode.DONE, outcome
    return outcome


def paper(ledger: MemoryLedger, raw_terms: bytes, *, batch_id: int = 1, **fields: Any) -> int:
    """A by-code batch with ten vouchers; returns the first serial."""
    define = c.DefineBatch(at=NOON, batch_id=batch_id, terms=raw_terms, by_code=True, **fields)
    done(ledger.do(define))
    minted = done(ledger.do(c.Mint(at=NOON, batch_id=batch_id, quantity=10)))
    return int(str(minted.data["first_serial"]))


def redeem(*serials: int, at: datetime = NOON, **fields: Any) -> c.Redeem:
    """Use vouchers whole on the usual order."""
    return c.Redeem(
        at=at, vouchers=tuple(c.VoucherUse(serial) for serial in serials), facts=facts(**fields)
    )


def operate(operation: str, serial: int, batch_id: int, place: Any = None) -> c.AnyCommand:
    """A well-formed command of every operation on one voucher of customer 7, or of nobody."""
    customer = facts(customer_id=7)
    issue = {"at": NOON, "batch_id": batch_id, "serial": serial, "facts": customer}
    voucher = {"at": NOON, "serial": serial}
    held_until = NOON + timedelta(minutes=5)
    longer = NEW_YEAR + timedelta(days=9)
    make: dict[str, Callable[[], c.AnyCommand]] = {
        "claim": lambda: c.Claim(**issue),
        "assign": lambda: c.Assign(**issue),
        "sell": lambda: c.Sell(**issue, paid_fen=4000, payment_no="P"),
        "top_up": lambda: c.TopUp(**voucher, amount_fen=500, payment_no="P", facts=customer),
        "redeem": lambda: redeem(serial),
        "hold": lambda: c.Hold(
            at=NOON, vouchers=(c.VoucherUse(serial),), facts=facts(), expires_at=held_until
        ),
        "reverse": lambda: c.Reverse(at=NOON, redemption=place),
        "transfer": lambda: c.Transfer(**voucher, from_customer_id=7, to_customer_id=8),
        "extend": lambda: c.Extend(**voucher, valid_until=longer),
        "freeze": lambda: c.Freeze(**voucher, reason="lost"),
        "unfreeze": lambda: c.Unfreeze(**voucher),
        "void": lambda: c.Void(**voucher, reason="misprint"),
        "expire": lambda: c.Expire(at=NEW_YEAR, serial=serial),
        "adjust": lambda: c.Adjust(**voucher, uses=1, reason="goodwill"),
        "book_loss": lambda: c.BookLoss(**voucher, amount_fen=700, facts=facts(), reason="offline"),
    }
    return make[operation]()
