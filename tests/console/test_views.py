"""Saved views: a list under a name, for oneself or for one's part of the organisation."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from kaquan.foundation import clock
from kaquan.foundation.changes.models import Change
from kaquan.foundation.jobs import actions
from kaquan.foundation.jobs.models import Job
from kaquan.organisations.models import Organisation
from kaquan.staff.models import RoleGrant, StaffUser
from kaquan.staff.saved_views.models import Every, SavedView
from kaquan.staff.saved_views.scheduling import next_time
from kaquan.surfaces.console.kit.cells import local_text
from kaquan.surfaces.jobs.scheduled_views import export_due
from kaquan.surfaces.jobs.worker import run_queued
from tests.builders.issuer import a_store, an_organisation
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")
WAITING = "status=paused&columns=code"


@pytest.fixture
def root(database: Database) -> Organisation:
    return an_organisation("总部", None)


@pytest.fixture
def region(root: Organisation) -> Organisation:
    return an_organisation("华东", root)


@pytest.fixture
def user(region: Organisation) -> StaffUser:
    return an_operator(region)


def save(user: StaffUser, name: str, query: str = WAITING, **boxes: str) -> Client:
    browser = a_browser(user)
    answer = browser.post(
        at("view-new"), {"name": name, "screen": "stores", "query": query, **boxes}
    )
    assert answer.status_code == 302, answer.content.decode()
    return browser


def act(browser: Client, view: SavedView, action: str) -> int:
    return browser.post(at("view-action", key=view.id, action=action), {}).status_code


def offered(browser: Client) -> list[str]:
    """The names of the views that the list of stores offers."""
    page = browser.get(at("stores") + "?size=20").content.decode()
    found = re.search(r'<ul class="views">(.*?)</ul>', page)
    return re.findall(r"<a [^>]*>([^<]+)</a>", found[1]) if found else []


def test_a_view_keeps_filters_order_and_columns_and_no_page(user: StaffUser) -> None:
    browser = save(user, "暂停的门店", f"{WAITING}&sort=-name&after=abc")

    view = SavedView.objects.get()
    page = browser.get(f"{at('stores')}?{view.query}").content.decode()

    assert view.query == f"{WAITING}&sort=-name"
    assert offered(browser) == ["暂停的门店"]
    assert '<option value="paused" selected>' in page
    assert re.findall(r'name="columns" value="(\w+)" checked', page) == ["code"]


def test_a_list_opens_with_ones_default_and_resetting_leaves_it(
    user: StaffUser, region: Organisation
) -> None:
    a_store(region, "Z01")
    browser = save(user, "暂停的门店", is_default="on")

    opened = browser.get(at("stores"))
    reset = browser.get(at("stores") + "?view=none").content.decode()
    other = a_browser(an_operator(region)).get(at("stores"))

    assert opened.headers["Location"] == f"{at('stores')}?{WAITING}"
    assert f'href="{at("stores")}?view=none"' in browser.get(opened.url).content.decode()
    assert "Z01" in reset
    assert other.status_code == 200

    act(browser, SavedView.objects.get(), "no-default")
    assert browser.get(at("stores")).status_code == 200


def test_a_second_default_takes_the_place_of_the_first(user: StaffUser) -> None:
    save(user, "一", is_default="on")
    save(user, "二", "status=open", is_default="on")

    assert SavedView.objects.get(is_default=True).name == "二"


def test_a_shared_view_is_for_ones_part_of_the_tree_and_below(
    root: Organisation, region: Organisation, user: StaffUser
) -> None:
    save(user, "共享的", shared="on")
    save(user, "自己的")
    city = an_organisation("上海", region)

    seen = {
        name: offered(a_browser(an_operator(place)))
        for name, place in (("here", region), ("below", city), ("above", root),
                            ("beside", an_organisation("华南", root)))
    }  # fmt: skip

    assert seen == {"here": ["共享的"], "below": ["共享的"], "above": [], "beside": []}


def test_only_its_owner_changes_a_shared_view(region: Organisation, user: StaffUser) -> None:
    save(user, "共享的", shared="on")
    view = SavedView.objects.get()
    other = a_browser(an_operator(region))

    codes = {act(other, view, name) for name in ("default", "unshare", "delete")}

    assert codes in ({409}, {404})
    view.refresh_from_db()
    assert (view.is_default, view.shared_path) == (False, region.path)
    assert "取消共享" not in other.get(at("views")).content.decode()


def test_sharing_is_for_those_who_may_and_a_refusal_keeps_nothing(region: Organisation) -> None:
    browser = a_browser(an_operator(region, "organisations.view"))
    answer = browser.post(
        at("view-new"), {"name": "共享的", "screen": "stores", "query": "", "shared": "on"}
    )

    assert answer.status_code == 302  # the box is not offered to them, so it says nothing
    view = SavedView.objects.get()
    assert view.shared_path is None
    assert act(browser, view, "share") == 403
    view.refresh_from_db()
    assert view.shared_path is None


def test_what_is_shared_stands_in_the_change_log_and_what_is_private_does_not(
    user: StaffUser,
) -> None:
    save(user, "自己的")
    browser = save(user, "共享的", shared="on")
    act(browser, SavedView.objects.get(name="共享的"), "delete")
    act(browser, SavedView.objects.get(name="自己的"), "delete")

    verbs = list(
        Change.objects.filter(kind="saved_view").order_by("id").values_list("verb", flat=True)
    )
    assert verbs == ["saved_view.share", "saved_view.delete"]
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("name", "screen", "words"),
    [
        ("同名", "stores", "已有视图"),
        ("新的", "no-such-list", "请从要保存的列表打开"),
        ("", "stores", "请填写此项"),
    ],
)
def test_a_view_that_cannot_be_kept_is_refused_in_words(
    user: StaffUser, name: str, screen: str, words: str
) -> None:
    browser = save(user, "同名")

    answer = browser.post(at("view-new"), {"name": name, "screen": screen, "query": WAITING})

    assert answer.status_code in (409, 422)
    assert words in answer.content.decode()
    assert [view.name for view in SavedView.objects.all()] == ["同名"]


def test_a_view_is_exported_by_itself_as_its_owner_and_no_more_once_they_may_not(
    user: StaffUser, region: Organisation
) -> None:
    a_store(region, "Z01")
    browser = save(user, "门店日报")
    view = SavedView.objects.get()
    address = at("view-action", key=view.id, action="schedule")
    told = browser.post(address, {"every": "day"}, follow=True).content.decode()
    view.refresh_from_db()
    due = view.next_export_at
    assert due is not None
    assert f"首次时间 {local_text(due)[:-3]}" in told

    assert export_due(due - timedelta(minutes=1)) == 0
    assert [export_due(due) for _ in range(2)] == [1, 0]
    run_queued()
    (job,) = Job.objects.all()
    assert (job.title_zh, job.actor["id"], job.state) == (
        "导出：门店 · 门店日报",
        view.owner,
        "done",
    )
    assert job.organisation_path == region.path
    view.refresh_from_db()
    assert view.next_export_at == due + timedelta(days=1)

    RoleGrant.objects.filter(user=user).update(revoked_at=clock.now())
    assert export_due(due + timedelta(days=1)) == 0
    assert Job.objects.count() == 1


def test_an_export_that_cannot_begin_now_is_tried_again_and_one_called_off_is_not(
    user: StaffUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = save(user, "门店周报")
    view = SavedView.objects.get()
    address = at("view-action", key=view.id, action="schedule")
    browser.post(address, {"every": "week"})
    view.refresh_from_db()
    due = view.next_export_at
    assert due is not None
    assert due.astimezone(ZoneInfo("Asia/Shanghai")).weekday() == 0
    monkeypatch.setattr(actions, "NOT_ENDED_MAX", 0)

    assert export_due(due) == 0
    view.refresh_from_db()
    assert view.next_export_at == due + timedelta(minutes=10)
    assert "已取消定时导出" in browser.post(address, {"every": ""}, follow=True).content.decode()
    assert export_due(due + timedelta(days=9)) == 0
    stranger = a_browser(an_operator(None))
    assert stranger.post(address, {"every": "day"}).status_code in (404, 409)


@pytest.mark.parametrize(
    ("every", "now", "then"),
    [
        ("day", "2026-12-31T05:00", "2027-01-01"),
        ("week", "2026-11-29T12:00", "2026-11-30"),
        ("week", "2026-11-30T05:00", "2026-12-07"),
        ("month", "2026-12-31T23:59", "2027-01-01"),
        ("month", "2027-01-01T05:00", "2027-02-01"),
    ],
)
def test_the_next_time_is_a_morning_to_come(every: str, now: str, then: str) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    found = next_time(Every(every), datetime.fromisoformat(now).replace(tzinfo=zone))
    assert found.astimezone(zone).isoformat() == f"{then}T06:00:00+08:00"
