"""Photographed pages of paper registers: read by a machine, confirmed by a person, cell by cell.

What was read is a proposal. A row is registered by the desk's own action, with the cells that
somebody compared with the picture; its part of the picture goes to the slip as its photo.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from django.db import transaction
from django.db.models import QuerySet

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.encrypted_fields import seal_bytes, unseal_bytes
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.ids import draw_ids
from kaquan.foundation.jobs import actions as jobs
from kaquan.foundation.jobs.models import Job
from kaquan.organisations.issuer_settings import STUB_PHOTO_DAYS, issuer_setting
from kaquan.organisations.queries import within
from kaquan.registration import ocr
from kaquan.registration.acting import REGISTER
from kaquan.registration.actions import register_slip
from kaquan.registration.errors import (
    bundle_closed,
    cells_unconfirmed,
    ocr_missing,
    page_unknown,
    row_unknown,
)
from kaquan.registration.keying import key_slip
from kaquan.registration.models import Keying, PageState, RegisterPage, Slip, SlipPhoto, SlipState
from kaquan.registration.photos import attach_photo
from kaquan.registration.pictures import part_of, redrawn
from kaquan.registration.queries import bundle_by_id
from kaquan.registration.read_rows import (
    AMOUNT,
    AT,
    CLERK,
    HOLDER,
    LAST,
    NUMBER,
    PHONE,
    STORE,
    Box,
    RowRead,
    rows_of,
)
from kaquan.registration.typed import SlipTyped

KIND = "registration.read_page"
SIDE_MAX = 2_400
PAGES_MAX = 200
_MARGIN = 12
_DELETED_AT_ONCE = 100
_NAMES = {
    NUMBER: ("券码或序号", "code or serial"),
    LAST: ("券码后4位", "last 4 of the code"),
    HOLDER: ("姓名", "name"),
    PHONE: ("手机号", "phone"),
    AT: ("使用时间", "time of use"),
    AMOUNT: ("金额", "amount"),
    STORE: ("门店", "store"),
    CLERK: ("店员", "clerk"),
}
_rows = msgspec.json.Decoder(list[RowRead])


class PageRow(NamedTuple):
    """A row of a page as it stands: ``slip_id`` of the slip that it became, 0 where it waits for
    the second keying, None where it waits for somebody."""

    number: int
    read: RowRead
    slip_id: int | None
    is_dropped: bool

    @property
    def is_open(self) -> bool:
        """Whether it waits for somebody."""
        return self.slip_id is None and not self.is_dropped


def add_page(*, actor: Actor, bundle_id: int, content: bytes) -> RegisterPage:
    """Keep a photo of a page (JPEG or PNG) and have it read in the background.

    Raises `ocr_missing`, `bundle_unknown`, `bundle_closed`, `picture_too_large`,
    `picture_invalid`, `jobs_too_many`, `permission_denied`.
    """
    require(actor, REGISTER)
    bundle = bundle_by_id(actor, bundle_id)
    if bundle.closed_at is not None:
        raise bundle_closed(bundle.name)
    if not ocr.is_installed():
        raise ocr_missing()
    picture = redrawn(content, side_max=SIDE_MAX)
    (page_id,) = draw_ids(RegisterPage, 1)
    with transaction.atomic():
        page = RegisterPage(
            id=page_id,
            bundle=bundle,
            sealed=seal_bytes(picture, **_place(page_id)),
            added_at=clock.now(),
            added_by=actor.id[:100],
            added_by_name=actor.name[:200],
        )
        page.save(force_insert=True)
        jobs.start(
            actor=actor,
            kind=KIND,
            title_zh=f"识别登记簿照片：{bundle.name}",
            title_en=f"Register page read: {bundle.name}",
            parameters={"page_id": page_id},
        )
    return page


def read_page(job: Job) -> Mapping[str, Any]:
    """Do such a job; begun again, it reads the same once more."""
    page = RegisterPage.objects.filter(id=job.parameters["page_id"]).first()
    if page is None:
        raise page_unknown(job.parameters["page_id"])  # somebody did not wait for it
    jobs.progress(job.id, 0, 1)
    try:
        rows = rows_of(ocr.texts_on(_picture(page)))
    except KaquanError as error:
        page.state, page.fault = PageState.FAILED, error.code[:64]
        page.save(update_fields=["state", "fault"])
        raise
    page.found = msgspec.json.encode(rows).decode()
    page.state = PageState.READ
    page.save(update_fields=["found", "state"])
    return {"page_id": page.id, "rows": len(rows)}


def post_row(
    *, actor: Actor, page_id: int, row: int, typed: SlipTyped, confirmed: Collection[str]
) -> Slip | None:
    """Register a row as somebody confirmed it; None where its bundle is keyed twice and the second
    keying is still to come. ``confirmed`` names the cells that were compared with the picture.

    Raises `register_cells_unconfirmed` while one that has something in it was not,
    `register_page_unknown`, `register_row_unknown` and what `register_slip` raises.
    """
    page = page_by_id(actor, page_id)
    _require_open(page, row)
    missing = [name for name, value in _cells(typed).items() if value and name not in confirmed]
    if missing:
        raise cells_unconfirmed(
            "、".join(_NAMES[name][0] for name in missing),
            ", ".join(_NAMES[name][1] for name in missing),
        )
    once = _name_of(page.id, row)
    if page.bundle.double_key:
        slip = key_slip(actor=actor, bundle_id=page.bundle_id, typed=typed, once=once).slip
    else:
        slip = register_slip(actor=actor, bundle_id=page.bundle_id, typed=typed, once=once)
    if slip is not None and not SlipPhoto.objects.filter(slip=slip).exists():
        attach_photo(actor=actor, slip_id=slip.id, content=row_picture(actor, page_id, row))
    return slip


def drop_row(*, actor: Actor, page_id: int, row: int) -> None:
    """Leave a row out: it is none, or was registered already. Raises `register_page_unknown`,
    `register_row_unknown`."""
    with transaction.atomic():
        page = page_by_id(actor, page_id, for_update=True)
        _require_open(page, row)
        page.dropped = sorted({*page.dropped, row})
        page.save(update_fields=["dropped"])


def finish_page(*, actor: Actor, page_id: int) -> None:
    """Delete a page that somebody is done with, its picture and all that was read from it; slips
    that came of it stay. Raises `register_page_unknown`."""
    page_by_id(actor, page_id).delete()


def page_by_id(actor: Actor, page_id: int, *, for_update: bool = False) -> RegisterPage:
    """The page with its bundle; raises `register_page_unknown`, `permission_denied`."""
    rows = _pages(actor).filter(id=page_id)
    page = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if page is None:
        raise page_unknown(page_id)
    return page


def pages_of(actor: Actor, bundle_id: int) -> Sequence[RegisterPage]:
    """A bundle's pages without their pictures, the latest first; raises `bundle_unknown`."""
    bundle = bundle_by_id(actor, bundle_id)
    rows = _pages(actor).defer("sealed", "found").filter(bundle=bundle)
    return list(rows.order_by("-id")[:PAGES_MAX])


