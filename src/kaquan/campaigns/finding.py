"""Finding campaigns and batches by name, by code or by the first letters of their names' sounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from django.db.models import Q, QuerySet

from kaquan.campaigns.listings import VIEW
from kaquan.campaigns.models import Campaign, CampaignBatch
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.pinyin import initials, may_be_typed
from kaquan.organisations.queries import within

FOUND_MAX = 50
NAMES_HEARD_MAX = 2_000
"""Of so many, the newest, the sounds are compared."""

Row = TypeVar("Row", Campaign, CampaignBatch)


def campaigns_found(actor: Actor, words: str, *, limit: int) -> Sequence[Campaign]:
    """Campaigns of the actor's part, the newest first; those that are written so before those that
    only sound so."""
    require(actor, VIEW)
    rows = within(actor, Campaign.objects.all(), "organisation")
    written = Q(name__icontains=words) | Q(code__icontains=words)
    return _found(rows, written, words, min(limit, FOUND_MAX))


def batches_found(actor: Actor, words: str, *, limit: int) -> Sequence[CampaignBatch]:
    """The same for batches, with their campaigns."""
    require(actor, VIEW)
    rows = CampaignBatch.objects.select_related("campaign")
    rows = within(actor, rows, "campaign__organisation")
    return _found(rows, Q(name__icontains=words), words, min(limit, FOUND_MAX))


def _found(rows: QuerySet[Row], written: Q, words: str, limit: int) -> list[Row]:
    found = list(rows.filter(written).order_by("-id")[:limit])
    if len(found) < limit and may_be_typed(words):
        names = rows.order_by("-id").values_list("id", "name")[:NAMES_HEARD_MAX]
        typed = words.lower()
        known = {one.id for one in found}
        heard = [id_ for id_, name in names if id_ not in known and typed in initials(name)]
        found += rows.filter(id__in=heard[: limit - len(found)]).order_by("-id")
    return found
