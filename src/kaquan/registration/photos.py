"""Photos of slips: sealed, seen by who may see the slip, gone after some days or with the
holder's data."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.encrypted_fields import seal_bytes, unseal_bytes
from kaquan.organisations.issuer_settings import STUB_PHOTO_DAYS, issuer_setting
from kaquan.registration.acting import REGISTER
from kaquan.registration.errors import photo_unknown
from kaquan.registration.models import SlipPhoto
from kaquan.registration.pictures import redrawn
from kaquan.registration.queries import slip_by_id

SIDE_MAX = 1_600
_DELETED_AT_ONCE = 500


def attach_photo(*, actor: Actor, slip_id: int, content: bytes) -> SlipPhoto:
    """Keep a photo of a slip (JPEG or PNG); it takes the place of one that was there.

    Raises `slip_unknown`, `picture_too_large`, `picture_invalid`, `permission_denied`.
    """
    slip_by_id(actor, slip_id)
    picture = redrawn(content, side_max=SIDE_MAX)
    photo, _made = SlipPhoto.objects.update_or_create(
        slip_id=slip_id,
        defaults={
            "sealed": seal_bytes(picture, **_place(slip_id)),
            "added_at": clock.now(),
            "added_by": actor.id[:100],
            "added_by_name": actor.name[:200],
        },
    )
    return photo


def remove_photo(*, actor: Actor, slip_id: int) -> None:
    """Delete a slip's photo; raises `slip_unknown`, `photo_unknown`."""
    slip_by_id(actor, slip_id)
    deleted, _ = SlipPhoto.objects.filter(slip_id=slip_id).delete()
    if not deleted:
        raise photo_unknown()


def photo_of(actor: Actor, slip_id: int) -> bytes:
    """The photo as a JPEG; raises `slip_unknown`, `photo_unknown`, `permission_denied`."""
    slip_by_id(actor, slip_id)
    photo = SlipPhoto.objects.filter(slip_id=slip_id).first()
    if photo is None:
        raise photo_unknown()
    return unseal_bytes(bytes(photo.sealed), **_place(slip_id))


def photo_facts(actor: Actor, slip_id: int) -> SlipPhoto | None:
    """Who added a slip's photo and when, without the photo; raises `slip_unknown`."""
    require(actor, REGISTER)
    slip_by_id(actor, slip_id)
    return SlipPhoto.objects.defer("sealed").filter(slip_id=slip_id).first()


def delete_old_photos(at: datetime) -> int:
    """Delete what was kept longer than the issuer keeps photos; how many at this step."""
    before = at - timedelta(days=int(issuer_setting(STUB_PHOTO_DAYS.name)))
    with transaction.atomic():
        old = SlipPhoto.objects.filter(added_at__lt=before).order_by("added_at")
        ids = list(old.values_list("slip_id", flat=True)[:_DELETED_AT_ONCE])
        SlipPhoto.objects.filter(slip_id__in=ids, added_at__lt=before).delete()
    return len(ids)


def _place(slip_id: int) -> dict[str, Any]:
    return {"table": SlipPhoto._meta.db_table, "column": "sealed", "row_id": slip_id}
