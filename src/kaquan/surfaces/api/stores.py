"""Stores, with their clerks and terminals, over HTTP."""

from __future__ import annotations

from typing import Any, Literal, cast

from ninja import Query
from pydantic import Field

from kaquan.organisations import queries
from kaquan.organisations.actions import PERMISSION, update_store
from kaquan.organisations.actions import create_store as add_store
from kaquan.organisations.coordinates import LATITUDE_MAX, LONGITUDE_MAX, Position
from kaquan.organisations.models import Store, StoreStatus
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.pages import PageQuery, page, page_of
from kaquan.surfaces.api.schemas import Answer, Body, Code, Line, Name, NodeId, PathNodeId

routes = Routes("stores", zh="门店", en="Stores")

Status = Literal["open", "paused", "closed"]


class StoreAnswer(Answer):
    """A store. While it is not `open` no voucher can be used there.

    Its position is in GCJ-02, the datum of maps published in China, in millionths of a degree.
    """

    code: str
    organisation_id: int
    parent_id: int | None
    name: str
    address: str
    province: str
    city: str
    open_hours: str
    status: Status
    latitude_microdegrees: int | None
    longitude_microdegrees: int | None


class PositionBody(Body):
    """A point in GCJ-02, in millionths of a degree; what a phone's GPS says is another datum."""

    latitude_microdegrees: int = Field(strict=True, ge=-LATITUDE_MAX, le=LATITUDE_MAX)
    longitude_microdegrees: int = Field(strict=True, ge=-LONGITUDE_MAX, le=LONGITUDE_MAX)


class StoreBody(Body):
    """A new store below a node of the tree."""

    code: Code
    name: Name
    parent_id: NodeId | None = None
    address: Line = ""
    province: Line = ""
    city: Line = ""
    open_hours: Line = ""
    status: Status = "open"
    position: PositionBody | None = None


class StoreChange(Body):
    """What to change; fields that are left out stay as they are."""

    name: Name | None = None
    parent_id: NodeId | None = None
    address: Line | None = None
    province: Line | None = None
    city: Line | None = None
    open_hours: Line | None = None
    status: Status | None = None
    position: PositionBody | None = None


def shown(store: Store) -> StoreAnswer:
    """A store as an answer."""
    node = store.organisation
    return StoreAnswer(
        code=node.code,
        organisation_id=node.id,
        parent_id=node.parent_id,
        name=node.name,
        address=store.address,
        province=store.province,
        city=store.city,
        open_hours=store.open_hours,
        status=cast("Status", store.status),
        latitude_microdegrees=store.latitude_microdegrees,
        longitude_microdegrees=store.longitude_microdegrees,
    )


@routes.get(
    "/stores",
    permission=queries.VIEW,
    answer=page_of(StoreAnswer),
    zh="列出门店",
    en="List stores",
    about="Those below `under_id`, or all of the key's part, in the order of their codes.",
    query={"under_id": 1, "status": "open"},
    problems=("organisation_unknown", "cursor_invalid"),
)
def list_stores(
    request: Request,
    paging: Query[PageQuery],
    under_id: PathNodeId | None = None,
    status: Status | None = None,
) -> dict[str, Any]:
    """The stores of a part of the tree."""
    (after_code,) = paging.after(str) or ("",)
    rows = queries.stores(
        request.call.actor,
        under_id=under_id,
        status=StoreStatus(status) if status else None,
        after_code=after_code,
        limit=paging.rows,
    )
    return page(rows, paging, key=lambda store: (store.organisation.code,), show=shown)


@routes.post(
    "/stores",
    permission=PERMISSION,
    answer=StoreAnswer,
    status=201,
    zh="新建门店",
    en="Create a store",
    example={"code": "S901", "name": "中山路店", "parent_id": 1, "address": "中山路 8 号",
             "province": "江苏", "city": "南京", "open_hours": "9:00-21:30"},
    problems=("organisation_unknown", "organisation_exists", "organisation_misplaced"),
)  # fmt: skip
def create_store(request: Request, body: StoreBody) -> StoreAnswer:
    """A new store."""
    facts = body.model_dump() | {
        "status": StoreStatus(body.status),
        "position": _position(body.position),
    }
    return shown(add_store(actor=request.call.actor, **facts))


@routes.get(
    "/stores/{store}",
    permission=queries.VIEW,
    answer=StoreAnswer,
    zh="查看门店",
    en="Get a store",
    problems=("store_unknown",),
)
def get_store(request: Request, store: Code) -> StoreAnswer:
    """One store, by its code."""
    return shown(queries.store_by_code(request.call.actor, store))


@routes.patch(
    "/stores/{store}",
    permission=PERMISSION,
    answer=StoreAnswer,
    zh="修改门店",
    en="Change a store",
    about="A store that is paused or closed takes no vouchers from the next second on.",
    example={"open_hours": "10:00-22:00", "status": "paused"},
    problems=("store_unknown", "organisation_unknown", "organisation_exists",
              "organisation_misplaced"),
)  # fmt: skip
def change_store(request: Request, store: Code, body: StoreChange) -> StoreAnswer:
    """A store's facts."""
    changes = body.model_dump(exclude_unset=True)
    if "position" in changes:
        changes["position"] = _position(body.position)
    return shown(update_store(actor=request.call.actor, code=store, **changes))


def _position(body: PositionBody | None) -> Position | None:
    if body is None:
        return None
    return Position(body.latitude_microdegrees, body.longitude_microdegrees)
