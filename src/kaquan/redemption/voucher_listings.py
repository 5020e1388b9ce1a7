"""Lists of vouchers and of runs of serials for people, within the actor's part."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from kaquan.campaigns.models import CampaignBatch
from kaquan.campaigns.queries import batch_by_id, batches_by_id, own_batch_ids
from kaquan.customers.models import Customer
from kaquan.customers.queries import VIEW as VIEW_CUSTOMERS
from kaquan.customers.queries import CustomerLine, line_of
from kaquan.engine.lifecycle import FROZEN, State
from kaquan.engine.rows import Custody
from kaquan.foundation.actor import EVERY_PERMISSION, Actor, require
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.paging import Page, Paging, cursor_invalid, cursor_of, keys_in
from kaquan.ledger.batch_rules import batch_ends, later_end
from kaquan.ledger.custody_pages import RunFilter, runs_after, touched_in
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.voucher_pages import VoucherFilter, VoucherRow, vouchers_along
from kaquan.organisations.queries import organisation_names, within
from kaquan.redemption.queries import TRACE

Stage = Literal["issued", "usable", "used", "frozen", "expired", "void"]
STAGES: dict[str, VoucherFilter] = {
    "issued": VoucherFilter(handed_out=True),
    "usable": VoucherFilter(states=(State.LIVE, State.ISSUED)),
    "used": VoucherFilter(states=(State.USED,)),
    "frozen": VoucherFilter(states=tuple(FROZEN)),
    "expired": VoucherFilter(states=(State.EXPIRED,)),
    "void": VoucherFilter(states=(State.VOID,)),
}
ENDING_COUNTED_MAX = 1_000
ENDING_LOOKED_AT_MAX = 5_000


class VoucherLine(NamedTuple):
    """A voucher as lists show it. ``batch`` and ``holder`` are None where they are not the
    actor's; nobody is named in full. ``ends_at`` is the voucher's own or that of its terms."""

    row: VoucherRow
    batch: CampaignBatch | None
    holder: CustomerLine | None
    ends_at: datetime | None


class RunLine(NamedTuple):
    """A run of serials, in whose hands it is, and how many of it something has happened to."""

    run: Custody
    batch: CampaignBatch | None
    holder: str
    touched: int


def voucher_page(
    actor: Actor,
    *,
    batch_id: int | None,
    stage: str | None,
    ends_from: datetime | None,
    ends_before: datetime | None,
    paging: Paging,
) -> Page[VoucherLine]:
    """Vouchers that something has happened to, by their serials; raises `batch_unknown` and
    `cursor_invalid`. A page may be short and still name a next one."""
    require(actor, TRACE)
    ends_asked = ends_from is not None or ends_before is not None
    if ends_asked and batch_id is None:
        raise _batch_needed()
    wanted = STAGES[stage] if stage else VoucherFilter()
    batch_ids = _batch_ids(actor, batch_id)
    found = vouchers_along(
        reading_session(),
        batch_ids=batch_ids,
        wanted=VoucherFilter(
            states=wanted.states,
            handed_out=wanted.handed_out,
            ends_from=ends_from,
            ends_before=ends_before,
            batch_end=_end_of(batch_id) if ends_asked and batch_id is not None else None,
        ),
        after_serial=_serial_in(paging.after),
        limit=paging.rows_max,
    )
    following = found.following
    return Page(
        lines_of(actor, found.rows), after="" if following is None else cursor_of(following)
    )


def ending_soon(actor: Actor, batch_id: int, at: datetime, until: datetime) -> tuple[int, bool]:
    """How many usable vouchers of a batch end in that time, and whether there may be more: so many
    are looked at and no more. Raises `batch_unknown`."""
    require(actor, TRACE)
    batch = batch_by_id(actor, batch_id)
    wanted = VoucherFilter(
        states=(State.LIVE, State.ISSUED),
        ends_from=at,
        ends_before=until,
        batch_end=_end_of(batch.id),
    )
    found = vouchers_along(
        reading_session(),
        batch_ids=[batch.id],
        wanted=wanted,
        limit=ENDING_COUNTED_MAX,
        looked_at_max=ENDING_LOOKED_AT_MAX,
    )
    return len(found.rows), found.following is not None


def run_page(
    actor: Actor,
    *,
    batch_id: int | None,
    active: bool | None,
    allotted: bool | None,
    paging: Paging,
) -> Page[RunLine]:
    """Runs of serials in their order; raises `batch_unknown` and `cursor_invalid`."""
    require(actor, TRACE)
    found = runs_after(
        reading_session(),
        batch_ids=_batch_ids(actor, batch_id),
        wanted=RunFilter(active=active, allotted=allotted),
        after_serial=_serial_in(paging.after),
        limit=paging.rows_max + 1,
    )
    shown = found[: paging.rows_max]
    following = cursor_of(shown[-1].first_serial) if len(found) > len(shown) else ""
    batches = batches_by_id(actor, {run.batch_id for run in shown})
    names = organisation_names(actor, {run.organisation_id for run in shown} - {0})
    touched = touched_in(reading_session(), shown) if shown else []
    return Page(
        [
            RunLine(run, batches.get(run.batch_id), names.get(run.organisation_id, ""), number)
            for run, number in zip(shown, touched, strict=True)
        ],
        after=following,
    )


def lines_of(actor: Actor, rows: Sequence[VoucherRow]) -> list[VoucherLine]:
    """Vouchers with what may be shown of their batches and holders."""
    batches = batches_by_id(actor, {row.batch_id for row in rows})
    held_by = holders(actor, {row.customer_id for row in rows} - {0})
    ends = batch_ends(reading_session(), {row.batch_id for row in rows})
    return [
        VoucherLine(
            row,
            batches.get(row.batch_id),
            held_by.get(row.customer_id),
            later_end(row.valid_until, ends.get(row.batch_id)),
        )
        for row in rows
    ]


def holders(actor: Actor, customer_ids: Collection[int]) -> dict[int, CustomerLine]:
    """Customers of the actor's part, for those who may see customers."""
    if not customer_ids or not {VIEW_CUSTOMERS, EVERY_PERMISSION} & actor.permissions:
        return {}
    rows = Customer.objects.select_related("merged_into").filter(id__in=customer_ids)
    return {one.id: line_of(one) for one in within(actor, rows, "organisation")}


def _end_of(batch_id: int) -> datetime | None:
    return batch_ends(reading_session(), [batch_id]).get(batch_id)


def _batch_needed() -> KaquanError:
    return KaquanError(
        "batch_needed",
        zh="按到期日查询请同时填写批次编号。",
        en="To look for what ends when, name a batch by its number.",
        exit_code=ExitCode.USAGE,
    )


def _batch_ids(actor: Actor, batch_id: int | None) -> Collection[int] | None:
    if batch_id is not None:
        return [batch_by_id(actor, batch_id).id]
    return own_batch_ids(actor) if actor.organisation_path else None


def _serial_in(cursor: str) -> int:
    if not cursor:
        return -1
    (serial,) = keys_in(cursor, 1)
    if not isinstance(serial, int):
        raise cursor_invalid()
    return serial
