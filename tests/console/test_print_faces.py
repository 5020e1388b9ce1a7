"""A paper layout is drawn while it is filled in, and is only kept when it can be printed."""

from __future__ import annotations

from io import BytesIO

import pytest
import zxingcpp
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from PIL import Image

from kaquan.engine.signed import SIGNED_SYMBOLS
from kaquan.printing.layouts import layout_of
from kaquan.printing.models import PrintFace
from kaquan.surfaces.console.kit.actions import new_name
from tests.api.world import Side
from tests.builders.issuer import an_organisation
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")

EAN = "6901234567892"
TYPED = {
    "name": "门店海报券",
    "title": "国庆满100减20元",
    "paper": "a4",
    "per_page": "4",
    "symbols": "qr-ean13",
    "ean": EAN,
    "colour": "red",
}


@pytest.fixture
def side(database: Database) -> Side:
    return Side(an_organisation("总部", None))


def codes_on(answer: HttpResponse) -> set[str]:
    assert answer.headers["Content-Type"] == "image/png"
    drawn = Image.open(BytesIO(answer.content))
    larger = drawn.resize((drawn.width * 3, drawn.height * 3))
    return {one.text for one in zxingcpp.read_barcodes(larger)}


def test_what_stands_in_the_form_is_drawn_and_nothing_is_kept(side: Side) -> None:
    browser = a_browser(an_operator(side.organisation))
    draft = at("print-face-preview", key=0)

    assert EAN in codes_on(browser.post(draft, {**TYPED, "name": ""}))
    signed = codes_on(browser.post(draft, {**TYPED, "signed": "on"}))
    assert SIGNED_SYMBOLS in map(len, signed)
    assert not PrintFace.objects.exists()


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({"ean": "6901234567891"}, 409, "13 位"),
        ({"per_page": "24"}, 409, "毫米"),
        ({"title": ""}, 422, "券面大字"),
        ({"paper": "a0"}, 422, "纸张"),
        ({"title": "𠮷野家"}, 409, "𠮷"),
    ],
)
def test_what_cannot_be_printed_is_told_beside_the_form_and_not_kept(
    side: Side, change: dict[str, str], status: int, told: str
) -> None:
    browser = a_browser(an_operator(side.organisation))

    answer = browser.post(at("print-face-preview", key=0), TYPED | change)
    saved = browser.post(at("print-face-new"), {"once": new_name(), **TYPED, **change})

    assert answer.status_code == status
    assert told in answer.json()["fault"]
    assert saved.status_code in (409, 422)
    assert not PrintFace.objects.exists()


def test_a_draft_of_a_kept_layout_shows_its_picture_and_changes_nothing(side: Side) -> None:
    browser = a_browser(an_operator(side.organisation))
    picture = BytesIO()
    Image.new("RGB", (60, 20), "blue").save(picture, "PNG")
    image = SimpleUploadedFile("brand.png", picture.getvalue())
    browser.post(at("print-face-new"), {"once": new_name(), **TYPED, "image": image})
    face = PrintFace.objects.get()
    address = at("print-face-preview", key=face.id)
    plain = {**TYPED, "symbols": "qr", "ean": ""}

    drawn = Image.open(BytesIO(browser.post(address, plain).content)).convert("RGB")
    colours = [colour for _, colour in drawn.getcolors(drawn.width * drawn.height) or ()]

    assert any(blue > 200 and red < 60 for red, _, blue in colours)
    assert layout_of(PrintFace.objects.get().layout).ean == EAN
    other = Side(an_organisation("别家", None))
    foreign = a_browser(an_operator(other.organisation)).post(address, plain)
    assert foreign.status_code == 404
