"""Paper for tests: a head office, a region with a store, people of each, and printed vouchers."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from kaquan.campaigns.actions import add_batch, create_campaign
from kaquan.campaigns.models import CampaignBatch
from kaquan.custody import actions, notes
from kaquan.custody.models import TransferNote
from kaquan.engine.custody import Piece
from kaquan.engine.outcomes import Outcome
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, ActorKind
from kaquan.ledger.balances import custody_runs
from kaquan.ledger.custody_pages import run_at
from kaquan.ledger.paper import stock_at
from kaquan.ledger.sessions import reading_session
from kaquan.offers.actions import create_offer
from kaquan.organisations.models import Organisation
from kaquan.redemption.actions import CodeUse, redeem_codes
from kaquan.redemption.codes import code_book
from kaquan.redemption.visits import Visit
from tests.api.trade import AMOUNT_OFF, FOR_EVER
from tests.builders.issuer import NOON, SYSTEM, a_number, a_store, an_organisation

ALL = frozenset({"custody.view", "custody.move", "custody.supply"})


def somebody(organisation: Organisation, number: int, *permissions: str) -> Actor:
    """An account of this part of the tree."""
    return Actor(
        kind=ActorKind.STAFF,
        id=f"staff:{number}",
        name=f"员工{number}",
        permissions=frozenset(permissions) or ALL,
        organisation_path=organisation.path,
    )


class Paper:
    """A batch of twenty vouchers by code, sixteen of them printed."""

    def __init__(self, *, hand_out_first: bool = False) -> None:
        self.head = an_organisation("总部", None)
        self.region = an_organisation("华东", self.head)
        self.store = a_store(self.region)
        self.shop = self.store.organisation
        self.office = somebody(self.head, 11)
        self.office_second = somebody(self.head, 12)
        self.manager = somebody(self.region, 21)
        self.clerk = somebody(self.shop, 31)
        self.first = custody_runs(reading_session(), self.batch.id)[0].first_serial
        actions.printed(
            actor=SYSTEM,
            print_run_id=1,
            batch_id=self.batch.id,
            first_serial=self.first,
            last_serial=self.first + 15,
            quantity=16,
            request_key=a_number("run-"),
            hand_out_first=hand_out_first,
        )

    @cached_property
    def batch(self) -> CampaignBatch:
        version = create_offer(
            actor=SYSTEM,
            code=a_number("o-"),
            name="满减券",
            terms={"benefit": AMOUNT_OFF, "validity": FOR_EVER},
            at=NOON,
        )
        campaign = create_campaign(
            actor=SYSTEM,
            code=a_number("camp-"),
            name="纸券",
            kind="拉新",
            starts_at=NOON,
            ends_at=NOON.replace(year=2098),
        )
        return add_batch(
            actor=SYSTEM,
            campaign_id=campaign.id,
            name=a_number("批-"),
            version_id=version.id,
            quantity=20,
            at=NOON,
            by_code=True,
        )

    def code(self, index: int) -> str:
        """What stands on a voucher, as a scanner reads it."""
        return code_book().encode(self.first + index)

    def range(self, first: int, last: int) -> dict[str, str]:
        """A range as somebody scans it: the first by its code, the last by its serial."""
        return {"first": self.code(first), "last": str(self.first + last)}

    def received(self) -> None:
        """All are counted at the head office."""
        actions.receive(actor=self.office, **self.range(0, 15), once=a_number("once-"))

    def ready(self) -> None:
        """All are counted and live."""
        self.received()
        self.act("activate", 0, 15)

    def act(self, act: str, first: int, last: int, by: Actor | None = None) -> actions.Moved:
        """One simple act."""
        return actions.do_act(
            actor=by or self.office, act=act, **self.range(first, last), once=a_number("once-")
        )

    def sent(
        self, first: int, last: int, *, by: Actor | None = None, to: Organisation | None = None
    ) -> TransferNote:
        """A note that awaits its signature."""
        return notes.send(
            actor=by or self.office,
            **self.range(first, last),
            target=(to or self.region).code,
            once=a_number("once-"),
        )

    def handed_down(self, first: int, last: int) -> None:
        """From the head office to the store, signed twice."""
        note = self.sent(first, last)
        notes.sign(actor=self.manager, note_id=note.id)
        note = self.sent(first, last, by=self.manager, to=self.shop)
        notes.sign(actor=self.clerk, note_id=note.id)

    def redeem(self, index: int) -> Outcome:
        """A voucher is used in the store."""
        visit = Visit(store_code=self.shop.code, order_no=a_number("A-"), amount_fen=10_000)
        return redeem_codes(
            actor=SYSTEM, uses=[CodeUse(self.code(index))], visit=visit, at=clock.now()
        )

    def where(self, index: int) -> tuple[str, int]:
        """The state of a voucher's paper, and who answers for it."""
        run = run_at(reading_session(), self.first + index)
        assert run is not None
        return run.piece.name, run.organisation_id

    def stock(self, **asked: Any) -> dict[tuple[int, str], int]:
        """How many pieces lie where in which state."""
        before = asked.pop("before", None) or clock.now().replace(year=2098)
        found = stock_at(reading_session(), before=before, batch_ids=[self.batch.id])
        assert Piece.UNTRACKED not in {one.piece for one in found}
        return {(one.organisation_id, one.piece.name): one.quantity for one in found}
