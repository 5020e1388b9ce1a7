"""Whether other terms are at least as good for everybody who holds a voucher already.

Only then may they count for what was issued; whatever else an author changes makes a new version,
for new vouchers alone. Each field has its own way of being no worse; a field that has none, also
one that terms get some day, must stay as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

from kaquan.engine.rules.channels import folded_channel
from kaquan.engine.rules.faults import TermsFault
from kaquan.engine.rules.terms import (
    AfterClaim,
    CountCard,
    DailyWindow,
    FreeUnit,
    Limit,
    Part,
    ProductRule,
    Products,
    Terms,
)

DAY_MINUTES = 24 * 60
EVERY_ONE = ""  # a channel that is named is never empty

Holds = Callable[[Any, Any], bool]
"""Whether the second value is no worse for a holder than the first."""

OTHER_KIND = ("种类不同", "is of another kind")
WORSE = ("对持券人不利", "is worse for whoever holds a voucher")
FIXED = ("已发出的券不能更改此项", "cannot be changed for vouchers that were issued")


class Compared(NamedTuple):
    """Where two terms differ, what each says there, and why the new is not at least as good (zh,
    en); None: it is."""

    path: str
    before: Any
    now: Any
    reason: tuple[str, str] | None


def favourable(old: Terms, new: Terms) -> list[TermsFault]:
    """Every reason why the new terms cannot take the place of the old ones on issued vouchers;
    none if they can."""
    return [
        TermsFault(one.path, *one.reason) for one in compared(old, new) if one.reason is not None
    ]


def compared(old: Terms, new: Terms) -> list[Compared]:
    """Every place where two terms differ, each judged."""
    return list(_differences(old, new, ""))


def _more(old: int, new: int) -> bool:
    return new >= old


def _less(old: int, new: int) -> bool:
    return new <= old


def _cap(old: int | None, new: int | None) -> bool:
    """No cap is the best one."""
    return new is None or (old is not None and new >= old)


def _cap_that_stays(old: int | None, new: int | None) -> bool:
    """One that goods settle at where no order is in sight: without it such a use is refused."""
    return old is not None and new is not None and new >= old


def _allowed(old: bool, new: bool) -> bool:
    return new or not old


def _asked(old: bool, new: bool) -> bool:
    return old or not new


def _wider(old: Collection[object], new: Collection[object]) -> bool:
    """A list of what is let in, of which an empty one lets in everything."""
    return not new or (bool(old) and set(new) >= set(old))


def _fewer(old: Collection[object], new: Collection[object]) -> bool:
    """A list of what is kept out."""
    return set(new) <= set(old)


def _more_goods(old: Products, new: Products) -> bool:
    return set(new.skus) >= set(old.skus) and set(new.categories) >= set(old.categories)


def _wider_goods(old: Products, new: Products) -> bool:
    return not new or (bool(old) and _more_goods(old, new))


def _fewer_goods(old: Products, new: Products) -> bool:
    return _more_goods(new, old)


def _windows(old: Sequence[DailyWindow], new: Sequence[DailyWindow]) -> bool:
    """Each window of before lies within one of now."""
    # A window past midnight belongs to the day it starts on: all day long does not hold it.
    spans = [_minutes(window) for window in new] or [(0, DAY_MINUTES)]
    return bool(old or not new) and all(
        any(start <= first and last <= end for start, end in spans)
        for first, last in map(_minutes, old)
    )


def _minutes(window: DailyWindow) -> tuple[int, int]:
    start, end = (
        int(hours) * 60 + int(minutes)
        for hours, minutes in (window.start.split(":"), window.end.split(":"))
    )
    return start, end if end > start else end + DAY_MINUTES


def _ranked(*names: str) -> Holds:
    """Words in the order in which they get better."""
    return lambda old, new: names.index(new) >= names.index(old)


def _limits(old: Sequence[Limit], new: Sequence[Limit]) -> bool:
    """No limit that was not there, and none that is lower."""
    lowest: dict[tuple[str, ...], int] = {}
    for limit in old:
        for subject in _subjects(limit):
            key = (*_limit_key(limit), subject)
            lowest[key] = min(limit.cap, lowest.get(key, limit.cap))

    def is_no_lower(limit: Limit, subject: str) -> bool:
        """A channel named now may have been one of every one before."""
        before = [lowest.get((*_limit_key(limit), one)) for one in (subject, EVERY_ONE)]
        return any(cap is not None and limit.cap >= cap for cap in before)

    return all(is_no_lower(limit, subject) for limit in new for subject in _subjects(limit))


def _limit_key(limit: Limit) -> tuple[str, str, str, str]:
    return limit.dimension, limit.at, limit.period, limit.unit


def _subjects(limit: Limit) -> Collection[str]:
    """The channels that it limits, each by itself."""
    return set(map(folded_channel, limit.channels)) or {EVERY_ONE}


#: What may change, and how; everything else stays as it is.
FIELDS: dict[str, Holds] = {
    "AmountOff.amount_fen": _more,
    "PercentOff.basis_points_off": _more,
    "PercentOff.cap_fen": _cap,
    "CashVoucher.face_fen": _more,
    "Exchange.goods": _more_goods,
    "Exchange.quantity": _more,
    "Exchange.pay_fen": _less,
    "Exchange.value_cap_fen": _cap_that_stays,
    "PrepaidCard.max_balance_fen": _more,
    "PrepaidCard.reloadable": _allowed,
    "PrepaidCard.minimum_top_up_fen": _less,
    "FixedRange.first_day": lambda old, new: bool(new <= old),
    "FixedRange.last_day": lambda old, new: bool(new >= old),
    "ExactRange.starts_at": lambda old, new: bool(new <= old),
    "ExactRange.ends_at": lambda old, new: bool(new >= old),
    "Validity.weekdays": _wider,
    "Validity.daily_windows": _windows,
    "Validity.excluded_dates": _fewer,
    "StoreRule.include": _wider,
    "StoreRule.exclude": _fewer,
    "Scope.channels": _wider,
    "Scope.terminal_kinds": _wider,
    "Scope.order_minimum_fen": _less,
    "Scope.minimum_basis": _ranked("after", "before"),
    "Scope.minimum_over": _ranked("eligible", "order"),
    "Scope.first_order_only": _asked,
    "Scope.customer_required": _asked,
    "ProductRule.include": _wider_goods,
    "ProductRule.mode": _ranked("every", "any"),
    "ProductRule.exclude": _fewer_goods,
    "ProductRule.none": _fewer_goods,
    "TagRule.any": _wider,
    "TagRule.every": _fewer,
    "TagRule.none": _fewer,
    "Terms.limits": _limits,
    "Stack.policy": _ranked("never", "only_with", "always"),
    "Terms.transferable": _allowed,
    "Terms.transfer_limit": _cap,
    "Terms.refund_on_reverse": _ranked("never", "if_valid", "always"),
}


def _after_claim(old: AfterClaim, new: AfterClaim) -> bool:
    """It begins no later and ends no earlier."""
    begins, began = new.start_after_days, old.start_after_days
    return begins <= began and begins + new.days >= began + old.days


def _count_card(old: CountCard, new: CountCard) -> bool:
    """As many uses, each covering as much, also where no order is in sight."""
    covers, covered = (
        card.value_per_use_fen if card.covers_up_to_fen is None else card.covers_up_to_fen
        for card in (new, old)
    )
    settles = new.value_per_use_fen >= old.value_per_use_fen
    return new.uses >= old.uses and covers >= covered and settles


def _free_unit(old: FreeUnit, new: FreeUnit) -> bool:
    """As many free, with no more units needed to get them."""
    needs, needed = (one.quantity_buy + one.quantity_free for one in (new, old))
    covers = new.value_cap_fen == old.value_cap_fen or _cap_that_stays(
        old.value_cap_fen, new.value_cap_fen
    )
    return new.quantity_free >= old.quantity_free and needs <= needed and covers


def _goods_stay(old: Terms, new: Terms) -> Iterator[str]:
    """Where one unit of those in scope is free or covered, other goods in scope may make that
    another unit, worth less."""
    if isinstance(old.benefit, FreeUnit | CountCard) and old.scope.products != new.scope.products:
        yield "scope.products"


def _all_named_stay(old: ProductRule, new: ProductRule) -> Iterator[str]:
    """Where every one of the goods named must be there, naming others asks for others."""
    if new.mode == "every" and old.include != new.include:
        yield "include"


#: Kinds of parts whose fields hang together, and are judged as a whole.
_WHOLE: dict[type[Part], Holds] = {
    AfterClaim: _after_claim,
    CountCard: _count_card,
    FreeUnit: _free_unit,
}
#: What must stay besides, as other fields are.
_STAYS: dict[type[Part], Callable[[Any, Any], Iterator[str]]] = {
    Terms: _goods_stay,
    ProductRule: _all_named_stay,
}


def _differences(
    old: Part, new: Part, path: str, told: frozenset[str] = frozenset()
) -> Iterator[Compared]:
    """Below `path`; what stands at the paths in `told` was told before."""
    if old == new:
        return
    kind = type(old)
    if kind is not type(new):
        yield Compared(path, old, new, OTHER_KIND)
        return
    if kind in _WHOLE:
        yield Compared(path, old, new, None if _WHOLE[kind](old, new) else WORSE)
        return
    for name in _STAYS[kind](old, new) if kind in _STAYS else ():
        here = _below(path, name)
        yield Compared(here, _at(old, name), _at(new, name), FIXED)
        told |= {here}
    for name in kind.__struct_fields__:
        here, before, now = _below(path, name), getattr(old, name), getattr(new, name)
        if before == now or here in told:
            continue
        holds = FIELDS.get(f"{kind.__name__}.{name}")
        if holds is not None:
            yield Compared(here, before, now, None if holds(before, now) else WORSE)
        elif isinstance(before, Part) and isinstance(now, Part):
            yield from _differences(before, now, here, told)
        else:
            yield Compared(here, before, now, FIXED)


def _at(part: Part, path: str) -> Any:
    value: Any = part
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
