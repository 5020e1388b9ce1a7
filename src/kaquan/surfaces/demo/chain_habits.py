"""What people do in the made-up chain: which vouchers they take, where they use them."""

from __future__ import annotations

from random import Random

from kaquan.redemption.visits import Visit
from kaquan.surfaces.demo.chain_goods import basket
from kaquan.surfaces.demo.chain_offers import Plan
from kaquan.surfaces.demo.chain_people import MEMBERS, member_number
from kaquan.surfaces.demo.chain_places import Place
from kaquan.surfaces.demo.chain_setup import GOVERNMENT_PROVINCE, Chain, OpenPlan

OPENING_MINUTE, CLOSING_MINUTE = 7 * 60, 22 * 60
BREAKFAST_MINUTE, BREAKFAST_OVER_MINUTE = 6 * 60, 10 * 60 + 20


class Habits:
    """Draws what happens next; the same seed draws the same."""

    def __init__(self, chain: Chain, random: Random) -> None:
        self._chain = chain
        self._random = random
        self._in_government_area = [
            store for store in chain.stores if store.province == GOVERNMENT_PROVINCE
        ]

    def member(self) -> str:
        """Any member's number."""
        return member_number(self._random.randrange(1, MEMBERS + 1))

    def store(self) -> Place:
        """Any open store; the first ones see more people."""
        stores = self._chain.stores
        return stores[int(len(stores) * self._random.random() ** 1.6)]

    def plan_to_issue(self, day: int) -> OpenPlan:
        """A campaign whose vouchers people take on this day."""
        offered = [
            one
            for one in self._chain.plans.values()
            if one.plan.share and day <= one.plan.last_issue_day
        ]
        return self._random.choices(offered, [one.plan.share for one in offered])[0]

    def issue_visit(self, member: str) -> Visit:
        """Somebody takes a voucher: mostly on a phone, sometimes in a store."""
        channel = self._random.choice(("app", "miniprogram", "miniprogram", "store"))
        store_code = self.store().code if channel == "store" else ""
        return Visit(store_code=store_code, customer_number=member, channel=channel)

    def order_visit(self, plan: Plan, member: str, order_no: str) -> Visit:
        """Somebody comes to use a voucher. A few do not read the terms."""
        careless = self._random.random() < 0.06
        if plan.kind == "政府消费券" and not careless:
            store = self._random.choice(self._in_government_area)
        else:
            store = self.store()
        lines = basket(
            self._random,
            at_least_fen=0 if careless else plan.order_fen,
            with_any=() if careless and plan.channel == "store" else plan.goods,
        )
        return Visit(
            store_code=store.code,
            order_no=f"{store.code}-{order_no}",
            lines=lines,
            customer_number=member or None,
            channel="store" if careless else plan.channel,
        )

    def minute(self, plan: Plan) -> int:
        """When in the day a voucher is used."""
        if "早餐" in plan.goods and self._random.random() < 0.95:
            return self._random.randrange(BREAKFAST_MINUTE, BREAKFAST_OVER_MINUTE)
        return self._random.randrange(OPENING_MINUTE, CLOSING_MINUTE)
