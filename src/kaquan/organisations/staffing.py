"""Changes of who and what serves customers in the stores: clerks and terminals."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import fields_of, record_row
from kaquan.organisations.actions import PERMISSION
from kaquan.organisations.errors import clerk_exists, terminal_blocked, terminal_exists
from kaquan.organisations.models import Clerk, Terminal, TerminalKind
from kaquan.organisations.queries import (
    clerk_by_staff_no,
    organisation_by_id,
    store_by_code,
    terminal_by_code,
)

SERVE = "redemption.redeem"
"""What a terminal's own key may do."""

_CLERK = ("staff_no", "name", "organisation", "active")
_TERMINAL = ("code", "store", "kind", "active")

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
            _keep_clerk(actor, "clerks.create", clerk, before=None)
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
        before = fields_of(clerk, *_CLERK)
        if name is not None:
            clerk.name = cells.accepted(read_name, name, zh="姓名", en="name")
        if organisation_id is not None:
            clerk.organisation = organisation_by_id(actor, organisation_id)
        if active is not None:
            clerk.active = active
        clerk.save(update_fields=["name", "organisation", "active"])
        _keep_clerk(actor, "clerks.update", clerk, before=before)
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
            _keep_terminal(actor, "terminals.create", terminal, before=None)
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
        before = fields_of(terminal, *_TERMINAL)
        if store_code is not None:
            terminal.store = store_by_code(actor, store_code)
        if kind is not None:
            terminal.kind = kind
        if active is not None:
            terminal.active = active
        terminal.save(update_fields=["store", "kind", "active"])
        _keep_terminal(actor, "terminals.update", terminal, before=before)
        return terminal


def note_terminal_seen(*, actor: Actor, code: str, at: datetime) -> Terminal:
    """A terminal says that it is there; raises `terminal_unknown`, `terminal_blocked`."""
    require(actor, SERVE)
    with transaction.atomic():
        terminal = terminal_by_code(actor, code)
        if not terminal.active:
            raise terminal_blocked(terminal.code)
        terminal.last_seen_at = max(at, terminal.last_seen_at or at)
        terminal.save(update_fields=["last_seen_at"])
        return terminal


def _keep_clerk(actor: Actor, verb: str, clerk: Clerk, *, before: Mapping[str, Any] | None) -> None:
    record_row(
        actor=actor,
        verb=verb,
        kind="clerk",
        row=clerk,
        name=clerk.staff_no,
        fields=_CLERK,
        organisation_path=clerk.organisation.path,
        before=before,
    )


def _keep_terminal(
    actor: Actor, verb: str, terminal: Terminal, *, before: Mapping[str, Any] | None
) -> None:
    record_row(
        actor=actor,
        verb=verb,
        kind="terminal",
        row=terminal,
        name=terminal.code,
        fields=_TERMINAL,
        organisation_path=terminal.store.organisation.path,
        before=before,
    )
