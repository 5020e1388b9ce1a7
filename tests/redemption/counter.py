"""A counter for tests: a region with a store, members and campaigns of its own, all by actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from kaquan.budgets.actions import open_budget
from kaquan.campaigns.actions import add_batch, create_campaign
from kaquan.campaigns.models import CampaignBatch
from kaquan.customers.actions import create_customer
from kaquan.engine.outcomes import Outcome
from kaquan.foundation.actor import Actor
from kaquan.ledger.custody import serial_runs
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.models import Organisation
from kaquan.redemption import actions
from kaquan.redemption.codes import code_book
from kaquan.redemption.visits import Visit
from tests.builders.issuer import (
    NOON,
    SYSTEM,
    TERMS,
    a_number,
    a_store,
    a_version,
    an_organisation,
    staff_of,
)

CODES = 20


@dataclass(frozen=True)
class Counter:
    """One region: who works there and elsewhere, a member, a batch by code and one from stock."""

    region: Organisation
    store_code: str
    store_id: int
    clerk: Actor
    stranger: Actor
    member: str
    by_code: CampaignBatch
    from_stock: CampaignBatch
    codes: list[str]

    def visit(self, **fields: Any) -> Visit:
        """An order of 100 yuan at this counter."""
        asked = {"store_code": self.store_code, "order_no": a_number("A-"), "amount_fen": 10_000}
        return Visit(**asked | fields)

    def assign(self, member: str | None = None) -> Outcome:
        """Give a member a voucher from stock."""
        visit = Visit(customer_number=member or self.member)
        return actions.assign(actor=SYSTEM, batch_id=self.from_stock.id, visit=visit, at=NOON)

    def redeem(self, index: int = 0, **fields: Any) -> Outcome:
        """Use one of the codes."""
        uses = [actions.CodeUse(self.codes[index])]
        return actions.redeem_codes(actor=SYSTEM, uses=uses, visit=self.visit(**fields), at=NOON)


def a_counter(
    *, stock: int = 1_000, terms: Mapping[str, Any] = TERMS, budget_fen: int = 10**8, **more: Any
) -> Counter:
    """A counter in a region of its own."""
    root = an_organisation(a_number("总部"), None)
    region, elsewhere = an_organisation("华东", root), an_organisation("华南", root)
    clerk = staff_of(region)
    store = a_store(region)
    member = a_number("M")
    create_customer(actor=clerk, number=member)
    code = a_number("c-")
    campaign = create_campaign(
        actor=clerk,
        code=code,
        name="夏日拉新",
        kind="拉新",
        starts_at=NOON,
        ends_at=NOON + timedelta(days=30),
    )
    budget = open_budget(actor=clerk, code=code, name=code, total_fen=budget_fen, at=NOON)
    version = a_version({**terms, **more})

    def batch(name: str, quantity: int, *, by_code: bool) -> CampaignBatch:
        return add_batch(
            actor=SYSTEM,
            campaign_id=campaign.id,
            name=name,
            version_id=version.id,
            quantity=quantity,
            at=NOON,
            budget_id=budget.id,
            by_code=by_code,
        )

    printed = batch("印刷", CODES, by_code=True)
    (run,) = serial_runs(reading_session(), printed.id)
    return Counter(
        region=region,
        store_code=store.organisation.code,
        store_id=store.organisation_id,
        clerk=clerk,
        stranger=staff_of(elsewhere),
        member=member,
        by_code=printed,
        from_stock=batch("领取", stock, by_code=False),
        codes=[code_book().encode(serial) for serial in run],
    )


def without_role(counter: Counter) -> Actor:
    """Someone of the region who may do everything and holds no role: no test makes this account."""
    return replace(counter.clerk, id="staff:900001")
