"""Vouchers are found by whatever one has, and looked after with a reason and within bounds."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kaquan.approvals.models import ApprovalRequest
from kaquan.customers.actions import create_customer
from kaquan.engine.lifecycle import State
from kaquan.foundation import clock
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import TraceStep, trace_voucher
from kaquan.redemption import actions
from kaquan.redemption.authority import Authority
from kaquan.redemption.care_limits import set_limit
from kaquan.redemption.models import BulkCare, CareLimit
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt
from kaquan.redemption.visits import Visit
from kaquan.surfaces.jobs import tasks
from kaquan.surfaces.jobs.doing import do
from tests.api.world import Side
from tests.builders.books import books
from tests.builders.books import differing as changed
from tests.builders.issuer import SYSTEM, a_number, an_organisation, staff_of
from tests.console.people import a_browser, an_operator, at
from tests.console.test_batch_work import filled_in, page
from tests.fixtures_database import Database

assert tasks  # so that the kinds of jobs are known
pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def side(database: Database) -> Side:
    return Side(an_organisation("总部", None))


@pytest.fixture
def browser(side: Side) -> Client:
    return a_browser(an_operator(side.organisation))


def steps_of(serial: int) -> list[TraceStep]:
    return trace_voucher(reading_session(), serial)


def used(side: Side, code: str, **visit: Any) -> tuple[str, str]:
    """A use; its receipt and its order's number."""
    order_no = a_number("A-")
    fields = {"store_code": side.store.organisation.code, "order_no": order_no}
    asked: dict[str, Any] = {"amount_fen": 10_000, **fields, **visit}
    outcome = actions.redeem_codes(
        actor=SYSTEM, uses=[actions.CodeUse(code)], visit=Visit(**asked), at=clock.now()
    )
    assert outcome.place is not None, outcome
    return format_receipt(ReceiptKind.REDEMPTION, outcome.place), order_no


def search(browser: Client, text: str) -> str:
    answer = browser.post(at("voucher-search"), {"code": text})
    assert answer.status_code in (200, 302, 404), answer.status_code
    if answer.status_code == 302:
        return f"-> {answer.headers['Location']}"
    return answer.content.decode()


def test_a_voucher_is_found_by_whatever_one_has_and_its_holder_stays_masked(
    side: Side, browser: Client
) -> None:
    member = create_customer(
        actor=staff_of(side.organisation), number="M-77", name="欧阳娜娜", phone="13800138000"
    )
    given = actions.assign(
        actor=SYSTEM, batch_id=side.trade.from_stock.id,
        visit=Visit(customer_number=member.number), at=clock.now(),
    )  # fmt: skip
    held = given.vouchers[0].serial
    receipt, order_no = used(side, side.trade.code)
    serial = side.trade.first_serial

    assert search(browser, str(serial)) == f"-> {at('voucher', key=serial)}"
    assert search(browser, side.trade.code) == f"-> {at('voucher', key=serial)}"
    for text in (receipt, order_no):
        assert f"/vouchers/{serial}/" in search(browser, text), text
    for text in ("M-77", "138 0013 8000", "欧阳娜娜"):
        found = search(browser, text)
        assert f"/vouchers/{held}/" in found, text
        assert "138****8000" in found
        assert "13800138000" not in found.replace(" ", "").replace('value="13800138000"', "")


def test_others_vouchers_are_not_found_by_anything(side: Side, browser: Client) -> None:
    other = Side(an_organisation("别处", None))
    receipt, order_no = used(other, other.trade.code)
    asked = [receipt, order_no, other.trade.code, str(other.trade.first_serial),
             other.customer.number]  # fmt: skip

    found = [search(browser, text) for text in asked]

    assert [text for text, one in zip(asked, found, strict=True) if "/vouchers/" in (
        one.replace('/console/vouchers/"', "").replace("/console/vouchers/bulk/", "")
    )] == []  # fmt: skip
    assert all(one.count("form-fault") == 1 for one in found)


def test_a_voucher_is_extended_passed_on_and_adjusted_with_who_and_why(
    side: Side, browser: Client
) -> None:
    serial, friend = side.trade.serial, side.a_customer()

    def act(action: str, key: int, **form: str) -> str:
        address = at("voucher-action", key=key, action=action)
        text: str = filled_in(browser, address, {"reason": "客诉", **form}).content.decode()
        return text

    assert "已延期" in act("extend", serial, until="2098-01-01")
    assert "已转赠" in act("transfer", serial, to=friend.number)
    side.trade.choose_count_card()
    card = side.trade.serial
    shown = act("adjust", card, uses="2")

    assert "已调整" in shown
    assert "客诉" in shown
    assert "王小明" in shown
    assert [step.command.operation for step in steps_of(serial)] == [
        "assign", "extend", "transfer"
    ]  # fmt: skip
    assert steps_of(card)[-1].result.uses_left == 7
    neither = browser.post(
        at("voucher-action", key=card, action="adjust"), {"reason": "x", "uses": "0"}
    )
    assert neither.status_code == 409


