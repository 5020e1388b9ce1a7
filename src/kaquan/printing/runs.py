"""Print runs: ordered from a batch's vouchers, each voucher once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction

from kaquan.campaigns.models import CampaignBatch
from kaquan.campaigns.queries import batch_by_id
from kaquan.engine.rules.explain import explain
from kaquan.engine.rules.terms import Terms
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import record_row
from kaquan.foundation.encrypted_fields import seal, unseal
from kaquan.foundation.jobs import actions as jobs
from kaquan.foundation.jobs.models import Job
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.ledger.custody import serial_runs
from kaquan.ledger.pool_codes import has_pools
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.voucher_pages import passed_on_among
from kaquan.offers.queries import names_in, terms_of
from kaquan.organisations.queries import within
from kaquan.printing.errors import (
    glyphs_missing,
    not_enough,
    quantity_invalid,
    run_unknown,
    terms_too_long,
)
from kaquan.printing.faces import face_by_id
from kaquan.printing.glyphs import missing_glyphs
from kaquan.printing.layouts import Layout, layout_of
from kaquan.printing.models import PrintRun
from kaquan.printing.printer_list import new_password
from kaquan.printing.signed_runs import check_signing_key, signed_form_of
from kaquan.redemption.code_files import PERMISSION, codes_made_elsewhere, without_codes
from kaquan.redemption.codes import ledger_session

KIND = "printing.run"
QUANTITY_MAX = 50_000
ORDERS = {"newest": "-id"}
_TABLE, _COLUMN = "printing_run", "password"
_KEPT = ("batch", "face_name", "quantity", "ranges", "merkle_root")


class OrderedRun(NamedTuple):
    """A run that was ordered; ``password`` opens the printer's list and is told once, None where no
    list was asked for."""

    run: PrintRun
    password: str | None


def order_run(
    *, actor: Actor, batch_id: int, face_id: int, quantity: int, with_list: bool = False
) -> OrderedRun:
    """Order the next vouchers of a batch on paper; a job makes the files.

    Raises `permission_denied`, `batch_unknown`, `batch_without_codes`, `codes_made_elsewhere`,
    `print_face_unknown`, `print_quantity_invalid`, `print_not_enough`, `print_terms_too_long`,
    `print_glyphs_missing`, `jobs_too_many`; for signed codes `batch_not_for_offline`,
    `batch_begins_with_claim`.
    """
    require(actor, PERMISSION)
    batch, face = batch_by_id(actor, batch_id), face_by_id(actor, face_id)
    if not batch.by_code:
        raise without_codes(batch.id)
    if has_pools(ledger_session(), batch.id):
        raise codes_made_elsewhere(batch.id)
    if not 1 <= quantity <= QUANTITY_MAX:
        raise quantity_invalid(QUANTITY_MAX)
    layout = layout_of(face.layout)
    terms = printed_terms_of(actor, batch, layout)
    signed = signed_form_of(actor, batch) if layout.signed else None
    with transaction.atomic():
        # Two who order from one batch at once would print the same vouchers.
        CampaignBatch.objects.select_for_update().get(id=batch.id)
        ranges = _next_ranges(batch.id, quantity)
        run = PrintRun.objects.create(
            batch=batch,
            face_name=face.name,
            layout=face.layout,
            image=bytes(face.image),
            terms=terms,
            quantity=quantity,
            ranges=ranges,
            signed=signed,
            created_at=clock.now(),
            created_by=actor.name,
        )
        password = new_password() if with_list else None
        if password is not None:
            run.password = seal(password, table=_TABLE, column=_COLUMN, row_id=run.id)
        run.job_id = _start(actor, run).id
        run.save(update_fields=["password", "job_id"])
        note_run(actor, "printing.order", run)
    return OrderedRun(run, password)


def make_again(*, actor: Actor, run_id: int) -> PrintRun:
    """Let the same files be made once more: the sheets have the same bytes. Raises
    `print_run_unknown`, `print_signing_key_revoked`, `jobs_too_many`."""
    with transaction.atomic():
        run = run_by_id(actor, run_id)
        check_signing_key(run)
        run.job_id = _start(actor, run).id
        run.save(update_fields=["job_id"])
    return run


def passed_on(run: PrintRun) -> int:
    """How many of a run's vouchers were passed on since: what is printed of them is over."""
    session = reading_session()
    return sum(passed_on_among(session, range(first, first + n)) for first, n in run.ranges)


