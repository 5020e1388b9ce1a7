"""A list of stores for people, within the actor's part of the organisation."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Q

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.organisations.models import Organisation, OrganisationKind, Store
from kaquan.organisations.queries import LIST_MAX, VIEW, organisation_by_id, within

ORDERS = {
    "code": "organisation__code",
    "name": "organisation__name",
    "province": "province",
    "city": "city",
}


class StoreFilter(NamedTuple):
    """Which stores; None does not restrict."""

    words: str | None = None
    status: str | None = None
    province: str | None = None
    under_id: int | None = None


def store_page(actor: Actor, wanted: StoreFilter, paging: Paging) -> Page[Store]:
    """Stores with their nodes and the nodes above; raises `organisation_unknown`,
    `cursor_invalid`, `sort_invalid`."""
    require(actor, VIEW)
    rows = within(actor, Store.objects.select_related("organisation__parent"), "organisation")
    if wanted.words is not None:
        rows = rows.filter(
            Q(organisation__search_text__contains=wanted.words.lower())
            | Q(organisation__name__icontains=wanted.words)
            | Q(organisation__code__icontains=wanted.words)
            | Q(address__icontains=wanted.words)
        )
    if wanted.status is not None:
        rows = rows.filter(status=wanted.status)
    if wanted.province is not None:
        rows = rows.filter(province__icontains=wanted.province)
    if wanted.under_id is not None:
        path = organisation_by_id(actor, wanted.under_id).path
        rows = rows.filter(organisation__path__startswith=path)
    return page_of(rows, paging, ORDERS)


def nodes_above(actor: Actor, organisation: Organisation) -> list[Organisation]:
    """From the top of the actor's part down to the node itself."""
    ids = [int(part) for part in organisation.path.split(".")[:-1]]
    return list(within(actor, Organisation.objects.filter(id__in=ids), "").order_by("path"))


def upper_nodes(actor: Actor) -> list[Organisation]:
    """The nodes that others may stand below, parents before their children."""
    require(actor, VIEW)
    rows = within(actor, Organisation.objects.exclude(kind=OrganisationKind.STORE), "")
    return list(rows.order_by("path")[:LIST_MAX])
