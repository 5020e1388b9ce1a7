"""What the made-up chain hands out: claims, sales, birthday gifts, cards and paper."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import islice
from random import Random
from typing import NamedTuple

from kaquan.engine.commands import Activate, Allot, AnyCommand, Assign, Claim, RequestKey, Sell
from kaquan.engine.facts import Facts
from kaquan.ledger.custody import serial_runs
from kaquan.redemption.codes import ledger_session
from kaquan.redemption.visits import Visit
from kaquan.surfaces.demo.chain_booking import Asked, Booking, Hands, Held
from kaquan.surfaces.demo.chain_habits import CLOSING_MINUTE, OPENING_MINUTE, Habits
from kaquan.surfaces.demo.chain_people import MEMBERS, member_number
from kaquan.surfaces.demo.chain_setup import Chain, OpenPlan, area_id

ISSUES_PER_DAY = 270
CARDS_PER_DAY = 12
GIFTS_PER_DAY = 6
CARDS_PER_STORE, STORES_WITH_CARDS = 40, 30
PAPER_PER_REGION = 4_000
CARD_LOADS_FEN = (10_000, 20_000, 20_000, 50_000)


class _CardSale(NamedTuple):
    """A card that is sold; ``member`` "" is somebody without a name."""

    serial: int
    member: str
    load_fen: int
    payment_no: str


class Issuing:
    """Each day's issues; the first day also brings paper and cards to their places."""

    def __init__(
        self, chain: Chain, habits: Habits, hands: Hands, booking: Booking, random: Random
    ) -> None:
        self._chain = chain
        self._habits = habits
        self._hands = hands
        self._booking = booking
        self._random = random
        self._gifts = iter(range(1, MEMBERS + 1, 7))
        self._cards = iter(self._card_serials())

    def distribute(self) -> None:
        """Activate paper and cards, and give them to regions and stores."""
        at = self._chain.moment(0, 5)
        asked = []
        for one, serials, organisation_id in self._custody():
            asked.append(Asked(at, partial(_activate, one.batch_id, serials)))
            asked.append(Asked(at, partial(_allot, one.batch_id, serials, organisation_id)))
        self._booking.book("custody", asked)

    def day(self, day: int) -> None:
        """What is issued on one day."""
        issued = [
            (self._habits.plan_to_issue(day), self._habits.member()) for _ in range(ISSUES_PER_DAY)
        ]
        gift = self._chain.plans["QH09"]
        issued += [(gift, member_number(n)) for n in islice(self._gifts, GIFTS_PER_DAY)]
        asked = [
            Asked(
                self._moment(day),
                partial(_issue, one, f"{day}-{number}"),
                self._habits.issue_visit(member),
            )
            for number, (one, member) in enumerate(issued)
        ]
        outcomes = self._booking.book(f"{day}:issue", asked)
        for (one, member), outcome in zip(issued, outcomes, strict=True):
            if outcome.done:
                # Never on the day of its issue: that could be before the hour of it.
                wait = max(one.plan.days_to_wait, 1)
                self._hands.take(Held(one, outcome.vouchers[0].serial, member, day + wait))
        self._sell_cards(day)

    def _sell_cards(self, day: int) -> None:
        card = self._chain.plans["QH13"]
        sales = [
            _CardSale(
                serial,
                self._habits.member() if self._random.random() < 0.5 else "",
                self._random.choice(CARD_LOADS_FEN),
                f"POS{day}-{number}",
            )
            for number, serial in enumerate(islice(self._cards, CARDS_PER_DAY))
        ]
        asked = [
            Asked(
                self._moment(day),
                partial(_sell_card, card.batch_id, sale),
                Visit(store_code=self._habits.store().code, customer_number=sale.member or None),
            )
            for sale in sales
        ]
        outcomes = self._booking.book(f"{day}:cards", asked)
        for sale, outcome in zip(sales, outcomes, strict=True):
            if outcome.done:
                self._hands.take(Held(card, sale.serial, sale.member, day + 1))

    def _custody(self) -> Iterator[tuple[OpenPlan, range, int]]:
        """Which serials go where: cards to stores, paper to regions."""
        cards, paper = self._chain.plans["QH13"], self._chain.plans["QH14"]
        first = first_serial(cards)
        for number, store in enumerate(self._chain.stores[:STORES_WITH_CARDS]):
            start = first + number * CARDS_PER_STORE
            yield cards, range(start, start + CARDS_PER_STORE), area_id(store.code, 4)
        first = first_serial(paper)
        stores_by_region = {store.region: store.code for store in self._chain.stores}
        for number, code in enumerate(stores_by_region.values()):
            start = first + number * PAPER_PER_REGION
            yield paper, range(start, start + PAPER_PER_REGION), area_id(code, 1)

    def _card_serials(self) -> range:
        first = first_serial(self._chain.plans["QH13"])
        return range(first, first + STORES_WITH_CARDS * CARDS_PER_STORE)

    def _moment(self, day: int) -> datetime:
        return self._chain.moment(day, self._random.randrange(OPENING_MINUTE, CLOSING_MINUTE))


def first_serial(one: OpenPlan) -> int:
    """The first serial of a by-code batch."""
    return serial_runs(ledger_session(), one.batch_id)[0].start


def _issue(
    one: OpenPlan, payment_no: str, at: datetime, key: RequestKey, facts: Facts
) -> AnyCommand:
    if one.plan.issue == "sell":
        assert one.plan.terms.price_fen is not None
        return Sell(
            at=at,
            key=key,
            batch_id=one.batch_id,
            facts=facts,
            paid_fen=one.plan.terms.price_fen,
            payment_no=f"WX{payment_no}",
        )
    kind = Assign if one.plan.issue == "assign" else Claim
    return kind(at=at, key=key, batch_id=one.batch_id, facts=facts)


def _sell_card(batch_id: int, sale: _CardSale, at: datetime, key: RequestKey, facts: Facts) -> Sell:
    return Sell(
        at=at,
        key=key,
        batch_id=batch_id,
        serial=sale.serial,
        facts=facts,
        paid_fen=sale.load_fen,
        face_fen=sale.load_fen,
        payment_no=sale.payment_no,
    )


def _activate(
    batch_id: int, serials: range, at: datetime, key: RequestKey, _facts: Facts
) -> Activate:
    first, quantity = serials.start, len(serials)
    return Activate(at=at, key=key, batch_id=batch_id, first_serial=first, quantity=quantity)


def _allot(
    batch_id: int,
    serials: range,
    organisation_id: int,
    at: datetime,
    key: RequestKey,
    _facts: Facts,
) -> Allot:
    return Allot(
        at=at,
        key=key,
        batch_id=batch_id,
        first_serial=serials.start,
        quantity=len(serials),
        organisation_id=organisation_id,
    )
