"""Customers on screens: kept masked, changed with questions, merged with open eyes, gathered."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kaquan.customers.actions import create_customer
from kaquan.customers.looks import LOOKS_AN_HOUR_MAX, looks_of
from kaquan.customers.models import Customer, Segment, Task
from kaquan.customers.tasks import open_of
from kaquan.organisations.models import Organisation
from kaquan.staff.acting import actor_of
from kaquan.staff.models import StaffUser
from tests.builders.issuer import NOON, SYSTEM, an_organisation, staff_of
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def region(database: Database) -> Organisation:
    return an_organisation("华东", an_organisation("总部", None))


@pytest.fixture
def user(region: Organisation) -> StaffUser:
    return an_operator(region)


@pytest.fixture
def browser(user: StaffUser) -> Client:
    return a_browser(user)


@pytest.fixture
def customer(region: Organisation) -> Customer:
    return create_customer(
        actor=staff_of(region), number="M-1", name="赵子龙", phone="13800138000", tags=["新客"]
    )


def read(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def do(browser: Client, customer: Customer, action: str, **values: str) -> str:
    """Answer an action's question, and read the page that comes after it."""
    address = at("customer-action", key=customer.id, action=action)
    answer = browser.post(address, values, follow=True)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def tab(browser: Client, customer: Customer, name: str) -> str:
    return read(browser, f"{at('customer', key=customer.id)}?tab={name}")


def test_a_customer_is_added_and_edited_and_no_page_names_them_in_full(browser: Client) -> None:
    form = {
        "number": "M-9", "name": "欧阳修", "phone": "139 0013 9000", "birthday": "1990-05-17",
        "tags": "新客，vip",
    }  # fmt: skip
    page = browser.post(at("customer-new"), form, follow=True).content.decode()
    customer = Customer.objects.get(number="M-9")
    edit = at("customer-edit", key=customer.id)
    asked = read(browser, edit)
    changed = browser.post(edit, {"phone": "13700137000"}, follow=True).content.decode()

    customer.refresh_from_db()
    assert (customer.name, customer.phone, customer.tags) == (
        "欧阳修", "+8613700137000", ["vip", "新客"],
    )  # fmt: skip
    assert "139****9000" in page
    assert "05 月" in page
    assert "现为 139****9000" in asked
    assert "137****7000" in changed
    every = [page, asked, changed, read(browser, at("customers"))]
    for shown in every:
        for personal in ("欧阳修", "13900139000", "13700137000", "1990"):
            assert personal not in shown


def test_what_is_masked_is_shown_once_for_a_reason_and_the_page_says_who_looked(
    browser: Client, customer: Customer, user: StaffUser
) -> None:
    address = at("customer-show", key=customer.id)
    question = read(browser, f"{address}?field=phone")
    without = browser.post(address, {"field": "phone"})
    answer = browser.post(address, {"field": "phone", "reason": "service", "note": "工单 8"})

    assert '<option value="phone" selected>' in question
    assert without.status_code == 422
    assert "13800138000" not in without.content.decode()
    assert answer.status_code == 200
    assert "13800138000" in answer.content.decode()
    assert answer.headers["Refresh"].startswith("60; url=")
    assert answer.headers["Cache-Control"] == "no-store"
    page = tab(browser, customer, "looks")
    assert user.name in page
    assert "售后服务" in page
    assert "工单 8" in page
    assert "13800138000" not in page
    assert len(looks_of(SYSTEM, customer.id)) == 1