def run_by_id(actor: Actor, run_id: int) -> PrintRun:
    """The run with its batch and campaign; raises `print_run_unknown`."""
    require(actor, PERMISSION)
    rows = PrintRun.objects.select_related("batch__campaign__organisation").filter(id=run_id)
    run = within(actor, rows, "batch__campaign__organisation").first()
    if run is None:
        raise run_unknown(run_id)
    return run


def run_page(actor: Actor, paging: Paging, *, batch_id: int | None = None) -> Page[PrintRun]:
    """Runs as lists show them; raises `cursor_invalid`, `sort_invalid`."""
    require(actor, PERMISSION)
    rows = PrintRun.objects.select_related("batch__campaign").defer("image")
    if batch_id is not None:
        rows = rows.filter(batch_id=batch_id)
    return page_of(within(actor, rows, "batch__campaign__organisation"), paging, ORDERS)


def password_of(run: PrintRun) -> str | None:
    """What opens the printer's list, for the job that writes it."""
    sealed = bytes(run.password)
    if not sealed:
        return None
    return unseal(sealed, table=_TABLE, column=_COLUMN, row_id=run.id)


def printed_terms_of(actor: Actor, batch: CampaignBatch, layout: Layout) -> list[str]:
    """The sentences that are printed; none where there is no room for any. Raises
    `print_terms_too_long`, `print_glyphs_missing`."""
    if not layout.terms_fit:
        return []
    terms: Terms = terms_of(batch.offer_version)
    sentences = [one.text for one in explain(terms, "zh", names_in(actor, terms)) if one.printed]
    lines = [f"{number}.\N{NO-BREAK SPACE}{text}" for number, text in enumerate(sentences, 1)]
    if layout.terms_lines_of(lines) > layout.terms_lines:
        raise terms_too_long(sum(map(len, lines)), layout.terms_fit)
    missing = missing_glyphs(lines)
    if missing:
        raise glyphs_missing(missing)
    return lines


def note_run(actor: Actor, verb: str, run: PrintRun) -> None:
    """Keep in the chained log of changes what was printed, its root included."""
    organisation = run.batch.campaign.organisation
    record_row(
        actor=actor,
        verb=verb,
        kind="print_run",
        row=run,
        name=f"{run.batch.name} #{run.id}",
        fields=_KEPT,
        organisation_path=organisation.path if organisation else "",
    )


def _start(actor: Actor, run: PrintRun) -> Job:
    return jobs.start(
        actor=actor,
        kind=KIND,
        title_zh=f"印制：{run.batch.name}，{run.quantity:,} 张",
        title_en=f"Print run: {run.batch.name}, {run.quantity:,}",
        parameters={"run_id": run.id},
    )


def _next_ranges(batch_id: int, quantity: int) -> list[list[int]]:
    """The first serials of a batch that no run has; raises `print_not_enough`."""
    taken = sorted(
        (first, first + number)
        for ranges in PrintRun.objects.filter(batch_id=batch_id).values_list("ranges", flat=True)
        for first, number in ranges
    )
    found: list[list[int]] = []
    left = quantity
    free = 0
    for first, end in _without(serial_runs(ledger_session(), batch_id), taken):
        free += end - first
        if left:
            number = min(left, end - first)
            found.append([first, number])
            left -= number
    if left:
        raise not_enough(quantity, free)
    return found


def _without(runs: Sequence[range], taken: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Half-open runs without the parts that are taken, in order."""
    found = []
    for run in runs:
        at = run.start
        for first, end in taken:
            if end <= at or first >= run.stop:
                continue
            if first > at:
                found.append((at, first))
            at = max(at, end)
        if at < run.stop:
            found.append((at, run.stop))
    return found
