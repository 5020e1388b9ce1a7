"""What is done with a batch on its page; and each of its numbers opens what stands behind it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kaquan.analytics.actions import Counters
from kaquan.customers.actions import create_customer
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.jobs.exports import path_of
from kaquan.foundation.jobs.models import Job, JobState
from kaquan.ledger.balances import custody_runs
from kaquan.ledger.connections import connect_default
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.vouchers_of import vouchers_of
from kaquan.redemption import care
from kaquan.redemption.models import Publication
from kaquan.surfaces.jobs import tasks
from kaquan.surfaces.jobs.doing import do
from tests.api.world import Side
from tests.builders.books import books
from tests.builders.books import differing as changed
from tests.builders.issuer import NOON, SYSTEM, a_number, an_organisation, staff_of
from tests.console.people import a_browser, an_operator, at
from tests.console.test_actions import once_in
from tests.fixtures_database import Database
from tests.redemption.test_pool_uploads import foreign_codes

assert tasks  # so that the kinds of jobs are known
pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def side(database: Database) -> Side:
    return Side(an_organisation("总部", None))


@pytest.fixture
def browser(side: Side) -> Client:
    return a_browser(an_operator(side.organisation))


def page(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def filled_in(browser: Client, address: str, form: dict[str, Any]) -> Any:
    """The form opened, filled in and sent, and where it leads."""
    once = once_in(page(browser, address))
    return browser.post(address, {"once": once, **form}, follow=True)


def count_all() -> None:
    counters = Counters(connect_default, current_configuration().time_zone)
    counters.catch_up()
    counters.close()


def number_and_link(text: str, stage: str) -> tuple[int, str]:
    """A stage of the funnel, or a fact beside it."""
    found = re.search(
        rf'{stage}</(?:span|dt)>(?:(?!</li>|</div>).)*?<a href="([^"]+)">([\d,]+)</a>', text, re.S
    )
    assert found is not None, stage
    return int(found[2].replace(",", "")), found[1].replace("&amp;", "&")


def test_each_number_of_a_batch_opens_its_rows(side: Side, browser: Client) -> None:
    batch = side.trade.by_code
    side.trade.redemption  # noqa: B018  # one is made
    (run,) = custody_runs(reading_session(), batch.id)
    care.void(actor=SYSTEM, voucher=run.first_serial + 5, reason="x", at=NOON)
    count_all()
    text = page(browser, at("batch", key=batch.id))

    opened = {}
    for stage in ("制券", "核销", "作废"):
        number, href = number_and_link(text, stage)
        opened[stage] = (number, page(browser, href))

    assert {stage: number for stage, (number, _) in opened.items()} == {
        "制券": 20, "核销": 1, "作废": 1
    }  # fmt: skip
    assert f">{run.first_serial}<" in opened["制券"][1]
    assert side.trade.redemption in opened["核销"][1]
    assert f"/vouchers/{run.first_serial + 5}/" in opened["作废"][1]
    assert f"/vouchers/{run.first_serial + 1}/" not in opened["作废"][1]


def test_a_run_is_allotted_to_a_store_and_the_number_follows(side: Side, browser: Client) -> None:
    batch = side.trade.by_code
    first = side.trade.first_serial
    address = at("batch-allot", key=batch.id)
    assert f'value="{first}"' in page(browser, address)

    form = {"first": first + 2, "quantity": "10", "to": side.store.organisation.code}
    answer = filled_in(browser, address, form)

    assert "已调拨 10 张" in answer.content.decode()
    assert side.store.organisation.name in answer.content.decode()
    number, href = number_and_link(page(browser, at("batch", key=batch.id)), "调拨")
    assert number == 10
    assert f">{first + 2}<" in page(browser, href)
    back = filled_in(browser, address, {"first": first + 2, "quantity": "10", "to": ""})
    assert "已调拨 10 张" in back.content.decode()


def test_a_run_in_several_hands_is_not_allotted_at_once(
    side: Side, browser: Client, database: Database
) -> None:
    batch, first = side.trade.by_code, side.trade.first_serial
    address = at("batch-allot", key=batch.id)
    filled_in(
        browser, address, {"first": first, "quantity": "5", "to": side.store.organisation.code}
    )
    connection = database.connect()
    before = books(connection)

    answer = browser.post(address, {"first": first, "quantity": "8", "to": ""})

    assert answer.status_code == 409
    assert 'value="8"' in answer.content.decode()
    assert changed(before, books(connection)) <= {"ledger_block", "ledger_lane", "ledger_request"}


def test_dead_vouchers_are_activated(side: Side, browser: Client) -> None:
    side.trade.choose_dead()
    batch, first = side.trade.batch, side.trade.first_serial

    answer = filled_in(
        browser, at("batch-activate", key=batch.id), {"first": first, "quantity": "20"}
    )

    assert "已激活 20 张" in answer.content.decode()
    assert [run.active for run in custody_runs(reading_session(), batch.id)] == [True]


def test_codes_are_brought_in_and_each_is_told(side: Side, browser: Client) -> None:
    batch = side.trade.by_code
    codes = foreign_codes(100)
    sheet = "\n".join(["券码", *codes, codes[0], "\u200b"]).encode()
    file = SimpleUploadedFile("codes.csv", sheet)

    answer = filled_in(browser, at("batch-pool", key=batch.id), {"file": file})
    text = answer.content.decode()

    assert answer.status_code == 200
    for words in ("成功", "文件内重复", "失败"):
        assert words in text, words
    assert {"1", "100", "101", "102"} <= set(re.findall(r">\s*(\d+)\s*<", text))
    assert codes[3] not in text


def test_a_long_file_of_codes_is_brought_in_by_a_job_with_a_report(
    side: Side, browser: Client
) -> None:
    batch = side.trade.by_code
    codes = foreign_codes(300)
    filled_in(
        browser, at("batch-pool", key=batch.id),
        {"file": SimpleUploadedFile("a.csv", "\n".join(["code", *codes[:50]]).encode())},
    )  # fmt: skip
    sheet = "\n".join(["备注\tcode", *(f"x\t{one}" for one in [*codes, codes[0]])]) + "\nx\t\n"
    padding = "\n" * 640_001  # so that it is no short file

    answer = filled_in(
        browser, at("batch-pool", key=batch.id),
        {"file": SimpleUploadedFile("b.txt", (sheet + padding).encode())},
    )  # fmt: skip
    assert answer.status_code == 200
    job = Job.objects.get(kind="codes.import")
    do(job.id)
    job.refresh_from_db()

    assert job.state == JobState.DONE
    assert job.result == {
        "batch_id": batch.id, "rows": 302, "success": 250, "exists": 50, "duplicate": 1,
        "failed": 1,
    }  # fmt: skip
    report = path_of(job.id, job.file).read_text(encoding="utf-8-sig")
    assert report.count("已存在") == 50
    assert codes[0] not in report


def test_one_customer_is_given_a_voucher_once_for_each_form(side: Side, browser: Client) -> None:
    batch, member = side.trade.from_stock, side.customer
    address = at("batch-assign", key=batch.id)
    once = once_in(page(browser, address))

    for _ in range(2):
        answer = browser.post(address, {"member": member.number, "once": once}, follow=True)
        assert "已发给该客户" in answer.content.decode()
    unknown = browser.post(address, {"member": "M-NOBODY"})

    assert len(vouchers_of(reading_session(), member.id, limit=9)) == 1
    assert unknown.status_code == 409
    assert "M-NOBODY" in unknown.content.decode()


def test_a_list_of_customers_is_given_vouchers_by_a_job(side: Side, browser: Client) -> None:
    batch = side.trade.from_stock
    numbers = [a_number("M") for _ in range(3)]
    for number in numbers:
        create_customer(actor=staff_of(side.organisation), number=number)
    sheet = "\n".join(["会员号", *numbers, "M-NOBODY"]).encode("gb18030")
    form = {"name": "十一", "file": SimpleUploadedFile("名单.csv", sheet)}

    answer = filled_in(browser, at("batch-publish", key=batch.id), form)

    assert "按名单发放：十一" in answer.content.decode()
    job = Job.objects.get(kind="publications.list")
    do(job.id)
    job.refresh_from_db()
    assert job.result is not None
    assert (job.result["assigned"], job.result["not_taken"]) == (3, 1)
    assert "<dt>本次发放</dt><dd>3" in page(browser, at("job", key=job.id))
    assert Publication.objects.get().name in page(browser, at("batch", key=batch.id) + "?tab=given")
    both = browser.post(at("batch-publish", key=batch.id), {"name": "x"})
    assert both.status_code == 409


def test_a_segment_is_given_vouchers_by_a_job(side: Side, browser: Client) -> None:
    from kaquan.customers.segmenting import create_segment

    batch, staff = side.trade.from_stock, staff_of(side.organisation)
    for tag in ("gold", "gold", "silver"):
        create_customer(actor=staff, number=a_number("M"), tags=[tag])
    segment = create_segment(
        actor=staff, code=a_number("seg-"), name="金卡",
        conditions={"kind": "group", "of": [{"kind": "tags", "any": ["gold"]}]},
    )  # fmt: skip

    filled_in(browser, at("batch-publish", key=batch.id), {"name": "金", "segment": segment.id})
    job = Job.objects.get(kind="publications.list")
    do(job.id)
    job.refresh_from_db()

    assert job.result is not None, job.error_en
    assert job.result["assigned"] == 2


def test_the_codes_of_a_batch_are_written_to_the_download_centre(
    side: Side, browser: Client
) -> None:
    batch = side.trade.by_code
    answer = filled_in(browser, at("batch-action", key=batch.id, action="export-codes"), {})

    assert "下载中心" in answer.content.decode()
    assert Job.objects.get(kind="codes.export").parameters["batch_id"] == batch.id


def test_what_ends_soon_is_counted_and_listed(side: Side, browser: Client) -> None:
    serial = side.trade.serial  # good for a month from now
    batch = side.trade.from_stock
    text = page(browser, at("batch", key=batch.id))

    number, href = number_and_link(text, "30 天内到期")

    assert number == 1
    assert f"/vouchers/{serial}/" in page(browser, unquote(href))
