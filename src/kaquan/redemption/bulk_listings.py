"""Files of vouchers and their rows, within the actor's part of the organisation."""

from __future__ import annotations

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Page, Paging, cursor_invalid, cursor_of, keys_in, page_of
from kaquan.organisations.queries import within
from kaquan.redemption.authority import CARE
from kaquan.redemption.models import BulkCare, BulkCareRow

VIEW = CARE
ORDERS = {"newest": "-id"}
DONE = "done"


def bulk_by_id(actor: Actor, bulk_id: int, *, for_update: bool = False) -> BulkCare:
    """The file; raises `bulk_unknown`."""
    require(actor, VIEW)
    rows = within(actor, BulkCare.objects.filter(id=bulk_id), "organisation")
    bulk = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if bulk is None:
        raise KaquanError(
            "bulk_unknown",
            zh=f"没有批量文件“{bulk_id}”，或不在您的管辖范围内。",
            en=f'There is no file "{bulk_id}", or not in your part of the organisation.',
        )
    return bulk


def bulk_page(
    actor: Actor, *, operation: str | None, state: str | None, paging: Paging
) -> Page[BulkCare]:
    """The files of the actor's part, the newest first; raises `cursor_invalid`, `sort_invalid`."""
    require(actor, VIEW)
    rows = within(actor, BulkCare.objects.all(), "organisation")
    if operation is not None:
        rows = rows.filter(operation=operation)
    if state is not None:
        rows = rows.filter(state=state)
    return page_of(rows, paging, ORDERS)


def bulk_rows(
    actor: Actor, bulk_id: int, *, only: str | None = None, paging: Paging
) -> Page[BulkCareRow]:
    """The rows of a file in their order: all, those ``doable``, those ``not_doable``, or those
    ``refused`` when it came to it. Raises `bulk_unknown`, `cursor_invalid`."""
    bulk = bulk_by_id(actor, bulk_id)
    rows = BulkCareRow.objects.filter(bulk=bulk)
    if only == "doable":
        rows = rows.filter(planned=DONE)
    elif only == "not_doable":
        rows = rows.exclude(planned=DONE)
    elif only == "refused":
        rows = rows.filter(planned=DONE).exclude(outcome__in=("", DONE))
    if paging.after:
        (last,) = keys_in(paging.after, 1)
        if not isinstance(last, int):
            raise cursor_invalid()
        rows = rows.filter(row_number__gt=last)
    found = list(rows.order_by("row_number")[: paging.rows_max + 1])
    shown = found[: paging.rows_max]
    more = len(found) > len(shown)
    return Page(shown, after=cursor_of(shown[-1].row_number) if more else "")


def carried_out_before(actor: Actor, bulk: BulkCare) -> BulkCare | None:
    """An earlier file of the actor's part with the same content and purpose that was worked off."""
    rows = within(actor, BulkCare.objects.filter(digest=bulk.digest), "organisation")
    return rows.filter(id__lt=bulk.id, done_count__gt=0).order_by("-id").first()
