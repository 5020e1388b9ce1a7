"""A paper voucher becomes a digital one once; whatever stands against it moves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections

from kaquan.customers.models import Customer
from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import close_door
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import trace_voucher
from kaquan.redemption import care
from kaquan.redemption.codes import code_book
from kaquan.registration.conversion import PaperShown, convert_paper
from kaquan.registration.digital_batches import choose_digital_batch
from kaquan.registration.models import Conversion
from kaquan.registration.queries import conversion_of, conversions_of
from tests.api.world import Side
from tests.builders.books import books, differing, faults
from tests.builders.issuer import SYSTEM, a_number, an_organisation, staff_of
from tests.fixtures_database import Database
from tests.registration.slips import a_bundle, a_side, a_stock, registered, serial_at, typist

PHONE = "13800138123"


@pytest.fixture
def side(database: Database) -> Side:
    side = a_side()
    a_stock(side)
    return side


def shown(side: Side, index: int = 0, **typed: Any) -> PaperShown:
    fields: dict[str, Any] = {
        "number": code_book().encode(serial_at(side, index)),
        "holder_phone": PHONE,
    }
    return PaperShown(**fields | typed)


def converted(side: Side, index: int = 0, *, once: str | None = None, **typed: Any) -> Conversion:
    return convert_paper(
        actor=typist(side), shown=shown(side, index, **typed), once=once or a_number("once-")
    )


def refusal(side: Side, index: int = 0, **typed: Any) -> KaquanError:
    with pytest.raises(KaquanError) as refused:
        converted(side, index, **typed)
    return refused.value


@contextmanager
def nothing_moved(database: Database) -> Iterator[None]:
    def counts() -> tuple[int, int]:
        return Conversion.objects.count(), Customer.objects.count()

    before, rows = books(database.connect()), counts()
    yield
    assert not differing(before, books(database.connect()))
    assert counts() == rows


def operations(serial: int) -> list[str]:
    return [step.command.operation for step in trace_voucher(reading_session(), serial)]


def test_a_paper_voucher_becomes_a_digital_one_of_its_holder(
    side: Side, database: Database
) -> None:
    conversion = converted(side, holder_name="陈晨")

    assert operations(serial_at(side, 0)) == ["void"]
    assert conversion.digital_serial is not None
    (given,) = trace_voucher(reading_session(), conversion.digital_serial)
    assert given.command.operation == "assign"
    assert given.result.customer_id == conversion.customer_id
    assert (conversion.customer.name, conversion.customer.phone) == ("陈晨", f"+86{PHONE}")
    assert faults(database.connect) == []


def test_it_is_converted_once_and_the_second_try_says_by_whom_and_when(
    side: Side, database: Database
) -> None:
    first = converted(side, once="c")

    with nothing_moved(database):
        again = convert_paper(actor=typist(side), shown=shown(side), once="c")
        told = refusal(side, holder_phone="13900139000")

    assert again.digital_serial == first.digital_serial
    assert told.code == "voucher_converted"
    assert "小王" in told.zh
    assert first.converted_at.astimezone().strftime("%Y-") in told.zh


def test_several_desks_at_once_convert_it_once(side: Side, database: Database) -> None:
    def convert(number: int) -> str:
        try:
            converted(side, holder_phone=f"1380013800{number}")
        except KaquanError as error:
            return error.code
        else:
            return "done"
        finally:
            close_door()
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(convert, range(4)))

    assert sorted(set(told)) == ["done", "voucher_converted"]
    assert told.count("done") == 1
    assert Customer.objects.filter(number__startswith="P").count() == 1
    assert faults(database.connect) == []


def test_a_converted_paper_voucher_is_dead_and_its_page_says_what_became_of_it(
    side: Side, database: Database
) -> None:
    conversion = converted(side)
    bundle = a_bundle(side)

    with nothing_moved(database), pytest.raises(KaquanError) as refused:
        registered(side, bundle)

    assert refused.value.code == "voucher_converted"
    assert "小王" in refused.value.zh
    for serial in (conversion.serial, conversion.digital_serial):
        assert serial is not None
        line = conversion_of(serial)
        assert line is not None
        assert (line.serial, line.digital_serial) == (conversion.serial, conversion.digital_serial)
    actor = staff_of(side.organisation)
    (line,) = conversions_of(actor, conversion.customer_id)
    assert line.by == "小王"


def test_a_used_a_frozen_and_a_mistyped_voucher_stay_as_they_are(
    side: Side, database: Database
) -> None:
    registered(side, a_bundle(side), 0, clerk="王敏")
    code = code_book().encode(serial_at(side, 1))
    care.freeze(actor=SYSTEM, voucher=code, reason="查", at=clock.now())

    with nothing_moved(database):
        used = refusal(side, 0)
        assert (used.code, "王敏" in used.zh) == ("voucher_used", True)
        assert refusal(side, 1).code == "voucher_frozen"
        wrong = refusal(side, 2, number=str(serial_at(side, 2)), last_symbols="0000")
        assert wrong.code == "slip_number_mistyped"
        assert refusal(side, 2, holder_phone="12").code == "value_invalid"


def test_without_stock_the_paper_voucher_stays_good(database: Database) -> None:
    side = a_side()
    stock = a_stock(side, quantity=1)
    converted(side, 0)

    with nothing_moved(database):
        assert refusal(side, 1, holder_phone="13900139000").code == "stock_exhausted"
        digital = Conversion.objects.get().digital_serial
        assert digital is not None
        own = refusal(side, number=code_book().encode(digital))
    assert own.code == "voucher_not_paper"
    assert stock.name
    registered(side, a_bundle(side), 1)


def test_the_batch_is_the_one_of_the_offer_or_the_one_that_was_chosen(
    side: Side, database: Database
) -> None:
    editor = staff_of(side.organisation)
    a_stock(side)
    with nothing_moved(database):
        unclear = refusal(side)
    assert unclear.code == "conversion_needs_batch"

    chosen = choose_digital_batch(
        actor=editor, batch_id=side.trade.batch.id, digital_batch_id=side.trade.from_stock.id
    )

    assert chosen == side.trade.from_stock
    assert converted(side).digital_batch_id == chosen.id
    with pytest.raises(KaquanError) as refused:
        choose_digital_batch(
            actor=editor, batch_id=side.trade.batch.id, digital_batch_id=side.trade.batch.id
        )
    assert refused.value.code == "digital_batch_unfit"


def test_a_conversion_that_was_interrupted_is_finished_by_whoever_comes_next(side: Side) -> None:
    first = converted(side, once="cut")
    Conversion.objects.filter(id=first.id).update(digital_serial=None)  # the answer was lost

    told = refusal(side)

    assert told.code == "voucher_converted"
    assert Conversion.objects.get(id=first.id).digital_serial == first.digital_serial


def test_only_who_may_register_converts_and_only_their_own_form(
    side: Side, database: Database
) -> None:
    converted(side, once="mine")
    other = staff_of(an_organisation(a_number("总部"), None), "voucher.care", "redemption.issue")
    with nothing_moved(database), pytest.raises(KaquanError) as refused:
        convert_paper(actor=other, shown=shown(side, 1), once="x")
    assert refused.value.code == "permission_denied"
