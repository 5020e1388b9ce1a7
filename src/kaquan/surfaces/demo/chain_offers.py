"""The made-up chain's campaigns: every kind of offer, and every state that one can be in.

Days are counted from the chain's first day. Amounts are fen.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal, NamedTuple

from kaquan.engine.rules.terms import (
    AfterClaim,
    AmountOff,
    CashVoucher,
    CountCard,
    DailyWindow,
    Exchange,
    FirstToCap,
    FixedPart,
    FixedRange,
    FreeUnit,
    Limit,
    Percent,
    PercentOff,
    PrepaidCard,
    ProductRule,
    Products,
    Remainder,
    Scope,
    Stack,
    StoreRule,
    TagRule,
    Terms,
    Validity,
)

PLANS = 15
LONG_DAYS = 365
SHORT_DAYS = 20
PAUSED_ON_DAY = 30
#: For so long what was paid for must be good, by the law on prepaid cards.
CARD_DAYS = 1_096

Issue = Literal["claim", "sell", "assign", "paper", "card"]


class Funders(NamedTuple):
    """Who pays besides the chain itself."""

    government: int
    platform: int
    brand: int


class Plan(NamedTuple):
    """A campaign with its one batch.

    ``share`` is its part of the day's issues. An order that fits comes to ``order_fen`` and holds
    some of ``goods``. ``budget_fen`` 0: it needs none.
    """

    code: str
    name: str
    kind: str
    goal: str
    terms: Terms
    quantity: int
    issue: Issue = "claim"
    share: int = 0
    budget_fen: int = 0
    order_fen: int = 0
    goods: tuple[str, ...] = ()
    channel: str = "store"
    last_issue_day: int = LONG_DAYS

    @property
    def days_to_wait(self) -> int:
        """How long after its issue a voucher begins to be good."""
        validity = self.terms.validity.range
        return validity.start_after_days if isinstance(validity, AfterClaim) else 0


def plans(first_day: date, funders: Funders, government_area: int) -> Iterator[Plan]:
    """All campaigns. ``government_area`` is the organisation in which the government's is good."""
    yield from _off_the_order(first_day)
    yield from _for_goods()
    yield from _in_trouble(first_day)
    yield from _shared_cost(first_day, funders, government_area)
    yield from _sold(funders)
    yield from _on_paper(first_day)
    yield from _ended(first_day)


def _days(first_day: date, days: int = LONG_DAYS, weekdays: tuple[int, ...] = ()) -> Validity:
    last_day = first_day + timedelta(days=days)
    return Validity(range=FixedRange(first_day=first_day, last_day=last_day), weekdays=weekdays)


def _off_the_order(first_day: date) -> Iterator[Plan]:
    yield Plan(
        "QH01",
        "夏日满50减12",
        "满减",
        "提高客单价",
        Terms(
            benefit=AmountOff(amount_fen=1_200),
            validity=_days(first_day),
            scope=Scope(order_minimum_fen=5_000),
            limits=(
                Limit(dimension="customer", at="claim", cap=3),
                Limit(dimension="customer", at="redeem", cap=1, period="day"),
            ),
            stack=Stack(policy="only_with", classes=("代金券",), stack_class="满减", priority=10),
        ),
        quantity=20_000,
        share=6,
        budget_fen=20_000_000,
        order_fen=5_200,
    )
    yield Plan(
        "QH02",
        "会员八八折",
        "折扣",
        "回馈银卡和金卡会员",
        Terms(
            benefit=PercentOff(basis_points_off=1_200, cap_fen=2_000),
            validity=_days(first_day),
            scope=Scope(customer_tags=TagRule(any=("银卡", "金卡"))),
            limits=(Limit(dimension="customer", at="claim", cap=2, period="day"),),
            commit="redeem",
        ),
        quantity=30_000,
        share=5,
        budget_fen=8_000_000,
        order_fen=2_000,
    )
    yield Plan(
        "QH03",
        "新客立减8元",
        "拉新",
        "新会员首单",
        Terms(
            benefit=AmountOff(amount_fen=800),
            validity=Validity(range=AfterClaim(days=30)),
            scope=Scope(order_minimum_fen=1_500, first_order_only=True),
            limits=(Limit(dimension="person", at="claim", cap=1),),
        ),
        quantity=5_000,
        share=2,
        budget_fen=4_000_000,
        order_fen=1_600,
    )


def _for_goods() -> Iterator[Plan]:
    yield Plan(
        "QH04",
        "饮品买二赠一",
        "买赠",
        "带动午后饮品",
        Terms(
            benefit=FreeUnit(quantity_buy=2, value_cap_fen=2_000),
            validity=Validity(range=AfterClaim(days=14, start_after_days=1)),
            scope=Scope(products=ProductRule(include=Products(categories=("饮品",)))),
            limits=(Limit(dimension="customer", at="claim", cap=1, period="day"),),
        ),
        quantity=10_000,
        share=4,
        budget_fen=10_000_000,
        goods=("饮品",),
    )
    yield Plan(
        "QH07",
        "免配送费券",
        "包邮",
        "线上订单",
        Terms(
            benefit=Exchange(goods=Products(categories=("配送费",)), value_cap_fen=600),
            validity=Validity(range=AfterClaim(days=15)),
            scope=Scope(channels=("app", "miniprogram")),
            stack=Stack(policy="always", stack_class="配送"),
        ),
        quantity=20_000,
        share=4,
        budget_fen=6_000_000,
        goods=("配送费",),
        channel="app",
    )


