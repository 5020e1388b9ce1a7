"""What the made-up chain's staff do to vouchers: top up, pass on, freeze, extend, void, expire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from kaquan.customers.queries import customer_ids
from kaquan.engine.commands import (
    Adjust,
    AnyCommand,
    Expire,
    Extend,
    Freeze,
    RequestKey,
    SetBatchState,
    TopUp,
    Transfer,
    Unfreeze,
    Void,
)
from kaquan.engine.facts import Facts
from kaquan.redemption.visits import Visit
from kaquan.surfaces.demo.chain_booking import Asked, Booking, Hands, Held
from kaquan.surfaces.demo.chain_habits import CLOSING_MINUTE, Habits
from kaquan.surfaces.demo.chain_offers import PAUSED_ON_DAY, SHORT_DAYS
from kaquan.surfaces.demo.chain_people import MEMBERS, member_number
from kaquan.surfaces.demo.chain_setup import Chain

TOP_UPS_PER_DAY = 4
TOP_UP_FEN = 10_000
PER_WEEK = 8
LONGER = timedelta(days=120)

Build = Callable[[Held, datetime, RequestKey], AnyCommand]


class Care:
    """What staff do, day by day."""

    def __init__(self, chain: Chain, habits: Habits, hands: Hands, booking: Booking) -> None:
        self._chain = chain
        self._habits = habits
        self._hands = hands
        self._booking = booking
        self._ids = customer_ids([member_number(number) for number in range(1, MEMBERS + 1)])

    def day(self, day: int) -> None:
        """The care of one day, after closing."""
        at = self._chain.moment(day, CLOSING_MINUTE + 30)
        self._top_up(day, at)
        if day % 7 == 6:
            self._weekly(day, at)
        if day == PAUSED_ON_DAY:
            self._set_state(day, at, "QH05", "paused", "同一设备集中领取，待核查")
        if day == SHORT_DAYS + 1:
            ended = self._hands.draw_of("QH15", 1_000)
            self._each(f"{day}:expire", at, ended, _expire)
            self._set_state(day, at, "QH15", "stopped", "活动结束")

    def _top_up(self, day: int, at: datetime) -> None:
        cards = self._hands.draw_of("QH13", TOP_UPS_PER_DAY)
        asked = [
            Asked(
                at,
                partial(_top_up, card.serial, f"POS{day}T{number}"),
                Visit(store_code=self._habits.store().code),
            )
            for number, card in enumerate(cards)
        ]
        self._booking.book(f"{day}:top-up", asked)
        self._give_back(cards)

    def _another_than(self, member: str) -> str:
        """Any member but this one: nobody passes a voucher on to themselves."""
        other = self._habits.member()
        while other == member:
            other = self._habits.member()
        return other

    def _weekly(self, day: int, at: datetime) -> None:
        passed_on = self._hands.draw_of("QH11", PER_WEEK)
        friends = {held.serial: self._another_than(held.member) for held in passed_on}
        self._each(f"{day}:transfer", at, passed_on, partial(_transfer, self._ids, friends))
        self._give_back([held._replace(member=friends[held.serial]) for held in passed_on])

        suspicious = self._hands.draw_of("QH05", PER_WEEK)
        cleared, bad = suspicious[: PER_WEEK // 2], suspicious[PER_WEEK // 2 :]
        self._each(f"{day}:freeze", at, suspicious, _freeze)
        self._each(f"{day}:unfreeze", at, cleared, _unfreeze)
        self._each(f"{day}:void", at, bad, _void)
        self._give_back(cleared)

        late = self._hands.draw_of("QH10", PER_WEEK)
        self._each(f"{day}:extend", at, late, _extend)
        self._give_back(late)
        cards = self._hands.draw_of("QH12", PER_WEEK)
        self._each(f"{day}:adjust", at, cards, _adjust)
        self._give_back(cards)

    def _each(self, name: str, at: datetime, some: Sequence[Held], build: Build) -> None:
        self._booking.book(name, [Asked(at, partial(_about, build, held)) for held in some])

    def _give_back(self, some: Sequence[Held]) -> None:
        for held in some:
            self._hands.take(held)

    def _set_state(self, day: int, at: datetime, code: str, state: str, reason: str) -> None:
        build = partial(_set_state, self._chain.plans[code].batch_id, state, reason)
        self._booking.book(f"{day}:state", [Asked(at, build)])


def _about(build: Build, held: Held, at: datetime, key: RequestKey, _facts: Facts) -> AnyCommand:
    return build(held, at, key)


def _top_up(serial: int, payment_no: str, at: datetime, key: RequestKey, facts: Facts) -> TopUp:
    return TopUp(
        at=at,
        key=key,
        serial=serial,
        amount_fen=TOP_UP_FEN,
        payment_no=payment_no,
        facts=facts,
    )


def _transfer(
    ids: dict[str, int], friends: dict[int, str], held: Held, at: datetime, key: RequestKey
) -> Transfer:
    return Transfer(
        at=at,
        key=key,
        serial=held.serial,
        from_customer_id=ids[held.member],
        to_customer_id=ids[friends[held.serial]],
    )


def _freeze(held: Held, at: datetime, key: RequestKey) -> Freeze:
    return Freeze(at=at, key=key, serial=held.serial, reason="同一设备集中领取")


def _unfreeze(held: Held, at: datetime, key: RequestKey) -> Unfreeze:
    return Unfreeze(at=at, key=key, serial=held.serial, reason="核查无异常")


def _void(held: Held, at: datetime, key: RequestKey) -> Void:
    return Void(at=at, key=key, serial=held.serial, reason="确认为异常领取")


def _extend(held: Held, at: datetime, key: RequestKey) -> Extend:
    return Extend(at=at, key=key, serial=held.serial, valid_until=at + LONGER, reason="门店装修")


def _adjust(held: Held, at: datetime, key: RequestKey) -> Adjust:
    return Adjust(at=at, key=key, serial=held.serial, uses=1, reason="设备故障，补一次")


def _expire(held: Held, at: datetime, key: RequestKey) -> Expire:
    return Expire(at=at, key=key, serial=held.serial)


def _set_state(
    batch_id: int, state: str, reason: str, at: datetime, key: RequestKey, _facts: Facts
) -> SetBatchState:
    return SetBatchState(at=at, key=key, batch_id=batch_id, state=state, reason=reason)
