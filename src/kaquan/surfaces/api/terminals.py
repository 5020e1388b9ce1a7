"""Terminals over HTTP."""

from __future__ import annotations

from typing import Any, Literal, cast

from ninja import Query

from kaquan.foundation import clock
from kaquan.organisations import queries, staffing
from kaquan.organisations.actions import PERMISSION
from kaquan.organisations.models import Terminal, TerminalKind
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.pages import PageQuery, page, page_of
from kaquan.surfaces.api.schemas import Answer, Body, Code, Flag, Moment, ShortCode

routes = Routes("terminals", zh="终端", en="Terminals")

Kind = Literal["till", "handheld", "phone", "kiosk"]


class TerminalAnswer(Answer):
    """A till, phone or scanner of a store. `last_seen_at` is when it last said that it is there."""

    terminal: str
    store: str
    kind: Kind
    active: bool
    last_seen_at: Moment | None


class TerminalBody(Body):
    """A new terminal."""

    terminal: ShortCode
    store: Code
    kind: Kind


class TerminalChange(Body):
    """What to change; fields that are left out stay as they are."""

    store: Code | None = None
    kind: Kind | None = None
    active: Flag | None = None


def shown(terminal: Terminal) -> TerminalAnswer:
    """A terminal as an answer."""
    return TerminalAnswer(
        terminal=terminal.code,
        store=terminal.store.organisation.code,
        kind=cast("Kind", terminal.kind),
        active=terminal.active,
        last_seen_at=terminal.last_seen_at,
    )


@routes.get(
    "/terminals",
    permission=queries.VIEW,
    answer=page_of(TerminalAnswer),
    zh="列出终端",
    en="List terminals",
    query={"store": "S001", "active": True},
    problems=("store_unknown", "cursor_invalid"),
)
def list_terminals(
    request: Request,
    paging: Query[PageQuery],
    store: Code | None = None,
    active: bool | None = None,
) -> dict[str, Any]:
    """The terminals of a store, or of all."""
    (after,) = paging.after(str) or ("",)
    rows = queries.terminals(
        request.call.actor, store_code=store, active=active, after_code=after, limit=paging.rows
    )
    return page(rows, paging, key=lambda terminal: (terminal.code,), show=shown)


@routes.post(
    "/terminals",
    permission=PERMISSION,
    answer=TerminalAnswer,
    status=201,
    zh="登记终端",
    en="Register a terminal",
    example={"terminal": "T-0912", "store": "S001", "kind": "till"},
    problems=("store_unknown", "terminal_exists"),
)
def create_terminal(request: Request, body: TerminalBody) -> TerminalAnswer:
    """A new terminal."""
    return shown(
        staffing.create_terminal(
            actor=request.call.actor,
            code=body.terminal,
            store_code=body.store,
            kind=TerminalKind(body.kind),
        )
    )


@routes.get(
    "/terminals/{terminal}",
    permission=queries.VIEW,
    answer=TerminalAnswer,
    zh="查看终端",
    en="Get a terminal",
    problems=("terminal_unknown",),
)
def get_terminal(request: Request, terminal: ShortCode) -> TerminalAnswer:
    """One terminal."""
    return shown(queries.terminal_by_code(request.call.actor, terminal))


@routes.patch(
    "/terminals/{terminal}",
    permission=PERMISSION,
    answer=TerminalAnswer,
    zh="修改终端",
    en="Change a terminal",
    about="With `active: false` its counter is closed, and within a second no use that names it as "
    "`terminal` is taken. One that does not say which it is stops when its key is revoked.",
    example={"active": False},
    problems=("terminal_unknown", "store_unknown"),
)
def change_terminal(request: Request, terminal: ShortCode, body: TerminalChange) -> TerminalAnswer:
    """A terminal's facts."""
    return shown(
        staffing.update_terminal(
            actor=request.call.actor,
            code=terminal,
            store_code=body.store,
            kind=TerminalKind(body.kind) if body.kind else None,
            active=body.active,
        )
    )


@routes.post(
    "/terminals/{terminal}/seen",
    permission=staffing.SERVE,
    answer=TerminalAnswer,
    zh="终端报到",
    en="Say that a terminal is there",
    about="For the terminal itself, with the key that it redeems with.",
    example={},
    problems=("terminal_unknown", "terminal_blocked"),
)
def report_terminal(request: Request, terminal: ShortCode) -> TerminalAnswer:
    """A sign of life."""
    return shown(
        staffing.note_terminal_seen(actor=request.call.actor, code=terminal, at=clock.now())
    )
