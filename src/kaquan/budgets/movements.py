"""What happened to a budget's money: the entries of its accounts, the latest first."""

from __future__ import annotations

from msgspec import structs

from kaquan.budgets.listings import VIEW
from kaquan.budgets.queries import budget_by_id
from kaquan.foundation.actor import Actor, require
from kaquan.ledger.entry_pages import (
    BookedEntry,
    Bookmark,
    EntryFilter,
    Page,
    Period,
    entries_back,
)
from kaquan.ledger.sessions import reading_session

LIST_MAX = 201


def movements(
    actor: Actor,
    budget_id: int,
    *,
    wanted: EntryFilter | None = None,
    period: Period | None = None,
    after: Bookmark | None = None,
    limit: int,
) -> Page[BookedEntry]:
    """Entries of one budget, whoever caused them: who may see a budget may see all of it.

    Raises `budget_unknown`.
    """
    require(actor, VIEW)
    budget = budget_by_id(actor, budget_id)
    return entries_back(
        reading_session(),
        wanted=structs.replace(wanted or EntryFilter(), budget_id=budget.id),
        scope=None,
        period=period or Period(),
        after=after,
        limit=min(limit, LIST_MAX),
    )
