"""What a side trades with: offers, batches, budgets, vouchers and their uses."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.db import transaction

from kaquan.budgets.actions import open_budget
from kaquan.budgets.models import Budget
from kaquan.campaigns.actions import add_batch, create_campaign
from kaquan.campaigns.models import Campaign, CampaignBatch
from kaquan.engine.places import Place, block_number
from kaquan.foundation import clock
from kaquan.foundation.jobs.actions import cancel
from kaquan.ledger.balances import custody_runs
from kaquan.ledger.sessions import reading_session
from kaquan.offers.actions import create_offer
from kaquan.offers.models import OfferVersion
from kaquan.organisations.models import Organisation
from kaquan.printing.faces import save_face
from kaquan.printing.layouts import Layout
from kaquan.printing.models import PrintFace, PrintRun
from kaquan.printing.runs import order_run
from kaquan.redemption import actions, care
from kaquan.redemption.codes import code_book
from kaquan.redemption.models import Publication
from kaquan.redemption.publications import open_publication
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt
from kaquan.redemption.visits import Visit
from tests.builders.issuer import NOON, SYSTEM, a_number, staff_of

AMOUNT_OFF = {"kind": "amount_off", "amount_fen": 2_000}
FOR_EVER = {"range": {"kind": "fixed_range", "first_day": "2020-01-01", "last_day": "2099-12-31"}}
LONG_OVER = {"range": {"kind": "fixed_range", "first_day": "2020-01-01", "last_day": "2020-12-31"}}
A_MONTH = {"range": {"kind": "after_claim", "days": 30}}

MISSING_SERIAL = 2**37
MISSING_REDEMPTION = format_receipt(ReceiptKind.REDEMPTION, Place(block_number(900, 1), 0))


class Trade:
    """One part's; each thing is made when it is first named. ``batch`` and ``serial`` are what the
    examples are about: a preparation may choose others."""

    def __init__(self, organisation: Organisation, store_code: str, customer: str) -> None:
        self._organisation = organisation
        self._actor = staff_of(organisation)
        self._store_code = store_code
        self._customer = customer
        self._batch: CampaignBatch | None = None
        self._serial: int | None = None

    @cached_property
    def version(self) -> OfferVersion:
        return self._a_version({"benefit": AMOUNT_OFF, "validity": FOR_EVER})

    @cached_property
    def campaign(self) -> Campaign:
        return create_campaign(
            actor=self._actor,
            code=a_number("camp-"),
            name="春季拉新",
            kind="拉新",
            starts_at=NOON,
            ends_at=NOON.replace(year=2096),  # cards outlive it by three years, as the law wants
        )

    @cached_property
    def budget(self) -> Budget:
        return open_budget(
            actor=self._actor, code=a_number("b-"), name="预算", total_fen=1_000_000, at=NOON
        )

    @cached_property
    def by_code(self) -> CampaignBatch:
        return self._a_batch(self.version, by_code=True)

    @cached_property
    def from_stock(self) -> CampaignBatch:
        terms = {"benefit": AMOUNT_OFF, "validity": A_MONTH, "transferable": True}
        return self._a_batch(self._a_version(terms), by_code=False)

    @property
    def batch(self) -> CampaignBatch:
        return self._batch or self.by_code

    @property
    def serial(self) -> int:
        return self._issued if self._serial is None else self._serial

    @property
    def first_serial(self) -> int:
        return custody_runs(reading_session(), self.batch.id)[0].first_serial

    @property
    def code(self) -> str:
        """Of a voucher that nothing has happened to."""
        return self._code(0)

    @cached_property
    def redemption(self) -> str:
        visit = Visit(store_code=self._store_code, order_no=a_number("A-"), amount_fen=10_000)
        outcome = actions.redeem_codes(
            actor=SYSTEM, uses=[actions.CodeUse(self._code(1))], visit=visit, at=clock.now()
        )
        assert outcome.place is not None, outcome
        return format_receipt(ReceiptKind.REDEMPTION, outcome.place)

    @cached_property
    def print_face(self) -> PrintFace:
        return save_face(actor=self._actor, name="十联券", layout=Layout(title="满减券"))

    @cached_property
    def print_run(self) -> PrintRun:
        with transaction.atomic():  # a worker that runs beside it sees nothing to take
            ordered = order_run(
                actor=self._actor,
                batch_id=self.by_code.id,
                face_id=self.print_face.id,
                quantity=2,
            )
            assert ordered.run.job_id is not None
            cancel(actor=self._actor, job_id=ordered.run.job_id)
            return ordered.run

    @cached_property
    def publication(self) -> Publication:
        return open_publication(
            actor=self._actor, batch_id=self.from_stock.id, name="春节", at=NOON
        )

    # Preparations

    def choose_stock(self) -> None:
        """Let examples be about the batch that is claimed from stock."""
        self._batch = self.from_stock

    def choose_dead(self) -> None:
        """Let them be about a batch that is not live yet."""
        self._batch = self._a_batch(self.version, by_code=True, active=False)

    def choose_count_card(self) -> None:
        """Let them be about a card of some uses."""
        card = {"kind": "count_card", "uses": 5, "value_per_use_fen": 1_500}
        self._choose_first(self._a_version({"benefit": card, "validity": FOR_EVER}))

    def choose_old(self) -> None:
        """Let them be about a voucher whose time is over."""
        self._choose_first(self._a_version({"benefit": AMOUNT_OFF, "validity": LONG_OVER}))

    def freeze(self) -> None:
        """Freeze the voucher behind the code."""
        assert care.freeze(actor=SYSTEM, voucher=self.code, reason="查", at=NOON).done

    @cached_property
    def _issued(self) -> int:
        """In the customer's hands."""
        outcome = actions.assign(
            actor=SYSTEM,
            batch_id=self.from_stock.id,
            visit=Visit(customer_number=self._customer),
            at=clock.now(),
        )
        return outcome.vouchers[0].serial

    def _choose_first(self, version: OfferVersion) -> None:
        self._batch = self._a_batch(version, by_code=True)
        self._serial = self.first_serial

    def _code(self, index: int) -> str:
        first = custody_runs(reading_session(), self.by_code.id)[0].first_serial
        return code_book().encode(first + index)

    def _a_version(self, terms: Mapping[str, Any]) -> OfferVersion:
        return create_offer(
            actor=self._actor, code=a_number("o-"), name="满减券", terms=dict(terms), at=NOON
        )

    def _a_batch(
        self, version: OfferVersion, *, by_code: bool, active: bool = True
    ) -> CampaignBatch:
        return add_batch(
            actor=self._actor,
            campaign_id=self.campaign.id,
            name=a_number("批-"),
            version_id=version.id,
            quantity=20,
            at=NOON,
            budget_id=self.budget.id,
            by_code=by_code,
            active=active,
        )


def missing_code() -> str:
    """Of a voucher that was never minted."""
    return code_book().encode(MISSING_SERIAL)
