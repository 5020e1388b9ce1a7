"""Each role that every installation has finds its own work in the menu and is refused the rest."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from kaquan.staff.roles import BUILT_IN_ROLES
from kaquan.surfaces.console.screens import MENU
from tests.builders.books import books, differing
from tests.builders.issuer import a_store, an_organisation
from tests.console.people import a_browser, at
from tests.fixtures_database import Database
from tests.staff.people import somebody

pytestmark = pytest.mark.usefixtures("static_files")


def test_each_role_sees_its_own_work_in_the_menu_and_is_refused_the_rest(
    database: Database,
) -> None:
    root = an_organisation("总部", None)
    region = an_organisation("华东", root)
    places = {
        "regional_operations": region,
        "store_manager": (store := a_store(region).organisation),
        "clerk": store,
    }
    entries = [entry for group in MENU for entry in group.entries]
    connection = database.connect()
    browsers = {}
    for role in BUILT_IN_ROLES:
        user = somebody(places.get(role.code, root), role.code)
        if role.must_use_second_factor:
            TOTP.activate(user, generate_totp_secret())
        browsers[role.code] = a_browser(user)
    before = books(connection)

    wrong: list[tuple[str, str, object]] = []
    for role in BUILT_IN_ROLES:
        browser = browsers[role.code]
        allowed = {one.name for one in entries if one.permission in {"", *role.permissions}}
        shown = menu_of(browser)
        if shown != {at(name) for name in allowed}:
            wrong.append((role.code, "menu", shown))
        refused = sorted({one.name for one in entries} - allowed)
        answers = {name: browser.get(at(name)).status_code for name in refused}
        answers["post"] = browser.post(at(refused[0]), {"reason": "查"}).status_code
        if set(answers.values()) != {403}:
            wrong.append((role.code, "refused", answers))

    assert wrong == []
    assert differing(before, books(connection)) == set()


def menu_of(browser: Client) -> set[str]:
    page = browser.get(at("home")).content.decode()
    menu = page.partition('<nav aria-label="')[2].partition("</nav>")[0]
    return set(re.findall(r'href="([^"]+)"', menu))
