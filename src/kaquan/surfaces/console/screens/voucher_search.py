"""Finding vouchers by what one has. It is sent in the body: a code opens a voucher, a phone names
somebody, and no address and no log may know either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from kaquan.foundation.refusals import RefusedError
from kaquan.ledger.entry_pages import Period
from kaquan.redemption.queries import TRACE
from kaquan.redemption.voucher_search import Found, search_vouchers
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field, Filled, day_end, day_start, read_all
from kaquan.surfaces.console.kit.panels import Panel, Table
from kaquan.surfaces.console.kit.screens import Call, Screen, in_words
from kaquan.surfaces.console.screens.voucher_lists import VOUCHER_COLUMNS
from kaquan.surfaces.console.screens.vouchers import VOUCHER

_TITLES: dict[str, Text] = {
    "receipt": _("Of this redemption, hold or reversal"),
    "order": _("On the order with this number"),
}
FIELDS = (
    Field("code", _("Code, serial, receipt, order or member number, phone or name"),
          required=True, characters_max=200),
    Field("first", _("Booked from"), "day"),
    Field("last", _("Booked until"), "day"),
)  # fmt: skip


class VoucherSearch(Screen):
    """One form for all ways of finding a voucher; what is found is masked."""

    name = "voucher-search"
    path = "vouchers"
    title = _("Find a voucher")
    permission = TRACE

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The form; the way to the voucher; or what was found below the form."""
        del key
        if call.request.method != "POST":
            return self._shown(call, [Filled(field) for field in FIELDS])
        values, filled = read_all(FIELDS, call.request.POST)
        if any(one.error for one in filled):
            return self._shown(call, filled, status=422)
        period = Period(day_start(values["first"]), day_end(values["last"]))
        search = search_vouchers(call.actor, values["code"], period=period)
        if search.serial is not None:
            if search.is_old_code:
                messages.warning(call.request, _("This code ended when the voucher was passed on: "
                                                 "its holder was given a new one."))  # fmt: skip
            return HttpResponseRedirect(VOUCHER.address(key=search.serial))
        if search.refusal is not None:
            error = in_words(RefusedError(search.refusal))
            return self._shown(call, filled, error=error, status=404)
        if not search.found:
            error = str(_("Nothing was found. An order is looked for among the latest ones: "
                          "say when it was booked to look further back."))  # fmt: skip
            return self._shown(call, filled, error=error, status=404)
        return self._shown(call, filled, panels=[_table(one) for one in search.found])

    def _shown(
        self,
        call: Call,
        filled: Sequence[Filled],
        *,
        panels: Sequence[Panel] = (),
        error: str = "",
        status: int = 200,
    ) -> HttpResponseBase:
        context = {"filled": filled, "panels": panels, "error": error}
        return self.page(call, "console/voucher_search.html", context, status=status)


def _table(found: Found) -> Panel:
    holder = found.holder
    title: Text = _TITLES.get(found.way, "")
    if holder is not None:
        named = " ".join(filter(None, (holder.number, holder.masked_name, holder.masked_phone)))
        title = _("Held by %(holder)s") % {"holder": named}
    note = _("There may be more than these.") if found.is_more else ""
    return Table(title, VOUCHER_COLUMNS, found.lines, _("No voucher of your part."), note)
