"""A list of budgets for people, within the actor's part of the organisation."""

from __future__ import annotations

from django.db.models import Q

from kaquan.budgets.models import Budget
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.organisations.queries import within

VIEW = "budgets.view"
ORDERS = {"tree": "path", "code": "code", "name": "name", "newest": "-id"}


def budget_page(
    actor: Actor,
    words: str | None,
    funder_id: int | None,
    paging: Paging,
    *,
    is_open: bool | None = None,
) -> Page[Budget]:
    """Budgets with funders and organisations, those below a budget after it; funder 0 is the
    issuer. Raises `cursor_invalid`, `sort_invalid`."""
    require(actor, VIEW)
    rows = Budget.objects.select_related("funder", "organisation")
    rows = within(actor, rows, "organisation")
    if words is not None:
        rows = rows.filter(Q(name__icontains=words) | Q(code__icontains=words))
    if funder_id is not None:
        rows = rows.filter(funder=funder_id) if funder_id else rows.filter(funder=None)
    if is_open is not None:
        rows = rows.filter(closed_at__isnull=is_open)
    return page_of(rows, paging, ORDERS)
