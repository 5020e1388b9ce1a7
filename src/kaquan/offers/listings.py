"""A list of offers for people, within the actor's part of the organisation."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.offers.models import Offer, OfferVersion
from kaquan.organisations.queries import within

VIEW = "offers.view"
ORDERS = {"code": "code", "name": "name", "newest": "-id"}


def offer_page(actor: Actor, words: str | None, paging: Paging) -> Page[Offer]:
    """Offers with their organisations; raises `cursor_invalid`, `sort_invalid`."""
    require(actor, VIEW)
    rows = within(actor, Offer.objects.select_related("organisation"), "organisation")
    if words is not None:
        rows = rows.filter(Q(name__icontains=words) | Q(code__icontains=words))
    return page_of(rows, paging, ORDERS)


def newest_versions(offer_ids: Collection[int]) -> dict[int, OfferVersion]:
    """What new batches of each offer are opened under; the offers were read with a scope before."""
    rows = OfferVersion.objects.filter(offer_id__in=offer_ids, is_aside=False)
    newest = rows.order_by("offer_id", "-number").distinct("offer_id")
    return {version.offer_id: version for version in newest}
