"""Kinds of paper vouchers: made, changed, looked at."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from django.db import transaction

from kaquan.engine.signed import SIGNED_SYMBOLS
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import fields_of, record_row
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.organisations.queries import own_organisation_id, within
from kaquan.printing.errors import face_unknown, glyphs_missing, image_invalid, layout_invalid
from kaquan.printing.glyphs import missing_glyphs
from kaquan.printing.layouts import Layout, layout_fault, layout_json, layout_of
from kaquan.printing.models import PrintFace
from kaquan.printing.pictures import redrawn
from kaquan.printing.sheets import Face, Voucher, preview_png
from kaquan.printing.typesetting import TypesettingError
from kaquan.redemption.code_files import PERMISSION

LIST_MAX = 200
ORDERS = {"newest": "-id", "name": "name"}
SAMPLE_TERMS = ("样张：印制时此处为该批次的使用规则。", "Sample: the batch's terms stand here.")
_SAMPLE_CODE = "SAMP1E00000000000000"
_SAMPLE_SIGNED_CODE = _SAMPLE_CODE.ljust(SIGNED_SYMBOLS, "0")
_KEPT = ("name", "organisation", "layout")


def save_face(
    *,
    actor: Actor,
    name: str,
    layout: Layout,
    image: bytes | None = None,
    face_id: int | None = None,
) -> PrintFace:
    """Make a kind of paper voucher, or change one; runs keep what they were printed with.

    ``image`` None leaves the one that is there. Raises `permission_denied`, `print_face_unknown`,
    `print_layout_invalid`, `print_image_invalid`, `print_glyphs_missing`.
    """
    require(actor, PERMISSION)
    check_layout(layout)
    if image:
        image = redrawn(image)
    with transaction.atomic():
        if face_id is None:
            face = PrintFace(organisation_id=own_organisation_id(actor))
        else:
            face = face_by_id(actor, face_id, for_update=True)
        before = None if face_id is None else fields_of(face, *_KEPT)
        face.name, face.layout = name, layout_json(layout)
        if image is not None:
            face.image = image
        if face.image:
            _try_image(face)
        face.save()
        verb = "printing.face_create" if before is None else "printing.face_change"
        record_row(
            actor=actor,
            verb=verb,
            kind="print_face",
            row=face,
            name=face.name,
            fields=_KEPT,
            organisation_path=face.organisation.path if face.organisation else "",
            before=before,
        )
    return face


def check_layout(layout: Layout) -> None:
    """Raise `print_layout_invalid` or `print_glyphs_missing` for what cannot be printed."""
    fault = layout_fault(layout)
    if fault is not None:
        raise layout_invalid(*fault)
    missing = missing_glyphs((layout.title, layout.brand, layout.note))
    if missing:
        raise glyphs_missing(missing)


def read_layout(values: dict[str, object]) -> Layout:
    """A layout from what was typed; raises `print_layout_invalid`."""
    try:
        return msgspec.convert(values, Layout, strict=False)
    except msgspec.ValidationError as error:
        raise layout_invalid(f"{error}", f"{error}") from None


def face_by_id(actor: Actor, face_id: int, *, for_update: bool = False) -> PrintFace:
    """The kind; raises `print_face_unknown`."""
    require(actor, PERMISSION)
    rows = within(actor, PrintFace.objects.filter(id=face_id), "organisation")
    face = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if face is None:
        raise face_unknown(face_id)
    return face


def face_page(actor: Actor, paging: Paging) -> Page[PrintFace]:
    """Kinds as lists show them; raises `cursor_invalid`, `sort_invalid`."""
    require(actor, PERMISSION)
    rows = within(actor, PrintFace.objects.select_related("organisation"), "organisation")
    return page_of(rows.defer("image"), paging, ORDERS)


def faces(actor: Actor) -> Sequence[PrintFace]:
    """Kinds by name, to choose one from."""
    require(actor, PERMISSION)
    rows = within(actor, PrintFace.objects.defer("image"), "organisation")
    return list(rows.order_by("name", "id")[:LIST_MAX])


def preview_of(actor: Actor, face_id: int) -> bytes:
    """The first sheet with made-up vouchers, both sides, a PNG; raises `print_face_unknown`."""
    return _sample(face_by_id(actor, face_id))


def preview_of_draft(
    actor: Actor, *, layout: Layout, image: bytes | None, face_id: int | None
) -> bytes:
    """The same for what is not saved yet; without an ``image`` with that of the kind it changes.

    Raises what `save_face` raises; nothing is kept.
    """
    require(actor, PERMISSION)
    check_layout(layout)
    if image:
        image = redrawn(image)
    if image is None and face_id is not None:
        image = bytes(face_by_id(actor, face_id).image)
    draft = PrintFace(layout=layout_json(layout), image=image or b"")
    try:
        return _sample(draft)
    except TypesettingError:
        raise image_invalid() from None


def _sample(face: PrintFace) -> bytes:
    layout = layout_of(face.layout)
    signed_code = _SAMPLE_SIGNED_CODE if layout.signed else ""
    vouchers = [
        Voucher(serial, _SAMPLE_CODE, signed_code) for serial in range(1, layout.per_page + 1)
    ]
    terms = SAMPLE_TERMS if layout.terms_fit else ()
    return preview_png(Face(layout, terms, bytes(face.image)), vouchers)


def _try_image(face: PrintFace) -> None:
    """A picture that cannot be drawn is noticed now, not when 10,000 are ordered."""
    try:
        _sample(face)
    except TypesettingError:
        raise image_invalid() from None
