"""How a device becomes a terminal and stops being one, and who may work at it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings

from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.staffing import note_terminal_seen, update_terminal
from kaquan.project.security_headers import POLICY, WASM_POLICY
from kaquan.staff.granting import revoke_role
from kaquan.staff.models import Role, RoleGrant
from kaquan.terminals.models import RegistrationCode
from kaquan.terminals.registering import make_registration_code, unregister_device
from tests.builders.books import books
from tests.builders.issuer import SYSTEM, a_store, an_organisation
from tests.counter.standing import (
    PASSWORD,
    Browser,
    a_batch_of_codes,
    a_public_key,
    a_stand,
    a_terminal,
    someone_at,
)
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files", "database")
EXCHANGE = {"kind": "exchange", "goods": {"skus": ["TEA"]}, "value_cap_fen": 1_500}


def test_a_code_registers_one_device_and_once() -> None:
    terminal = a_terminal()
    code = make_registration_code(actor=SYSTEM, terminal_id=terminal.pk, at=clock.now())
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")

    for tried in (wrong, "AAAAA-AAAAA", ""):
        told = Browser().ask("register", 409, code=tried, publicKey=a_public_key())
        assert told["code"] == "registration_code_wrong"
    first = Browser()
    typed = f" {code.lower().replace('-', '')} "
    done = first.ask("register", code=typed, publicKey=a_public_key())
    again = Browser().ask("register", 409, code=code, publicKey=a_public_key())

    assert done["terminal"]["code"] == terminal.code
    assert again["code"] == "registration_code_wrong"
    cookie = first.client.cookies["kaquan_terminal"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/counter/", True, "Strict")
    assert code.replace("-", "").encode() not in bytes(RegistrationCode.objects.get().code_hash)


def test_a_code_ends_after_half_an_hour_and_with_the_next_one() -> None:
    terminal = a_terminal()
    old = make_registration_code(actor=SYSTEM, terminal_id=terminal.pk, at=clock.now())
    new = make_registration_code(actor=SYSTEM, terminal_id=terminal.pk, at=clock.now())

    assert Browser().ask("register", 409, code=old, publicKey=a_public_key())
    with time_machine.travel(clock.now() + timedelta(minutes=31)):
        assert Browser().ask("register", 409, code=new, publicKey=a_public_key())


@pytest.mark.parametrize(
    "key",
    [
        {},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "OKP", "crv": "Ed25519", "x": 5},
    ],
)
def test_a_device_without_a_key_that_we_verify_with_becomes_no_terminal(
    key: dict[str, str],
) -> None:
    terminal = a_terminal()
    code = make_registration_code(actor=SYSTEM, terminal_id=terminal.pk, at=clock.now())

    assert Browser().ask("register", 400, code=code, publicKey=key)["code"] == "value_invalid"
    assert RegistrationCode.objects.get().used_at is None


def test_guessing_codes_is_stopped() -> None:
    browser = Browser()

    told = [
        browser.client.post(
            "/counter/register",
            {"code": "AAAAA-AAAA0", "publicKey": a_public_key()},
            content_type="application/json",
            headers={"x-csrftoken": browser.csrf or browser.state()["csrf"]},
        )
        for _ in range(31)
    ]

    assert {one.status_code for one in told[:30]} == {409}
    assert told[30].status_code == 429


def test_a_blocked_terminal_redeems_nothing_and_may_not_even_report(database: Database) -> None:
    stand = a_stand()
    (code,) = a_batch_of_codes(EXCHANGE, 1)
    update_terminal(actor=SYSTEM, code=stand.terminal.code, active=False)
    before = books(database.connect())

    assert stand.redeem(code, status=409)["code"] == "terminal_blocked"
    assert stand.browser.state()["why"]["code"] == "terminal_blocked"
    with pytest.raises(KaquanError, match="已停用"):
        note_terminal_seen(actor=SYSTEM, code=stand.terminal.code, at=clock.now())
    assert books(database.connect()) == before
    update_terminal(actor=SYSTEM, code=stand.terminal.code, active=True)
    assert stand.redeem(code)["done"]["done"]


def test_a_device_taken_off_replaced_or_moved_to_another_store_is_none_any_more() -> None:
    off, replaced, moved = a_stand(), a_stand(), a_stand()
    unregister_device(actor=SYSTEM, terminal_id=off.terminal.pk, at=clock.now())
    code = make_registration_code(actor=SYSTEM, terminal_id=replaced.terminal.pk, at=clock.now())
    Browser().ask("register", code=code, publicKey=a_public_key())
    other = a_store(an_organisation("华东", None))
    update_terminal(actor=SYSTEM, code=moved.terminal.code, store_code=other.organisation.code)

    for stand in (off, replaced, moved):
        assert stand.browser.ask("today", 401)["code"] == "terminal_unregistered"


def test_only_who_may_redeem_in_the_store_works_there_and_only_while_they_may() -> None:
    stand = a_stand(role=None)
    elsewhere = someone_at(a_store(an_organisation("华南", None)))
    clerk = someone_at(stand.store)

    assert stand.log_in(elsewhere, 409)["code"] == "counter_not_here"
    assert stand.log_in(clerk, 409, secret="wrong")["code"] == "counter_login_wrong"
    assert stand.browser.ask("login", 409, username="nobody", secret="x")["code"] == (
        "counter_login_wrong"
    )
    assert stand.log_in(clerk)["shift"]["clerk"] == clerk.name
    grant = RoleGrant.objects.get(user=clerk)
    revoke_role(actor=SYSTEM, grant_id=grant.pk, at=clock.now())
    assert stand.browser.ask("look", 409, codes=["x"])["code"] == "counter_not_here"


def test_temporary_passwords_and_roles_with_a_second_factor_are_sent_elsewhere() -> None:
    stand = a_stand(role=None)
    new, strict = someone_at(stand.store), someone_at(stand.store, "store_manager")
    new.must_change_password = True
    new.save(update_fields=["must_change_password"])
    Role.objects.filter(code="store_manager").update(must_use_second_factor=True)

    assert stand.log_in(new, 409)["code"] == "counter_password_temporary"
    assert stand.log_in(strict, 409)["code"] == "counter_second_factor"


def test_wrong_passwords_are_counted_and_then_the_right_one_does_not_help() -> None:
    stand = a_stand(role=None)
    clerk = someone_at(stand.store)
    for _ in range(5):
        stand.log_in(clerk, 409, secret="no")

    assert stand.log_in(clerk, 429)["code"] == "counter_tried_too_often"
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        assert stand.log_in(clerk)["shift"]


def test_a_pin_opens_the_terminal_again_and_nothing_but_a_password_makes_one() -> None:
    stand = a_stand(role=None)
    clerk = someone_at(stand.store)
    begun = stand.log_in(clerk)["shift"]

    for pin in ("111111", "123456", "98765", "12a456"):
        told = stand.browser.ask("pin", 400, password=PASSWORD, pin=pin)
        assert told["code"] == "value_invalid"
    stand.browser.ask("pin", password=PASSWORD, pin="420917")
    told = stand.browser.ask("pin", 409, password="420917", pin="420918")
    assert told["code"] == "counter_login_wrong"
    stand.browser.ask("lock")
    assert stand.browser.ask("today", 401)["code"] == "shift_needed"
    again = stand.log_in(clerk, secret="420917")["shift"]
    assert again["id"] == begun["id"]


def test_a_terminal_that_nobody_used_for_long_is_locked() -> None:
    stand = a_stand()

    with time_machine.travel(clock.now() + timedelta(minutes=121)):
        assert stand.browser.ask("today", 401)["code"] == "shift_needed"


def test_no_call_is_taken_without_the_pages_token() -> None:
    stand = a_stand()
    for call in (
        "register",
        "login",
        "lock",
        "pin",
        "look",
        "redeem",
        "top-up",
        "undo",
        "offline/undo",
        "today",
    ):
        answer = stand.browser.client.post(
            f"/counter/{call}", "{}", content_type="application/json"
        )
        assert answer.status_code == 403, call


def test_the_page_holds_nothing_of_anybody_and_wasm_runs_there_alone() -> None:
    stand = a_stand()
    page = stand.browser.client.get("/counter/")
    worker = stand.browser.client.get("/counter/sw.js")
    manifest = stand.browser.client.get("/counter/manifest.webmanifest")

    assert stand.store.organisation.name not in page.content.decode()
    version = stand.browser.state()["version"]
    assert f'data-version="{version}"' in page.content.decode()
    assert f"kaquan-counter-{version}" in worker.content.decode()
    assert page.headers["Content-Security-Policy"] == WASM_POLICY
    assert worker.headers["Content-Security-Policy"] == POLICY
    assert worker.headers["Content-Type"].startswith("text/javascript")
    assert "zxing_reader" in worker.content.decode()
    assert {icon["sizes"] for icon in manifest.json()["icons"]} == {"192x192", "512x512"}
    for icon in manifest.json()["icons"]:
        name = icon["src"].removeprefix(settings.STATIC_URL)
        assert (settings.STATIC_ROOT / name).exists()
