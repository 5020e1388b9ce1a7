"""Terminals: their list, a page about each, and the one-time code by which a device becomes one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.offline.queries import terminal_standing
from kaquan.organisations import actions, queries, staffing
from kaquan.surfaces.console.kit.actions import Action, Doing
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
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.kit.secrets import Revealed, Secret, SecretFormScreen
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.screens.organisations import STORE
from kaquan.surfaces.console.screens.voucher_care import read_amount
from kaquan.surfaces.console.words import TERMINAL_KINDS
from kaquan.terminals.listings import (
    TerminalFilter,
    TerminalLine,
    TerminalPage,
    terminal_for,
    terminal_page,
)
from kaquan.terminals.models import Shift
from kaquan.terminals.queries import totals_of
from kaquan.terminals.registering import (
    change_caps,
    make_registration_code,
    unregister_device,
)

VIEW = queries.VIEW
EDIT = actions.PERMISSION
_REGISTERED = [("yes", _("Registered")), ("no", _("No device"))]


def _state(line: TerminalLine) -> Cell:
    if not line.terminal.active:
        return badge(_("Blocked"), "bad")
    return badge(_("In use"), "good") if line.device else badge(_("No device"), "muted")


def _set_active(page: TerminalPage, doing: Doing, *, active: bool) -> Text:
    name = page.line.terminal.code
    staffing.update_terminal(actor=doing.actor, code=name, active=active)
    words = _("The terminal “%(name)s” may serve again.")
    return (words if active else _("The terminal “%(name)s” is blocked.")) % {"name": name}


def _unregister(page: TerminalPage, doing: Doing) -> Text:
    terminal = page.line.terminal
    unregister_device(actor=doing.actor, terminal_id=terminal.pk, at=clock.now())
    return _("“%(name)s” has no device any more.") % {"name": terminal.code}


ACTIONS: tuple[Action[TerminalPage], ...] = (
    Action(
        "block",
        _("Block"),
        EDIT,
        lambda page: _("Block the terminal “%(name)s”?") % {"name": page.line.terminal.code},
        lambda page, doing: _set_active(page, doing, active=False),
        danger=True,
        offered=lambda page: page.line.terminal.active,
        consequence=_(
            "Nothing is redeemed online at it from this moment on. Without a network it may go on "
            "until the time that its page shows; meanwhile it hands nothing in."
        ),
    ),
    Action(
        "unblock",
        _("Let it serve again"),
        EDIT,
        lambda page: _("Let “%(name)s” serve again?") % {"name": page.line.terminal.code},
        lambda page, doing: _set_active(page, doing, active=True),
        offered=lambda page: not page.line.terminal.active,
    ),
    Action(
        "unregister",
        _("Take the device off"),
        EDIT,
        lambda page: _("Take the device off “%(name)s”?") % {"name": page.line.terminal.code},
        _unregister,
        danger=True,
        offered=lambda page: page.line.device is not None,
        consequence=_("For a device that is lost, sold or used elsewhere; it must register anew."),
    ),
)


class TerminalDetail(DetailScreen[TerminalPage]):
    """One terminal: what it is, which device, who works at it, how far it goes by itself."""

    name = "terminal"
    path = "terminals/<int:key>"
    title = _("Terminal")
    permission = VIEW
    parent = "terminals"
    actions = ACTIONS
    links = (
        ("terminal-caps", _("Caps"), EDIT),
        ("terminal-edit", _("Edit"), EDIT),
        ("terminal-code", _("Register a device"), EDIT),
    )

    def subject(self, actor: Actor, key: int) -> TerminalPage:
        """The terminal; raises `terminal_unknown`."""
        return terminal_for(actor, key)

    def heading(self, subject: TerminalPage) -> str:
        """Its code."""
        return subject.line.terminal.code

    def badges(self, subject: TerminalPage) -> Sequence[Cell]:
        """Whether it serves."""
        return (_state(subject.line),)

    def shows_link(self, name: str, subject: TerminalPage) -> bool:
        """A blocked terminal takes no device."""
        return name != "terminal-code" or subject.line.terminal.active

    @staticmethod
    def facts(call: Call, page: TerminalPage) -> Sequence[Panel]:
        """What there is to know of it."""
        (terminal, device, shift), caps = page.line, page.caps
        store = terminal.store
        facts = [
            Fact(_("Store"), text(store.organisation.name, href=STORE.address(key=store.pk))),
            Fact(_("Kind"), text(TERMINAL_KINDS[terminal.kind])),
            Fact(_("Device registered"), moment(device.registered_at if device else None)),
            Fact(_("Last seen"), moment(terminal.last_seen_at)),
            Fact(_("At work"), text(shift.user.name if shift else "")),
        ]
        bounds = [
            Fact(_("One use takes off, at most"), money(caps.use_fen_max)),
            Fact(_("Without a network, one use"), money(caps.offline_use_fen_max)),
            Fact(_("Without a network, all uses"), money(caps.offline_total_fen_max)),
        ]
        return [Facts("", facts), Facts(_("Caps"), bounds), _offline(call, page)]

    @staticmethod
    def shifts(call: Call, page: TerminalPage) -> Sequence[Panel]:
        """The latest shifts with what they came to."""
        del call
        rows = [(one, totals_of(one)) for one in page.shifts]
        columns = (
            Column[Any]("clerk", _("Clerk"), lambda row: text(row[0].user.name)),
            Column[Any]("began", _("Began"), lambda row: moment(row[0].began_at)),
            Column[Any]("ended", _("Handed over"), lambda row: _ended(row[0])),
            Column[Any]("uses", _("Uses"), lambda row: text(str(row[1].uses)), number=True),
            Column[Any]("off", _("Taken off"), lambda row: money(row[1].discount_fen), number=True),
            Column[Any]("topped", _("Topped up"), lambda row: money(row[1].top_up_fen),
                        number=True),
            Column[Any]("counted", _("Money counted"), lambda row: money(row[0].counted_fen),
                        number=True),
            Column[Any]("note", _("Note"), lambda row: text(row[0].note), wide=True),
        )  # fmt: skip
        return [Table(_("Shifts"), columns, rows, _("Nobody has worked here yet."))]

    tabs = (
        Tab("facts", _("Terminal"), facts),
        Tab("shifts", _("Shifts"), shifts),
        changes_tab("terminal"),
    )


def _offline(call: Call, page: TerminalPage) -> Panel:
    """What a device that is not heard of may still hold, and how long it may go on."""
    now = clock.now()
    device, left_behind = terminal_standing(call.actor, page.id, now)
    facts = []
    if device is not None:
        over = device.ends_at is not None and device.ends_at <= now
        facts = [
            Fact(_("Last heard of"), moment(device.journal.reached_at)),
            Fact(_("Held then, not handed in"), count(device.journal.pending)),
            Fact(_("Their value"), money(device.journal.pending_fen)),
            Fact(_("Allowed until"), moment(device.ends_at)),
            Fact(_("Still allowed"), badge(_("No"), "muted") if over else badge(_("Yes"), "warn")),
            Fact(_("May be lost at most"), money(device.bound_fen)),
        ]
    if left_behind:
        facts.append(Fact(_("Left on devices before it"), count(left_behind)))
    if not facts:
        facts = [Fact(_("Without a network"), text(_("It was never allowed anything.")))]
    return Facts(_("Without a network"), facts)


def _ended(shift: Shift) -> Cell:
    return moment(shift.ended_at) if shift.ended_at else badge(_("Shift is open"), "good")


class Terminals(ListScreen[TerminalLine]):
    """All terminals of one's part."""

    name = "terminals"
    path = "terminals"
    title = _("Terminals")
    permission = VIEW
    empty = _("No terminal is registered here.")
    fields = (
        Field("words", _("Code or store"), hint=_("Pinyin too")),
        Field("registered", _("Device"), "choice", options=_REGISTERED),
    )
    columns = (
        Column[TerminalLine]("code", _("Code"), lambda one: code(
            one.terminal.code, href=TERMINAL.address(key=one.terminal.pk)), sort="code"),
        Column[TerminalLine]("store", _("Store"), lambda one: text(
            one.terminal.store.organisation.name), sort="store"),
        Column[TerminalLine]("kind", _("Kind"), lambda one: text(
            TERMINAL_KINDS[one.terminal.kind]), sort="kind"),
        Column[TerminalLine]("state", _("State"), _state),
        Column[TerminalLine]("clerk", _("At work"), lambda one: text(
            one.shift.user.name if one.shift else "")),
        Column[TerminalLine]("seen", _("Last seen"), lambda one: moment(
            one.terminal.last_seen_at), wide=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[TerminalLine]:
        """The terminals."""
        registered = values["registered"]
        wanted = TerminalFilter(
            values["words"], registered=None if registered is None else registered == "yes"
        )
        return terminal_page(actor, wanted, paging)

    def key(self, row: TerminalLine) -> str:
        """The terminal's id."""
        return str(row.terminal.pk)

    def action_address(self, row: TerminalLine, action: Action[Any]) -> str:
        """On the terminal's own page."""
        return action_address(TERMINAL, row.terminal.pk, action)


class RegisterDevice(SecretFormScreen):
    """A one-time code for one device; it is shown on the answer alone."""

    name = "terminal-code"
    path = "terminals/<int:key>/code"
    title = _("Register a device")
    hint = _("Open /counter/ on the device and type the code there. It is good for half an hour.")
    permission = EDIT
    parent = "terminals"
    save_words = _("Make a one-time code")
    fields = ()

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """Nothing; but there must be a terminal."""
        TERMINAL.subject(actor, key)
        return {}

    def reveal(self, doing: Doing, key: int) -> Revealed:
        """Make it."""
        made = make_registration_code(actor=doing.actor, terminal_id=key, at=clock.now())
        return Revealed(
            done=_("The code registers one device, once, within half an hour."),
            secrets=[Secret(_("One-time code"), made)],
            advice=_("A device that is registered now will be so no more once the code is used."),
            onward=[(self.home(key), _("Go on"))],
        )

    def home(self, key: int) -> str:
        """The terminal."""
        return TERMINAL.address(key=key)


class TerminalCapsForm(FormScreen):
    """How far a terminal goes by itself."""

    name = "terminal-caps"
    path = "terminals/<int:key>/caps"
    title = _("Caps")
    permission = EDIT
    parent = "terminals"
    fields = (
        Field("use", _("One use takes off, at most (yuan)"), characters_max=40,
              hint=_("More asks for a supervisor; empty: any amount.")),
        Field("offline_use", _("Without a network, one use (yuan)"), required=True,
              characters_max=40),
        Field("offline_total", _("Without a network, all uses (yuan)"), required=True,
              characters_max=40, hint=_("Until they are handed in; 0: no use without a network.")),
    )  # fmt: skip

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """As they are."""
        caps = TERMINAL.subject(actor, key).caps
        return {
            "use": _yuan(caps.use_fen_max),
            "offline_use": _yuan(caps.offline_use_fen_max),
            "offline_total": _yuan(caps.offline_total_fen_max),
        }

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Change them."""
        values = doing.values
        change_caps(
            actor=doing.actor,
            terminal_id=key,
            use_fen_max=read_amount(values["use"]),
            offline_use_fen_max=read_amount(values["offline_use"]) or 0,
            offline_total_fen_max=read_amount(values["offline_total"]) or 0,
        )
        return _("The caps were changed."), self.home(key)

    def home(self, key: int) -> str:
        """The terminal."""
        return TERMINAL.address(key=key)


def _yuan(amount_fen: int | None) -> str:
    return "" if amount_fen is None else f"{amount_fen // 100}.{amount_fen % 100:02}"


TERMINAL: TerminalDetail = TerminalDetail()
TERMINALS = Terminals()
