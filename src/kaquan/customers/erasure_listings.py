"""Requests to be forgotten, as those see them who decide on them."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet

from kaquan.customers.errors import erasure_request_unknown
from kaquan.customers.models import ErasureRequest, ErasureState
from kaquan.customers.queries import VIEW
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.organisations.queries import within

ORDERS = {"newest": "-id", "oldest": "id"}


class ErasureLine(NamedTuple):
    """A request; once it is done, `customer_number` stands for nobody."""

    id: int
    customer_id: int
    customer_number: str
    state: ErasureState
    requested_at: datetime
    requested_by: str
    ended_at: datetime | None
    ended_by: str


def erasure_page(actor: Actor, state: ErasureState | None, paging: Paging) -> Page[ErasureLine]:
    """Requests of one's part; raises `cursor_invalid`, `sort_invalid`."""
    rows = _visible(actor)
    if state is not None:
        rows = rows.filter(state=state)
    return page_of(rows, paging, ORDERS).mapped(lambda found: [_line(one) for one in found])


def erasure_by_id(actor: Actor, request_id: int) -> ErasureLine:
    """The request; raises `erasure_request_unknown`."""
    found = _visible(actor).filter(id=request_id).first()
    if found is None:
        raise erasure_request_unknown(request_id)
    return _line(found)


def _visible(actor: Actor) -> QuerySet[ErasureRequest]:
    require(actor, VIEW)
    rows = ErasureRequest.objects.select_related("customer")
    return within(actor, rows, "customer__organisation")


def _line(request: ErasureRequest) -> ErasureLine:
    return ErasureLine(
        request.pk,
        request.customer_id,
        request.customer.number,
        ErasureState(request.state),
        request.requested_at,
        request.requested_by,
        request.ended_at,
        request.ended_by,
    )
