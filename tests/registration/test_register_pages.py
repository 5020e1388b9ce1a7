"""A photographed register page: read offline, and registered only as somebody confirmed it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.resources import files
from importlib.util import find_spec

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image, ImageDraw, ImageFont

from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.jobs.models import Job
from kaquan.redemption.codes import code_book
from kaquan.registration import ocr, pages
from kaquan.registration.models import Bundle, RegisterPage, Slip, SlipPhoto
from kaquan.surfaces.console.kit.actions import new_name
from kaquan.surfaces.jobs import tasks
from kaquan.surfaces.jobs.doing import do
from tests.api.world import Side
from tests.builders.books import books, differing, faults
from tests.builders.issuer import a_number, an_organisation
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database
from tests.registration.slips import a_bundle, a_side, serial_at, typist, use_of

assert tasks  # so that the kinds of jobs are known

pytestmark = pytest.mark.usefixtures("static_files")
with_ocr = pytest.mark.skipif(
    find_spec("rapidocr") is None, reason="needs the extra ocr: pip install 'kaquan[ocr]'"
)
COLUMNS = (
    ("序号", 10),
    ("末四位", 190),
    ("姓名", 330),
    ("手机", 450),
    ("时间", 670),
    ("金额", 860),
)
FONT = files("kaquan.printing") / "fonts" / "NotoSansSC-400-subset.ttf"


@pytest.fixture
def side(database: Database) -> Side:
    return a_side()


@pytest.fixture
def browser(side: Side) -> Client:
    return a_browser(an_operator(side.organisation))


def an_hour_ago() -> str:
    zone = current_configuration().time_zone
    return (clock.now() - timedelta(hours=1)).astimezone(zone).strftime("%m%d%H%M")


def a_page(*rows: tuple[str, ...]) -> SimpleUploadedFile:
    """A page with a heading and these rows, a little askew, as a PNG."""
    font = ImageFont.truetype(str(FONT), 26)
    picture = Image.new("RGB", (980, 740), "white")  # a lower one would be read enlarged
    draw = ImageDraw.Draw(picture)
    for number, row in enumerate((tuple(name for name, _ in COLUMNS), *rows)):
        for text, (_name, left) in zip(row, COLUMNS, strict=True):
            draw.text((left, 10 + 60 * number), text, fill="black", font=font)
    file = io.BytesIO()
    picture.rotate(0.4, fillcolor="white").save(file, "PNG")
    return SimpleUploadedFile("登记簿.png", file.getvalue())


def a_row(side: Side, index: int) -> tuple[str, ...]:
    serial = serial_at(side, index)
    last = code_book().encode(serial)[-4:]
    return (str(serial), last, "张伟", f"1381234567{index}", an_hour_ago(), "100.00")


@contextmanager
def nothing_registered(database: Database) -> Iterator[None]:
    before, slips = books(database.connect()), Slip.objects.count()
    yield
    assert not differing(before, books(database.connect()))
    assert Slip.objects.count() == slips


def cells(side: Side, index: int) -> dict[str, str]:
    """What the desk confirms: as read, with what stands on no row."""
    names = ("number", "last", "holder", "phone", "at", "amount")
    typed = dict(zip(names, a_row(side, index), strict=True))
    typed |= {"store": side.store.organisation.code, "clerk": ""}
    return typed | {f"ok-{name}": "on" for name, value in typed.items() if value}


@with_ocr
def test_a_page_is_read_and_only_confirmed_cells_are_registered(
    side: Side, browser: Client, database: Database
) -> None:
    bundle = a_bundle(side)
    rows = [a_row(side, index) for index in (0, 1)]
    upload = {"once": new_name(), "picture": a_page(*rows)}
    there = browser.post(at("register-page-new", key=bundle.id), upload).headers["Location"]
    page, job = RegisterPage.objects.get(), Job.objects.get(kind=pages.KIND)
    assert there == at("register-page", key=page.id)
    assert "识别中" in browser.get(there).content.decode()
    do(job.id)
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("done", "")
    page.refresh_from_db()
    read = [{name: one.text for name, one in row.read.cells.items()} for row in pages.rows_on(page)]
    names = ("number", "last", "holder", "phone", "at", "amount")
    expected = [dict(zip(names, row, strict=True)) for row in rows]
    for row in (*read, *expected):
        row.pop("last")  # O and 0 look alike; the desk reads either as the same symbol
    assert read == expected

    shown = browser.get(there).content.decode()
    assert f'value="{serial_at(side, 0)}"' in shown
    with nothing_registered(database):
        half = {**cells(side, 0), "row": "0", "do": "register"}
        half.pop("ok-phone")
        refused = browser.post(there, half)
    assert refused.status_code == 409
    assert "请先对照图片核对并勾选：手机号" in refused.content.decode()
    browser.post(there, {**cells(side, 0), "row": "0", "do": "register"})
    browser.post(there, {"row": "1", "do": "drop"})

    slip = Slip.objects.get(bundle=bundle)
    assert (slip.serial, slip.holder_name, slip.state) == (
        serial_at(side, 0), "张伟", "registered",
    )  # fmt: skip
    assert use_of(side).at == slip.used_at
    picture = Image.open(io.BytesIO(browser.get(at("slip-photo", key=slip.id)).content))
    assert picture.height < 90  # the row's own part, not the page with other people's rows
    with nothing_registered(database):
        again = browser.post(there, {**cells(side, 1), "row": "1", "do": "register"})
    assert again.status_code == 409
    browser.post(there, {"do": "finish"})
    assert not RegisterPage.objects.exists()
    assert SlipPhoto.objects.count() == 1
    assert faults(database.connect) == []


def test_without_the_extra_the_page_says_how_to_install_it(
    side: Side, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a machine without the extra answers; the packages themselves stay where they are.
    monkeypatch.setattr(ocr, "find_spec", lambda _name: None)
    form = at("register-page-new", key=a_bundle(side).id)
    assert "pip install" in browser.get(form).content.decode()

    refused = browser.post(form, {"once": new_name(), "picture": a_page()})

    assert refused.status_code == 409
    assert "kaquan[ocr]" in refused.content.decode()
    assert not RegisterPage.objects.exists()
    assert not Job.objects.exists()


@with_ocr
def test_pages_of_others_are_as_if_there_were_none_and_old_ones_are_deleted(side: Side) -> None:
    bundle: Bundle = a_bundle(side)
    content = a_page().read()
    page = pages.add_page(actor=typist(side), bundle_id=bundle.id, content=content)
    stranger = typist(Side(an_organisation(a_number("总部"), None)))
    for attempt in (
        lambda: pages.page_picture(stranger, page.id),
        lambda: pages.row_picture(stranger, page.id, 0),
        lambda: pages.drop_row(actor=stranger, page_id=page.id, row=0),
        lambda: pages.finish_page(actor=stranger, page_id=page.id),
    ):
        with pytest.raises(KaquanError) as refused:
            attempt()
        assert refused.value.code == "register_page_unknown"
    assert b"JFIF" not in bytes(RegisterPage.objects.get().sealed)

    assert pages.delete_old_pages(clock.now()) == 0
    assert pages.delete_old_pages(clock.now() + timedelta(days=181)) == 1
    assert not RegisterPage.objects.exists()
