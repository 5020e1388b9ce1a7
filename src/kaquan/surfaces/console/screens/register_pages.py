"""A photographed page of a paper register: its rows beside the picture, each cell confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.engine.money import format_yuan
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.organisations.searching import node_named
from kaquan.registration import ocr, pages, queries, read_rows
from kaquan.registration.acting import REGISTER
from kaquan.registration.models import Bundle, PageState, RegisterPage
from kaquan.registration.pages import PageRow
from kaquan.registration.reading import read_time
from kaquan.registration.typed import SlipTyped
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Cell, Text, badge, code, moment, text
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column
from kaquan.surfaces.console.kit.panels import Panel, Table
from kaquan.surfaces.console.kit.screens import Call, Screen, in_words
from kaquan.surfaces.console.screens.slip_photos import read_picture
from kaquan.surfaces.console.screens.voucher_care import read_amount

SURE_PERCENT = 90
"""What was read less surely than this is marked."""
CHARACTERS_MAX = 100
CELLS: dict[str, Text] = {
    read_rows.NUMBER: _("Code or serial"),
    read_rows.LAST: _("Last 4 of the code"),
    read_rows.HOLDER: _("Holder's name"),
    read_rows.PHONE: _("Phone"),
    read_rows.AT: _("Time of use"),
    read_rows.AMOUNT: _("Order amount (yuan)"),
    read_rows.STORE: _("Store"),
    read_rows.CLERK: _("Clerk"),
}
_STATES: dict[str, tuple[Text, str]] = {
    PageState.WAITING: (_("Being read"), "info"),
    PageState.READ: (_("To be confirmed"), "warn"),
    PageState.FAILED: (_("Could not be read"), "bad"),
}


class CellShown(NamedTuple):
    """One cell as it is shown: what was read or typed, and whether somebody confirmed it."""

    name: str
    title: Text
    value: str
    is_unsure: bool
    is_confirmed: bool


class RowShown(NamedTuple):
    """One row beside its part of the picture."""

    number: int
    picture: str
    state: Cell | None
    cells: Sequence[CellShown]
    error: str


class Typed(NamedTuple):
    """What somebody sent for a row."""

    row: int
    values: Mapping[str, str]
    confirmed: frozenset[str]
    error: str


COLUMNS = (
    Column[RegisterPage]("page", _("Page"), lambda one: code(
        str(one.id), href=PAGE.address(key=one.id))),
    Column[RegisterPage]("state", _("State"), lambda one: badge(*_STATES[one.state])),
    Column[RegisterPage]("added", _("Added"), lambda one: moment(one.added_at)),
    Column[RegisterPage]("by", _("By"), lambda one: text(one.added_by_name), wide=True),
)  # fmt: skip


def page_panels(actor: Actor, bundle: Bundle) -> Sequence[Panel]:
    """The register pages of a bundle that somebody is not done with; nothing where there is
    none."""
    found = pages.pages_of(actor, bundle.id)
    return (Table(_("Register pages"), COLUMNS, found, ""),) if found else ()


class NewRegisterPage(FormScreen):
    """A photo or scan of a page, to be read."""

    name = "register-page-new"
    path = "bundles/<int:key>/new-page"
    title = _("Photo of a register page")
    permission = REGISTER
    parent = "bundles"
    save_words = _("Read it")
    fields = (Field("picture", _("Photo or scan"), "file", required=True),)

    def initial(self, actor: Actor, key: int) -> Mapping[str, Any]:
        """Nothing, of a bundle that is there; raises `bundle_unknown`."""
        queries.bundle_by_id(actor, key)
        return {}

    def hint_of(self, call: Call, key: int) -> Text:
        """What becomes of it; or how the reading of pictures is installed."""
        del call, key
        if not ocr.is_installed():
            return _(
                "Reading pictures is not installed. On the server run: pip install 'kaquan[ocr]', "
                "then restart."
            )
        return _(
            "JPEG or PNG, at most 12 MB, one page, upright. It is read on this server; you "
            "confirm each cell beside the picture before anything is registered."
        )

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Keep it, and have it read."""
        content = read_picture(doing.values, "picture")
        page = pages.add_page(actor=doing.actor, bundle_id=key, content=content)
        return _("The page is being read."), PAGE.address(key=page.id)

    def home(self, key: int) -> str:
        """The bundle."""
        return reverse("console:bundle", kwargs={"key": key})