def test_too_many_looks_are_refused_and_show_nothing(
    browser: Client, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kaquan.customers import looks

    assert LOOKS_AN_HOUR_MAX == 60
    monkeypatch.setattr(looks, "LOOKS_AN_HOUR_MAX", 0)
    form = {"field": "name", "reason": "service"}

    answer = browser.post(at("customer-show", key=customer.id), form)

    assert answer.status_code == 409
    assert "一小时内最多查看" in answer.content.decode()
    assert "赵子龙" not in answer.content.decode()
    assert looks_of(SYSTEM, customer.id) == []


def test_without_the_permission_nothing_leads_to_what_is_masked(
    customer: Customer, region: Organisation
) -> None:
    clerk = a_browser(an_operator(region, "customers.view", "customers.edit"))
    page = read(clerk, at("customer", key=customer.id))

    assert "138****8000" in page
    assert "查看完整信息" not in page
    assert at("customer-show", key=customer.id) not in page
    assert clerk.get(at("customer-show", key=customer.id)).status_code == 403


def test_all_that_was_done_stands_on_the_timeline(browser: Client, customer: Customer) -> None:
    do(browser, customer, "note", text="对花生过敏")
    do(browser, customer, "tag", tags="vip、常客")
    do(browser, customer, "consent", purpose="marketing_sms", given="yes", source="门店",
       text_version="privacy-2026-06")  # fmt: skip
    do(browser, customer, "identity", kind="wechat", value="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")

    page = read(browser, at("customer", key=customer.id))
    timeline = tab(browser, customer, "timeline")

    assert "oU****6o" in page
    assert "vip、常客、新客" in page
    assert "privacy-2026-06" in page
    for told in ("入会", "对花生过敏", "标签变更", "同意", "添加身份标识"):
        assert told in timeline
    assert "oUpF8uMuAJO" not in page + timeline


def test_a_consent_that_is_so_already_is_refused_in_words(
    browser: Client, customer: Customer
) -> None:
    form = {"purpose": "marketing_sms", "given": "no", "source": "门店", "text_version": "v1"}

    answer = browser.post(at("customer-action", key=customer.id, action="consent"), form)

    assert answer.status_code == 409
    assert "未作改动" in answer.content.decode()


def test_a_task_waits_for_whom_it_is_and_is_done_with_what_came_of_it(
    browser: Client, customer: Customer, user: StaffUser
) -> None:
    me = actor_of(user, at=NOON)
    assert me is not None
    form = {"title": "回访", "due": "2026-06-09", "who": me.id}
    browser.post(at("customer-task", key=customer.id), form)
    (task,) = open_of(me)
    listed = read(browser, f"{at('tasks')}?whose=mine&state=open")
    finish = at("task-action", key=task.id, action="finish")
    done = browser.post(finish, {"outcome": "约好周六到店"}, follow=True).content.decode()

    assert "回访" in listed
    assert "已逾期" in listed
    assert customer.number in listed
    assert "约好周六到店" in done
    assert Task.objects.get().done_at is not None
    assert open_of(me) == []
    assert browser.post(finish, {}).status_code == 409


def test_a_merge_shows_both_before_it_is_done_and_can_be_undone(
    browser: Client, customer: Customer, region: Organisation
) -> None:
    create_customer(actor=staff_of(region), number="M-2", name="王晓明", tags=["vip"])
    address = at("customer-merge", key=customer.id)
    assert 'name="sure"' not in read(browser, address)
    compared = browser.post(address, {"into": "M-2", "sure": "on"})
    text = compared.content.decode()

    assert compared.status_code == 409
    assert "M-1（赵*，138****8000，新客）" in text
    assert "M-2（王*，vip）" in text
    assert 'name="compared" value="M-2"' in text
    assert 'name="sure"' in text
    other = browser.post(address, {"into": "M-2", "sure": "on", "compared": "M-3"})
    assert other.status_code == 409
    assert Customer.objects.get(id=customer.id).merged_into is None

    form = {"into": "M-2", "sure": "on", "compared": "M-2"}
    merged = browser.post(address, form, follow=True).content.decode()
    assert "已并入 M-2" in merged
    assert "撤销合并" in merged
    question = read(browser, at("customer-action", key=customer.id, action="unmerge"))
    assert "限额不退回" in question
    do(browser, customer, "unmerge")
    assert Customer.objects.get(id=customer.id).merged_into is None


def test_a_merge_with_nobody_is_refused_and_what_was_typed_stays(
    browser: Client, customer: Customer
) -> None:
    answer = browser.post(at("customer-merge", key=customer.id), {"into": "M-404"})

    assert answer.status_code == 409
    assert 'value="M-404"' in answer.content.decode()
    assert "没有客户" in answer.content.decode()


def test_tags_are_given_to_many_at_once(
    browser: Client, customer: Customer, region: Organisation
) -> None:
    other = create_customer(actor=staff_of(region), number="M-2")
    form = {"chosen": [customer.id, other.id], "confirmed": "yes", "tags": "周年庆"}
    browser.post(at("customers-bulk", action="tag"), form)
    tags = dict(Customer.objects.values_list("number", "tags"))
    browser.post(at("customers-bulk", action="untag"), form)

    assert tags == {"M-1": ["周年庆", "新客"], "M-2": ["周年庆"]}
    assert dict(Customer.objects.values_list("number", "tags")) == {"M-1": ["新客"], "M-2": []}


def test_a_file_of_customers_is_tried_first_and_then_brought_in(
    browser: Client, customer: Customer
) -> None:
    lines = (
        "会员号,姓名,手机号,标签,生日",
        "M-1,赵子龙,13800138000,vip,",
        "M-5,李四,139,,",
        "M-6,赵六,13900139000,新客,1988-02-29",
    )
    file = SimpleUploadedFile("客户.csv", "\n".join(lines).encode(), "text/csv")
    tried = browser.post(at("customer-import"), {"file": file}).content.decode()

    assert sorted(Customer.objects.values_list("number", flat=True)) == ["M-1"]
    assert "应为 11 位手机号" in tried
    assert "赵子龙" not in tried
    kept = re.search(r'name="kept" value="([^"]+)"', tried)
    assert kept is not None
    browser.post(at("customer-import"), {"kept": kept[1]})

    found = Customer.objects.get(number="M-6")
    assert (found.name, found.birthday, found.birth_month) == ("赵六", "1988-02-29", 2)
    assert sorted(Customer.objects.values_list("number", flat=True)) == ["M-1", "M-6"]
    assert Customer.objects.get(number="M-1").tags == ["vip"]


# Segments ---------------------------------------------------------------------------------------


def built(**typed: object) -> dict[str, object]:
    """The builder's form as a browser sends it: ``__`` for the dot, ``_`` for the dashes after."""
    return {
        f"{name.partition('__')[0]}.{name.partition('__')[2].replace('_', '-')}"
        if "__" in name
        else name: value
        for name, value in typed.items()
    }


def test_a_segment_is_built_step_by_step_counted_and_saved(
    browser: Client, customer: Customer, region: Organisation
) -> None:
    create_customer(actor=staff_of(region), number="M-2", tags=["vip"])
    address = at("segment-new")
    empty = read(browser, address)
    added = browser.post(address, built(do="add:0", mode__0="all", add__0="tags"))
    assert 'name="any.0-0"' in added.content.decode()
    form = built(mode__0="all", kind__0_0="tags", any__0_0="vip，新客", code="mine", name="老友")
    grouped = browser.post(address, form | {"do": "group:0"}).content.decode()
    assert 'name="mode.0-1"' in grouped
    assert "vip，新客" in grouped
    form |= built(
        kind__0_1="group", mode__0_1="none", kind__0_1_0="joined", until__0_1_0="2020-01-01"
    )
    counted = browser.post(address, form | {"do": "count"}).content.decode()
    saved = browser.post(address, form | {"do": "save"}, follow=True).content.decode()

    assert "<strong>2</strong>" in empty
    assert "<strong>2</strong>" in counted
    segment = Segment.objects.get()
    assert segment.organisation == region
    assert segment.conditions["of"] == [
        {"kind": "tags", "any": ["vip", "新客"]},
        {"kind": "group", "mode": "none", "of": [{"kind": "joined", "until": "2020-01-01"}]},
    ]
    assert "包含任一标签 vip、新客" in saved
    assert "全部不满足" in saved
    listed = read(browser, f"{at('customers')}?{urlencode({'segment': segment.id})}")
    assert "共 2 条" in listed


def test_a_condition_is_taken_away_and_the_others_keep_what_was_typed(browser: Client) -> None:
    form = built(
        mode__0="any", kind__0_0="used", least__0_0="3", kind__0_1="spent", most_fen__0_1="12.50",
        kind__0_2="birth_month", months__0_2=["1", "12"],
    )  # fmt: skip

    page = browser.post(at("segment-new"), form | {"do": "remove:0-0"}).content.decode()

    assert "least.0-0" not in re.sub(r"least_fen\.0-0", "", page)
    assert 'name="most_fen.0-0" value="12.50"' in page
    assert re.findall(r'name="months.0-1" value="(\d+)" checked', page) == ["1", "12"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (built(kind__0_0="used", least__0_0="三次"), "请填写整数"),
        (built(kind__0_0="spent", least_fen__0_0="1.234"), "请填写金额"),
        (built(kind__0_0="joined", since__0_0="31.12.2026"), "日期"),
        (built(kind__0_0="belongs", under__0_0="火星"), "没有"),
        (built(kind__0_0="tags"), "有条件还没有填写"),
        (built(kind__0_0="group"), "有条件组是空的"),
    ],
)
def test_conditions_that_cannot_be_read_are_told_and_nothing_is_saved(
    browser: Client, typed: dict[str, object], told: str
) -> None:
    form = typed | {"do": "save", "code": "c1", "name": "分群"}

    answer = browser.post(at("segment-new"), form)

    assert answer.status_code in (409, 422)
    assert told in answer.content.decode()
    assert 'value="c1"' in answer.content.decode()
    assert not Segment.objects.exists()


