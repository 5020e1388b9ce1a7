"""The change log, each part for those whose part of the tree it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.models import Change

VIEW = "changes.view"
LIST_MAX = 500


def changes(
    actor: Actor,
    *,
    kind: str | None = None,
    object_id: object | None = None,
    by_actor_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> Sequence[Change]:
    """Changes in the actor's part of the tree, the newest first; the next page begins before the
    last one's id. What belongs to the whole issuer is for those who may see all of it."""
    require(actor, VIEW)
    rows = Change.objects.all()
    if actor.organisation_path:
        rows = rows.filter(organisation_path__startswith=actor.organisation_path)
    if kind is not None:
        rows = rows.filter(kind=kind)
    if object_id is not None:
        rows = rows.filter(object_id=str(object_id))
    if by_actor_id is not None:
        rows = rows.filter(actor_id=by_actor_id)
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lt=until)
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return list(rows.order_by("-id")[: max(0, min(limit, LIST_MAX))])
