"""The demo issuer's accounts: one a role, with passwords that nobody could know before."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import authenticate

from kaquan.foundation import clock
from kaquan.organisations.models import OrganisationKind
from kaquan.staff.models import RoleGrant, StaffUser
from kaquan.staff.roles import BUILT_IN_ROLES
from kaquan.surfaces.cli.demo import show_accounts
from kaquan.surfaces.demo.accounts import demo_accounts
from kaquan.surfaces.login.gate import first_page_is_open
from tests.builders.issuer import a_store, an_organisation
from tests.fixtures_database import Database
from tests.staff.people import somebody


@pytest.fixture(autouse=True)
def places(database: Database) -> None:
    root = an_organisation("总部", None, OrganisationKind.HEAD_OFFICE)
    a_store(an_organisation("华东", root))


def test_there_is_somebody_for_each_role_in_its_place() -> None:
    accounts = demo_accounts()

    assert len(accounts) == len(BUILT_IN_ROLES) == StaffUser.objects.count()
    held = {one.role_id: one for one in RoleGrant.objects.select_related("organisation", "user")}
    assert set(held) == {role.code for role in BUILT_IN_ROLES}
    assert held["clerk"].organisation.kind == "store"
    assert held["regional_operations"].organisation.kind == "region"
    assert held["finance"].organisation is None
    one = accounts[0]
    assert one.password is not None
    user = authenticate(username=one.username, password=one.password)
    assert isinstance(user, StaffUser)
    assert user.must_change_password
    assert one.password not in repr(one)


def test_a_password_that_nobody_used_is_made_anew_and_one_in_use_stays() -> None:
    first = demo_accounts()
    used = StaffUser.objects.get(username=first[0].username)
    StaffUser.objects.filter(id=used.id).update(last_login=clock.now())

    second = demo_accounts()

    assert second[0].password is None
    assert first[0].password is not None
    assert authenticate(username=used.username, password=first[0].password) == used
    for before, after in zip(first[1:], second[1:], strict=True):
        assert after.password not in (None, before.password)
    assert StaffUser.objects.count() == len(BUILT_IN_ROLES)


def test_the_demos_own_accounts_do_not_close_the_first_page() -> None:
    demo_accounts()
    assert first_page_is_open()

    somebody()

    assert not first_page_is_open()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_passwords_are_shown_in_a_terminal_and_never_in_a_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_terminal: bool
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)

    show_accounts()

    shown = re.findall(r"(?:[a-z2-9]{4}-){3}[a-z2-9]{4}", capsys.readouterr().err)
    assert len(shown) == (len(BUILT_IN_ROLES) if is_terminal else 0)
    assert StaffUser.objects.exists() is is_terminal
