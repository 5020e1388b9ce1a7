"""Terms that are well-formed and still make no sense, and terms that are merely surprising."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from kaquan.engine.codes import HAND_MAX
from kaquan.engine.rules.channels import channel_subject
from kaquan.engine.rules.faults import TermsFault
from kaquan.engine.rules.terms import (
    AmountOff,
    CountCard,
    DailyWindow,
    ExactRange,
    Exchange,
    FirstToCap,
    FixedPart,
    FixedRange,
    Percent,
    PercentOff,
    PrepaidCard,
    ProductRule,
    Remainder,
    Terms,
    Validity,
)
from kaquan.engine.signed import VALUE_FEN_MAX

FIRST_YEAR, LAST_YEAR = 2000, 2999
LAST_DAYS_SEARCHED = 800
DAY_MINUTES = 24 * 60
EVERY_ONE = 0  # what a limit that names no channels counts

Report = Callable[[str, str, str], None]


def sanity_faults(terms: Terms) -> list[TermsFault]:
    """Every contradiction in well-formed terms; with any of them no voucher may be made."""
    faults: list[TermsFault] = []

    def report(path: str, zh: str, en: str) -> None:
        faults.append(TermsFault(path, zh, en))

    _judge_benefit(terms, report)
    _judge_range(terms.validity, report)
    _judge_hours(terms.validity, report)
    _judge_scope(terms, report)
    _judge_limits(terms, report)
    _judge_funding(terms, report)
    _judge_rest(terms, report)
    if terms.offline_use:
        _judge_offline_use(terms, report)
    return faults


def terms_warnings(terms: Terms) -> list[TermsFault]:
    """What is allowed and has cost others dearly; someone should look twice before approving."""
    warnings: list[TermsFault] = []
    benefit, minimum = terms.benefit, terms.scope.order_minimum_fen
    if isinstance(benefit, AmountOff) and minimum <= benefit.amount_fen:
        warnings.append(
            TermsFault(
                "scope.order_minimum_fen",
                "门槛不高于减额，相当于无门槛",
                "the minimum is not above the amount off: as good as none",
            )
        )
    if isinstance(benefit, PercentOff) and benefit.basis_points_off > 5_000:
        warnings.append(
            TermsFault(
                "benefit.basis_points_off",
                "减免超过一半；这里填的是减去的比例，八折应填 2000",
                "more than half off; this is the share taken off: 2000 means pay 80%",
            )
        )
    if not any(one.dimension in ("customer", "person") for one in terms.limits):
        warnings.append(
            TermsFault(
                "limits",
                "没有每人限制，一个人可以领走或用掉全部",
                "no limit per customer or person: one of them may take or use everything",
            )
        )
    if terms.commit == "redeem":
        warnings.append(
            TermsFault(
                "commit",
                "用券时才占用预算：发出的券可能多于预算，用完后将拒绝核销",
                "budget is taken on use: more may be issued than it covers, late uses are refused",
            )
        )
    if (terms.transfer_limit or 0) > HAND_MAX:
        warnings.append(
            TermsFault(
                "transfer_limit",
                f"一张券最多转赠 {HAND_MAX} 次，再多会被拒绝",
                f"one voucher is passed on {HAND_MAX} times at most, whatever the limit",
            )
        )
    most = terms.maximum_cost_fen()
    if terms.price_fen is not None and most is not None and terms.price_fen > most:
        warnings.append(
            TermsFault(
                "price_fen", "售价高于券的最大价值", "the price is above the most it is worth"
            )
        )
    return warnings


def _judge_benefit(terms: Terms, report: Report) -> None:
    match terms.benefit:
        case Exchange(goods=goods) if not goods:
            report(
                "benefit.goods", "请指定可兑换的商品或品类", "name the goods that it is good for"
            )
        case CountCard(value_per_use_fen=0, covers_up_to_fen=None):
            report(
                "benefit.covers_up_to_fen",
                "结算价为 0 时，请写明每次最多抵扣多少",
                "with a settlement value of 0, say how much a use covers",
            )
        case PrepaidCard() as card:
            if card.face_fen > card.max_balance_fen:
                report(
                    "benefit.face_fen", "面额高于余额上限", "the face is above the highest balance"
                )
            if card.minimum_top_up_fen > card.max_balance_fen:
                report(
                    "benefit.minimum_top_up_fen",
                    "最低充值额高于余额上限",
                    "the smallest top-up is above the highest balance",
                )
            if card.minimum_top_up_fen and not card.reloadable:
                report(
                    "benefit.minimum_top_up_fen",
                    "不可充值的卡没有最低充值额",
                    "a card that cannot be reloaded has no smallest top-up",
                )


def _judge_range(validity: Validity, report: Report) -> None:
    match validity.range:
        case FixedRange(first_day=first, last_day=last):
            if first > last:
                report("validity.range", "开始日期晚于结束日期", "the first day is after the last")
            for name, year in (("first_day", first.year), ("last_day", last.year)):
                _judge_year(f"validity.range.{name}", year, report)
        case ExactRange(starts_at=start, ends_at=end):
            if start >= end:
                report("validity.range", "结束时刻须晚于开始时刻", "it must end after it starts")
            for name, year in (("starts_at", start.year), ("ends_at", end.year)):
                _judge_year(f"validity.range.{name}", year, report)
    try:
        ZoneInfo(validity.time_zone)
    except (ValueError, LookupError, OSError):
        report(
            "validity.time_zone",
            "没有这个时区，例如 Asia/Shanghai",
            "there is no such time zone; an example is Asia/Shanghai",
        )


def _judge_year(path: str, year: int, report: Report) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        report(
            path,
            f"年份应在 {FIRST_YEAR} 到 {LAST_YEAR} 之间",
            f"the year should be from {FIRST_YEAR} to {LAST_YEAR}",
        )


def _judge_hours(validity: Validity, report: Report) -> None:
    windows = validity.daily_windows
    for index, window in enumerate(windows):
        if window.start == window.end:
            report(
                f"validity.daily_windows[{index}]",
                "开始与结束相同；全天请写 00:00 到 24:00",
                "it ends when it starts; for the whole day write 00:00 to 24:00",
            )
    if len(windows) == 2 and _overlap(*windows):
        report("validity.daily_windows", "两个时段重叠", "the two windows overlap")
    if isinstance(validity.range, FixedRange) and not _ever_open(validity, validity.range):
        report(
            "validity",
            "有效期内没有一天可用（星期与不可用日期排除了每一天）",
            "no day of its validity is open: weekdays and excluded dates leave none",
        )


def window_minutes(window: DailyWindow) -> tuple[int, int]:
    """Start and end in minutes of its day; an end on the next day is above 1440."""
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in (window.start, window.end))
    return start, end if end > start else end + DAY_MINUTES


def _overlap(one: DailyWindow, other: DailyWindow) -> bool:
    start, end = window_minutes(one)
    other_start, other_end = window_minutes(other)
    return any(
        start < other_end + shift and other_start + shift < end
        for shift in (-DAY_MINUTES, 0, DAY_MINUTES)
    )


def _ever_open(validity: Validity, fixed: FixedRange) -> bool:
    """Whether some day is left; long ranges are searched only as far as exclusions can reach."""
    if fixed.first_day > fixed.last_day or fixed.last_day.year > LAST_YEAR:
        return True  # already told
    excluded, weekdays = set(validity.excluded_dates), set(validity.weekdays)
    day: date = fixed.first_day
    for _ in range(LAST_DAYS_SEARCHED):
        if day not in excluded and (not weekdays or day.isoweekday() in weekdays):
            return True
        if day >= fixed.last_day:
            return False
        day += timedelta(days=1)
    return True


def _judge_scope(terms: Terms, report: Report) -> None:
    scope = terms.scope
    _judge_twice("scope.stores", scope.stores.include, scope.stores.exclude, report)
    _judge_products(scope.products, report)
    tags = scope.customer_tags
    _judge_twice("scope.customer_tags", (*tags.any, *tags.every), tags.none, report)


def _judge_products(rule: ProductRule, report: Report) -> None:
    for banned in (rule.exclude, rule.none):
        _judge_twice("scope.products", rule.include.skus, banned.skus, report)
        _judge_twice("scope.products", rule.include.categories, banned.categories, report)
    if rule.mode == "every" and not rule.include:
        report("scope.products.mode", "“全部包含”需要指定商品", "mode every needs goods to include")


def _judge_twice(
    path: str, wanted: Iterable[object], banned: Iterable[object], report: Report
) -> None:
    both = sorted(str(one) for one in set(wanted) & set(banned))
    if both:
        names = ", ".join(both[:5])
        report(path, f"既要求又排除：{names}", f"both wanted and ruled out: {names}")


def _judge_limits(terms: Terms, report: Report) -> None:
    seen: dict[tuple[str, ...], set[int]] = {}
    for index, limit in enumerate(terms.limits):
        above = seen.setdefault((limit.dimension, limit.period, limit.unit, limit.at), set())
        counted = set(map(channel_subject, limit.channels)) or {EVERY_ONE}
        # Of one channel only one row is counted, so that it can have one cap only.
        if above & counted or (above and EVERY_ONE in above | counted):
            report(f"limits[{index}]", "与前面的限制重复", "the same limit stands above already")
        above |= counted
        if limit.channels and limit.dimension != "channel":
            report(
                f"limits[{index}].channels",
                "只有按渠道的限制才能指定渠道",
                "only a limit per channel names channels",
            )
        if limit.at == "claim" and limit.unit == "fen":
            report(
                f"limits[{index}].unit",
                "领取只能按张数限制；金额限制请用于核销",
                "claims are limited in vouchers; limit fen at redeem",
            )


def _judge_funding(terms: Terms, report: Report) -> None:
    shares = terms.funding
    if not shares:
        return
    funders = [share.funder_id for share in shares]
    if len(set(funders)) < len(funders):
        report("funding", "同一出资方出现两次", "a funder stands there twice")
    points = sum(share.basis_points for share in shares if isinstance(share, Percent))
    remainders = sum(isinstance(share, Remainder) for share in shares)
    fixed = sum(share.amount_fen for share in shares if isinstance(share, FixedPart))
    capped = any(isinstance(share, FirstToCap) for share in shares)
    most = terms.maximum_cost_fen()
    if remainders > 1:
        report("funding", "“其余部分”只能由一方承担", "only one funder can bear the remainder")
    if points > 10_000:
        report("funding", "比例合计超过 100%", "the percentages are above 100% together")
    if points == 10_000 and remainders:
        report("funding", "比例已达 100%，没有其余部分", "at 100% there is no remainder left")
    if most is not None and fixed > most:
        report(
            "funding", "固定部分合计超过券的最大成本", "the fixed parts exceed the most it can cost"
        )
    whole = points == 10_000 or (not points and not capped and most is not None and fixed >= most)
    if not remainders and not whole and points <= 10_000:
        report(
            "funding",
            "合计不足：请补足 100%，或指定由谁承担其余部分",
            "it does not add up: make it 100% or say who bears the remainder",
        )


def _judge_rest(terms: Terms, report: Report) -> None:
    if terms.stack.policy == "only_with" and not terms.stack.classes:
        report("stack.classes", "请指定可以同享的类别", "name the classes that it stacks with")
    if terms.stack.policy != "only_with" and terms.stack.classes:
        report(
            "stack.classes",
            "只有 only_with 才指定类别",
            "classes are named only with the policy only_with",
        )
    if terms.transfer_limit is not None and not terms.transferable:
        report(
            "transfer_limit", "不可转赠的券没有转赠次数", "what cannot be transferred has no limit"
        )
    if terms.commit == "issue" and terms.maximum_cost_fen() is None:
        report(
            "commit",
            "最大成本没有上限，发券时无法占用预算：请加上限额，或改为用券时占用（redeem）",
            "nothing bounds its cost, so none can be set aside: add a cap or commit on redeem",
        )
    if terms.refund_on_reverse == "never" and terms.has_balance:
        report(
            "refund_on_reverse",
            "卡内余额是持有人的钱，退款必须退回",
            "a balance is the holder's money: it must come back",
        )


def _judge_offline_use(terms: Terms, report: Report) -> None:
    """A till without a network knows the voucher and its own store, and nobody's past."""
    scope, goods = terms.scope, terms.scope.products
    if not 0 < (terms.fixed_value_fen or 0) <= VALUE_FEN_MAX:
        report(
            "offline_use",
            "离线核销只适用于一次用完、价值固定的券：满减、代金券（不可分次）、有限额的兑换券",
            "only a voucher of one fixed value is used up without a network: an amount off, "
            "a cash voucher used at once, an exchange with a cap",
        )
    if goods.include or goods.exclude or goods.none:
        report(
            "offline_use",
            "限定商品的券不能离线核销：离线时不知道订单里有什么",
            "without a network nobody knows an order's lines: leave the goods open",
        )
    tags = scope.customer_tags
    if (
        scope.customer_required
        or scope.first_order_only
        or bool(tags.any or tags.every or tags.none)
        or any(
            one.at == "redeem" and one.dimension in ("customer", "person") for one in terms.limits
        )
    ):
        report(
            "offline_use",
            "核销时要认人的券不能离线核销：离线时不知道顾客是谁",
            "without a network nobody knows the customer: leave out what asks for one",
        )