def rows_on(page: RegisterPage) -> Sequence[PageRow]:
    """The rows of a page of the actor's, as they stand."""
    read = _read_rows(page)
    names = {_name_of(page.id, number): number for number in range(len(read))}
    slips = Slip.objects.filter(once__in=names).exclude(state=SlipState.PENDING)
    became = {names[once]: slip_id for once, slip_id in slips.values_list("once", "id")}
    keyings = Keying.objects.filter(once__in=names).values_list("once", "slip_id")
    became |= {names[once]: slip_id or 0 for once, slip_id in keyings}
    return [
        PageRow(number, one, became.get(number), number in page.dropped)
        for number, one in enumerate(read)
    ]


def page_picture(actor: Actor, page_id: int) -> bytes:
    """The whole page as a JPEG; raises `register_page_unknown`."""
    return _picture(page_by_id(actor, page_id))


def row_picture(actor: Actor, page_id: int, row: int) -> bytes:
    """The part of the page that a row was read from; raises `register_page_unknown`,
    `register_row_unknown`."""
    page = page_by_id(actor, page_id)
    read = _read_rows(page)
    if not 0 <= row < len(read):
        raise row_unknown(row)
    return part_of(_picture(page), _wider(read[row].box))


def delete_old_pages(at: datetime) -> int:
    """Delete what was kept longer than the issuer keeps photos; how many at this step."""
    before = at - timedelta(days=int(issuer_setting(STUB_PHOTO_DAYS.name)))
    ids = list(
        RegisterPage.objects.filter(added_at__lt=before)
        .order_by("added_at")
        .values_list("id", flat=True)[:_DELETED_AT_ONCE]
    )
    RegisterPage.objects.filter(id__in=ids).delete()
    return len(ids)


def _pages(actor: Actor) -> QuerySet[RegisterPage]:
    require(actor, REGISTER)
    return within(actor, RegisterPage.objects.select_related("bundle"), "bundle__organisation")


def _require_open(page: RegisterPage, row: int) -> None:
    rows = rows_on(page)
    if not 0 <= row < len(rows) or rows[row].is_dropped:
        raise row_unknown(row)


def _cells(typed: SlipTyped) -> dict[str, object]:
    return {
        NUMBER: typed.number,
        LAST: typed.last_symbols,
        HOLDER: typed.holder_name,
        PHONE: typed.holder_phone,
        AT: typed.used_at,
        AMOUNT: typed.amount_fen is not None,
        STORE: typed.store_code,
        CLERK: typed.clerk,
    }


def _read_rows(page: RegisterPage) -> list[RowRead]:
    return _rows.decode(page.found) if page.found else []


def _picture(page: RegisterPage) -> bytes:
    return unseal_bytes(bytes(page.sealed), **_place(page.id))


def _wider(box: Box) -> Box:
    left, top, right, bottom = box
    return left - _MARGIN, top - _MARGIN, right + _MARGIN, bottom + _MARGIN


def _name_of(page_id: int, row: int) -> str:
    """The name of the slip that a row becomes."""
    return f"page:{page_id}:{row}"


def _place(page_id: int) -> dict[str, Any]:
    return {"table": RegisterPage._meta.db_table, "column": "sealed", "row_id": page_id}
