"""A customer converts their own paper voucher in the wallet, by its whole code, once."""

from __future__ import annotations

import pytest

from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import trace_voucher
from kaquan.redemption.codes import code_book
from kaquan.registration.models import Conversion
from tests.api.world import Side
from tests.builders.books import books, differing, faults
from tests.fixtures_database import Database
from tests.registration.slips import a_bundle, a_side, a_stock, registered, serial_at
from tests.wallet.visiting import a_member, a_phone_of

pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def side(database: Database) -> Side:
    side = a_side()
    a_stock(side)
    return side


def test_a_paper_voucher_is_in_the_wallet_afterwards_and_cannot_come_again(
    side: Side, database: Database
) -> None:
    customer, other = a_member(), a_member()
    phone, code = a_phone_of(customer), code_book().encode(serial_at(side, 0))
    assert "/w/paper" in phone.get("/w/").content.decode()

    done = phone.post("/w/paper", {"code": code, "once": "a"})
    conversion = Conversion.objects.get()
    before = books(database.connect())
    resent = phone.post("/w/paper", {"code": code, "once": "a"})
    again = a_phone_of(other).post("/w/paper", {"code": code, "once": "b"})

    there = f"/w/v/{conversion.digital_serial}"
    assert done.headers["Location"] == resent.headers["Location"] == there
    assert "到店出示" in phone.get(there).content.decode()
    assert again.status_code == 409
    assert "换成电子券" in again.content.decode()
    assert not differing(before, books(database.connect()))
    (ended,) = trace_voucher(reading_session(), conversion.serial)
    assert (ended.command.operation, ended.command.actor) == ("void", f"customer:{customer.id}")
    assert faults(database.connect) == []


def test_what_is_no_code_and_what_was_used_is_refused_and_tells_nothing_of_others(
    side: Side, database: Database
) -> None:
    registered(side, a_bundle(side), 0, clerk="王敏")
    phone, code = a_phone_of(a_member()), code_book().encode(serial_at(side, 0))
    before = books(database.connect())

    used = phone.post("/w/paper", {"code": code, "once": "a"})
    wrong = phone.post("/w/paper", {"code": str(serial_at(side, 1)), "once": "b"})

    assert (used.status_code, wrong.status_code) == (409, 409)
    assert "已使用" in used.content.decode() or "已经使用" in used.content.decode()
    assert "王敏" not in used.content.decode()
    assert not Conversion.objects.exists()
    assert not differing(before, books(database.connect()))
