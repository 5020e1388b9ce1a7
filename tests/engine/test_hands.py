"""The hands that a voucher is in: which code is a retry of which, and when there are no more."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from kaquan.engine import commands as c
from kaquan.engine.codes import HAND_MAX
from kaquan.engine.outcomes import OutcomeCode
from tests.engine.decide_cases import NOON, done, facts, operate, paper, redeem, terms
from tests.engine.memory_ledger import MemoryLedger

FACTS = facts()


def uses(hand: int | None) -> tuple[c.VoucherUse, ...]:
    return (c.VoucherUse(64, 500, 1, hand), c.VoucherUse(65))


def asked(name: str, hand: int | None) -> c.AnyCommand:
    until = NOON + timedelta(minutes=5)
    make: dict[str, c.AnyCommand] = {
        "redeem": c.Redeem(at=NOON, vouchers=uses(hand), facts=FACTS),
        "hold": c.Hold(at=NOON, vouchers=uses(hand), facts=FACTS, expires_at=until),
        "top_up": c.TopUp(at=NOON, serial=64, amount_fen=5, payment_no="P", facts=FACTS, hand=hand),
    }
    return make[name]


@pytest.mark.parametrize(
    ("name", "before_hands"),
    [
        ("redeem", [[[64, 500, 1], [65, None, 1]], None]),
        ("hold", [[[64, 500, 1], [65, None, 1]], 300_000_000]),
        ("top_up", [64, 5, "P"]),
    ],
)
def test_a_retry_is_known_from_before_hands_and_the_next_hands_code_is_another_request(
    name: str, before_hands: list[Any]
) -> None:
    whole = [*before_hands, (FACTS.store_id, FACTS.channel, FACTS.customer_id, FACTS.order)]
    packed = msgspec.msgpack.encode(whole, order="deterministic")
    kept = hashlib.blake2b(packed, digest_size=16, person=name.encode()).digest()

    assert asked(name, None).content_hash() == asked(name, 0).content_hash() == kept
    assert asked(name, 1).content_hash() not in (kept, asked(name, 2).content_hash())


def test_a_voucher_is_passed_on_as_often_as_it_can_have_a_code() -> None:
    ledger = MemoryLedger()
    serial = paper(ledger, terms("amount_off"))
    done(ledger.do(operate("claim", serial, 1)))
    there = c.Transfer(at=NOON, serial=serial, from_customer_id=7, to_customer_id=8)
    back = c.Transfer(at=NOON, serial=serial, from_customer_id=8, to_customer_id=7)
    for number in range(HAND_MAX):
        (passed_on,) = done(ledger.do(back if number % 2 else there)).vouchers
        assert passed_on.hand == number + 1

    entries = len(ledger.entries)
    refused = ledger.do(back)

    assert refused.code is OutcomeCode.TRANSFER_FORBIDDEN
    assert refused.data == {"limit": HAND_MAX, "used": HAND_MAX}
    assert len(ledger.entries) == entries
    assert done(ledger.do(redeem(serial))).vouchers[0].hand == HAND_MAX
