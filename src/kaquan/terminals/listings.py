"""Lists of terminals for people, within the actor's part of the organisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import Q

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.organisations.models import Terminal
from kaquan.organisations.queries import LIST_MAX, VIEW, terminal_by_id, within
from kaquan.terminals.models import Device, Shift, TerminalCaps
from kaquan.terminals.registering import caps_of

ORDERS = {"code": "code", "store": "store__organisation__code", "kind": "kind"}


class TerminalLine(NamedTuple):
    """A terminal, the device that it is, and the shift that is open at it."""

    terminal: Terminal
    device: Device | None
    shift: Shift | None


class TerminalFilter(NamedTuple):
    """Which terminals; None does not restrict."""

    words: str | None = None
    active: bool | None = None
    registered: bool | None = None


def terminal_page(actor: Actor, wanted: TerminalFilter, paging: Paging) -> Page[TerminalLine]:
    """Terminals with their stores; raises `cursor_invalid`, `sort_invalid`."""
    require(actor, VIEW)
    rows = within(
        actor, Terminal.objects.select_related("store__organisation"), "store__organisation"
    )
    if wanted.words is not None:
        rows = rows.filter(
            Q(code__icontains=wanted.words)
            | Q(store__organisation__search_text__contains=wanted.words.lower())
        )
    if wanted.active is not None:
        rows = rows.filter(active=wanted.active)
    if wanted.registered is not None:
        devices = Device.objects.filter(ended_at__isnull=True).values("terminal_id")
        rows = rows.filter(Q(id__in=devices) if wanted.registered else ~Q(id__in=devices))
    return page_of(rows, paging, ORDERS).mapped(lines_of)


def lines_of(terminals: Sequence[Terminal]) -> list[TerminalLine]:
    """The terminals with what is at work there."""
    ids = [one.pk for one in terminals]
    devices = {
        one.terminal_id: one
        for one in Device.objects.filter(terminal_id__in=ids, ended_at__isnull=True)
    }
    open_shifts = Shift.objects.filter(terminal_id__in=ids, ended_at__isnull=True)
    shifts = {one.terminal_id: one for one in open_shifts.select_related("user")}
    return [TerminalLine(one, devices.get(one.pk), shifts.get(one.pk)) for one in terminals]


class TerminalPage(NamedTuple):
    """All that there is to know of one terminal."""

    line: TerminalLine
    caps: TerminalCaps
    shifts: Sequence[Shift]

    @property
    def id(self) -> int:
        """The terminal's."""
        return self.line.terminal.pk


def terminal_for(actor: Actor, terminal_id: int, *, shifts_max: int = 10) -> TerminalPage:
    """One terminal; raises `terminal_unknown`."""
    require(actor, VIEW)
    terminal = terminal_by_id(actor, terminal_id)
    rows = Shift.objects.filter(terminal=terminal).select_related("user").order_by("-id")
    shifts = list(rows[: min(shifts_max, LIST_MAX)])
    return TerminalPage(lines_of([terminal])[0], caps_of(terminal), shifts)
