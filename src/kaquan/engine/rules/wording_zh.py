"""Terms in Chinese, as coupons in China are worded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from kaquan.engine.rules.terms import (
    AfterClaim,
    AmountOff,
    CashVoucher,
    CountCard,
    DailyWindow,
    ExactRange,
    Exchange,
    FirstToCap,
    FixedPart,
    FixedRange,
    FreeUnit,
    Limit,
    Percent,
    PercentOff,
    PrepaidCard,
    Products,
    Remainder,
    Terms,
    Validity,
)
from kaquan.engine.rules.wording import (
    NAMES_SHOWN,
    Names,
    Sentence,
    date_runs,
    decimal,
    limit_sentence,
    runs_of,
)

_DAYS = "一二三四五六日"
_CARDS = (PrepaidCard, CountCard)


def chinese(terms: Terms, names: Names) -> list[Sentence]:
    """Every rule of the terms in Chinese."""
    return [
        Sentence("benefit", _benefit(terms, names)),
        *(Sentence("minimum", text) for text in _minimum(terms)),
        Sentence("validity", _validity(terms)),
        *(Sentence("hours", text) for text in _hours(terms.validity)),
        *(Sentence("stores", text) for text in _stores(terms, names)),
        *(Sentence("channels", text) for text in _channels(terms, names)),
        *(Sentence("products", text) for text in _products(terms, names)),
        *_customers(terms, names),
        *(limit_sentence(limit, _limit(limit, terms, names)) for limit in terms.limits),
        Sentence("stacking", _stacking(terms, names)),
        Sentence("transfer", _transfer(terms)),
        *(Sentence("cash", text) for text in _cash(terms)),
        Sentence("refund", _refund(terms)),
        *(Sentence("price", text) for text in _price(terms)),
        *(Sentence("funding", text, printed=False) for text in _funding(terms, names)),
        *(Sentence("offline", text, printed=False) for text in _offline(terms)),
        Sentence("budget", _budget(terms), printed=False),
    ]


def _noun(terms: Terms) -> str:
    return "本卡" if isinstance(terms.benefit, _CARDS) else "本券"


def _yuan(amount_fen: int) -> str:
    if amount_fen and amount_fen % 1_000_000 == 0:
        return f"{amount_fen // 1_000_000}万元"
    return f"{decimal(amount_fen, 2)}元"


def _list(words: Sequence[str]) -> str:
    shown = "、".join(words[:NAMES_SHOWN])
    return f"{shown}等{len(words)}项" if len(words) > NAMES_SHOWN else shown


def _goods(products: Products, names: Names) -> str:
    categories = [f"“{one}”品类" for one in names.of("category", products.categories)]
    return _list([*names.of("sku", products.skus), *categories])


def _threshold(terms: Terms) -> str:
    scope = terms.scope
    if not scope.order_minimum_fen:
        return ""
    what = "适用商品" if scope.minimum_over == "eligible" and _limited_goods(terms) else "订单"
    return f"{what}满{_yuan(scope.order_minimum_fen)}"


def _limited_goods(terms: Terms) -> bool:
    rule = terms.scope.products
    return bool(rule.include or rule.exclude or isinstance(terms.benefit, Exchange))


def _benefit(terms: Terms, names: Names) -> str:
    threshold = _threshold(terms)
    match terms.benefit:
        case AmountOff(amount_fen=amount):
            if threshold:
                return f"本券为满减券：{threshold}减{_yuan(amount)}。"
            return f"本券为立减券：立减{_yuan(amount)}，无最低消费要求。"
        case PercentOff(basis_points_off=off, cap_fen=cap):
            rate = f"享{decimal(10_000 - off, 3)}折" if off < 10_000 else "全额免单"
            most = f"，最多优惠{_yuan(cap)}" if cap else ""
            return f"本券为折扣券：{threshold}{rate}{most}。"
        case CashVoucher(face_fen=face, allow_partial=partial):
            rest = "可分次使用，用完为止" if partial else "仅限使用一次"
            return f"本券为代金券：面值{_yuan(face)}，可抵等额消费，{rest}。"
        case Exchange() as exchange:
            return _exchange(exchange, names)
        case PrepaidCard() as card:
            return _prepaid(card)
        case CountCard(uses=uses, value_per_use_fen=value, covers_up_to_fen=most):
            covers = _yuan(most or value)
            return f"本卡为次卡：共{uses}次，每次可抵1件适用商品或服务，最多抵{covers}。"
        case FreeUnit(quantity_buy=buy, quantity_free=free, value_cap_fen=cap):
            most = f"，最多减免{_yuan(cap)}" if cap else ""
            return (
                f"本券为买赠券：适用商品买{buy}件送{free}件，"
                f"{buy + free}件中价格最低的{free}件免费{most}，限享一次。"
            )


def _exchange(exchange: Exchange, names: Names) -> str:
    goods = _goods(exchange.goods, names)
    most = f"；抵扣总额不超过{_yuan(exchange.value_cap_fen)}" if exchange.value_cap_fen else ""
    units = f"{'最多' if exchange.quantity > 1 else ''}{exchange.quantity}件"
    if exchange.pay_fen:
        pay = _yuan(exchange.pay_fen)
        return f"本券为换购券：每件加{pay}，可换购以下商品{units}：{goods}{most}。"
    return f"本券为兑换券：可免费兑换以下商品{units}：{goods}{most}。"


def _prepaid(card: PrepaidCard) -> str:
    face = f"面额{_yuan(card.face_fen)}" if card.face_fen else "面额购卡时选定"
    if not card.reloadable:
        return f"本卡为储值卡：{face}，可多次使用，不可充值。"
    least = f"，每次充值不少于{_yuan(card.minimum_top_up_fen)}" if card.minimum_top_up_fen else ""
    most = _yuan(card.max_balance_fen)
    return f"本卡为储值卡：{face}，可多次使用，可充值{least}，卡内余额不超过{most}。"


def _minimum(terms: Terms) -> Iterator[str]:
    scope = terms.scope
    if not scope.order_minimum_fen:
        return
    basis = "其他优惠抵扣前" if scope.minimum_basis == "before" else "其他优惠抵扣后"
    if isinstance(terms.benefit, AmountOff | PercentOff):
        yield f"使用门槛按{basis}的金额计算。"
    else:
        yield f"{_threshold(terms)}可用，按{basis}的金额计算。"


def _date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    seconds = f":{local.second:02}" if local.second else ""
    return f"{_date(local)}{local.hour:02}:{local.minute:02}{seconds}"


def _validity(terms: Terms) -> str:
    validity = terms.validity
    zone = ZoneInfo(validity.time_zone)
    abroad = f"（{validity.time_zone}时间）" if validity.time_zone != "Asia/Shanghai" else ""
    late = "。" if isinstance(terms.benefit, _CARDS) else "，逾期失效。"
    match validity.range:
        case FixedRange(first_day=first, last_day=last) if first == last:
            return f"有效期：{_date(first)}当天{abroad}{late}"
        case FixedRange(first_day=first, last_day=last):
            return f"有效期：{_date(first)}至{_date(last)}（含首尾两日）{abroad}{late}"
        case ExactRange(starts_at=start, ends_at=end):
            return f"有效期：{_moment(start, zone)}起，至{_moment(end, zone)}止{abroad}{late}"
        case AfterClaim(days=1, start_after_days=0):
            return f"有效期：领取当天{abroad}{late}"
        case AfterClaim(days=days, start_after_days=wait):
            day = {0: "领取当天", 1: "领取次日"}.get(wait, f"领取后第{wait}天")
            return f"有效期：自{day}起{days}天内有效（含{day}）{abroad}{late}"


def _hours(validity: Validity) -> Iterator[str]:
    if validity.weekdays or validity.daily_windows:
        days = _weekdays(validity.weekdays)
        windows = "、".join(_window(one) for one in validity.daily_windows)
        yield f"可用时间：{days}{windows}。"
    if validity.excluded_dates:
        yield f"不可用日期：{_list([_span(*run) for run in date_runs(validity.excluded_dates)])}。"


def _weekdays(weekdays: Sequence[int]) -> str:
    runs = runs_of(weekdays)
    if not runs or runs == [(1, 7)]:
        return "每天"
    words: list[str] = []
    for first, last in runs:
        if last - first >= 2:
            words.append(f"周{_DAYS[first - 1]}至周{_DAYS[last - 1]}")
        else:
            words += [f"周{_DAYS[day - 1]}" for day in range(first, last + 1)]
    return "、".join(words)


def _window(window: DailyWindow) -> str:
    return f"{window.start}–{'次日' if window.end < window.start else ''}{window.end}"


def _span(first: date, last: date) -> str:
    if first == last:
        return _date(first)
    if first.year == last.year:
        return f"{_date(first)}至{last.month}月{last.day}日"
    return f"{_date(first)}至{_date(last)}"


def _stores(terms: Terms, names: Names) -> Iterator[str]:
    rule = terms.scope.stores
    where = _list(names.of("organisation", rule.include))
    yield f"适用门店：{where}（含下属门店）。" if where else "适用门店：全部门店。"
    if rule.exclude:
        yield f"不适用门店：{_list(names.of('organisation', rule.exclude))}（含下属门店）。"


def _channels(terms: Terms, names: Names) -> Iterator[str]:
    scope = terms.scope
    if scope.channels:
        yield f"使用渠道：仅限{_list(names.of('channel', scope.channels))}。"
    if scope.terminal_kinds:
        yield f"受理终端：仅限{_list(names.of('terminal', scope.terminal_kinds))}。"


def _products(terms: Terms, names: Names) -> Iterator[str]:
    rule = terms.scope.products
    if rule.include and rule.mode == "every":
        yield f"适用商品：须同时购买{_goods(rule.include, names)}，优惠仅限这些商品。"
    elif rule.include:
        yield f"适用商品：{_goods(rule.include, names)}。"
    if rule.exclude:
        yield f"不适用商品：{_goods(rule.exclude, names)}。"
    if rule.none:
        yield f"订单含以下商品时不可使用：{_goods(rule.none, names)}。"


def _customers(terms: Terms, names: Names) -> Iterator[Sentence]:
    scope, tags = terms.scope, terms.scope.customer_tags
    if scope.first_order_only:
        yield Sentence("customers", "仅限会员首单使用。")
    if tags.any or tags.every or tags.none:
        yield Sentence("customers", "仅限符合条件的会员使用。")
    elif scope.customer_required and not scope.first_order_only:
        yield Sentence("customers", "使用时须出示会员身份。")
    if tags.any:
        text = f"会员须有以下任一标签：{_list(names.of('tag', tags.any))}。"
        yield Sentence("customers", text, printed=False)
    if tags.every:
        text = f"会员须有以下全部标签：{_list(names.of('tag', tags.every))}。"
        yield Sentence("customers", text, printed=False)
    if tags.none:
        text = f"会员不得有以下标签：{_list(names.of('tag', tags.none))}。"
        yield Sentence("customers", text, printed=False)


_WHOSE = {
    "customer": "每位会员",
    "person": "每人",
    "store": "每家门店",
    "channel": "每个渠道",
    "batch": "本批次",
}


def _limit(limit: Limit, terms: Terms, names: Names) -> str:
    whose = _WHOSE[limit.dimension]
    if limit.channels:
        each = "各自" if len(limit.channels) > 1 else ""
        whose = f"{_list(names.of('channel', limit.channels))}渠道{each}"
    day = "每天" if limit.period == "day" else "累计" if limit.dimension == "batch" else ""
    unit = "张" if terms.opening_uses == 1 else "次"
    if limit.unit == "fen":
        what = "消费" if isinstance(terms.benefit, PrepaidCard) else "优惠"
        return f"{whose}{day or '累计'}{what}不超过{_yuan(limit.cap)}。"
    if limit.at == "claim":
        return f"{whose}{day}限领{limit.cap}张。"
    return f"{whose}{day}限用{limit.cap}{unit}。"


def _stacking(terms: Terms, names: Names) -> str:
    match terms.stack.policy:
        case "never":
            return "不与其他卡券同时使用，每单限用1张。"
        case "only_with":
            classes = _list(names.of("class", terms.stack.classes))
            return f"仅可与以下类别的卡券同时使用：{classes}。"
        case "always":
            return "可与其他允许同享的卡券同时使用。"


def _transfer(terms: Terms) -> str:
    if not terms.transferable:
        return f"{_noun(terms)}不可转赠。"
    most = f"，最多转赠{terms.transfer_limit}次" if terms.transfer_limit else ""
    return f"{_noun(terms)}可转赠{most}。"


def _cash(terms: Terms) -> Iterator[str]:
    if isinstance(terms.benefit, CashVoucher):
        yield "不找零，不兑换现金。"
    elif not isinstance(terms.benefit, _CARDS):
        yield "不可兑换现金。"


def _refund(terms: Terms) -> str:
    what = "所用的券"
    if isinstance(terms.benefit, _CARDS):
        what = "所用次数" if isinstance(terms.benefit, CountCard) else "所用金额"
    match terms.refund_on_reverse:
        case "never":
            return f"订单退款时，{what}不退回。"
        case "always":
            return f"订单退款时，{what}退回。"
        case "if_valid":
            return f"订单退款时，{what}退回；已过有效期的不退回。"


def _price(terms: Terms) -> Iterator[str]:
    if terms.price_fen is not None:
        yield f"售价{_yuan(terms.price_fen)}。"


def _funding(terms: Terms, names: Names) -> Iterator[str]:
    if not terms.funding:
        yield "成本全部由发行方承担。"
    first = any(isinstance(one, FixedPart | FirstToCap) for one in terms.funding)
    for share in terms.funding:
        (who,) = names.of("funder", [share.funder_id]) if share.funder_id else ("发行方",)
        match share:
            case FixedPart(amount_fen=amount):
                yield f"{who}：每次承担{_yuan(amount)}。"
            case FirstToCap(cap_fen=cap):
                yield f"{who}：先行承担，累计至{_yuan(cap)}为止。"
            case Percent(basis_points=points):
                yield f"{who}：承担{'余下部分的' if first else ''}{decimal(points, 2)}%。"
            case Remainder():
                yield f"{who}：承担其余部分。"


def _budget(terms: Terms) -> str:
    most = terms.maximum_cost_fen()
    each = f"每张最多{_yuan(most)}" if most is not None else "每张成本不设上限"
    return f"{'发券' if terms.commit == 'issue' else '用券'}时占用预算，{each}。"


def _offline(terms: Terms) -> Iterator[str]:
    if terms.offline_use:
        yield "登记过的收银终端没有网络时也可核销带签名的二维码。"
