"""A customer's own pages: vouchers, gifts, statement."""

from __future__ import annotations

import base64
import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from kaquan.customers.models import Customer
from kaquan.engine.money import format_yuan
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.offline.signing import signed_code
from kaquan.redemption.dynamic_keys import shown_code, shown_member
from kaquan.surfaces.wallet.pages import Visitor, keep_on_phone, own_page, posted
from kaquan.surfaces.wallet.templatetags.wallet import moment
from kaquan.wallet import apple, gifts
from kaquan.wallet.outside import outside
from kaquan.wallet.statement import Statement, statement, uses_of
from kaquan.wallet.vouchers import (
    HELD_MAX,
    OwnVoucher,
    Shelf,
    code_of,
    own_voucher,
    own_vouchers,
    rules_of,
    stores_of,
)

YEARS = range(2000, 2200)


def _customer(visitor: Visitor) -> Customer:
    assert visitor.customer is not None, "own_page lets nobody else in"
    return visitor.customer


@require_safe
@own_page
def home(visitor: Visitor) -> HttpResponseBase:
    """The three tabs."""
    asked = visitor.request.GET.get("tab", "")
    tab = Shelf(asked) if asked in list(Shelf) else Shelf.USABLE
    found = own_vouchers(_customer(visitor), clock.now())
    counts = {shelf: sum(one.shelf is shelf for one in found) for shelf in Shelf}
    tabs = [
        (Shelf.USABLE, visitor.look.say("可使用", "Usable"), counts[Shelf.USABLE]),
        (Shelf.USED, visitor.look.say("已使用", "Used"), counts[Shelf.USED]),
        (Shelf.OVER, visitor.look.say("已过期", "Expired"), counts[Shelf.OVER]),
    ]
    context = {
        "tabs": tabs,
        "tab": tab,
        "vouchers": [one for one in found if one.shelf is tab],
        "is_cut": len(found) >= HELD_MAX,
    }
    response = visitor.page("home", context)
    return keep_on_phone(response) if tab is Shelf.USABLE else response


@require_safe
@own_page
def voucher(visitor: Visitor, serial: int) -> HttpResponseBase:
    """One voucher, with the code that its holder shows; kept on the phone while it is good."""
    about = _about(visitor, serial)
    response = visitor.page("voucher", about)
    return keep_on_phone(response) if "digits" in about else response


def _about(visitor: Visitor, serial: int) -> dict[str, Any]:
    own = own_voucher(_customer(visitor), serial, clock.now())
    version = own.batch.offer_version
    uses = uses_of(_customer(visitor), serial) if own.was_used else ()
    context: dict[str, Any] = {
        "own": own,
        "rules": rules_of(version, visitor.look.terms_language),
        "uses": uses,
        "last_use": next((one for one in uses if not one.is_reversal), None),
        "stores": stores_of(version),
        "may_give": gifts.may_give(own) and not own.is_on_its_way,
        "apple": outside().apple is not None,
    }
    if own.shelf is Shelf.USABLE and not own.is_frozen:
        shown = shown_code(serial, own.held.hand)
        context |= {
            "digits": code_of(own),
            "shown": shown,
            "secret": base64.b64encode(shown.secret).decode(),
            "signed": _signed(own),
        }
    return context


def _signed(own: OwnVoucher) -> str | None:
    """What a till takes that has no network (docs/decisions/0037); only the first hand has it."""
    if own.held.hand:
        return None
    return signed_code(
        batch_id=own.batch.id,
        offer_version=own.batch.offer_version_id,
        serial=own.serial,
        valid_from=own.held.valid_from,
        valid_until=own.held.valid_until,
    )


@require_safe
@own_page
def member_code(visitor: Visitor) -> HttpResponseBase:
    """One code for all of one's vouchers: the till picks the one that saves most."""
    customer = _customer(visitor)
    shown = shown_member(customer.id)
    secret = base64.b64encode(shown.secret).decode()
    context = {"shown": shown, "secret": secret, "has_others": customer.merged.exists()}
    return keep_on_phone(visitor.page("code", context))


@posted("wallet:voucher")
@own_page
def give(visitor: Visitor, serial: int) -> HttpResponseBase:
    """Put it on its way to a friend; the link is told this once."""
    token = gifts.give(customer=_customer(visitor), serial=serial, at=clock.now())
    link = visitor.request.build_absolute_uri(reverse("wallet:gift"))
    return visitor.page("given", {**_about(visitor, serial), "gift_link": f"{link}#{token}"})


