"""A till for tests: an issuer with two regions, a member, and a batch with codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kaquan.customers.actions import create_customer
from kaquan.engine.outcomes import Outcome
from kaquan.foundation.actor import Actor
from kaquan.redemption.actions import CodeUse, redeem_codes
from kaquan.redemption.codes import code_book
from kaquan.redemption.visits import Visit
from tests.builders.issuer import NOON, SYSTEM, a_number, a_store, an_organisation, staff_of
from tests.builders.ledger import Books, BuiltBatch, a_batch


@dataclass(frozen=True)
class Till:
    """One store, its clerk, a clerk of the other region, and codes to use."""

    store_code: str
    customer_number: str
    clerk: Actor
    stranger: Actor
    batch: BuiltBatch

    def code(self, index: int = 0) -> str:
        """The code of one of the batch's vouchers."""
        return code_book().encode(self.batch.serial(index))

    def visit(self, **fields: Any) -> Visit:
        """An order of 100 yuan at this till."""
        asked = {"store_code": self.store_code, "order_no": a_number("A-"), "amount_fen": 10_000}
        return Visit(**asked | fields)

    def redeem(self, index: int = 0, *, actor: Actor = SYSTEM, **fields: Any) -> Outcome:
        """Use one voucher."""
        return redeem_codes(
            actor=actor, uses=[CodeUse(self.code(index))], visit=self.visit(**fields), at=NOON
        )


def a_till(door: Books, **batch: Any) -> Till:
    """A till in a region of its own."""
    root = an_organisation(a_number("总部"), None)
    region, elsewhere = an_organisation("华东", root), an_organisation("华南", root)
    store = a_store(region)
    number = a_number("M")
    create_customer(actor=SYSTEM, number=number)
    return Till(
        store_code=store.organisation.code,
        customer_number=number,
        clerk=staff_of(region),
        stranger=staff_of(elsewhere),
        batch=a_batch(door, **batch),
    )
