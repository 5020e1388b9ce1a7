"""A list of API keys for people, within the actor's part of the organisation; no secret in it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from kaquan.access.models import ApiKey
from kaquan.access.queries import PERMISSION
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.organisations.queries import within

ORDERS = {"newest": "-id", "client": "client__name"}


class KeyFilter(NamedTuple):
    """Which keys; None does not restrict. ``state``: good or ended at a moment."""

    words: str | None = None
    kind: str | None = None
    state: str | None = None


def key_page(actor: Actor, wanted: KeyFilter, paging: Paging, *, at: datetime) -> Page[ApiKey]:
    """Keys with their clients and their last use; raises `cursor_invalid`, `sort_invalid`."""
    require(actor, PERMISSION)
    rows = ApiKey.objects.select_related("client__organisation", "last_use")
    rows = within(actor, rows.defer("secret_hash", "signing_secret"), "client__organisation")
    if wanted.words is not None:
        rows = rows.filter(
            Q(client__name__icontains=wanted.words) | Q(public_id__startswith=wanted.words)
        )
    if wanted.kind is not None:
        rows = rows.filter(kind=wanted.kind)
    ended = Q(revoked_at__isnull=False) | Q(expires_at__isnull=False, expires_at__lte=at)
    if wanted.state == "ended":
        rows = rows.filter(ended)
    elif wanted.state == "good":
        rows = rows.exclude(ended)
    return page_of(rows, paging, ORDERS)
