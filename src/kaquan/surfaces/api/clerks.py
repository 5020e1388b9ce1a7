"""Clerks over HTTP."""

from __future__ import annotations

from typing import Any

from ninja import Query

from kaquan.organisations import queries, staffing
from kaquan.organisations.actions import PERMISSION
from kaquan.organisations.models import Clerk
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.pages import PageQuery, page, page_of
from kaquan.surfaces.api.schemas import Answer, Body, Flag, Name, NodeId, PathNodeId, ShortCode

routes = Routes("clerks", zh="店员", en="Clerks")


class ClerkAnswer(Answer):
    """A clerk serves in every store below a node: mostly that of a single store."""

    staff_no: str
    name: str
    organisation_id: int
    organisation: str
    active: bool


class ClerkBody(Body):
    """A new clerk of a store (`organisation_id` of the store) or of all stores below a node."""

    staff_no: ShortCode
    name: Name
    organisation_id: NodeId


class ClerkChange(Body):
    """What to change; fields that are left out stay as they are."""

    name: Name | None = None
    organisation_id: NodeId | None = None
    active: Flag | None = None


def shown(clerk: Clerk) -> ClerkAnswer:
    """A clerk as an answer."""
    return ClerkAnswer(
        staff_no=clerk.staff_no,
        name=clerk.name,
        organisation_id=clerk.organisation_id,
        organisation=clerk.organisation.name,
        active=clerk.active,
    )


@routes.get(
    "/clerks",
    permission=queries.VIEW,
    answer=page_of(ClerkAnswer),
    zh="列出店员",
    en="List clerks",
    query={"under_id": 1, "active": True},
    problems=("organisation_unknown", "cursor_invalid"),
)
def list_clerks(
    request: Request,
    paging: Query[PageQuery],
    under_id: PathNodeId | None = None,
    active: bool | None = None,
) -> dict[str, Any]:
    """The clerks of a part of the tree."""
    (after,) = paging.after(str) or ("",)
    rows = queries.clerks(
        request.call.actor,
        under_id=under_id,
        active=active,
        after_staff_no=after,
        limit=paging.rows,
    )
    return page(rows, paging, key=lambda clerk: (clerk.staff_no,), show=shown)


@routes.post(
    "/clerks",
    permission=PERMISSION,
    answer=ClerkAnswer,
    status=201,
    zh="新建店员",
    en="Create a clerk",
    example={"staff_no": "E0912", "name": "李娜", "organisation_id": 1},
    problems=("organisation_unknown", "clerk_exists"),
)
def create_clerk(request: Request, body: ClerkBody) -> ClerkAnswer:
    """A new clerk."""
    return shown(staffing.create_clerk(actor=request.call.actor, **body.model_dump()))


@routes.get(
    "/clerks/{staff_no}",
    permission=queries.VIEW,
    answer=ClerkAnswer,
    zh="查看店员",
    en="Get a clerk",
    problems=("clerk_unknown",),
)
def get_clerk(request: Request, staff_no: ShortCode) -> ClerkAnswer:
    """One clerk."""
    return shown(queries.clerk_by_staff_no(request.call.actor, staff_no))


@routes.patch(
    "/clerks/{staff_no}",
    permission=PERMISSION,
    answer=ClerkAnswer,
    zh="修改店员",
    en="Change a clerk",
    about="`active: false` ends a clerk's service; the number is not given again.",
    example={"active": False},
    problems=("clerk_unknown", "organisation_unknown"),
)
def change_clerk(request: Request, staff_no: ShortCode, body: ClerkChange) -> ClerkAnswer:
    """A clerk's facts."""
    changes = body.model_dump(exclude_unset=True)
    return shown(staffing.update_clerk(actor=request.call.actor, staff_no=staff_no, **changes))
