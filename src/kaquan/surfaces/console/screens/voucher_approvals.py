"""What is shown of vouchers to those who decide on requests about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.approvals.models import ApprovalRequest
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Paging
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.voucher_pages import voucher_rows
from kaquan.redemption import bulk_care, within_authority
from kaquan.redemption.bulk_listings import bulk_rows
from kaquan.redemption.deeds import from_content
from kaquan.redemption.voucher_listings import lines_of
from kaquan.surfaces.console.kit.cells import Fact, badge, code, count, last_moment, money, text
from kaquan.surfaces.console.kit.panels import Facts, Panel, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.approval_contents import Panels
from kaquan.surfaces.console.screens.voucher_bulk import BULK, ROW_COLUMNS, ROWS_SHOWN
from kaquan.surfaces.console.screens.voucher_lists import VOUCHER_COLUMNS
from kaquan.surfaces.console.words import OPERATIONS


def _care(call: Call, request: ApprovalRequest) -> Sequence[Panel]:
    """The deed, and the voucher as it stands."""
    deed = from_content(request.content["deed"])
    facts = [
        Fact(_("What"), badge(*OPERATIONS[deed.operation])),
        Fact(_("Voucher"), code(str(request.subject_id), href=reverse(
            "console:voucher", kwargs={"key": request.subject_id}))),
        Fact(_("Worth"), money(request.amount_fen)),
        Fact(_("Good until"), last_moment(deed.valid_until)),
        Fact(_("Balance"), money(deed.balance_fen or None)),
        Fact(_("Uses"), count(deed.uses or None)),
        Fact(_("Reason"), text(deed.reason)),
    ]  # fmt: skip
    rows = voucher_rows(reading_session(), [request.subject_id])
    return [
        Facts(_("What will be done"), facts),
        Table(_("The voucher now"), VOUCHER_COLUMNS, lines_of(call.actor, list(rows.values())),
              _("Nothing has happened to it yet.")),
    ]  # fmt: skip


def _bulk(call: Call, request: ApprovalRequest) -> Sequence[Panel]:
    """The operation, how many and how much, and the first of the vouchers."""
    content = request.content
    until = content["valid_until"]
    facts = [
        Fact(_("What"), badge(*OPERATIONS[content["operation"]])),
        Fact(_("Vouchers"), count(content["vouchers"])),
        Fact(_("Worth"), money(request.amount_fen)),
        Fact(_("Good until"), last_moment(datetime.fromisoformat(until) if until else None)),
        Fact(_("Reason"), text(content["reason"])),
        Fact(_("File"), text(content["file"], href=BULK.address(key=request.subject_id))),
    ]
    paging = Paging(limit=ROWS_SHOWN)
    try:
        found = bulk_rows(call.actor, request.subject_id, only="doable", paging=paging)
    except KaquanError:  # who decides need not look after vouchers
        return [Facts(_("What will be done"), facts)]
    note = _("The first %(number)s.") % {"number": ROWS_SHOWN} if found.after else ""
    return [
        Facts(_("What will be done"), facts),
        Table(_("The vouchers"), ROW_COLUMNS, found.rows, _("There is no such row."), note),
    ]


PANELS: dict[str, Panels] = {
    within_authority.CARE_KIND: _care,
    within_authority.REVERSAL_KIND: _care,
    bulk_care.APPROVAL_KIND: _bulk,
}
