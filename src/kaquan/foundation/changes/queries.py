"""The change log, each part for those whose part of the tree it is about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.errors import change_unknown
from kaquan.foundation.changes.models import Change
from kaquan.foundation.paging import Page, Paging, page_of

VIEW = "changes.view"
LIST_MAX = 500
ORDERS = {"newest": "-id"}


class ChangeFilter(NamedTuple):
    """Which changes; None does not restrict."""

    kinds: Collection[str] | None = None
    object_id: str | None = None
    actor_ids: Collection[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


def change_page(actor: Actor, wanted: ChangeFilter, paging: Paging) -> Page[Change]:
    """Changes in the actor's part of the tree, the newest first. What belongs to the whole issuer
    is for those who may see all of it. Raises `cursor_invalid`, `sort_invalid`."""
    require(actor, VIEW)
    rows = _within(actor)
    if wanted.kinds is not None:
        rows = rows.filter(kind__in=wanted.kinds)
    if wanted.object_id is not None:
        rows = rows.filter(object_id=wanted.object_id)
    if wanted.actor_ids is not None:
        rows = rows.filter(actor_id__in=wanted.actor_ids)
    if wanted.since is not None:
        rows = rows.filter(at__gte=wanted.since)
    if wanted.until is not None:
        rows = rows.filter(at__lt=wanted.until)
    return page_of(rows, paging, ORDERS)


def change_by_id(actor: Actor, change_id: int) -> Change:
    """One change with its place in the chain; raises `change_unknown`."""
    require(actor, VIEW)
    found = _within(actor).select_related("link").filter(id=change_id).first()
    if found is None:
        raise change_unknown(change_id)
    return found


def changes_of(
    actor: Actor, things: Collection[tuple[str, object]], *, limit: int = 50
) -> Sequence[Change]:
    """What was done to things, each by its kind and id, in the actor's part of the tree, the newest
    first. It is for whoever may see the things, which the caller has made sure of."""
    if not things:
        return []
    wanted = Q()
    for kind, object_id in things:
        wanted |= Q(kind=kind, object_id=str(object_id))
    rows = _within(actor).filter(wanted).order_by("-id")
    return list(rows[: max(0, min(limit, LIST_MAX))])


def _within(actor: Actor) -> QuerySet[Change]:
    rows = Change.objects.all()
    if actor.organisation_path:
        rows = rows.filter(organisation_path__startswith=actor.organisation_path)
    return rows
