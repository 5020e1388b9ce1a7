"""A retailer's year through Kaquan: ``kaquan replay complete-journey``.

The rule of the replay: a coupon is good for the households that its campaign targeted, within the
campaign's days, once per household, coupon and campaign. Everything goes through the importers and
the door in the order of time: from one campaign's start to the next, first the campaigns that begin
and the coupons that their households get, then the orders, then the coupons handed in with them.

Every command has a request key made of what it is about. So a replay that was cut short goes on
where it stopped when it is started again, and one that was complete changes nothing.
"""

from __future__ import annotations

import resource
import sys
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, TypeVar

from kaquan.customers.queries import customers_facts
from kaquan.engine.commands import Assign, RequestKey
from kaquan.engine.facts import Facts, OrderLine
from kaquan.foundation import clock
from kaquan.foundation.actor import system_actor
from kaquan.foundation.imports import Progress, Step, no_progress
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.ledger.connections import connect_default
from kaquan.ledger.door import COMMANDS_MAX, submit
from kaquan.ledger.prove import prove
from kaquan.redemption.actions import CodeUse, PastUse, redeem_past
from kaquan.redemption.codes import code_book
from kaquan.redemption.imports_orders import ORDERS
from kaquan.redemption.visits import Visit
from kaquan.surfaces.demo import setting_up
from kaquan.surfaces.demo.journey_coupons import HandedIn, handed_in
from kaquan.surfaces.demo.journey_data import Basket, Campaign, Journey
from kaquan.surfaces.demo.journey_html import write_report
from kaquan.surfaces.demo.journey_report import ReplayReport, Tally
from kaquan.surfaces.demo.journey_setup import (
    Launcher,
    customer_number,
    import_master_data,
    store_code,
)

ACTOR = system_actor("replay")
CHANNEL = "mail"
REPLAYING = Step("重放", "Replaying")
PROVING = {
    "blocks": Step("核对账块", "Checking blocks"),
    "tables": Step("核对余额", "Checking balances"),
}

T = TypeVar("T")


class Held(NamedTuple):
    """Who holds which coupon of which campaign."""

    campaign: int
    coupon: int
    household: int


def replay_complete_journey(
    *,
    progress: Progress = no_progress,
    report_html: Path | None = None,
    only_campaigns: Collection[int] | None = None,
) -> ReplayReport:
    """Replay the year, or some campaigns with the orders of the households that they targeted.

    Proves the ledger at its end, and writes the report to ``report_html``. Raises
    `demo_data_missing`, and `demo_interrupted` where the database stayed out of reach.
    """
    report = _Replay(Journey(only_campaigns), progress).run()
    if report_html is not None:
        write_report(report, report_html)
    return report


