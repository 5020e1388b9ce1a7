"""Photos of slips: drawn anew, sealed, seen by who may see the slip, deleted in time."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from kaquan.customers.erasing import erase_customer, request_erasure
from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.registration.models import SlipPhoto
from kaquan.registration.photos import (
    attach_photo,
    delete_old_photos,
    photo_of,
    remove_photo,
)
from kaquan.registration.pictures import BYTES_MAX, part_of, redrawn
from kaquan.surfaces.console.kit.actions import new_name
from tests.api.world import Side
from tests.builders.issuer import SYSTEM, a_number, an_organisation
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database
from tests.registration.slips import a_bundle, a_side, registered, typist

ORIENTATION, GPS, MAKER = 0x0112, 0x8825, 0x010F


@pytest.fixture
def side(database: Database) -> Side:
    return a_side()


def a_photo(width: int = 60, height: int = 40, *, kind: str = "JPEG") -> bytes:
    """As a phone takes it: lying on its side, with where and by what it was taken."""
    picture = Image.new("RGB", (width, height), "white")
    picture.paste("red", (0, 0, width // 2, height))
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = 6, "Phone of 李娜"
    exif[GPS] = {1: "N", 2: (39.0, 54.0, 26.0)}
    file = io.BytesIO()
    picture.save(file, kind, exif=exif)
    return file.getvalue()


def opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_is_drawn_anew_upright_and_without_its_metadata(kind: str) -> None:
    drawn = redrawn(a_photo(kind=kind), side_max=30)

    picture = opened(drawn)
    assert (picture.format, picture.size) == ("JPEG", (20, 30))
    assert not picture.getexif()
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert "李娜".encode() not in drawn
    top, bottom = (picture.getpixel((10, y)) for y in (2, 27))
    assert (top[1] < 90, bottom[1] > 200) == (True, True)
    assert opened(part_of(drawn, (-5, 0, 10, 10))).size == (10, 10)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "picture_invalid"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "picture_invalid"),
        (a_photo()[:200], "picture_invalid"),
        (b"\xff" * (BYTES_MAX + 1), "picture_too_large"),
    ],
    ids=["empty", "svg", "cut", "large"],
)
def test_what_is_no_picture_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(KaquanError) as refused:
        redrawn(content, side_max=100)
    assert refused.value.code == code


def test_a_picture_that_unpacks_to_more_than_is_looked_at_is_refused() -> None:
    file = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(file, "PNG")
    assert len(file.getvalue()) < 50_000
    with pytest.raises(KaquanError) as refused:
        redrawn(file.getvalue(), side_max=100)
    assert refused.value.code == "picture_too_large"


def test_a_photo_is_sealed_and_seen_only_by_who_may_see_its_slip(side: Side) -> None:
    slip = registered(side, a_bundle(side))
    attach_photo(actor=typist(side), slip_id=slip.id, content=a_photo())

    (kept,) = SlipPhoto.objects.all()
    assert b"JFIF" not in bytes(kept.sealed)
    assert opened(photo_of(typist(side), slip.id)).size == (40, 60)
    stranger = typist(Side(an_organisation(a_number("总部"), None)))
    for attempt in (
        lambda: photo_of(stranger, slip.id),
        lambda: remove_photo(actor=stranger, slip_id=slip.id),
        lambda: attach_photo(actor=stranger, slip_id=slip.id, content=a_photo()),
    ):
        with pytest.raises(KaquanError) as refused:
            attempt()
        assert refused.value.code == "slip_unknown"
    assert SlipPhoto.objects.count() == 1


def test_photos_are_deleted_after_their_days_and_with_their_holder(side: Side) -> None:
    bundle = a_bundle(side)
    old, new, held = (
        registered(side, bundle, index, holder_phone=phone)
        for index, phone in enumerate((None, None, "13800138123"))
    )
    for slip in (old, new, held):
        attach_photo(actor=typist(side), slip_id=slip.id, content=a_photo())
    SlipPhoto.objects.filter(slip=old).update(added_at=clock.now() - timedelta(days=181))

    assert delete_old_photos(clock.now()) == 1
    assert held.customer is not None
    request_erasure(actor=SYSTEM, number=held.customer.number, at=clock.now())
    erase_customer(actor=SYSTEM, number=held.customer.number, at=clock.now())

    assert list(SlipPhoto.objects.values_list("slip_id", flat=True)) == [new.id]


@pytest.mark.usefixtures("static_files")
def test_a_photo_is_added_shown_beside_the_slip_and_deleted(side: Side) -> None:
    slip = registered(side, a_bundle(side))
    browser = a_browser(an_operator(side.organisation))
    page, picture = at("slip", key=slip.id), at("slip-photo", key=slip.id)
    form = at("slip-photo-new", key=slip.id)
    wrong = SimpleUploadedFile("券联.jpg", b"no picture")
    refused = browser.post(form, {"once": new_name(), "photo": wrong})
    assert (refused.status_code, browser.get(picture).status_code) == (409, 404)

    browser.post(form, {"once": new_name(), "photo": SimpleUploadedFile("券联.jpg", a_photo())})
    shown, sent = browser.get(page).content.decode(), browser.get(picture)
    assert picture in shown
    assert (sent.headers["Content-Type"], sent.headers["Cache-Control"]) == (
        "image/jpeg",
        "no-store",
    )
    browser.post(at("slip-action", key=slip.id, action="remove-photo"), {"once": new_name()})

    assert picture not in browser.get(page).content.decode()
    assert not SlipPhoto.objects.exists()
