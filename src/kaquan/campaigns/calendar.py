"""Which campaigns run when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kaquan.campaigns.listings import VIEW
from kaquan.campaigns.models import Campaign
from kaquan.foundation.actor import Actor, require
from kaquan.organisations.queries import within

CAMPAIGNS_MAX = 300


def campaigns_between(
    actor: Actor, starts_at: datetime, ends_at: datetime
) -> tuple[Sequence[Campaign], bool]:
    """The campaigns that run at some moment of a time, the earliest first; whether there are more.

    Those that go on longest come first of equals.
    """
    require(actor, VIEW)
    rows = Campaign.objects.filter(starts_at__lt=ends_at, ends_at__gt=starts_at)
    rows = within(actor, rows, "organisation").order_by("starts_at", "-ends_at", "id")
    found = list(rows[: CAMPAIGNS_MAX + 1])
    return found[:CAMPAIGNS_MAX], len(found) > CAMPAIGNS_MAX
