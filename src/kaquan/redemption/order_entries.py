"""What an order did to the books: the entries of its uses, holds and reversals."""

from __future__ import annotations

from kaquan.foundation.actor import Actor
from kaquan.ledger.entries_at import ChangeKey, entries_of_changes
from kaquan.ledger.entry_pages import BookedEntry, Bookmark, Page, Period
from kaquan.ledger.sessions import reading_session
from kaquan.redemption.listings import EVER, ActivityFilter, activities

OPERATIONS = ("redeem", "hold", "reverse")


def entries_of_order(
    actor: Actor,
    order_no: str,
    *,
    store_id: int | None = None,
    period: Period = EVER,
    after: Bookmark | None = None,
    limit: int,
) -> Page[BookedEntry]:
    """The entries of the actor's part that an order caused, the latest booked first.

    ``limit`` counts what happened, which may have written several entries each.
    """
    found = activities(
        actor=actor,
        wanted=ActivityFilter(operations=OPERATIONS, store_id=store_id, order_no=order_no),
        period=period,
        after=after,
        limit=limit,
    )
    keys = [
        (one, ChangeKey(one.place.block, voucher.serial, voucher.version))
        for one in found.items
        for voucher in one.vouchers
    ]
    entries = entries_of_changes(reading_session(), [key for _, key in keys])
    items = [
        BookedEntry(one.place.block, one.booked_at, entry)
        for one, key in keys
        for entry in reversed(entries.get(key, ()))
    ]
    return Page(items, found.following)