@posted("wallet:voucher")
@own_page
def take_back(visitor: Visitor, serial: int) -> HttpResponseBase:
    """Take the gift back."""
    gifts.take_back(customer=_customer(visitor), serial=serial, at=clock.now())
    return HttpResponseRedirect(reverse("wallet:voucher", kwargs={"serial": serial}))


@require_safe
@own_page
def calendar(visitor: Visitor, serial: int) -> HttpResponseBase:
    """A reminder a day before it ends, for the phone's calendar (RFC 5545)."""
    own = own_voucher(_customer(visitor), serial, clock.now())
    if own.ends_at is None:
        raise Http404
    title = visitor.look.say(f"{own.title} 即将到期", f"{own.title_en} is about to end")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Kaquan//Wallet//ZH",
        "BEGIN:VEVENT",
        f"UID:voucher-{serial}@kaquan",
        f"DTSTAMP:{_stamp(clock.now())}",
        f"DTSTART:{_stamp(own.ends_at - timedelta(seconds=1))}",
        f"SUMMARY:{_ics_text(title)}",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "TRIGGER:-P1D",
        f"DESCRIPTION:{_ics_text(title)}",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    body = "".join(f"{part}\r\n" for line in lines for part in _folded(line))
    return _file(body.encode(), "text/calendar; charset=utf-8", "voucher.ics")


@require_safe
@own_page
def apple_pass(visitor: Visitor, serial: int) -> HttpResponseBase:
    """The voucher for Apple Wallet, where the issuer has a certificate."""
    account = outside().apple
    if account is None:
        raise Http404
    own = own_voucher(_customer(visitor), serial, clock.now())
    if own.shelf is not Shelf.USABLE:
        raise Http404
    return _file(_pass_of(own, account), "application/vnd.apple.pkpass", "voucher.pkpass")


def _pass_of(own: OwnVoucher, account: Any) -> bytes:
    return apple.voucher_pass(
        account,
        apple.PassText(
            serial_number=str(own.serial),
            title=own.title,
            code=code_of(own),
            ends_at=own.ends_at,
            rules=rules_of(own.batch.offer_version, "zh"),
        ),
    )


@require_safe
@own_page
def monthly(visitor: Visitor) -> HttpResponseBase:
    """消费账单 of a month."""
    month = _month(visitor)
    found = statement(_customer(visitor), month)
    before = date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)
    later = date(month.year + (month.month == 12), month.month % 12 + 1, 1)
    is_past = month < _this_month()
    context = {
        "statement": found,
        "month": month,
        "before": before,
        "later": later if is_past else None,
    }
    return visitor.page("statement", context)


@require_safe
@own_page
def monthly_csv(visitor: Visitor) -> HttpResponseBase:
    """The same as a file."""
    found = statement(_customer(visitor), _month(visitor))
    name = f"statement-{found.month:%Y-%m}.csv"
    return _file(_csv(found).encode("utf-8-sig"), "text/csv; charset=utf-8", name)


def _csv(found: Statement) -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["时间 time", "门店 store", "订单 order", "类型 kind", "优惠 discount"])
    for line in found.lines:
        kind = "撤销 reversed" if line.is_reversal else "核销 used"
        amount = format_yuan(line.discount_fen)
        rows.writerow([moment(line.at), _cell(line.store), _cell(line.order_no), kind, amount])
    rows.writerow(["合计 total", "", "", "", format_yuan(found.total_fen)])
    return text.getvalue()


def _cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _month(visitor: Visitor) -> date:
    year, _dash, month = visitor.request.GET.get("month", "")[:7].partition("-")
    if year.isascii() and year.isdigit() and month.isascii() and month.isdigit():
        wanted_year, wanted_month = int(year), int(month)
        if wanted_year in YEARS and 1 <= wanted_month <= 12:
            return date(wanted_year, wanted_month, 1)
    return _this_month()


def _this_month() -> date:
    return clock.now().astimezone(current_configuration().time_zone).date().replace(day=1)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _ics_text(text: str) -> str:
    for mark in ("\\", ";", ","):
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> list[str]:
    """Lines of at most 75 octets, those that go on begin with a space."""
    parts, part = [], ""
    for character in line:
        if len((part + character).encode()) > 73:
            parts.append(part)
            part = " "
        part += character
    return [*parts, part]


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