def _in_trouble(first_day: date) -> Iterator[Plan]:
    yield Plan(
        "QH05",
        "周末满60减15",
        "满减",
        "周末客流（发现异常领取，已暂停）",
        Terms(
            benefit=AmountOff(amount_fen=1_500),
            validity=_days(first_day, weekdays=(6, 7)),
            scope=Scope(order_minimum_fen=6_000),
            limits=(Limit(dimension="customer", at="claim", cap=2),),
        ),
        quantity=8_000,
        share=3,
        budget_fen=12_000_000,
        order_fen=6_200,
    )
    yield Plan(
        "QH06",
        "开学季立减10元",
        "满减",
        "开学季爆款，预算已领完",
        Terms(
            benefit=AmountOff(amount_fen=1_000),
            validity=_days(first_day),
            scope=Scope(order_minimum_fen=3_000),
            limits=(Limit(dimension="customer", at="claim", cap=2),),
        ),
        quantity=5_000,
        share=4,
        budget_fen=600_000,
        order_fen=3_200,
    )


def _shared_cost(first_day: date, funders: Funders, government_area: int) -> Iterator[Plan]:
    yield Plan(
        "QH08",
        "政府消费券满100减30",
        "政府消费券",
        "促进本地消费：政府先出资到上限，其余平台与企业分担",
        Terms(
            benefit=AmountOff(amount_fen=3_000),
            validity=_days(first_day),
            scope=Scope(order_minimum_fen=10_000, stores=StoreRule(include=(government_area,))),
            limits=(Limit(dimension="person", at="claim", cap=2),),
            funding=(
                FirstToCap(funder_id=funders.government, cap_fen=1_500_000),
                Percent(funder_id=funders.platform, basis_points=4_000),
                Remainder(funder_id=0),
            ),
        ),
        quantity=10_000,
        share=4,
        budget_fen=30_000_000,
        order_fen=10_300,
    )
    yield Plan(
        "QH09",
        "生日礼10元代金券",
        "会员关怀",
        "当月生日的会员",
        Terms(
            benefit=CashVoucher(face_fen=1_000),
            validity=Validity(range=AfterClaim(days=30)),
            limits=(Limit(dimension="customer", at="claim", cap=1),),
            funding=(
                FixedPart(funder_id=funders.brand, amount_fen=300),
                Remainder(funder_id=0),
            ),
            stack=Stack(policy="always", stack_class="代金券"),
        ),
        quantity=3_000,
        issue="assign",
        budget_fen=3_000_000,
        order_fen=1_200,
    )


def _sold(funders: Funders) -> Iterator[Plan]:
    yield Plan(
        "QH10",
        "咖啡兑换券",
        "兑换",
        "预售咖啡",
        Terms(
            benefit=Exchange(goods=Products(categories=("咖啡",)), value_cap_fen=1_800),
            validity=Validity(range=AfterClaim(days=60)),
            funding=(FixedPart(funder_id=funders.brand, amount_fen=500), Remainder(funder_id=0)),
            price_fen=1_200,
            transferable=True,
        ),
        quantity=20_000,
        issue="sell",
        share=4,
        budget_fen=36_000_000,
        goods=("咖啡",),
    )
    yield Plan(
        "QH11",
        "20元代金券",
        "代金券",
        "九折预售，可分次使用，可转赠",
        Terms(
            benefit=CashVoucher(face_fen=2_000, allow_partial=True),
            validity=Validity(range=AfterClaim(days=CARD_DAYS)),
            stack=Stack(policy="only_with", classes=("满减", "代金券"), stack_class="代金券"),
            price_fen=1_800,
            transferable=True,
            transfer_limit=2,
        ),
        quantity=20_000,
        issue="sell",
        share=5,
        budget_fen=40_000_000,
        order_fen=900,
    )
    yield Plan(
        "QH12",
        "早餐次卡（10次）",
        "次卡",
        "工作日早餐",
        Terms(
            benefit=CountCard(uses=10, value_per_use_fen=600, covers_up_to_fen=990),
            validity=Validity(
                range=AfterClaim(days=CARD_DAYS),
                weekdays=(1, 2, 3, 4, 5),
                daily_windows=(DailyWindow(start="06:00", end="10:30"),),
            ),
            scope=Scope(products=ProductRule(include=Products(categories=("早餐",)))),
            price_fen=5_000,
        ),
        quantity=5_000,
        issue="sell",
        share=2,
        budget_fen=30_000_000,
        goods=("早餐",),
    )


def _on_paper(first_day: date) -> Iterator[Plan]:
    yield Plan(
        "QH13",
        "储值卡",
        "储值卡",
        "实体卡，门店售卖，可充值",
        Terms(
            benefit=PrepaidCard(
                face_fen=0, max_balance_fen=100_000, reloadable=True, minimum_top_up_fen=1_000
            ),
            validity=_days(first_day, LONG_DAYS * 5),
            stack=Stack(policy="always", stack_class="储值卡"),
        ),
        quantity=5_000,
        issue="card",
    )
    yield Plan(
        "QH14",
        "纸质5元代金券",
        "纸质券",
        "社区地推，按大区分发",
        Terms(
            benefit=CashVoucher(face_fen=500),
            validity=_days(first_day),
            limits=(Limit(dimension="store", at="redeem", cap=3, period="day"),),
            commit="redeem",
        ),
        quantity=50_000,
        issue="paper",
        budget_fen=2_000_000,
        order_fen=600,
    )


def _ended(first_day: date) -> Iterator[Plan]:
    yield Plan(
        "QH15",
        "开业礼满10减5",
        "开业",
        "新店开业，已结束",
        Terms(
            benefit=AmountOff(amount_fen=500),
            validity=_days(first_day, SHORT_DAYS),
            scope=Scope(order_minimum_fen=1_000),
            limits=(Limit(dimension="customer", at="claim", cap=1),),
        ),
        quantity=3_000,
        share=6,
        budget_fen=1_500_000,
        order_fen=1_100,
        last_issue_day=SHORT_DAYS - 2,
    )
