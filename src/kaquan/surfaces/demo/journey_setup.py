"""Stores, products, customers, campaigns and batches of the Complete Journey.

Each coupon of a campaign is a batch; coupons of one campaign with the same face and the same payer
share an offer. The data set knows no terms, so these are what its redemptions need:

- a cash voucher that gives out any part of its face, for the tills took off different amounts;
- good for the household that holds it, on the campaign's days, in the retailer's own zone;
- at most one use per household: a second one finds either nothing left or the limit;
- a manufacturer's coupon (its number begins with 5) is paid for by the manufacturer, the retailer's
  own by the retailer; without a budget, for the data set names none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kaquan.campaigns.actions import add_batch
from kaquan.customers.imports import CUSTOMERS
from kaquan.engine.rules.terms import (
    CashVoucher,
    FixedRange,
    Limit,
    Remainder,
    Scope,
    Stack,
    Terms,
    Validity,
)
from kaquan.foundation.actor import Actor
from kaquan.foundation.imports import ImportReport, Progress
from kaquan.offers.imports import PRODUCTS
from kaquan.organisations.imports import STORES
from kaquan.organisations.queries import organisation_by_code
from kaquan.surfaces.demo import setting_up
from kaquan.surfaces.demo.journey_coupons import Worth
from kaquan.surfaces.demo.journey_data import ZONE, Campaign, Journey

RETAILER = "Complete Journey"
_MANUFACTURERS_DIGIT = "5"
_DEMOGRAPHICS = {
    "age": "age",
    "income": "income",
    "home_ownership": "home",
    "marital_status": "marital",
    "household_size": "size",
    "household_comp": "household",
    "kids_count": "kids",
}


def store_code(store: int) -> str:
    """The code of a store in Kaquan."""
    return f"CJ-{store}"


def customer_number(household: int) -> str:
    """The customer number of a household in Kaquan."""
    return f"CJ-{household}"


def import_master_data(
    journey: Journey, *, actor: Actor, progress: Progress
) -> dict[str, ImportReport]:
    """Bring in stores, products and households, by kind."""
    plans = {
        STORES: _store_rows(journey),
        PRODUCTS: _product_rows(journey),
        CUSTOMERS: _customer_rows(journey),
    }
    return {
        plan.kind: setting_up.bring_in(plan, rows, actor=actor, progress=progress)
        for plan, rows in plans.items()
    }


class Launcher:
    """Makes campaigns with their batches."""

    def __init__(self, journey: Journey, worth: Worth, *, actor: Actor) -> None:
        self._worth = worth
        self._actor = actor
        first_store = organisation_by_code(actor, store_code(journey.stores()[0]))
        self._organisation_id = first_store.parent_id
        self._manufacturers_id = setting_up.funder(
            actor, code="CJ-MANUFACTURERS", name="Complete Journey: manufacturers"
        )

    def launch(self, campaign: Campaign) -> dict[int, int]:
        """The batch of each coupon of a campaign, minted for every household that it targets."""
        made = setting_up.campaign(
            self._actor,
            code=f"CJ-{campaign.number}",
            name=f"{RETAILER} {campaign.number}",
            kind=f"Type {campaign.kind}",
            starts_at=campaign.starts_at,
            ends_at=campaign.ends_at,
            organisation_id=self._organisation_id,
        )
        return {
            coupon: add_batch(
                actor=self._actor,
                campaign_id=made.id,
                name=str(coupon),
                version_id=self._version_id(campaign, coupon),
                quantity=len(campaign.households),
                at=campaign.starts_at,
            ).id
            for coupon in campaign.coupons
        }

    def _version_id(self, campaign: Campaign, coupon: int) -> int:
        face_fen = self._worth.face_fen(coupon)
        is_manufacturers = str(coupon).startswith(_MANUFACTURERS_DIGIT)
        payer = "M" if is_manufacturers else "R"
        version = setting_up.offer(
            self._actor,
            code=f"CJ-{campaign.number}-{payer}{face_fen}",
            name=f"{RETAILER} {campaign.number}: ${face_fen // 100}.{face_fen % 100:02}",
            terms=_terms(campaign, face_fen, self._manufacturers_id if is_manufacturers else 0),
            at=campaign.starts_at,
            organisation_id=self._organisation_id,
        )
        return version.id


def _terms(campaign: Campaign, face_fen: int, funder_id: int) -> Terms:
    return Terms(
        benefit=CashVoucher(face_fen=face_fen, allow_partial=True),
        validity=Validity(
            range=FixedRange(first_day=campaign.first_day, last_day=campaign.last_day),
            time_zone=ZONE.key,
        ),
        scope=Scope(customer_required=True),
        limits=(Limit(dimension="customer", at="redeem", cap=1),),
        funding=(Remainder(funder_id=funder_id),),
        stack=Stack(policy="always"),
        commit="redeem",
    )


def _store_rows(journey: Journey) -> Iterator[Mapping[str, object]]:
    for store in journey.stores():
        yield {"code": store_code(store), "name": f"{RETAILER} {store}", "region": RETAILER}


def _product_rows(journey: Journey) -> Iterator[Mapping[str, object]]:
    for product in journey.products():
        levels = [product["department"], product["product_category"], product["product_type"]]
        known = [level for level in levels if level]
        name = [known[-1] if known else "", product["package_size"] or ""]
        yield {
            "sku": str(product["product_id"]),
            "name": " ".join(name).strip() or str(product["product_id"]),
            "categories": known,
        }


def _customer_rows(journey: Journey) -> Iterator[Mapping[str, object]]:
    for household in journey.households():
        yield {
            "number": customer_number(household["household_id"]),
            "tags": list(_tags(household)),
        }


def _tags(household: Mapping[str, Any]) -> Iterator[str]:
    for column, prefix in _DEMOGRAPHICS.items():
        if household.get(column):
            yield f"{prefix}:{household[column]}"
