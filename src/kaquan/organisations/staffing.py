"""Changes of who and what serves customers in the stores: clerks and terminals."""

from datetime import datetime

from django.db import IntegrityError, transaction

from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.organisations.actions import PERMISSION
from kaquan.organisations.errors import clerk_exists, terminal_exists
from kaquan.organisations.models import Clerk, Terminal, TerminalKind
from kaquan.organisations.queries import (
    clerk_by_staff_no,
    organisation_by_id,
    store_by_code,
    terminal_by_code,
)

SERVE = "redemption.redeem"
"""What a terminal's own key may do."""

read_staff_no = cells.code()
read_terminal_code = cells.code()
read_name = cells.text(100)


def create_clerk(*, actor: Actor, staff_no: str, name: str, organisation_id: int) -> Clerk:
    """Add a clerk to a store, or to a node for all stores below it.

    Raises `clerk_exists`, `organisation_unknown`, `value_invalid`.
    """
    require(actor, PERMISSION)
    clerk = Clerk(
        staff_no=cells.accepted(read_staff_no, staff_no, zh="工号", en="staff number"),
        name=cells.accepted(read_name, name, zh="姓名", en="name"),
        organisation=organisation_by_id(actor, organisation_id),
    )
    try:
        with transaction.atomic():
            clerk.save(force_insert=True)
    except IntegrityError:
        raise clerk_exists(clerk.staff_no) from None
    return clerk


def update_clerk(
    *,
    actor: Actor,
    staff_no: str,
    name: str | None = None,
    organisation_id: int | None = None,
    active: bool | None = None,
) -> Clerk:
    """Change what is given of a clerk; raises `clerk_unknown`, `organisation_unknown`,
    `value_invalid`."""
    require(actor, PERMISSION)
    with transaction.atomic():
        clerk = clerk_by_staff_no(actor, staff_no)
        if name is not None:
            clerk.name = cells.accepted(read_name, name, zh="姓名", en="name")
        if organisation_id is not None:
            clerk.organisation = organisation_by_id(actor, organisation_id)
        if active is not None:
            clerk.active = active
        clerk.save(update_fields=["name", "organisation", "active"])
        return clerk


def create_terminal(*, actor: Actor, code: str, store_code: str, kind: TerminalKind) -> Terminal:
    """Register a terminal to a store; raises `terminal_exists`, `store_unknown`,
    `value_invalid`."""
    require(actor, PERMISSION)
    terminal = Terminal(
        code=cells.accepted(read_terminal_code, code, zh="终端编码", en="terminal code"),
        store=store_by_code(actor, store_code),
        kind=kind,
    )
    try:
        with transaction.atomic():
            terminal.save(force_insert=True)
    except IntegrityError:
        raise terminal_exists(terminal.code) from None
    return terminal


def update_terminal(
    *,
    actor: Actor,
    code: str,
    store_code: str | None = None,
    kind: TerminalKind | None = None,
    active: bool | None = None,
) -> Terminal:
    """Change what is given of a terminal; raises `terminal_unknown`, `store_unknown`."""
    require(actor, PERMISSION)
    with transaction.atomic():
        terminal = terminal_by_code(actor, code)
        if store_code is not None:
            terminal.store = store_by_code(actor, store_code)
        if kind is not None:
            terminal.kind = kind
        if active is not None:
            terminal.active = active
        terminal.save(update_fields=["store", "kind", "active"])
        return terminal


def note_terminal_seen(*, actor: Actor, code: str, at: datetime) -> Terminal:
    """A terminal says that it is there; raises `terminal_unknown`."""
    require(actor, SERVE)
    with transaction.atomic():
        terminal = terminal_by_code(actor, code)
        terminal.last_seen_at = max(at, terminal.last_seen_at or at)
        terminal.save(update_fields=["last_seen_at"])
        return terminal
