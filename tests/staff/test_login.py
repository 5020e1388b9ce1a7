"""Login: a password alone where that is enough, more where a role asks for it, and a stop for
those who guess."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.test import Client
from time_machine import travel

from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.staff.actions import create_staff, set_staff_active
from kaquan.staff.clearing import clear_logins
from kaquan.staff.logins import Visit, note_login
from kaquan.staff.models import LoginEvent, LoginRecord, StaffUser
from tests.builders.issuer import NOON, SYSTEM, an_organisation
from tests.staff.people import PASSWORD, a_browser, somebody

LOGIN = "/accounts/login/"


def log_in(browser: Client, user: StaffUser, password: str = PASSWORD) -> object:
    return browser.post(LOGIN, {"login": user.username, "password": password})


def records() -> list[tuple[int | None, str, str]]:
    """What was written down: whose, what, how."""
    return list(LoginRecord.objects.order_by("id").values_list("user", "event", "about"))


def is_logged_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


def activate_totp(browser: Client) -> str:
    """Set an authenticator app up; returns its secret."""
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = browser.get("/accounts/2fa/totp/activate/").content.decode()
    (secret,) = re.findall(r'id="authenticator_secret"[^>]* value="([A-Z2-7]+)"', page)
    answer = browser.post("/accounts/2fa/totp/activate/", {"code": totp(secret)})
    assert answer.status_code == 302, answer.content.decode()
    return str(secret)


def totp(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def test_people_log_in_with_name_and_password(browser: Client) -> None:
    user = somebody(None, "clerk")

    page = browser.get(LOGIN)
    answer = log_in(browser, user)

    assert "登录" in page.content.decode()
    assert answer.status_code == 302  # type: ignore[attr-defined]
    assert is_logged_in(browser)
    (session,) = UserSession.objects.all()
    assert (session.user, session.ip) == (user, "127.0.0.1")
    assert records() == [(user.id, "in", "password")]
    assert LoginRecord.objects.get().ip == "127.0.0.1"


def test_the_name_may_be_typed_in_any_case(browser: Client) -> None:
    user = somebody()

    browser.post(LOGIN, {"login": user.username.upper(), "password": PASSWORD})

    assert is_logged_in(browser)


@pytest.mark.parametrize("known", [True, False])
def test_a_wrong_password_and_an_unknown_name_look_alike(browser: Client, known: bool) -> None:
    user = somebody()
    name = user.username if known else "no-such-user"

    answer = browser.post(LOGIN, {"login": name, "password": "wrong"})

    assert answer.status_code == 200
    (error,) = re.findall(r'role="alert">([^<]+)<', answer.content.decode())
    assert "用户名" in error
    assert not is_logged_in(browser)
    assert records() == [(user.id if known else None, "wrong_password", "")]
    assert "no-such-user" not in str(LoginRecord.objects.values())


def test_a_disabled_account_does_not_get_in_and_stays_no_longer(browser: Client) -> None:
    user = somebody(None, "auditor")
    log_in(browser, user)

    set_staff_active(actor=SYSTEM, user_id=user.id, active=False)

    assert browser.get("/").url.startswith(LOGIN)
    log_in(browser, user)
    assert browser.get("/").url.startswith(LOGIN)
    assert records()[-1] == (user.id, "stopped", "")


def test_who_guesses_is_locked_out_even_with_the_right_password(browser: Client) -> None:
    user = somebody()
    for number in range(5):
        # From five places: what counts is the account.
        browser.post(
            LOGIN, {"login": user.username, "password": "wrong"}, REMOTE_ADDR=f"198.51.100.{number}"
        )

    late = browser.post(
        LOGIN, {"login": user.username, "password": PASSWORD}, REMOTE_ADDR="198.51.100.99"
    )

    assert not is_logged_in(browser)
    assert late.status_code == 200
    assert records() == [*[(user.id, "wrong_password", "")] * 5, (user.id, "locked_out", "")]
    with travel(clock.now() + timedelta(minutes=16)):
        log_in(browser, user)
    assert is_logged_in(browser)


def test_attempts_are_counted_where_all_processes_see_them(browser: Client) -> None:
    user = somebody()

    browser.post(LOGIN, {"login": user.username, "password": "wrong"})

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM staff_cache")
        assert cursor.fetchone()[0] > 0
    cache.clear()


def test_a_forged_forwarding_header_is_no_way_around_the_lock_out(browser: Client) -> None:
    users = [somebody() for _ in range(12)]
    for number, user in enumerate(users):
        browser.post(
            LOGIN,
            {"login": user.username, "password": "wrong"},
            headers={"x-forwarded-for": f"203.0.113.{number}"},
        )

    log_in(browser, somebody())

    assert not is_logged_in(browser)  # ten failures a minute from one address


def test_a_temporary_password_must_be_changed_first(browser: Client) -> None:
    made = create_staff(actor=SYSTEM, username="new", name="新人", at=NOON)
    log_in(browser, made.user, str(made.temporary_password))

    assert browser.get("/").url == "/accounts/password/change/"
    page = browser.get("/accounts/password/change/")
    assert "临时密码" in page.content.decode()
    browser.post(
        "/accounts/password/change/",
        {
            "oldpassword": made.temporary_password,
            "password1": "another long river",
            "password2": "another long river",
        },
    )

    made.user.refresh_from_db()
    assert not made.user.must_change_password
    assert browser.get("/").status_code == 200
    assert is_logged_in(browser)


def test_a_role_that_asks_for_a_second_factor_gets_nowhere_without(browser: Client) -> None:
    user = somebody(an_organisation("华东", None), "finance")
    log_in(browser, user)

    assert browser.get("/").url == "/accounts/2fa/"
    assert "二" in browser.get("/accounts/2fa/").content.decode()
    activate_totp(browser)

    assert browser.get("/").status_code == 200


def test_a_role_that_asks_for_none_gets_in_without(browser: Client) -> None:
    log_in(browser, somebody(None, "auditor"))

    assert browser.get("/").status_code == 200


def test_the_second_factor_is_asked_for_at_the_next_login(browser: Client) -> None:
    user = somebody(None, "finance")
    log_in(browser, user)
    secret = activate_totp(browser)
    browser.logout()

    answer = log_in(browser, user)

    assert answer.url == "/accounts/2fa/authenticate/"  # type: ignore[attr-defined]
    assert not is_logged_in(browser)
    browser.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert not is_logged_in(browser)
    with travel(clock.now() + timedelta(minutes=5)):  # a code serves once
        browser.post("/accounts/2fa/authenticate/", {"code": totp(secret)})
    assert is_logged_in(browser)
    told = [(event, about) for _, event, about in records() if event != "out"]
    assert ("factor_added", "totp") in told
    assert [event for event, _ in told[-2:]] == ["wrong_factor", "in"]
    assert told[-1] == ("in", "password totp")


def test_a_login_record_is_never_changed_and_stays_for_half_a_year(browser: Client) -> None:
    log_in(browser, somebody())
    note_login(None, LoginEvent.WRONG_PASSWORD, visit=Visit("192.0.2.1"))

    for act in (lambda rows: rows.update(ip=""), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError, match="stays as it was written"), transaction.atomic():
            act(LoginRecord.objects.all())
    with travel(clock.now() - timedelta(days=400)):
        note_login(None, LoginEvent.WRONG_PASSWORD, visit=Visit("192.0.2.2"))
    clear_logins(clock.now())

    assert set(LoginRecord.objects.values_list("ip", flat=True)) == {"127.0.0.1", "192.0.2.1"}


def test_a_recovery_code_serves_once(browser: Client) -> None:
    user = somebody()
    log_in(browser, user)
    activate_totp(browser)
    (code, *_) = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()

    for serves in (True, False):
        browser.logout()
        log_in(browser, user)
        browser.post("/accounts/2fa/authenticate/", {"code": code})
        assert is_logged_in(browser) is serves


def test_secrets_of_second_factors_are_sealed(browser: Client) -> None:
    log_in(browser, somebody())
    secret = activate_totp(browser)

    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(data::text, ' ') FROM mfa_authenticator")
        stored = cursor.fetchone()[0]

    assert secret not in stored


def test_what_is_dangerous_asks_for_the_password_again_after_a_while(browser: Client) -> None:
    log_in(browser, somebody())
    activate_totp(browser)

    with travel(clock.now() + timedelta(minutes=6)):
        answer = browser.get("/accounts/2fa/totp/deactivate/")

    assert answer.status_code == 302
    assert "reauthenticate" in answer.url
    assert Authenticator.objects.filter(type="totp").exists()


def test_people_see_their_sessions_and_end_the_others(browser: Client) -> None:
    user = somebody()
    elsewhere = a_browser()
    log_in(elsewhere, user)
    log_in(browser, user)

    page = browser.get("/accounts/sessions/").content.decode()
    browser.post("/accounts/sessions/")

    assert page.count("127.0.0.1") == 2
    assert UserSession.objects.count() == 1
    assert is_logged_in(browser)
    assert not is_logged_in(elsewhere)


def test_nobody_makes_an_account_for_themselves(browser: Client) -> None:
    values = {"username": "me", "password1": PASSWORD, "password2": PASSWORD}

    browser.post("/accounts/signup/", values)

    assert not StaffUser.objects.exists()


def test_a_login_without_its_token_is_refused() -> None:
    browser = a_browser(checks_csrf=True)

    answer = browser.post(LOGIN, {"login": "x", "password": "y"})

    assert answer.status_code == 403


def test_the_way_on_leads_nowhere_else(browser: Client) -> None:
    answer = browser.post(
        f"{LOGIN}?next=https://evil.example/", {"login": somebody().username, "password": PASSWORD}
    )

    assert answer.status_code == 302
    assert "evil" not in answer.url


@pytest.mark.parametrize(
    "page",
    [
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/change/",
        "/accounts/reauthenticate/",
        "/accounts/logout/",
        "/accounts/sessions/",
        "/accounts/2fa/",
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/webauthn/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/2fa/recovery-codes/",
        "/accounts/2fa/recovery-codes/generate/",
    ],
)
def test_every_page_keeps_to_the_policy_in_both_languages(browser: Client, page: str) -> None:
    if page not in (LOGIN, "/accounts/signup/"):
        log_in(browser, somebody())
        if "recovery" in page:
            activate_totp(browser)
    for language in ("zh-CN", "en"):
        answer = browser.get(page, headers={"accept-language": language}, follow=True)
        html = answer.content.decode()
        assert answer.status_code == 200
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert not re.search(r"<script(?![^>]*(?:src=|application/json))", html)
        assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:", html)
        assert bool(re.search(r"[\u4e00-\u9fff]", re.sub("卡券|中文", "", html))) is (
            language == "zh-CN"
        )


def test_the_first_page_is_open_until_somebody_has_an_account(browser: Client) -> None:
    assert browser.get("/").status_code == 200
    somebody()

    assert browser.get("/").url.startswith(LOGIN)
    assert browser.get("/live").status_code == 401
    assert not current_configuration().demo


def test_who_is_logged_out_in_the_middle_is_sent_to_the_login_as_a_whole(browser: Client) -> None:
    somebody()

    part = browser.get("/", headers={"hx-request": "true"})

    assert part.status_code == 401
    assert part.headers["hx-redirect"] == f"{LOGIN}?next=%2Fconsole%2F"


def test_passkeys_are_offered_by_the_login_page(browser: Client) -> None:
    answer = browser.get("/accounts/2fa/webauthn/login/", headers={"accept": "application/json"})

    options = json.loads(answer.content)["request_options"]["publicKey"]
    assert options["userVerification"] in ("required", "preferred")
    assert "passkey_login" in browser.get(LOGIN).content.decode()


def test_what_is_not_there_or_out_of_date_is_told_in_words(static_files: None) -> None:
    browser = a_browser(checks_csrf=True)

    gone = browser.get("/accounts/no-such-page/")
    stale = browser.post("/accounts/login/", {"login": "a", "password": "b"})

    assert (gone.status_code, stale.status_code) == (404, 403)
    assert "没有找到" in gone.content.decode()
    assert "什么也没有执行" in stale.content.decode()
