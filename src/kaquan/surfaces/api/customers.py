"""Customers over HTTP. Names and phones are masked everywhere but in the export of everything."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Query
from pydantic import Field

from kaquan.customers import actions, queries
from kaquan.customers.actions import TAGS_MAX
from kaquan.customers.merging import merge_customers, unmerge_customer
from kaquan.customers.queries import CustomerLine
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.pages import PageQuery, page, page_of
from kaquan.surfaces.api.schemas import Answer, Body, Moment, Name, NodeId, ShortCode

routes = Routes("customers", zh="客户", en="Customers")

Tag = Annotated[str, Field(min_length=1, max_length=64)]
Tags = Annotated[list[Tag], Field(max_length=TAGS_MAX)]
_NO_TAGS: Any = Query([], max_length=TAGS_MAX)
Phone = Annotated[str, Field(min_length=1, max_length=40)]


class CustomerAnswer(Answer):
    """A customer. `name` and `phone` are masked. One that is `merged_into` another number counts
    as that person; one that was erased is nobody's any more."""

    number: str
    name: str
    phone: str
    tags: list[str]
    organisation_id: int | None
    first_order_at: Moment | None
    merged_into: str | None
    erased_at: Moment | None


class CustomerBody(Body):
    """A new customer, by default of the caller's part of the tree. Of an identity document only a
    keyed number is kept, to count limits per person."""

    number: ShortCode
    name: Name | None = None
    phone: Phone | None = None
    id_document: ShortCode | None = None
    tags: Annotated[list[Tag], Field(default_factory=list, max_length=TAGS_MAX)]
    organisation_id: NodeId | None = None


class CustomerChange(Body):
    """What to change; fields that are left out stay as they are."""

    name: Name | None = None
    phone: Phone | None = None
    add_tags: Annotated[list[Tag], Field(default_factory=list, max_length=TAGS_MAX)]
    remove_tags: Annotated[list[Tag], Field(default_factory=list, max_length=TAGS_MAX)]


class CustomerSearch(Body):
    """Whom to look for: a phone number, in any spelling."""

    phone: Phone


class FoundCustomers(Answer):
    """Those with this very phone number."""

    items: list[CustomerAnswer]


class MergeBody(Body):
    """The customer that the other is to count as."""

    into: ShortCode


def shown(line: CustomerLine) -> CustomerAnswer:
    """A customer as an answer."""
    return CustomerAnswer(
        number=line.number,
        name=line.masked_name,
        phone=line.masked_phone,
        tags=list(line.tags),
        organisation_id=line.organisation_id,
        first_order_at=line.first_order_at,
        merged_into=line.merged_into,
        erased_at=line.erased_at,
    )


@routes.get(
    "/customers",
    permission=queries.VIEW,
    answer=page_of(CustomerAnswer),
    zh="列出客户",
    en="List customers",
    about="Those that have all of the tags given (`tag` may be repeated), oldest first.",
    query={"tag": "vip"},
    problems=("cursor_invalid",),
)
def list_customers(
    request: Request,
    paging: Query[PageQuery],
    tag: list[Tag] = _NO_TAGS,
) -> dict[str, Any]:
    """The customers of the caller's part of the tree."""
    (after_id,) = paging.after(int) or (0,)
    rows = queries.customers(request.call.actor, tags=tag, after_id=after_id, limit=paging.rows)
    return page(rows, paging, key=lambda line: (line.id,), show=shown)


@routes.post(
    "/customers",
    permission=actions.PERMISSION,
    answer=CustomerAnswer,
    status=201,
    zh="新建客户",
    en="Create a customer",
    example={"number": "M100200", "name": "王小明", "phone": "13800138000", "tags": ["新客"]},
    problems=("customer_exists", "organisation_unknown"),
)
def create_customer(request: Request, body: CustomerBody) -> CustomerAnswer:
    """A new customer."""
    customer = actions.create_customer(actor=request.call.actor, **body.model_dump())
    return shown(queries.line_of(customer))


@routes.post(
    "/customers/search",
    permission=queries.VIEW,
    answer=FoundCustomers,
    changes=False,
    zh="按手机号查找客户",
    en="Find customers by phone",
    about="The number is in the body, for addresses are logged.",
    example={"phone": "138 0013 8000"},
    problems=("value_invalid",),
)
def search_customers(request: Request, body: CustomerSearch) -> FoundCustomers:
    """Whoever has this phone number."""
    lines = queries.customers_by_spelled_phone(request.call.actor, body.phone)
    return FoundCustomers(items=[shown(line) for line in lines])


@routes.get(
    "/customers/{customer}",
    permission=queries.VIEW,
    answer=CustomerAnswer,
    zh="查看客户",
    en="Get a customer",
    problems=("customer_unknown",),
)
def get_customer(request: Request, customer: ShortCode) -> CustomerAnswer:
    """One customer, by number."""
    return shown(queries.customer_line(request.call.actor, customer))


@routes.patch(
    "/customers/{customer}",
    permission=actions.PERMISSION,
    answer=CustomerAnswer,
    zh="修改客户",
    en="Change a customer",
    example={"add_tags": ["vip"], "remove_tags": ["新客"]},
    problems=("customer_unknown", "customer_erased"),
)
def change_customer(request: Request, customer: ShortCode, body: CustomerChange) -> CustomerAnswer:
    """A customer's facts."""
    changed = actions.update_customer(
        actor=request.call.actor, number=customer, **body.model_dump()
    )
    return shown(queries.line_of(changed))


@routes.post(
    "/customers/{customer}/merge",
    permission=actions.PERMISSION,
    answer=CustomerAnswer,
    zh="合并客户",
    en="Merge a customer into another",
    about="Both numbers go on and keep their vouchers; limits per person, tags and the first order "
    "count them as one. It can be undone.",
    example={"into": "M100201"},
    problems=("customer_unknown", "customer_merged", "customer_merge_with_itself",
              "customer_erased"),
)  # fmt: skip
def merge_customer(request: Request, customer: ShortCode, body: MergeBody) -> CustomerAnswer:
    """Two numbers, one person."""
    merged = merge_customers(actor=request.call.actor, number=customer, into_number=body.into)
    return shown(queries.line_of(merged))


@routes.post(
    "/customers/{customer}/unmerge",
    permission=actions.PERMISSION,
    answer=CustomerAnswer,
    zh="撤销客户合并",
    en="Undo a merge",
    example={},
    problems=("customer_unknown", "customer_not_merged"),
)
def undo_merge(request: Request, customer: ShortCode) -> CustomerAnswer:
    """Two persons after all."""
    apart = unmerge_customer(actor=request.call.actor, number=customer)
    return shown(queries.line_of(apart))