class RegisterPageScreen(Screen):
    """One page: each row is registered by itself, once its cells are confirmed."""

    name = "register-page"
    path = "register-pages/<int:key>"
    title = _("Register page")
    permission = REGISTER
    parent = "bundles"

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The rows; for POST, what somebody does with one, or that they are done with the page.

        Raises `register_page_unknown`.
        """
        page = pages.page_by_id(call.actor, key["key"])
        if call.request.method != "POST":
            return self._shown(call, page, None)
        doing = call.request.POST.get("do", "")
        if doing == "finish":
            pages.finish_page(actor=call.actor, page_id=page.id)
            messages.success(call.request, str(_("The page and what was read from it is deleted.")))
            return HttpResponseRedirect(reverse("console:bundle", kwargs={"key": page.bundle_id}))
        sent = _sent(call.request.POST)
        if doing not in ("register", "drop") or sent is None:
            raise Http404
        try:
            words = self._do(call.actor, page.id, doing, sent)
        except KaquanError as error:
            if error.exit_code is ExitCode.PERMISSION_DENIED:
                raise
            return self._shown(call, page, sent._replace(error=in_words(error)), status=409)
        messages.success(call.request, str(words))
        return HttpResponseRedirect(f"{self.address(key=page.id)}#row-{sent.row + 1}")

    @staticmethod
    def _do(actor: Actor, page_id: int, doing: str, sent: Typed) -> Text:
        told: dict[str, object] = {"row": sent.row + 1}
        if doing == "drop":
            pages.drop_row(actor=actor, page_id=page_id, row=sent.row)
            return _("Row %(row)s was left out.") % told
        slip = pages.post_row(
            actor=actor,
            page_id=page_id,
            row=sent.row,
            typed=_typed(actor, sent.values),
            confirmed=sent.confirmed,
        )
        if slip is None:
            return _("Row %(row)s: keyed; somebody else keys it a second time.") % told
        told |= {"serial": slip.serial, "amount": format_yuan(slip.discount_fen)}
        return _("Row %(row)s: voucher %(serial)s registered, %(amount)s off.") % told

    def _shown(
        self, call: Call, page: RegisterPage, sent: Typed | None, *, status: int = 200
    ) -> HttpResponseBase:
        usual = _usual(call.actor, page)
        rows = [_row(page.id, one, sent, usual) for one in pages.rows_on(page)]
        context = {
            "heading": f"{self.title} · {page.bundle.name}",
            "state": badge(*_STATES[page.state]),
            "is_waiting": page.state == PageState.WAITING,
            "is_read": page.state == PageState.READ,
            "back": reverse("console:bundle", kwargs={"key": page.bundle_id}),
            "picture": reverse("console:register-page-picture", kwargs={"key": page.id}),
            "rows": rows,
            "open": sum(one.state is None for one in rows),
        }
        return self.page(call, "console/register_page.html", context, status=status)


class PagePicture(Screen):
    """The whole page, or the part that one row was read from."""

    name = "register-page-picture"
    path = "register-pages/<int:key>/page.jpg"
    title = _("Register page")
    permission = REGISTER
    parent = "bundles"

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """A JPEG; raises `register_page_unknown`, `register_row_unknown`."""
        asked = call.request.GET.get("row", "")
        if not asked:
            picture = pages.page_picture(call.actor, key["key"])
        elif (row := _whole(asked)) is not None:
            picture = pages.row_picture(call.actor, key["key"], row)
        else:
            raise Http404
        return HttpResponse(picture, content_type="image/jpeg")


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else None


def _sent(posted: Mapping[str, str]) -> Typed | None:
    """What somebody sent for a row; None where it names none."""
    row = _whole(posted.get("row", ""))
    if row is None:
        return None
    values = {name: posted.get(name, "").strip()[:CHARACTERS_MAX] for name in CELLS}
    confirmed = frozenset(name for name in CELLS if posted.get(f"ok-{name}"))
    return Typed(row, values, confirmed, "")


def _typed(actor: Actor, values: Mapping[str, str]) -> SlipTyped:
    """Raises `value_invalid`, `organisation_unknown`."""
    return SlipTyped(
        number=values[read_rows.NUMBER],
        last_symbols=values[read_rows.LAST],
        holder_name=values[read_rows.HOLDER] or None,
        holder_phone=values[read_rows.PHONE] or None,
        store_code=node_named(actor, values[read_rows.STORE]).code,
        clerk=values[read_rows.CLERK],
        used_at=cells.accepted(read_time, values[read_rows.AT], zh="使用时间", en="time of use"),
        amount_fen=read_amount(values[read_rows.AMOUNT] or None),
    )


def _usual(actor: Actor, page: RegisterPage) -> Mapping[str, str]:
    """What a page seldom says: store and clerk, as they were on the last slip of the bundle."""
    last = queries.remembered(actor, page.bundle_id)
    return {read_rows.STORE: last.store, read_rows.CLERK: last.clerk}


def _row(page_id: int, row: PageRow, sent: Typed | None, usual: Mapping[str, str]) -> RowShown:
    mine = sent if sent is not None and sent.row == row.number else None
    shown = []
    for name, title in CELLS.items():
        read = row.read.cells.get(name)
        value = mine.values[name] if mine else (read.text if read else usual.get(name, ""))
        unsure = read is not None and read.percent < SURE_PERCENT
        shown.append(
            CellShown(name, title, value, unsure, mine is not None and name in mine.confirmed)
        )
    address = reverse("console:register-page-picture", kwargs={"key": page_id})
    return RowShown(
        row.number,
        f"{address}?row={row.number}",
        _row_state(row),
        shown,
        mine.error if mine else "",
    )


def _row_state(row: PageRow) -> Cell | None:
    """What became of it; None while it waits."""
    if row.is_dropped:
        return badge(_("Left out"), "muted")
    if row.slip_id is None:
        return None
    return (
        badge(_("Registered"), "good")
        if row.slip_id
        else badge(_("Waits for the second keying"), "info")
    )


PAGE: RegisterPageScreen = RegisterPageScreen()
