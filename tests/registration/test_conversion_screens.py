"""Converting on the console: at the desk by scanning, and what the pages tell of it."""

from __future__ import annotations

import pytest

from kaquan.redemption.codes import code_book
from kaquan.registration.digital_batches import chosen_for
from kaquan.registration.models import Conversion
from kaquan.surfaces.console.kit.actions import new_name
from tests.api.world import Side
from tests.builders.issuer import staff_of
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database
from tests.registration.slips import a_side, a_stock, serial_at

pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def side(database: Database) -> Side:
    side = a_side()
    a_stock(side)
    return side


def test_the_desk_converts_by_scanning_and_the_pages_say_so(side: Side) -> None:
    browser = a_browser(an_operator(side.organisation))
    code = code_book().encode(serial_at(side, 0))
    form = {"once": new_name(), "number": code, "phone": "１３８００１３８１２３"}

    done = browser.post(at("voucher-convert"), form, follow=True).content.decode()
    conversion = Conversion.objects.get()
    customer = browser.get(at("customer", key=conversion.customer_id) + "?tab=vouchers")
    paper, digital = (
        browser.get(at("voucher", key=serial)).content.decode()
        for serial in (conversion.serial, conversion.digital_serial)
    )
    again = browser.post(at("voucher-convert"), {**form, "once": new_name()})

    assert f"现有电子券 {conversion.digital_serial}" in done
    assert "由纸质券换来" in customer.content.decode()
    assert "已换为电子券" in paper
    assert "换自纸质券" in digital
    assert again.status_code == 409
    assert "换成电子券" in again.content.decode()


def test_an_operator_chooses_the_digital_batch_on_the_batchs_page(side: Side) -> None:
    browser = a_browser(an_operator(side.organisation))
    paper, stock = side.trade.by_code, side.trade.from_stock
    there = at("batch-digital", key=paper.id)
    assert there in browser.get(at("batch", key=paper.id)).content.decode()

    browser.post(there, {"once": new_name(), "batch": str(stock.id)})

    assert chosen_for(staff_of(side.organisation), paper.id) == stock