def test_a_redemption_is_reversed_by_lines_by_amount_and_whole(side: Side, browser: Client) -> None:
    from kaquan.engine.facts import OrderLine

    lines = [OrderLine("1", "latte", 2, 6_000), OrderLine("2", "cake", 1, 4_000)]
    receipt, _ = used(side, side.trade.code, amount_fen=None, lines=lines)
    serial = side.trade.first_serial
    address = at("redemption-reverse", key=receipt)
    assert "latte × 2" in page(browser, address)

    assert address in page(browser, at("voucher", key=serial))
    for form in ({"line-0": "1"}, {"amount": "2.50"}, {}):
        answer = filled_in(browser, address, {"reason": "退货", **form})
        assert "已撤销" in answer.content.decode()
    too_much = browser.post(address, {"reason": "再退", "amount": "1"})

    back = [step.result.discount_fen for step in steps_of(serial)[1:]]
    assert back == [-600, -250, -1_150]
    assert too_much.status_code == 409
    told = page(browser, at("voucher", key=serial))
    assert told.count("退货") == told.count("撤销的核销") == 3
    assert address not in told  # nothing of it is left to be reversed


def test_what_is_beyond_ones_authority_is_handed_in_where_one_wants_that(
    side: Side, browser: Client, database: Database
) -> None:
    CareLimit.objects.filter(role_code="").update(amount_fen_max=100)
    serial = side.trade.serial
    address = at("voucher-action", key=serial, action="void")
    connection = database.connect()
    before = books(connection)

    refused = browser.post(address, {"reason": "印错"})
    handed_in = filled_in(browser, address, {"reason": "印错", "ask": "on"}).content.decode()
    again = browser.post(address, {"reason": "印错", "ask": "on"})

    assert refused.status_code == 409
    assert "超出您的权限" in refused.content.decode()
    assert "已提交审批" in handed_in
    assert f"作废 {serial}" in handed_in
    assert again.status_code == 409
    assert changed(before, books(connection)) == set()
    request = ApprovalRequest.objects.get()
    checker = a_browser(an_operator(side.organisation))
    text = page(checker, at("approval", key=request.pk))
    assert "印错" in text
    assert f"/vouchers/{serial}/" in text


def test_a_file_is_checked_and_carried_out_on_its_page(side: Side, browser: Client) -> None:
    first = side.trade.first_serial
    sheet = f"serial\n{first}\n{first + 1}\n{first + 1}\nabc\n".encode()
    file = SimpleUploadedFile("冻结.csv", sheet)

    sent = filled_in(
        browser, at("voucher-bulk-new"), {"operation": "freeze", "reason": "核查", "file": file}
    )
    bulk = BulkCare.objects.get()
    assert bulk.job_id is not None
    assert "正在核对文件" in sent.content.decode()
    do(bulk.job_id)
    here = at("voucher-bulk", key=bulk.id)
    cannot = page(browser, f"{here}?tab=not-doable")
    assert "文件中前面已有这张券" in cannot
    assert f"/vouchers/{first}/" in page(browser, f"{here}?tab=doable")
    address = at("voucher-bulk-action", key=bulk.id, action="carry-out")
    filled_in(browser, address, {})
    bulk.refresh_from_db()
    do(bulk.job_id)

    assert State(steps_of(first)[-1].result.state) is State.FROZEN_LIVE
    assert "已完成" in page(browser, here)


def test_the_authority_of_a_role_is_set_by_those_who_act_for_the_whole_issuer(
    database: Database,
) -> None:
    head = a_browser(an_operator(None))
    region = a_browser(an_operator(an_organisation("片区", None)))
    address = at("care-limit", key="store_manager")

    shown = page(head, at("care-limits"))
    answer = filled_in(head, address, {"amount": "12.34", "days": "", "number": "5"})
    wrong = head.post(address, {"amount": "a lot"})
    denied = region.post(address, {"amount": "9999"})

    assert "店长" in shown
    assert "¥200.00" in shown
    assert "¥12.34" in answer.content.decode()
    assert wrong.status_code == 409
    assert denied.status_code == 403
    limit = CareLimit.objects.get(role_code="store_manager")
    assert (limit.amount_fen_max, limit.days_after_use_max, limit.number_a_day_max) == (
        1_234, None, 5
    )  # fmt: skip
    set_limit(actor=SYSTEM, role_code="clerk", authority=Authority(None, None, None))
    assert page(head, at("care-limit", key="others"))
