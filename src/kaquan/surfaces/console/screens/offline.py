"""Work without a network: what may be lost at most, how devices stand, and what was in conflict."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from kaquan.engine.outcome_details import sentence
from kaquan.engine.outcomes import OutcomeCode
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.offline import queries
from kaquan.offline.models import FaultKind, Journal, JournalFault, OfflineUse, Verdict
from kaquan.organisations.queries import VIEW
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    Text,
    badge,
    code,
    count,
    moment,
    money,
    text,
)
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Table
from kaquan.surfaces.console.kit.screens import Call, language_now
from kaquan.surfaces.console.screens.figures import FiguresScreen
from kaquan.surfaces.console.screens.vouchers import VOUCHER

_VERDICTS: dict[str, Cell] = {
    Verdict.LOSS: badge(_("Loss booked"), "bad"),
    Verdict.REFUSED: badge(_("Borne by the store"), "warn"),
}
_FAULTS: dict[str, Text] = {
    FaultKind.GAP: _("Lines are missing"),
    FaultKind.FORK: _("The journal was copied"),
    FaultKind.CLOCK_BACK: _("The clock was set back"),
    FaultKind.CLOCK_AHEAD: _("The clock is ahead"),
    FaultKind.SIGNATURE: _("Not signed by the device"),
    FaultKind.FORM: _("Not a line of its journal"),
    FaultKind.ONLINE_ONLY: _("Took what chance kept online"),
    FaultKind.UNDO: _("A use was not undone after all"),
}
_UNCOVERED: dict[str, Text] = {
    "no_grant": _("it was allowed nothing"),
    "outside_grant": _("outside the time it was allowed"),
    "online_only": _("chance kept it online"),
    "above_value": _("more than the voucher is worth"),
    "above_use_cap": _("more than one use may take"),
    "above_total_cap": _("more than it may take in all"),
    "key_revoked": _("its signing key was revoked before"),
}


def _store(row: OfflineUse | JournalFault | Journal) -> Cell:
    return text(row.device.terminal.store.organisation.name)


def _terminal(row: OfflineUse | JournalFault | Journal) -> Cell:
    return code(row.device.terminal.code)


def _reason(row: OfflineUse) -> str:
    """Why the books did not take it, in the page's language."""
    return sentence(OutcomeCode[row.reason.upper()], {}, language_now())


class Offline(FiguresScreen):
    """The bound, in all and by store; the devices; what was odd about journals."""

    name = "offline"
    path = "offline"
    title = _("Without a network")
    permission = VIEW
    note = _(
        "The bound is what the issuer may still lose if vouchers were copied and every device "
        "takes them without a network up to its caps; it is booked as soon as a device hands in."
    )

    def panels(self, call: Call, values: Values) -> Sequence[Panel]:
        """All of one's part, as it is now."""
        del values
        now = clock.now()
        told = queries.standing(call.actor, now)
        facts = [
            Fact(_("May be lost at most"), money(told.bound_fen)),
            Fact(_("Devices"), count(told.devices)),
            Fact(_("To be handed in, as devices say"), count(told.pending)),
            Fact(_("Their value"), money(told.pending_fen)),
            Fact(_("Lost within 30 days"), money(told.lost_fen)),
            Fact(_("Conflicts within 30 days"), count(told.conflicts, href=CONFLICTS.address())),
        ]
        stores = Table(
            _("By store"),
            [
                Column("store", _("Store"), lambda one: text(one.name)),
                Column("code", _("Code"), lambda one: code(one.code), wide=True),
                Column("devices", _("Devices"), lambda one: count(one.devices), number=True),
                Column("bound", _("May be lost at most"), lambda one: money(one.bound_fen),
                       number=True),
            ],
            queries.store_bounds(call.actor),
            _("No device may take vouchers without a network."),
        )  # fmt: skip
        return [Facts("", facts), stores, self._devices(call), self._faults(call)]

    def _devices(self, call: Call) -> Panel:
        columns: list[Column[queries.DeviceStanding]] = [
            Column("terminal", _("Terminal"), lambda one: _terminal(one.journal)),
            Column("store", _("Store"), lambda one: _store(one.journal), wide=True),
            Column("reached", _("Last handed in"), lambda one: moment(one.journal.reached_at)),
            Column("ends", _("Allowed until"), lambda one: moment(one.ends_at), wide=True),
            Column("pending", _("To be handed in"), lambda one: count(one.journal.pending),
                   number=True),
            Column("bound", _("May be lost at most"), lambda one: money(one.bound_fen),
                   number=True),
            Column("lost", _("Lost within a day"), lambda one: money(one.lost_fen), number=True,
                   wide=True),
            Column("faults", _("Oddities"), lambda one: count(one.faults), number=True, wide=True),
        ]  # fmt: skip
        rows = queries.device_standings(call.actor, clock.now())
        return Table(_("Devices, longest unheard first"), columns, rows, _("There is none yet."))

    def _faults(self, call: Call) -> Panel:
        columns: list[Column[JournalFault]] = [
            Column("at", _("Noticed"), lambda one: moment(one.at)),
            Column("terminal", _("Terminal"), _terminal),
            Column("store", _("Store"), _store, wide=True),
            Column("kind", _("What"), lambda one: text(_FAULTS[one.kind])),
            Column("line", _("Line"), lambda one: count(one.counter), number=True),
        ]
        rows = queries.fault_rows(call.actor)
        return Table(_("Oddities of journals"), columns, rows, _("Every journal is whole."))


OFFLINE = Offline()


class OfflineConflicts(ListScreen[OfflineUse]):
    """Uses that the books did not take as they were: who bears them."""

    name = "offline-conflicts"
    path = "offline/conflicts"
    title = _("Offline conflicts")
    permission = VIEW
    empty = _("Nothing that was taken without a network was in conflict with anything.")
    fields = (
        Field("verdict", _("Who bears it"), "choice", options=[
            (str(key), cell.text) for key, cell in _VERDICTS.items()]),
    )  # fmt: skip
    columns = (
        Column[OfflineUse]("number", _("Number"), lambda one: code(str(one.id)), sort="number",
                           wide=True),
        Column[OfflineUse]("used", _("Time of use"), lambda one: moment(one.at)),
        Column[OfflineUse]("voucher", _("Voucher"), lambda one: code(
            str(one.serial), href=VOUCHER.address(key=one.serial)), wide=True),
        Column[OfflineUse]("store", _("Store"), _store, wide=True),
        Column[OfflineUse]("terminal", _("Terminal"), _terminal, wide=True),
        Column[OfflineUse]("clerk", _("Clerk"), lambda one: text(
            one.shift.user.name if one.shift else "—"), wide=True),
        Column[OfflineUse]("amount", _("Taken off"), lambda one: money(one.amount_fen),
                           number=True, wide=True),
        Column[OfflineUse]("verdict", _("Who bears it"), lambda one: _VERDICTS[one.verdict]),
        Column[OfflineUse]("loss", _("Loss"), lambda one: money(one.loss_fen), number=True),
        Column[OfflineUse]("reason", _("Reason"), lambda one: text(_reason(one)), wide=True),
        Column[OfflineUse]("uncovered", _("Why not the issuer"), lambda one: text(
            _UNCOVERED.get(one.uncovered, one.uncovered or "—")), wide=True),
        Column[OfflineUse]("received", _("Handed in"), lambda one: moment(one.received_at),
                           wide=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[OfflineUse]:
        """The latest first."""
        return queries.conflict_page(actor, values["verdict"], paging)


CONFLICTS = OfflineConflicts()

SCREENS = (OFFLINE, CONFLICTS)
