"""Every screen answers those who may see it, in both languages, and nobody else.

The screens come from the console's own list, so a new one is tested without a word here.
"""

from __future__ import annotations

import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from kaquan.surfaces.console.screens import LISTS, SCREENS
from tests.api.world import Side
from tests.builders.books import books
from tests.builders.books import differing as changed
from tests.builders.issuer import an_organisation
from tests.console.keys import FILES, LISTED, MISSING, addresses, missing_addresses
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def sides(database: Database) -> tuple[Side, Side]:
    """Somebody else's part of the organisation, and one's own."""
    root = an_organisation("总部", None)
    return Side(root), Side(root)


def text_of(response: HttpResponseBase) -> str:
    """It is closed already: to close it again would end the database session as well."""
    text: str = response.getvalue().decode(errors="replace")  # type: ignore[attr-defined]  # files have it too
    return text


def test_every_screen_answers_in_both_languages_is_not_kept_and_has_no_script_of_its_own(
    sides: tuple[Side, Side],
) -> None:
    _, ours = sides
    user = an_operator(ours.organisation)
    asked = list(addresses(ours))
    faults = []
    for language, html in (("zh-hans", '<html lang="zh-hans">'), ("en", '<html lang="en">')):
        browser = a_browser(user, language)
        for name, address in asked:
            response = browser.get(address, follow=True)
            assert response.headers["Cache-Control"] == "no-store", name
            text = text_of(response)
            is_page = name in FILES or html in text
            if response.status_code != 200 or not is_page:
                faults.append((language, name, response.status_code))
            if name not in FILES:
                own = [one for one in ("<style", ' style="', "<script>") if one in text]
                faults += [(language, name, one) for one in own]

    assert faults == []


def test_lists_show_ones_own_and_nothing_of_others(sides: tuple[Side, Side]) -> None:
    theirs, ours = sides
    own = {name: mark(ours) for name, mark in LISTED.items()}
    foreign = {name: mark(theirs) for name, mark in LISTED.items()}
    assert set(LISTED) == {screen.name for screen in LISTS}
    browser = a_browser(an_operator(ours.organisation))

    pages = {name: text_of(browser.get(at(name) + "?size=100")) for name in LISTED}

    assert {name for name, page in pages.items() if own[name] not in page} == set()
    assert {name for name, page in pages.items() if foreign[name] in page} == set()


def test_a_foreign_object_looks_exactly_like_one_that_does_not_exist(
    sides: tuple[Side, Side], database: Database
) -> None:
    theirs, ours = sides
    browser = a_browser(an_operator(ours.organisation))
    asked = list(zip(addresses(theirs, by_key=True), missing_addresses(theirs), strict=True))
    connection = database.connect()
    before = books(connection)

    faults = []
    for (name, foreign), (_, missing) in asked:
        told, expected = browser.get(foreign), browser.get(missing)
        posted = browser.post(foreign, {"reason": "查", "name": "别人的"})
        if not told.status_code == expected.status_code == posted.status_code == 404:
            faults.append((name, told.status_code, expected.status_code, posted.status_code))

    assert faults == []
    assert changed(before, books(connection)) == set()


def test_without_its_permission_no_screen_opens(sides: tuple[Side, Side]) -> None:
    _, ours = sides
    open_to_all = {screen.name for screen in SCREENS if not screen.permission}
    asked = [one for one in addresses(ours) if one[0].partition(":")[0] not in open_to_all]
    users = {
        permission: a_browser(an_operator(ours.organisation, permission))
        for permission in ("products.edit", "events.view")
    }

    opened = [
        (name, permission)
        for name, address in asked
        for permission, browser in users.items()
        if browser.get(address).status_code != 403
    ]

    assert opened == []


def test_nobody_sees_a_screen_without_logging_in(sides: tuple[Side, Side]) -> None:
    _, ours = sides
    stranger = Client(headers={"host": "localhost"})

    answers = {name: stranger.get(address) for name, address in addresses(ours)}

    assert {
        name
        for name, answer in answers.items()
        if not answer.headers.get("Location", "").startswith("/accounts/login/")
    } == set()


def test_someone_without_a_role_is_told_so(sides: tuple[Side, Side]) -> None:
    from tests.staff.people import somebody

    answer = a_browser(somebody(sides[1].organisation)).get(at("campaigns"))

    assert answer.status_code == 403
    assert "没有任何角色" in text_of(answer)


def test_no_change_is_made_without_the_forms_token(
    sides: tuple[Side, Side], database: Database
) -> None:
    _, ours = sides
    browser = a_browser(an_operator(ours.organisation), enforce_csrf_checks=True)
    asked = list(addresses(ours))
    connection = database.connect()
    before = books(connection)

    answers = {
        name: browser.post(address, {"reason": "查", "quantity": "5"}).status_code
        for name, address in asked
    }

    assert {name for name, status in answers.items() if status != 403} == set()
    assert changed(before, books(connection)) == set()


def test_every_screen_has_an_address_and_a_name_of_its_own() -> None:
    names = [screen.name for screen in SCREENS]
    paths = [screen.path for screen in SCREENS]

    assert len(set(names)) == len(names)
    assert len(set(paths)) == len(paths)
    assert set(MISSING) == {
        screen.name for screen in SCREENS if "<" in screen.path and "<slug" not in screen.path
    }
