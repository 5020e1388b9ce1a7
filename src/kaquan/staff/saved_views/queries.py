"""Which views somebody may use."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.staff.saved_views.errors import view_unknown
from kaquan.staff.saved_views.models import SavedView

SHARE = "views.share"
OFFERED_MAX = 30
ORDERS = {"newest": "-id", "name": "name"}


def views_for(actor: Actor, screen: str) -> Sequence[SavedView]:
    """The views of one list: one's own, then those shared with one's part of the tree."""
    rows = _visible(actor).filter(screen=screen)
    found = rows.order_by("name", "id")[:OFFERED_MAX]
    return sorted(found, key=lambda one: one.owner != actor.id)


def default_query(actor: Actor, screen: str) -> str | None:
    """How somebody wants a list to open; None for as it is."""
    rows = SavedView.objects.filter(owner=actor.id, screen=screen, is_default=True)
    return rows.values_list("query", flat=True).first()


def view_page(actor: Actor, screen: str | None, paging: Paging) -> Page[SavedView]:
    """All views that somebody may use; raises `cursor_invalid`, `sort_invalid`."""
    rows = _visible(actor)
    if screen is not None:
        rows = rows.filter(screen=screen)
    return page_of(rows, paging, ORDERS)


def view_by_id(actor: Actor, view_id: int) -> SavedView:
    """A view that somebody may use; raises `view_unknown`."""
    view = _visible(actor).filter(id=view_id).first()
    if view is None:
        raise view_unknown(view_id)
    return view


def own_view(actor: Actor, view_id: int) -> SavedView:
    """A view of one's own, locked until the transaction ends; raises `view_unknown`."""
    view = SavedView.objects.select_for_update().filter(owner=actor.id, id=view_id).first()
    if view is None:
        raise view_unknown(view_id)
    return view


def _visible(actor: Actor) -> QuerySet[SavedView]:
    """One's own, and those shared with a node at or above one's part."""
    ids = [part for part in actor.organisation_path.split(".") if part]
    above = ["".join(f"{one}." for one in ids[:depth]) for depth in range(len(ids) + 1)]
    return SavedView.objects.filter(Q(owner=actor.id) | Q(shared_path__in=above))
