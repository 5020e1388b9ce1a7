"""A list of customers for people, within the actor's part of the organisation; nobody is named in
full."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from kaquan.customers.conditions import Tags
from kaquan.customers.models import Customer
from kaquan.customers.queries import VIEW, CustomerLine, line_of
from kaquan.customers.segments import people_page, segment_by_id
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.organisations.queries import within

ORDERS = {"newest": "-id", "number": "number"}


class CustomerFilter(NamedTuple):
    """Which customers; None does not restrict."""

    number: str | None = None
    tag: str | None = None
    state: str | None = None
    """known, merged or erased"""
    segment_id: int | None = None
    """then only known ones, the newest first"""


def customer_page(actor: Actor, wanted: CustomerFilter, paging: Paging) -> Page[CustomerLine]:
    """Customers as lists show them, by their numbers where those are asked for; raises
    `cursor_invalid`, `sort_invalid`, `segment_unknown`."""
    require(actor, VIEW)
    if wanted.segment_id is not None:
        return _of_segment(actor, wanted, paging)
    rows = within(actor, Customer.objects.select_related("merged_into"), "organisation")
    if wanted.number is not None:
        rows = rows.filter(number__startswith=wanted.number)
        paging = replace(paging, sort=paging.sort or "number")
    if wanted.tag is not None:
        rows = rows.filter(tags__contains=[wanted.tag])
    if wanted.state == "erased":
        rows = rows.filter(erased_at__isnull=False)
    elif wanted.state == "merged":
        rows = rows.filter(merged_into__isnull=False)
    elif wanted.state == "known":
        rows = rows.filter(erased_at__isnull=True, merged_into__isnull=True)
    return page_of(rows, paging, ORDERS).mapped(lambda found: [line_of(one) for one in found])


def _of_segment(actor: Actor, wanted: CustomerFilter, paging: Paging) -> Page[CustomerLine]:
    segment = segment_by_id(actor, wanted.segment_id or 0)
    also = [Tags(every=(wanted.tag,))] if wanted.tag else []
    return people_page(actor, segment, paging, number=wanted.number or "", also=also)
