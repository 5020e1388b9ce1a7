"""Accounts and roles, as those who keep them work on their screens."""

from __future__ import annotations

import re

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth import authenticate
from django.test import Client

from kaquan.foundation.changes.models import Change
from kaquan.staff.models import Role, RoleGrant, StaffUser
from kaquan.staff.presence import SEEN
from tests.api.world import Side
from tests.builders.issuer import an_organisation
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database
from tests.staff.people import PASSWORD, somebody

pytestmark = pytest.mark.usefixtures("static_files")
SECRET = re.compile(r'id="secret-(\d)">([^<]+)<')


@pytest.fixture
def side(database: Database) -> Side:
    return Side(an_organisation("总部", None))


@pytest.fixture
def browser(side: Side) -> Client:
    return a_browser(an_operator(side.organisation))


def once_in(page: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


def secrets_in(page: str) -> list[str]:
    return [text for _, text in SECRET.findall(page)]


def test_an_account_is_made_and_its_password_is_shown_once(side: Side, browser: Client) -> None:
    form = browser.get(at("staff-new")).content.decode()
    typed = {"username": "Zhang.Wei", "name": "张伟", "phone": "13800138000", "once": once_in(form)}

    page = browser.post(at("staff-new"), typed).content.decode()
    again = browser.post(at("staff-new"), typed)

    username, password = secrets_in(page)
    user = StaffUser.objects.get(username="zhang.wei")
    assert username == "zhang.wei"
    assert authenticate(username=username, password=password) == user
    assert user.must_change_password
    assert user.organisation == side.organisation
    assert again.status_code == 409
    assert password not in again.content.decode()
    assert password not in browser.get(at("staff-member", key=user.id)).content.decode()
    assert "138****8000" in browser.get(at("staff-member", key=user.id)).content.decode()
    assert password not in str(list(Change.objects.values()))
    assert password not in "".join(f"{one.key}{one.value}" for one in browser.cookies.values())


def test_a_name_that_is_taken_is_told_and_what_was_typed_stays(browser: Client) -> None:
    somebody(None).username  # noqa: B018  # it makes one
    taken = StaffUser.objects.latest("id").username
    form = browser.get(at("staff-new")).content.decode()
    typed = {"username": taken, "name": "李雷", "once": once_in(form)}

    refused = browser.post(at("staff-new"), typed)
    mended = browser.post(at("staff-new"), {**typed, "username": "li.lei"})

    assert refused.status_code == 409
    assert 'value="李雷"' in refused.content.decode()
    assert secrets_in(mended.content.decode())[0] == "li.lei"


def test_a_place_that_nobody_knows_is_told_on_the_form(browser: Client) -> None:
    typed = {"username": "han", "name": "韩梅梅", "organisation": "没有这里"}

    answer = browser.post(at("staff-new"), typed)

    assert answer.status_code == 409
    assert "没有组织" in answer.content.decode()
    assert not StaffUser.objects.filter(username="han").exists()


def test_a_role_is_granted_at_a_node_for_some_days_and_taken_again(
    side: Side, browser: Client
) -> None:
    user = somebody(side.organisation)
    store = side.store.organisation
    role = side.role
    address = at("staff-grant", key=user.id)
    assert role.name_zh in browser.get(address).content.decode()
    assert "系统管理员" not in browser.get(address).content.decode()

    typed = {"role": role.code, "organisation": store.code, "last": "2099-12-31"}
    page = browser.post(address, typed, follow=True).content.decode()

    grant = RoleGrant.objects.get(user=user)
    assert (grant.role, grant.organisation) == (role, store)
    assert "2099-12-31 23:59:59" in page
    assert "收回" in page
    question = at("grant-action", key=grant.id, action="revoke")
    assert user.name in browser.get(question).content.decode()
    assert browser.post(question, {"back": at("staff")}).status_code == 302
    grant.refresh_from_db()
    assert grant.revoked_at is not None


def test_nobody_grants_by_a_screen_what_they_do_not_hold(side: Side) -> None:
    browser = a_browser(an_operator(side.organisation, "staff.grant", "staff.view"))
    user = somebody(side.organisation)

    answer = browser.post(at("staff-grant", key=user.id), {"role": "finance"})

    assert answer.status_code == 403
    assert not RoleGrant.objects.filter(user=user).exists()


def test_an_account_is_stopped_and_logged_out_everywhere(side: Side, browser: Client) -> None:
    user = somebody(side.organisation, side.role.code)
    theirs = a_browser(user)
    assert theirs.get(at("home"), follow=True).status_code == 200

    browser.post(at("staff-member-action", key=user.id, action="disable"), {})

    assert theirs.get(at("home")).headers["Location"].startswith("/accounts/login/")
    browser.post(at("staff-member-action", key=user.id, action="enable"), {})
    user.refresh_from_db()
    assert user.is_active


def test_a_session_is_seen_and_ended(side: Side, browser: Client) -> None:
    user = somebody(side.organisation, side.role.code)
    theirs = Client(headers={"host": "localhost"})
    theirs.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert theirs.get(at("home"), follow=True).status_code == 200
    session = UserSession.objects.get(user=user)

    page = browser.get(at("staff-member", key=user.id) + "?tab=sessions").content.decode()
    browser.post(at("session-action", key=session.pk, action="end"), {})

    assert session.ip in page
    assert session.session_key not in page
    assert theirs.get(at("home")).headers["Location"].startswith("/accounts/login/")


def test_a_password_is_reset_and_opens_the_account(side: Side, browser: Client) -> None:
    user = somebody(side.organisation)
    form = browser.get(at("staff-password", key=user.id)).content.decode()

    page = browser.post(at("staff-password", key=user.id), {"once": once_in(form)})

    _, password = secrets_in(page.content.decode())
    assert authenticate(username=user.username, password=password) == user


def test_the_list_shows_what_each_may_do_and_is_asked_by_role(side: Side, browser: Client) -> None:
    holder = somebody(side.organisation, side.role.code)
    other = somebody(side.organisation)

    page = browser.get(at("staff") + f"?role={side.role.code}").content.decode()

    assert holder.username in page
    assert other.username not in page
    assert f"{side.role.name_zh}（{side.organisation.name}）" in page


def test_a_role_is_composed_in_words_and_changed_later(side: Side, browser: Client) -> None:
    form = browser.get(at("role-new")).content.decode()
    assert "查看账目" in form
    assert 'value="settings.edit"' not in form

    typed = {
        "code": "area_lead",
        "name_zh": "片区负责人",
        "name_en": "Area lead",
        "permissions": ["ledger.view", "keys.view"],
    }
    page = browser.post(at("role-new"), typed, follow=True).content.decode()
    role = Role.objects.get(code="area_lead")
    assert role.permissions == ["keys.view", "ledger.view"]
    assert role.organisation == side.organisation
    assert "查看账目" in page

    edit = browser.get(at("role-edit", key="area_lead")).content.decode()
    changed = {**typed, "permissions": ["ledger.view"], "revision": "1"}
    assert 'name="revision" value="1"' in edit
    assert browser.post(at("role-edit", key="area_lead"), changed).status_code == 302
    late = browser.post(at("role-edit", key="area_lead"), {**changed, "name_zh": "迟到"})

    assert late.status_code == 409
    role.refresh_from_db()
    assert (role.permissions, role.name_zh) == (["ledger.view"], "片区负责人")


def test_a_permission_that_is_not_offered_is_refused(side: Side, browser: Client) -> None:
    typed = {"code": "sly", "name_zh": "甲", "name_en": "A", "permissions": ["settings.edit"]}

    answer = browser.post(at("role-new"), typed)

    assert answer.status_code == 422
    assert not Role.objects.filter(code="sly").exists()


def test_the_second_factor_of_a_role_is_asked_for(side: Side) -> None:
    security = somebody(None, "security_administrator")
    Role.objects.filter(code="security_administrator").update(must_use_second_factor=False)
    browser = a_browser(security)

    browser.post(at("role-action", key="clerk", action="must-second-factor"), {})

    assert Role.objects.get(code="clerk").must_use_second_factor
    theirs = a_browser(somebody(side.organisation, "clerk"))
    assert theirs.get(at("home")).headers["Location"] == "/accounts/2fa/"


def test_whoever_did_nothing_for_long_is_logged_out(side: Side, browser: Client) -> None:
    assert browser.get(at("staff")).status_code == 200
    session = browser.session
    session[SEEN] -= 121 * 60
    session.save()

    answer = browser.get(at("staff"))

    assert answer.headers["Location"].startswith("/accounts/login/?next=/console/staff/")
    assert browser.get(at("staff")).status_code == 302


def test_whoever_works_on_stays_logged_in(side: Side, browser: Client) -> None:
    for _ in range(3):
        assert browser.get(at("staff")).status_code == 200
        session = browser.session
        session[SEEN] -= 100 * 60
        session.save()
