"""What the law of a place has against the terms of a draft, told beside its field with the article.

It judges what somebody writes in the form, for the place that was chosen there: vouchers that are
paid for before they are used, apart from one use for named goods, are prepaid cards to the law of
mainland China. Whoever may use one only as a known customer holds a registered card.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from kaquan.campaigns.draft_reading import FieldFault
from kaquan.campaigns.models import Jurisdiction
from kaquan.engine.money import format_yuan
from kaquan.engine.rules.terms import (
    AfterClaim,
    CashVoucher,
    CountCard,
    ExactRange,
    FixedRange,
    PrepaidCard,
    Terms,
)
from kaquan.foundation.configuration import current_configuration

MAINLAND, ELSEWHERE = Jurisdiction.MAINLAND.value, Jurisdiction.ELSEWHERE.value
JURISDICTIONS = (MAINLAND, ELSEWHERE)

REGISTERED_FEN_MAX, UNREGISTERED_FEN_MAX = 500_000, 100_000
UNREGISTERED_YEARS_MIN = 3
#: Three years hold one leap day at most.
UNREGISTERED_DAYS_MIN = UNREGISTERED_YEARS_MIN * 365 + 1
#: A registered card has no end; this is the longest that terms know.
ENDLESS_DAYS = 36_500

_AMOUNT_LAW = (
    "《单用途商业预付卡管理办法（试行）》第十八条、国办发〔2011〕25号（三）",
    "Measures on single-purpose prepaid cards art. 18; State Council Office 2011 no. 25 (3)",
)
_TIME_LAW = (
    "《单用途商业预付卡管理办法（试行）》第十九条、国办发〔2011〕25号（五）",
    "Measures on single-purpose prepaid cards art. 19; State Council Office 2011 no. 25 (5)",
)
_PASSING_LAW = ("法释〔2025〕4号第九条", "Supreme People's Court 2025 no. 4, art. 9")


def law_faults(terms: Terms, ends_at: datetime | None) -> Iterator[FieldFault]:
    """Why mainland China's law does not let such vouchers be sold; ``ends_at`` is the last moment
    at which one may be sold, None as long as nobody knows."""
    worth = _worth(terms)
    if worth is None:
        return
    field, worth_fen = worth
    is_registered = terms.scope.customer_required
    most_fen = REGISTERED_FEN_MAX if is_registered else UNREGISTERED_FEN_MAX
    kind = ("记名", "A registered") if is_registered else ("不记名", "An unregistered")
    if worth_fen > most_fen:
        most = format_yuan(most_fen)
        yield FieldFault(
            field,
            f"{kind[0]}卡单张不得超过 {most}（{_AMOUNT_LAW[0]}）",
            f"{kind[1]} card may hold {most} at most ({_AMOUNT_LAW[1]})",
        )
    yield from _too_short(terms, ends_at, is_registered=is_registered)


def law_warnings(terms: Terms) -> Iterator[FieldFault]:
    """What its courts have thrown out."""
    if _worth(terms) is not None and not terms.transferable:
        yield FieldFault(
            "transferable",
            f"已付费的券不得不合理地限制转让（{_PASSING_LAW[0]}）",
            f"what was paid for may not unreasonably be kept from being passed on"
            f" ({_PASSING_LAW[1]})",
        )


def _worth(terms: Terms) -> tuple[str, int] | None:
    """How much of their money somebody has on one, and in which field that stands; None: on this
    nobody has any."""
    benefit = terms.benefit
    if isinstance(benefit, PrepaidCard):
        held_fen = max(benefit.face_fen, benefit.max_balance_fen)
        return ("card_max" if held_fen > benefit.face_fen else "card_face"), held_fen
    if not terms.price_fen:
        return None
    if isinstance(benefit, CashVoucher):
        return "cash_face", benefit.face_fen
    return ("price", terms.price_fen) if isinstance(benefit, CountCard) else None


def _too_short(
    terms: Terms, ends_at: datetime | None, *, is_registered: bool
) -> Iterator[FieldFault]:
    span = terms.validity.range
    if isinstance(span, AfterClaim):
        days_min = ENDLESS_DAYS if is_registered else UNREGISTERED_DAYS_MIN
        if span.days < days_min:
            zh, en = f"请填 {days_min} 天", f"enter {days_min} days"
            yield _short("days", zh, en, is_registered=is_registered)
        return
    last, field = _last_day(span)
    if ends_at is None:
        return
    years = ENDLESS_DAYS // 365 if is_registered else UNREGISTERED_YEARS_MIN
    wanted = _years_after(_day_of(ends_at), years)
    if last < wanted:
        zh, en = f"请填 {wanted} 或以后", f"enter {wanted} or later"
        yield _short(field, zh, en, is_registered=is_registered)


def _last_day(span: FixedRange | ExactRange) -> tuple[date, str]:
    if isinstance(span, FixedRange):
        return span.last_day, "last_day"
    return _day_of(span.ends_at), "exact_until"


def _day_of(at: datetime) -> date:
    return at.astimezone(current_configuration().time_zone).date()


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # the 29th of February
        return date(day.year + years, 3, 1)


def _short(field: str, zh: str, en: str, *, is_registered: bool) -> FieldFault:
    if is_registered:
        return FieldFault(
            field,
            f"记名卡不得设有效期：{zh}（{_TIME_LAW[0]}）",
            f"a registered card may not expire: {en} ({_TIME_LAW[1]})",
        )
    return FieldFault(
        field,
        f"不记名卡有效期不得少于 {UNREGISTERED_YEARS_MIN} 年：{zh}（{_TIME_LAW[0]}）",
        f"an unregistered card must be good for {UNREGISTERED_YEARS_MIN} years at least: {en}"
        f" ({_TIME_LAW[1]})",
    )
