"""The organisation tree over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from ninja import Query
from pydantic import Field

from kaquan.organisations import actions, queries
from kaquan.organisations.models import Organisation, OrganisationKind
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.pages import PageQuery, page, page_of
from kaquan.surfaces.api.schemas import Answer, Body, Code, Name, NodeId, PathNodeId

routes = Routes("organisations", zh="组织", en="Organisations")

Kind = Literal["head_office", "region", "province", "city"]
AnyKind = Literal["head_office", "region", "province", "city", "store"]


class OrganisationAnswer(Answer):
    """A node of the tree; a store is one too. `path` holds the ids from the root to itself."""

    id: int
    code: str
    name: str
    kind: AnyKind
    parent_id: int | None
    path: str


class OrganisationBody(Body):
    """A new node; without a code it gets one. Without a parent it is a root."""

    kind: Kind
    name: Name
    code: Code | None = None
    parent_id: NodeId | None = None


class OrganisationChange(Body):
    """What to change: a new name, a new parent (null: no parent), or both."""

    name: Name | None = None
    parent_id: Annotated[NodeId | None, Field(description="null: a root of its own")] = None


def shown(node: Organisation) -> OrganisationAnswer:
    """A node as an answer."""
    return OrganisationAnswer(
        id=node.id,
        code=node.code,
        name=node.name,
        kind=cast("AnyKind", node.kind),
        parent_id=node.parent_id,
        path=node.path,
    )


@routes.get(
    "/organisations",
    permission=queries.VIEW,
    answer=page_of(OrganisationAnswer),
    zh="列出组织的下级",
    en="List the nodes right below one",
    about="Without `parent_id` the list begins where the key's part of the tree begins.",
    query={"parent_id": 1, "limit": 50},
    problems=("organisation_unknown", "cursor_invalid"),
)
def list_organisations(
    request: Request, paging: Query[PageQuery], parent_id: PathNodeId | None = None
) -> dict[str, Any]:
    """The children of a node."""
    (after_code,) = paging.after(str) or ("",)
    rows = queries.nodes_below(
        request.call.actor, parent_id, after_code=after_code, limit=paging.rows
    )
    return page(rows, paging, key=lambda node: (node.code,), show=shown)


@routes.post(
    "/organisations",
    permission=actions.PERMISSION,
    answer=OrganisationAnswer,
    status=201,
    zh="新建组织",
    en="Create a node",
    about="Stores are created by `POST /stores`.",
    example={"kind": "region", "name": "华东大区", "code": "EAST", "parent_id": 1},
    problems=("organisation_unknown", "organisation_exists", "organisation_misplaced"),
)
def create_organisation(request: Request, body: OrganisationBody) -> OrganisationAnswer:
    """A new node."""
    return shown(
        actions.create_organisation(
            actor=request.call.actor,
            kind=OrganisationKind(body.kind),
            code=body.code,
            name=body.name,
            parent_id=body.parent_id,
        )
    )


@routes.get(
    "/organisations/{organisation_id}",
    permission=queries.VIEW,
    answer=OrganisationAnswer,
    zh="查看组织",
    en="Get a node",
    problems=("organisation_unknown",),
)
def get_organisation(request: Request, organisation_id: PathNodeId) -> OrganisationAnswer:
    """One node."""
    return shown(queries.organisation_by_id(request.call.actor, organisation_id))


@routes.patch(
    "/organisations/{organisation_id}",
    permission=actions.PERMISSION,
    answer=OrganisationAnswer,
    zh="改名或移动组织",
    en="Rename or move a node",
    about="Moving takes all below it along. Fields that are left out stay as they are.",
    example={"name": "华东销售区"},
    problems=("organisation_unknown", "organisation_exists", "organisation_misplaced"),
)
def change_organisation(
    request: Request, organisation_id: PathNodeId, body: OrganisationChange
) -> OrganisationAnswer:
    """A node renamed, moved, or both."""
    node = queries.organisation_by_id(request.call.actor, organisation_id)
    if body.name is not None:
        node = actions.rename_organisation(
            actor=request.call.actor, organisation_id=organisation_id, name=body.name
        )
    if "parent_id" in body.model_fields_set:
        node = actions.move_organisation(
            actor=request.call.actor, organisation_id=organisation_id, parent_id=body.parent_id
        )
    return shown(node)
