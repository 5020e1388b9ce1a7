"""Settings, the calendar and announcements, as people meet them on screens."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from kaquan.foundation.jobs.actions import begin
from kaquan.foundation.jobs.exports import path_of
from kaquan.foundation.jobs.models import Job
from kaquan.organisations.issuer_settings import change_settings, issuer_setting
from kaquan.organisations.models import Holiday
from kaquan.staff.models import Announcement
from kaquan.surfaces.console.screens import write_list
from tests.builders.issuer import SYSTEM, a_store, an_organisation
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def browser(database: Database) -> Client:
    """Someone of the whole issuer."""
    return a_browser(an_operator(None))


def seen(**values: str) -> dict[str, str]:
    usual = {
        "approvals_required": "off",
        "language": "browser",
        "idle_minutes": "120",
        "export_rows_max": "200000",
        "slip_days": "30",
        "stub_photo_days": "180",
        "counter_undo_minutes": "10",
        "offline_grant_hours": "24",
        "offline_online_percent": "5",
        "issuer_name": "",
        "customer_service": "",
        "sms_source_hourly": "20",
    }
    form = usual | {f"seen-{name}": value for name, value in usual.items()}
    return form | values


def test_settings_are_changed_and_the_second_of_two_is_told(browser: Client) -> None:
    page = browser.get(at("settings")).content.decode()
    assert "Asia/Shanghai" in page

    saved = browser.post(at("settings"), seen(idle_minutes="30"), follow=True)
    late = browser.post(at("settings"), seen(idle_minutes="60", approvals_required="on"))
    other = browser.post(at("settings"), seen(approvals_required="on"))

    assert "设置已保存" in saved.content.decode()
    assert late.status_code == 409
    assert 'value="60"' in late.content.decode()
    assert other.status_code == 302
    assert (issuer_setting("idle_minutes"), issuer_setting("approvals_required")) == (30, True)

    for line in ("400-800-1234", ""):
        kept = issuer_setting("customer_service")
        form = seen(idle_minutes="30", approvals_required="on", customer_service=line)
        form |= {"seen-idle_minutes": "30", "seen-approvals_required": "on"}
        browser.post(at("settings"), form | {"seen-customer_service": kept})
        assert issuer_setting("customer_service") == line


def test_a_setting_that_cannot_be_is_refused_in_words(browser: Client) -> None:
    for minutes in ("4", "1441", "ten", "-5"):
        answer = browser.post(at("settings"), seen(idle_minutes=minutes))
        assert answer.status_code == 409
        assert "5–1,440" in answer.content.decode()

    assert issuer_setting("idle_minutes") == 120


def test_settings_are_not_for_people_of_one_part(database: Database) -> None:
    part = a_browser(an_operator(an_organisation("华东", None)))

    assert part.post(at("settings"), seen(idle_minutes="30")).status_code == 403
    assert issuer_setting("idle_minutes") == 120


def test_the_issuers_language_counts_for_those_who_have_not_chosen(browser: Client) -> None:
    change_settings(actor=SYSTEM, values={"language": "en"}, expected={})

    assert '<html lang="en">' in browser.get(at("stores")).content.decode()
    browser.post(reverse("set_language"), {"language": "zh-hans"})
    assert '<html lang="zh-hans">' in browser.get(at("stores")).content.decode()


def test_an_export_holds_as_many_rows_as_the_issuer_allows(browser: Client) -> None:
    root = an_organisation("总部", None)
    for number in range(101):
        a_store(root, f"X{number:03}")
    change_settings(actor=SYSTEM, values={"export_rows_max": 100}, expected={})

    browser.post(at("stores"), {"query": ""})
    job = begin(Job.objects.get(kind="console.list").id)
    assert job is not None
    write_list(job)

    job.refresh_from_db()
    assert len(path_of(job.id, job.file).read_text(encoding="utf-8-sig").splitlines()) == 101


def test_a_decreed_year_is_brought_in_and_a_day_is_changed(browser: Client) -> None:
    page = browser.get(at("holidays") + "?year=2026").content.decode()
    assert "导入国务院放假安排" in page

    done = browser.post(at("holidays"), {"year": "2026"}, follow=True).content.decode()
    day = at("holiday") + "?day=2026-10-01"
    form = browser.get(day).content.decode()
    browser.post(day, {"day": "2026-10-01", "kind": "work", "label": "店庆"})
    browser.post(day, {"day": "2026-10-02", "kind": "plain"})

    assert "已导入 2026 年的" in done
    assert "day-off" in done
    assert 'value="2026-10-01"' in form
    assert Holiday.objects.get(day=date(2026, 10, 1)).kind == "work"
    assert not Holiday.objects.filter(day=date(2026, 10, 2)).exists()


def test_a_year_that_is_none_shows_this_one_and_an_unknown_one_is_told(browser: Client) -> None:
    for year in ("", "abc", "1", "99999", "2026-01"):
        assert browser.get(at("holidays"), {"year": year}).status_code == 200

    page = browser.post(at("holidays"), {"year": "2150"}, follow=True).content.decode()

    assert "尚无 2150 年的放假安排" in page


def test_an_announcement_stands_on_every_page_until_it_is_read(browser: Client) -> None:
    form = {
        "title_zh": "今晚维护 <1 小时>",
        "title_en": "Maintenance tonight",
        "text_zh": "22:00 起",
        "starts_at": "2020-01-01T00:00",
        "ends_at": "2099-01-01T00:00",
    }
    browser.post(at("announcement-new"), form)
    one = Announcement.objects.get()
    clerk = a_browser(an_operator(an_organisation("华东", None), "organisations.view"))
    english = a_browser(an_operator(None, "organisations.view"), "en")

    page = clerk.get(at("stores")).content.decode()
    assert "今晚维护 &lt;1 小时&gt;" in page
    assert "Maintenance tonight" in english.get(at("stores")).content.decode()
    back = clerk.post(
        at("announcement-dismiss"), {"announcement": one.id, "back": at("stores")}, follow=True
    )

    assert "今晚维护" not in back.content.decode()
    assert "今晚维护" in browser.get(at("stores")).content.decode()
    browser.post(at("announcement-action", key=one.id, action="withdraw"), {})
    assert 'class="announcement"' not in browser.get(at("stores")).content.decode()


def test_an_announcement_that_ends_before_it_begins_is_refused(browser: Client) -> None:
    form = {
        "title_zh": "反了",
        "starts_at": "2027-02-01T00:00",
        "ends_at": "2027-01-01T00:00",
    }

    answer = browser.post(at("announcement-new"), form)

    assert answer.status_code == 409
    assert 'value="反了"' in answer.content.decode()
    assert not Announcement.objects.exists()