class _Replay:
    def __init__(self, journey: Journey, progress: Progress) -> None:
        self._journey = journey
        self._started_s = clock.monotonic_s()
        self._handed, self._worth = handed_in(journey)
        self._wanted = {_held(one) for one in self._handed}
        self._serials: dict[Held, int] = {}
        self._tally = Tally(journey.campaigns.values())
        self._progress = progress
        self._done = 0
        self._work = journey.count_of_lines() + sum(
            len(one.households) * len(one.coupons) for one in journey.campaigns.values()
        )

    def run(self) -> ReplayReport:
        journey = self._journey
        for report in import_master_data(journey, actor=ACTOR, progress=self._progress).values():
            self._tally.imported(report)
        launcher = Launcher(journey, self._worth, actor=ACTOR)
        starts = sorted({campaign.starts_at for campaign in journey.campaigns.values()})
        orders = groupby(journey.baskets(), lambda basket: bisect_right(starts, basket.at))
        of_period = next(orders, None)
        handed = groupby(self._handed, lambda one: bisect_right(starts, one.at))
        handed_by_period = {period: list(some) for period, some in handed}
        for period, start in enumerate(starts, start=1):
            for campaign in journey.campaigns.values():
                if campaign.starts_at == start:
                    self._launch(launcher, campaign)
            if of_period is not None and of_period[0] == period:
                self._import_orders(of_period[1])
                of_period = next(orders, None)
            self._redeem(handed_by_period.get(period, []))
        seconds = round(clock.monotonic_s() - self._started_s)
        proof = prove(
            connect_default,
            progress=lambda stage, done, total: self._progress(PROVING[stage], done, total),
        )
        return self._tally.report(proof=proof, seconds=seconds, memory_mb=_memory_mb())

    def _launch(self, launcher: Launcher, campaign: Campaign) -> None:
        """Make a campaign and give its households one coupon of each sort."""
        batches = launcher.launch(campaign)
        holders = _holders(campaign)
        held = [
            Held(campaign.number, coupon, household)
            for coupon in campaign.coupons
            for household in campaign.households
        ]
        assigned = 0
        for some in _chunks(held):
            commands = [
                Assign(
                    at=campaign.starts_at,
                    key=RequestKey(INTERNAL_CLIENT, _key(one)),
                    actor=ACTOR.id,
                    batch_id=batches[one.coupon],
                    facts=holders[one.household],
                )
                for one in some
            ]
            outcomes = setting_up.answered(submit(commands, actor=ACTOR))
            for one, outcome in zip(some, outcomes, strict=True):
                assigned += outcome.done
                if outcome.done and one in self._wanted:
                    self._serials[one] = outcome.vouchers[0].serial
            self._advance(len(some))
        self._tally.launched(campaign, assigned)

    def _import_orders(self, baskets: Iterable[Basket]) -> None:
        rows = self._order_rows(baskets)
        self._tally.imported(setting_up.bring_in(ORDERS, rows, actor=ACTOR))

    def _order_rows(self, baskets: Iterable[Basket]) -> Iterator[Mapping[str, object]]:
        for basket in baskets:
            for line_no, line in enumerate(basket.lines, start=1):
                yield {
                    "order_no": str(basket.number),
                    "store_code": store_code(basket.store),
                    "customer_number": customer_number(basket.household),
                    "ordered_at": basket.at,
                    "line_no": line_no,
                    "sku": str(line.product),
                    "quantity": line.quantity,
                    "amount_fen": line.sales_fen + line.promotion_fen,
                    "discount_fen": line.promotion_fen,
                }
            self._advance(len(basket.lines))

    def _redeem(self, handed: Sequence[HandedIn]) -> None:
        """Hand coupons in; their holders were all targeted, so each holds the coupon's voucher."""
        book = code_book()
        for some in _chunks(handed):
            past = [
                PastUse(
                    CodeUse(book.encode(self._serials[_held(one)]), one.amount_fen),
                    _visit(one),
                    one.at,
                    RequestKey(INTERNAL_CLIENT, f"{_key(_held(one))}:{one.redemption.day}"),
                )
                for one in some
            ]
            outcomes = setting_up.answered(redeem_past(actor=ACTOR, past=past))
            for one, outcome in zip(some, outcomes, strict=True):
                self._tally.redeemed(one, outcome)

    def _advance(self, work: int) -> None:
        self._done += work
        self._progress(REPLAYING, self._done, self._work)


def _holders(campaign: Campaign) -> dict[int, Facts]:
    """What the assignments to a campaign's households say about them."""
    numbers = {customer_number(household): household for household in campaign.households}
    return {
        numbers[number]: Facts(
            channel=CHANNEL, customer_id=known.customer_id, person_id=known.person_id
        )
        for number, known in customers_facts(numbers).items()
    }


def _visit(one: HandedIn) -> Visit:
    number = customer_number(one.redemption.household)
    if one.basket is None:
        return Visit(customer_number=number)
    return Visit(
        store_code=store_code(one.basket.store),
        order_no=str(one.basket.number),
        lines=[
            OrderLine(
                str(line_no),
                str(line.product),
                max(line.quantity, 1),
                line.sales_fen + line.promotion_fen,
                line.promotion_fen,
            )
            for line_no, line in enumerate(one.basket.lines, start=1)
            if line in one.lines
        ],
        customer_number=number,
    )


def _held(one: HandedIn) -> Held:
    return Held(one.redemption.campaign, one.redemption.coupon, one.redemption.household)


def _key(held: Held) -> str:
    return f"journey:{held.campaign}:{held.coupon}:{held.household}"


def _chunks(some: Sequence[T]) -> Iterator[Sequence[T]]:
    for at in range(0, len(some), COMMANDS_MAX):
        yield some[at : at + COMMANDS_MAX]


def _memory_mb() -> int:
    """The highest memory of this process so far; macOS counts it in bytes, Linux in kilobytes."""
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest >> (20 if sys.platform == "darwin" else 10)
