"""The issuer that the HTTP benchmark calls: stores, customers, batches and an API key, made by
actions as anybody would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import psycopg

from kaquan.access.actions import create_client, create_key
from kaquan.budgets.actions import open_budget
from kaquan.budgets.models import Budget
from kaquan.campaigns.actions import add_batch, create_campaign
from kaquan.campaigns.models import Campaign, CampaignBatch
from kaquan.customers.imports import CUSTOMERS
from kaquan.engine.codes import format_code
from kaquan.foundation import clock
from kaquan.foundation.actor import system_actor
from kaquan.foundation.imports import run_import
from kaquan.ledger.custody import serial_runs
from kaquan.offers.actions import create_offer
from kaquan.organisations.actions import create_organisation, create_store
from kaquan.organisations.models import OrganisationKind
from kaquan.redemption.codes import code_book

ACTOR = system_actor("benchmarks")
STORES = 200
PERMISSIONS = ("redemption.redeem", "redemption.reverse", "redemption.issue")
FACE_FEN = 2_000
MINIMUM_FEN = 10_000

_names = count(1)


@dataclass(frozen=True)
class Issuer:
    """Everything that requests name."""

    api_key: str
    root_id: int
    stores: tuple[str, ...]
    customers: tuple[str, ...]
    campaign: Campaign

    def batch(self, quantity: int, *, by_code: bool, one_a_customer: bool = False) -> CampaignBatch:
        """20 yuan off 100 in the shops of the chain, under a budget that covers every voucher."""
        name, now = f"b{next(_names)}", clock.now()
        terms: dict[str, Any] = {
            "benefit": {"kind": "amount_off", "amount_fen": FACE_FEN},
            "validity": {
                "range": {
                    "kind": "fixed_range",
                    "first_day": "2020-01-01",
                    "last_day": "2199-12-31",
                }
            },
            "scope": {
                "order_minimum_fen": MINIMUM_FEN,
                "channels": ["store", "app"],
                "stores": {"include": [self.root_id]},
            },
            "commit": "redeem",
        }
        if one_a_customer:
            terms["limits"] = [
                {"dimension": "customer", "period": "ever", "unit": "uses", "cap": 1, "at": "claim"}
            ]
        version = create_offer(actor=ACTOR, code=name, name="满 100 减 20", terms=terms, at=now)
        budget: Budget = open_budget(
            actor=ACTOR, code=name, name=name, total_fen=FACE_FEN * quantity, at=now
        )
        return add_batch(
            actor=ACTOR,
            campaign_id=self.campaign.id,
            name=name,
            version_id=version.id,
            quantity=quantity,
            at=now,
            budget_id=budget.id,
            by_code=by_code,
        )


def an_issuer(*, customers: int) -> Issuer:
    """A chain of shops with so many customers, and a till's key for all of it."""
    now = clock.now()
    root = create_organisation(
        actor=ACTOR, kind=OrganisationKind.HEAD_OFFICE, code="HQ", name="总部", parent_id=None
    )
    regions = [
        create_organisation(
            actor=ACTOR, kind=OrganisationKind.REGION, code=f"R{n}", name=f"大区 {n}",
            parent_id=root.id,
        )
        for n in range(7)
    ]  # fmt: skip
    stores = tuple(f"S{n:03}" for n in range(STORES))
    for n, code in enumerate(stores):
        region = regions[n % len(regions)]
        create_store(actor=ACTOR, code=code, name=f"门店 {code}", parent_id=region.id)
    numbers = tuple(f"M{n:06}" for n in range(customers))
    report = run_import(CUSTOMERS, [{"number": one} for one in numbers], actor=ACTOR, commit=True)
    assert report.broken == 0, report.problems
    campaign = create_campaign(
        actor=ACTOR, code="bench", name="压测", kind="promotion", starts_at=now,
        ends_at=now.replace(year=now.year + 1, day=1),
    )  # fmt: skip
    client = create_client(actor=ACTOR, name="bench", at=now)
    made = create_key(actor=ACTOR, client_id=client.id, permissions=PERMISSIONS, at=now)
    return Issuer(made.text, root.id, stores, numbers, campaign)


def codes_of(connection: psycopg.Connection[Any], batch: CampaignBatch) -> Iterator[str]:
    """The codes of a batch by code, far from each other one after the other."""
    book = code_book()
    (serials,) = serial_runs(connection, batch.id)
    step = 7_919  # a prime, so that it comes by every serial once
    assert len(serials) % step, batch
    for n in range(len(serials)):
        yield format_code(book.encode(serials[n * step % len(serials)]))
