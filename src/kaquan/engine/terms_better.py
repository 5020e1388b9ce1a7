"""What a revision changes of issued terms, field by field in plain words, and whether it may.

``favourable`` says which terms are at least as good. Here stands besides what no revision reaches:
what each voucher carries from its issue, and what money was set aside for then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from kaquan.engine import terms_better_words as words
from kaquan.engine.favourable import Compared, compared
from kaquan.engine.money import format_yuan
from kaquan.engine.rules.check import Rules
from kaquan.engine.rules.faults import TermsFault
from kaquan.engine.rules.terms import (
    AfterClaim,
    CashVoucher,
    Choice,
    CountCard,
    DailyWindow,
    FreeUnit,
    Limit,
    Products,
    Terms,
)
from kaquan.engine.rules.wording import decimal

NAMES_SHOWN = 10
NO_NAMES: Mapping[str, str] = MappingProxyType({})
_KINDS_OF_NAMES = {
    "include": "organisation",
    "exclude": "organisation",
    "channels": "channel",
    "terminal_kinds": "terminal",
    "any": "tag",
    "every": "tag",
    "none": "tag",
    "classes": "class",
}
_KEPT_OUT = ("exclude", "excluded_dates", "none", "every", "funding")


class Difference(Struct, frozen=True):
    """One field that a revision changes; each text in Chinese and English.

    ``against`` says why it may not count for issued vouchers and what to do instead; empty: it may.
    """

    path: str
    label: words.Words
    before: words.Words
    now: words.Words
    against: words.Words = ("", "")

    @property
    def is_better(self) -> bool:
        """Whether it may count for what was issued."""
        return not self.against[0]


def revision_faults(old: Rules, new: Rules, *, at: datetime, from_budget: bool) -> list[TermsFault]:
    """Why these terms cannot take the place of others on issued vouchers at ``at``; none: they can.

    ``from_budget``: whether the batch's cost is taken from a budget.
    """
    judged = _judged(old, new, at, from_budget=from_budget)
    return [TermsFault(one.path, *against) for one, against in judged if against is not None]


def differences(
    old: Rules,
    new: Rules,
    *,
    at: datetime,
    from_budget: bool,
    names: Mapping[str, str] = NO_NAMES,
) -> list[Difference]:
    """Every field that differs, with what it said and says; ``names`` as for ``explain``."""
    zone = ZoneInfo(old.terms.validity.time_zone)
    return [
        Difference(
            path=one.path,
            label=words.FIELDS.get(one.path, (one.path, one.path)),
            before=_both(one.before, one.path, zone, names),
            now=_both(one.now, one.path, zone, names),
            against=against or ("", ""),
        )
        for one, against in _judged(old, new, at, from_budget=from_budget)
    ]


def _judged(
    old: Rules, new: Rules, at: datetime, *, from_budget: bool
) -> Iterator[tuple[Compared, words.Words | None]]:
    """Each difference, and what stands against it."""
    was, will = old.terms, new.terms
    dearer = (
        from_budget and was.commit == "issue" and was.maximum_cost_fen() != will.maximum_cost_fen()
    )
    is_over = old.unclaimed_window is not None and at >= old.unclaimed_window[1]
    for one in compared(was, will):
        if one.reason is not None:
            zh, en = one.reason
            yield one, (f"{zh}；{words.INSTEAD[0]}", f"{en}: {words.INSTEAD[1]}")
        elif one.path.startswith("benefit") and (carried := _carried(was, will)) is not None:
            yield one, carried
        elif one.path.startswith("benefit") and dearer:
            yield one, words.SET_ASIDE
        elif one.path.startswith("validity.range") and isinstance(was.validity.range, AfterClaim):
            yield one, words.SET_AT_CLAIM
        elif one.path.startswith("validity.range") and is_over:
            yield one, words.TIME_IS_OVER
        else:
            yield one, None


def _carried(was: Terms, will: Terms) -> words.Words | None:
    """What of a benefit each voucher carries itself."""
    one, other = was.benefit, will.benefit
    if isinstance(one, CountCard) and isinstance(other, CountCard) and one.uses != other.uses:
        return words.USES_ON_CARD
    if isinstance(one, CashVoucher) and one.allow_partial:
        return words.BALANCE_ON_VOUCHER
    return None


# In words -----------------------------------------------------------------------------------------


def _both(value: Any, path: str, zone: ZoneInfo, names: Mapping[str, str]) -> words.Words:
    zh, en = (_said(value, path, language, zone, names) for language in (0, 1))
    return zh, en


def _said(value: Any, path: str, language: int, zone: ZoneInfo, names: Mapping[str, str]) -> str:
    """A value in one language: 0 Chinese, 1 English."""
    field = path.rpartition(".")[2]
    if value is None:
        return words.NOBODY[language]
    if isinstance(value, bool):
        return (words.YES if value else words.NO)[language]
    if isinstance(value, int):
        return _number(value, field)
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(" ", timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return _list(value, path, language, names)
    if isinstance(value, Products):
        return _goods(value, path, language, names)
    if isinstance(value, AfterClaim):
        return _after_claim(value, language)
    if isinstance(value, CountCard):
        return _count_card(value, language)
    if isinstance(value, FreeUnit):
        return _free_unit(value, language)
    if isinstance(value, Choice):
        return words.KINDS[str(value.__struct_config__.tag)][language]
    text = str(value.value if isinstance(value, Enum) else value)
    return words.VALUES.get(text, (text, text))[language]


def _number(value: int, field: str) -> str:
    if field.endswith("_fen"):
        return format_yuan(value)
    return f"{decimal(value, 2)}%" if field == "basis_points_off" else str(value)


def _list(values: tuple[Any, ...], path: str, language: int, names: Mapping[str, str]) -> str:
    field = path.rpartition(".")[2]
    if not values:
        return (words.NOTHING if field in _KEPT_OUT else words.NOBODY)[language]
    kind = _KINDS_OF_NAMES.get(field, "")
    said = [_one(value, kind, language, names) for value in values[:NAMES_SHOWN]]
    return _joined(said, len(values), language)


def _one(value: Any, kind: str, language: int, names: Mapping[str, str]) -> str:
    if isinstance(value, Limit):
        return _limit(value, language)
    if isinstance(value, DailyWindow):
        return f"{value.start}–{value.end}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Choice):
        return words.KINDS[str(value.__struct_config__.tag)][language]
    return names.get(f"{kind}:{value}", str(value))


def _joined(said: list[str], count: int, language: int) -> str:
    if language == 0:
        return "、".join(said) + (f" 等 {count} 项" if count > len(said) else "")
    return ", ".join(said) + (f" and {count - len(said)} more" if count > len(said) else "")


def _goods(goods: Products, path: str, language: int, names: Mapping[str, str]) -> str:
    if not goods:
        field = path.rpartition(".")[2]
        return (words.NOTHING if field in _KEPT_OUT else words.NOBODY)[language]
    keys = [f"sku:{sku}" for sku in goods.skus] + [f"category:{one}" for one in goods.categories]
    said = [names.get(key, key.partition(":")[2]) for key in keys[:NAMES_SHOWN]]
    return _joined(said, len(keys), language)


def _limit(limit: Limit, language: int) -> str:
    whose = words.WHOSE[limit.dimension][language]
    cap = format_yuan(limit.cap) if limit.unit == "fen" else str(limit.cap)
    if language == 0:
        day = "每天" if limit.period == "day" else "累计"
        return f"{whose}{day}{'限领' if limit.at == 'claim' else '限用'} {cap}"
    day = "a day" if limit.period == "day" else "in all"
    return f"{whose} {'claims' if limit.at == 'claim' else 'uses'} {cap} {day}"


def _after_claim(span: AfterClaim, language: int) -> str:
    wait, days = span.start_after_days, span.days
    if language == 0:
        return f"领取后第 {wait} 天起 {days} 天" if wait else f"领取起 {days} 天"
    return (
        f"{days} days, from {wait} days after the claim" if wait else f"{days} days from the claim"
    )


def _free_unit(unit: FreeUnit, language: int) -> str:
    buy, free = unit.quantity_buy, unit.quantity_free
    cap = "" if unit.value_cap_fen is None else format_yuan(unit.value_cap_fen)
    if language == 0:
        return f"买 {buy} 件送 {free} 件" + (f"，最多 {cap}" if cap else "")
    return f"buy {buy}, get {free}" + (f", up to {cap}" if cap else "")


def _count_card(card: CountCard, language: int) -> str:
    covers = format_yuan(card.covers_up_to_fen or card.value_per_use_fen)
    return f"{card.uses} 次，每次抵 {covers}" if language == 0 else f"{card.uses} uses of {covers}"
