"""Terms in English, sentence for sentence as in Chinese."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from kaquan.engine.money import format_yuan
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

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CARDS = (PrepaidCard, CountCard)


def english(terms: Terms, names: Names) -> list[Sentence]:
    """Every rule of the terms in English."""
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
    return "card" if isinstance(terms.benefit, _CARDS) else "voucher"


def _yuan(amount_fen: int) -> str:
    return format_yuan(amount_fen).removesuffix(".00")


def _count(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number:,} {one}s"


def _list(words: Sequence[str]) -> str:
    shown = ", ".join(words[:NAMES_SHOWN])
    return f"{shown} and {len(words) - NAMES_SHOWN} more" if len(words) > NAMES_SHOWN else shown


def _goods(products: Products, names: Names) -> str:
    categories = [f"anything in “{one}”" for one in names.of("category", products.categories)]
    return _list([*names.of("sku", products.skus), *categories])


def _what_counts(terms: Terms) -> str:
    rule = terms.scope.products
    limited = rule.include or rule.exclude or isinstance(terms.benefit, Exchange)
    return " on goods in scope" if limited and terms.scope.minimum_over == "eligible" else ""


def _spend(terms: Terms) -> str:
    minimum = terms.scope.order_minimum_fen
    return f"spend {_yuan(minimum)} or more{_what_counts(terms)}" if minimum else ""


def _benefit(terms: Terms, names: Names) -> str:
    spend = _spend(terms)
    then = f"{spend.capitalize()} and get " if spend else "Get "
    match terms.benefit:
        case AmountOff(amount_fen=amount):
            return f"{then}{_yuan(amount)} off{'' if spend else ', no minimum spend'}."
        case PercentOff(basis_points_off=off, cap_fen=cap):
            most = f", at most {_yuan(cap)}" if cap else ""
            return f"{then}{decimal(off, 2)}% off{most}."
        case CashVoucher(face_fen=face, allow_partial=partial):
            rest = "the rest stays on it" if partial else "to be used in one go"
            return f"Worth {_yuan(face)}, pays like cash; {rest}."
        case Exchange() as exchange:
            return _exchange(exchange, names)
        case PrepaidCard() as card:
            return _prepaid(card)
        case CountCard(uses=uses, value_per_use_fen=value, covers_up_to_fen=most):
            covers = _yuan(most or value)
            return f"Good for {_count(uses, 'use')}; each covers one item in scope up to {covers}."
        case FreeUnit(quantity_buy=buy, quantity_free=free, value_cap_fen=cap):
            most = f", at most {_yuan(cap)} off" if cap else ""
            cheapest = "the cheapest is" if free == 1 else f"the cheapest {free} are"
            items = f"of {buy + free} items in scope"
            return f"Buy {buy} get {free} free: {items} {cheapest} free{most}, once."


def _exchange(exchange: Exchange, names: Names) -> str:
    goods = _goods(exchange.goods, names)
    units = "1 unit" if exchange.quantity == 1 else f"up to {exchange.quantity} units"
    pay = f"for {_yuan(exchange.pay_fen)} each" if exchange.pay_fen else "free"
    most = f", covering at most {_yuan(exchange.value_cap_fen)}" if exchange.value_cap_fen else ""
    return f"Good for {units} of: {goods}, {pay}{most}."


def _prepaid(card: PrepaidCard) -> str:
    face = f"worth {_yuan(card.face_fen)}" if card.face_fen else "of an amount chosen when bought"
    if not card.reloadable:
        return f"A prepaid card {face}; use it bit by bit. It cannot be topped up."
    least = f" by {_yuan(card.minimum_top_up_fen)} or more" if card.minimum_top_up_fen else ""
    top_up = f"top it up{least}, to a balance of {_yuan(card.max_balance_fen)} at most"
    return f"A prepaid card {face}; use it bit by bit, {top_up}."


def _minimum(terms: Terms) -> Iterator[str]:
    scope = terms.scope
    if not scope.order_minimum_fen:
        return
    basis = f"The minimum counts amounts {scope.minimum_basis} other discounts."
    if isinstance(terms.benefit, AmountOff | PercentOff):
        yield basis
    else:
        yield f"To use it, {_spend(terms)}. {basis}"


def _date(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    seconds = f":{local.second:02}" if local.second else ""
    return f"{local.hour:02}:{local.minute:02}{seconds} on {_date(local)}"


def _validity(terms: Terms) -> str:
    validity = terms.validity
    zone = ZoneInfo(validity.time_zone)
    abroad = f" ({validity.time_zone} time)" if validity.time_zone != "Asia/Shanghai" else ""
    match validity.range:
        case FixedRange(first_day=first, last_day=last) if first == last:
            return f"Valid on {_date(first)} only{abroad}."
        case FixedRange(first_day=first, last_day=last):
            return f"Valid from {_date(first)} through {_date(last)}{abroad}."
        case ExactRange(starts_at=start, ends_at=end):
            return f"Valid from {_moment(start, zone)} until {_moment(end, zone)}{abroad}."
        case AfterClaim(days=1, start_after_days=0):
            return f"Valid on the day of the claim{abroad}."
        case AfterClaim(days=days, start_after_days=0):
            return f"Valid for {_count(days, 'day')}, the day of the claim being the first{abroad}."
        case AfterClaim(days=days, start_after_days=1):
            return f"Valid for {_count(days, 'day')} from the day after the claim{abroad}."
        case AfterClaim(days=days, start_after_days=wait):
            return f"Valid for {_count(days, 'day')}, starting {wait} days after the claim{abroad}."


def _hours(validity: Validity) -> Iterator[str]:
    if validity.weekdays or validity.daily_windows:
        windows = " and ".join(_window(one) for one in validity.daily_windows)
        yield f"Usable {_weekdays(validity.weekdays)}{', ' if windows else ''}{windows}."
    if validity.excluded_dates:
        spans = [_span(*run) for run in date_runs(validity.excluded_dates)]
        yield f"Not usable on: {_list(spans)}."


def _weekdays(weekdays: Sequence[int]) -> str:
    runs = runs_of(weekdays)
    if not runs or runs == [(1, 7)]:
        return "every day"
    words: list[str] = []
    for first, last in runs:
        if last - first >= 2:
            words.append(f"{_DAYS[first - 1]}–{_DAYS[last - 1]}")
        else:
            words += [_DAYS[day - 1] for day in range(first, last + 1)]
    return ", ".join(words)


def _window(window: DailyWindow) -> str:
    overnight = " the next day" if window.end < window.start else ""
    return f"{window.start}–{window.end}{overnight}"


def _span(first: date, last: date) -> str:
    return _date(first) if first == last else f"{_date(first)} – {_date(last)}"


def _stores(terms: Terms, names: Names) -> Iterator[str]:
    rule = terms.scope.stores
    where = _list(names.of("organisation", rule.include))
    yield f"Stores: {where}, with all stores below." if where else "Stores: all."
    if rule.exclude:
        excluded = _list(names.of("organisation", rule.exclude))
        yield f"Not in: {excluded}, with all stores below."


def _channels(terms: Terms, names: Names) -> Iterator[str]:
    scope = terms.scope
    if scope.channels:
        yield f"Channels: only {_list(names.of('channel', scope.channels))}."
    if scope.terminal_kinds:
        yield f"Terminals: only {_list(names.of('terminal', scope.terminal_kinds))}."


def _products(terms: Terms, names: Names) -> Iterator[str]:
    rule = terms.scope.products
    if rule.include and rule.mode == "every":
        yield f"Goods in scope, all to be bought together: {_goods(rule.include, names)}."
    elif rule.include:
        yield f"Goods in scope: {_goods(rule.include, names)}."
    if rule.exclude:
        yield f"Not for: {_goods(rule.exclude, names)}."
    if rule.none:
        yield f"Not usable on an order with: {_goods(rule.none, names)}."


def _customers(terms: Terms, names: Names) -> Iterator[Sentence]:
    scope, tags = terms.scope, terms.scope.customer_tags
    if scope.first_order_only:
        yield Sentence("customers", "For a member's first order only.")
    if tags.any or tags.every or tags.none:
        yield Sentence("customers", "For members who qualify only.")
    elif scope.customer_required and not scope.first_order_only:
        yield Sentence("customers", "Show your membership to use it.")
    if tags.any:
        text = f"Members with any of these tags: {_list(names.of('tag', tags.any))}."
        yield Sentence("customers", text, printed=False)
    if tags.every:
        text = f"Members with all of these tags: {_list(names.of('tag', tags.every))}."
        yield Sentence("customers", text, printed=False)
    if tags.none:
        text = f"Members with none of these tags: {_list(names.of('tag', tags.none))}."
        yield Sentence("customers", text, printed=False)


_WHOSE = {
    "customer": "per member",
    "person": "per person",
    "store": "per store",
    "channel": "per channel",
    "batch": "for the whole issue",
}


def _limit(limit: Limit, terms: Terms, names: Names) -> str:
    whose = _WHOSE[limit.dimension]
    if limit.channels:
        each = "each of " if len(limit.channels) > 1 else ""
        whose = f"through {each}{_list(names.of('channel', limit.channels))}"
    when = " a day" if limit.period == "day" else ""
    if limit.unit == "fen":
        off = "paid" if isinstance(terms.benefit, PrepaidCard) else "off"
        return f"At most {_yuan(limit.cap)} {off} {whose}{when or ' in total'}."
    if limit.at == "claim":
        return f"At most {_count(limit.cap, 'voucher')} claimed {whose}{when}."
    return f"At most {_count(limit.cap, 'use')} {whose}{when}."


def _stacking(terms: Terms, names: Names) -> str:
    match terms.stack.policy:
        case "never":
            return "Not to be combined with other vouchers; one per order."
        case "only_with":
            return f"To be combined only with: {_list(names.of('class', terms.stack.classes))}."
        case "always":
            return "May be combined with other vouchers that allow it."


def _transfer(terms: Terms) -> str:
    if not terms.transferable:
        return f"This {_noun(terms)} is not transferable."
    limit = terms.transfer_limit
    most = f", at most {_count(limit, 'time')}" if limit else ""
    return f"This {_noun(terms)} may be passed on{most}."


def _cash(terms: Terms) -> Iterator[str]:
    if isinstance(terms.benefit, CashVoucher):
        yield "No change given; not redeemable for cash."
    elif not isinstance(terms.benefit, _CARDS):
        yield "Not redeemable for cash."


def _refund(terms: Terms) -> str:
    used = "the voucher used"
    if isinstance(terms.benefit, _CARDS):
        used = "the uses taken" if isinstance(terms.benefit, CountCard) else "the amount taken"
    match terms.refund_on_reverse:
        case "never":
            return f"If the order is refunded, {used} will not come back."
        case "always":
            return f"If the order is refunded, {used} will come back."
        case "if_valid":
            return f"If the order is refunded, {used} will come back unless expired."


def _price(terms: Terms) -> Iterator[str]:
    if terms.price_fen is not None:
        yield f"Price: {_yuan(terms.price_fen)}."


def _funding(terms: Terms, names: Names) -> Iterator[str]:
    if not terms.funding:
        yield "The issuer bears the whole cost."
    first = any(isinstance(one, FixedPart | FirstToCap) for one in terms.funding)
    for share in terms.funding:
        (who,) = names.of("funder", [share.funder_id]) if share.funder_id else ("The issuer",)
        match share:
            case FixedPart(amount_fen=amount):
                yield f"{who} bears {_yuan(amount)} of each use."
            case FirstToCap(cap_fen=cap):
                yield f"{who} bears the cost first, up to {_yuan(cap)} in total."
            case Percent(basis_points=points):
                yield f"{who} bears {decimal(points, 2)}%{' of the rest' if first else ''}."
            case Remainder():
                yield f"{who} bears the remainder."


def _budget(terms: Terms) -> str:
    most = terms.maximum_cost_fen()
    each = f"at most {_yuan(most)} each" if most is not None else "with no bound for each"
    moment = "set aside on issue" if terms.commit == "issue" else "taken on use"
    return f"Budget is {moment}, {each}."


def _offline(terms: Terms) -> Iterator[str]:
    if terms.offline_use:
        yield "A registered till without a network may take its signed code."