def test_two_who_edit_one_segment_are_told_and_nothing_typed_is_lost(
    browser: Client, region: Organisation
) -> None:
    from kaquan.customers.segmenting import create_segment

    segment = create_segment(
        actor=staff_of(region), code="s1", name="常客",
        conditions={"kind": "group", "of": [{"kind": "belongs", "under": [region.id]}]},
    )  # fmt: skip
    address = at("segment-edit", key=segment.id)
    page = read(browser, address)
    assert f"{region.name}" in page
    form = built(mode__0="all", kind__0_0="belongs", under__0_0=region.code, do="save")
    first = browser.post(address, form | {"name": "甲", "revision": "1"})
    second = browser.post(address, form | {"name": "乙", "revision": "1"})
    again = re.search(r'name="revision" value="(\d+)"', second.content.decode())

    assert first.status_code == 302
    assert second.status_code == 409
    assert 'value="乙"' in second.content.decode()
    assert Segment.objects.get().name == "甲"
    assert again is not None
    browser.post(address, form | {"name": "乙", "revision": again[1]})
    assert Segment.objects.get().name == "乙"


def test_a_segment_that_was_switched_off_can_be_chosen_no_more(
    browser: Client, region: Organisation
) -> None:
    from kaquan.customers.segmenting import create_segment

    segment = create_segment(
        actor=staff_of(region), code="s1", name="周年庆老客", conditions={"kind": "group"}
    )
    assert "周年庆老客" in read(browser, at("customers"))
    browser.post(at("segment-action", key=segment.id, action="off"), {}, follow=True)

    assert "周年庆老客" not in read(browser, at("customers"))
    assert not Segment.objects.get().active


def test_a_birthday_is_a_month_on_the_page(browser: Client, region: Organisation) -> None:
    customer = create_customer(actor=staff_of(region), number="M-3", birthday=date(1990, 12, 24))
    page = read(browser, at("customer", key=customer.id))

    assert "12 月" in page
    assert "1990-" not in page
    assert "1990 年" not in page
