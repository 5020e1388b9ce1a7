"""What a campaign may begin with: the usual kinds, with fields that make sense for each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from kaquan.campaigns.draft_copies import days_from
from kaquan.campaigns.draft_laws import MAINLAND, UNREGISTERED_DAYS_MIN
from kaquan.foundation.configuration import current_configuration

CAMPAIGN_DAYS = 30

_ONCE_A_DAY = {
    "limit_customer_claim_ever_uses": "3",
    "limit_customer_redeem_day_uses": "1",
}
_ONCE = {"limit_customer_claim_ever_uses": "1"}
_GIVEN = {"way": "stock", "stack_policy": "never", "refund": "if_valid"}
_THIS_MONTH = {"validity": "fixed_range"}
_AFTER_CLAIM = {"validity": "after_claim", "days": "30"}


class BuiltIn(NamedTuple):
    """A way to begin; ``content`` is what its draft holds already."""

    name: str
    zh: str
    en: str
    note_zh: str
    note_en: str
    content: dict[str, str]


BUILT_IN: tuple[BuiltIn, ...] = (
    BuiltIn(
        "amount-off",
        "满减券",
        "Amount off",
        "订单满一定金额减固定金额，如满 100 减 20",
        "a fixed amount off an order from some amount on: 20 off 100",
        {
            "kind": "促活", "benefit": "amount_off", "amount": "20", "minimum": "100",
            "title_zh": "满100减20", "title_en": "¥20 off ¥100", "colour": "red",
            **_GIVEN, **_THIS_MONTH, **_ONCE_A_DAY,
        },
    ),
    BuiltIn(
        "percent-off",
        "折扣券",
        "Percent off",
        "按折扣付款，可设最多优惠，如 8.5 折最多减 30 元",
        "a share off with a cap: 15 % off, 30 at most",
        {
            "kind": "回馈", "benefit": "percent_off", "tenths": "8.5", "percent_cap": "30",
            "title_zh": "全场8.5折", "title_en": "15% off", "colour": "orange",
            **_GIVEN, **_THIS_MONTH, **_ONCE_A_DAY,
        },
    ),
    BuiltIn(
        "cash-voucher",
        "代金券",
        "Cash voucher",
        "像现金一样抵用，不找零，如 50 元代金券",
        "pays like cash, gives no change: worth 50",
        {
            "kind": "回馈", "benefit": "cash_voucher", "cash_face": "50",
            "title_zh": "50元代金券", "title_en": "¥50 voucher", "colour": "gold",
            **_GIVEN, **_AFTER_CLAIM, **_ONCE,
        },
    ),
    BuiltIn(
        "exchange",
        "兑换券",
        "Exchange",
        "免费或加价兑换指定商品，如免费兑换一杯拿铁",
        "named goods for nothing or for a fixed price",
        {
            "kind": "拉新", "benefit": "exchange", "goods_quantity": "1", "goods_cap": "30",
            "title_zh": "免费兑换券", "title_en": "One for free", "colour": "green",
            **_GIVEN, **_AFTER_CLAIM, **_ONCE,
        },
    ),
    BuiltIn(
        "count-card",
        "次卡",
        "Count card",
        "可用若干次，如 10 次洗车卡",
        "good for a number of uses: ten car washes",
        {
            "kind": "售卡", "benefit": "count_card", "uses": "10", "use_value": "20",
            "title_zh": "10次卡", "title_en": "Card of 10 uses", "colour": "teal",
            "price": "168", **_GIVEN, "validity": "after_claim", "days": str(UNREGISTERED_DAYS_MIN),
            "limit_customer_redeem_day_uses": "2",
        },
    ),
    BuiltIn(
        "prepaid-card",
        "储值卡",
        "Prepaid card",
        "先充值后消费，如 200 元储值卡，可充值",
        "a balance the holder pays for, reloadable",
        {
            "kind": "售卡", "benefit": "prepaid_card", "card_face": "200", "card_max": "1000",
            "reloadable": "on", "least_top_up": "50", "price": "200",
            "title_zh": "200元储值卡", "title_en": "¥200 card", "colour": "blue",
            **_GIVEN, "validity": "after_claim", "days": str(UNREGISTERED_DAYS_MIN),
            "refund": "always", "stack_policy": "always", "limit_customer_claim_day_uses": "5",
        },
    ),
    BuiltIn(
        "free-unit",
        "买赠券",
        "Free unit",
        "买若干件送最便宜的，如买二送一",
        "buy some, get the cheapest free: two and one",
        {
            "kind": "促活", "benefit": "free_unit", "buy": "2", "free": "1", "free_cap": "30",
            "title_zh": "买二送一", "title_en": "Buy 2, get 1", "colour": "purple",
            **_GIVEN, **_THIS_MONTH, **_ONCE_A_DAY,
        },
    ),
)  # fmt: skip


def beginning(name: str, at: datetime) -> dict[str, str]:
    """What a new draft holds: of a built-in template, or nothing but the days for a name of none.

    The campaign begins tomorrow, and vouchers with fixed days are good as long as it runs.
    """
    content = {
        "starts_at": days_from(at, 1),
        "ends_at": days_from(at, 1 + CAMPAIGN_DAYS),
        "commit": "issue",
        "validity": "fixed_range",
        "jurisdiction": MAINLAND,
    }
    chosen = next((one for one in BUILT_IN if one.name == name), None)
    if chosen is not None:
        content |= chosen.content
    if content["validity"] == "fixed_range":
        first = at.astimezone(current_configuration().time_zone).date() + timedelta(days=1)
        content["first_day"] = first.isoformat()
        content["last_day"] = (first + timedelta(days=CAMPAIGN_DAYS - 1)).isoformat()
    return content
