"""Stores that are not open, and terminals that are switched off or stand elsewhere, over HTTP."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import psycopg

from kaquan.foundation import clock
from kaquan.organisations.actions import update_store
from kaquan.organisations.models import StoreStatus, TerminalKind
from kaquan.organisations.staffing import create_terminal, update_terminal
from tests.builders.issuer import SYSTEM, a_number, a_store
from tests.gateway.site import Caller, Site, a_request_key, code_of
from tests.gateway.test_redemptions import refused_without_a_trace

Connection = psycopg.Connection[Any]


def test_a_store_that_is_not_open_takes_nothing_but_answers_what_it_took(
    site: Site, till: Caller, connection: Connection
) -> None:
    store = a_store(site.region).organisation.code
    batch, key = site.batch(), a_request_key()
    body = site.redeem(code_of(batch), store=store)
    first = till.post("redemptions", body, key=key)
    assert first.status == 200, first.body
    update_store(actor=SYSTEM, code=store, status=StoreStatus.PAUSED)

    def is_closed() -> bool:
        answer = till.post("redemptions", site.redeem(code_of(batch, 1), store=store))
        assert answer.status in (200, 409)
        return answer.json["code"] == "store_not_open" or (
            till.post(f"redemptions/{answer.json['redemption']}/reversals").status != 200
        )

    deadline_s = clock.monotonic_s() + 5
    while not is_closed():
        assert clock.monotonic_s() < deadline_s
        time.sleep(0.02)

    assert till.post("redemptions", body, key=key).body == first.body
    refused_without_a_trace(
        connection,
        lambda: till.post("redemptions", site.redeem(code_of(batch, 2), store=store)),
        status=409,
        code="store_not_open",
    )


def test_a_terminal_that_is_switched_off_takes_nothing_but_answers_what_it_took(
    site: Site, till: Caller, connection: Connection
) -> None:
    terminal = create_terminal(
        actor=SYSTEM, code=a_number("T"), store_code=site.store, kind=TerminalKind.TILL
    ).code
    batch, key = site.batch(scope={"terminal_kinds": ["till"]}), a_request_key()
    body = site.redeem(code_of(batch), terminal=terminal)
    first = till.post("redemptions", body, key=key)
    assert first.status == 200, first.body
    update_terminal(actor=SYSTEM, code=terminal, active=False)
    asked = site.redeem(code_of(batch, 1), terminal=terminal)

    deadline_s = clock.monotonic_s() + 5
    while till.post("validations", asked).status == 200:
        assert clock.monotonic_s() < deadline_s
        time.sleep(0.05)

    assert till.post("redemptions", body, key=key).body == first.body
    for path in ("validations", "redemptions", "holds"):
        refused_without_a_trace(
            connection, partial(till.post, path, asked), status=409, code="terminal_blocked"
        )
    of_many = till.post("commands", {"commands": [{"do": "redeem", **asked}]})
    assert [one["code"] for one in of_many.json["outcomes"]] == ["terminal_blocked"]
    here = site.redeem(code_of(batch, 1), terminal_kind="till")
    assert till.post("redemptions", here).status == 200
    reader = site.caller("voucher.trace", "ledger.view")
    traced = reader.post("vouchers/trace", {"voucher_code": code_of(batch)}).json
    listed = reader.ask("GET", f"redemptions/{first.json['redemption']}").json
    assert [one["terminal"] for one in (*traced["steps"], listed)] == [terminal, terminal]


def test_a_terminal_is_one_of_its_store_and_of_the_callers_part(
    site: Site, till: Caller, connection: Connection
) -> None:
    terminal = create_terminal(
        actor=SYSTEM, code=a_number("T"), store_code=site.far_store, kind=TerminalKind.TILL
    ).code
    region = site.caller(organisation=site.region)
    asked = site.redeem(code_of(site.batch()), terminal=terminal)

    for caller, body, status, code in (
        (till, asked, 409, "terminal_of_other_store"),
        (region, asked, 404, "terminal_unknown"),
        (region, {**asked, "terminal": "T-nowhere"}, 404, "terminal_unknown"),
        (till, {**asked, "store": ""}, 422, "value_invalid"),
    ):
        refused_without_a_trace(
            connection, partial(caller.post, "redemptions", body), status=status, code=code
        )


def test_settling_and_undoing_name_a_terminal_of_the_same_store_that_is_switched_on(
    site: Site, till: Caller, connection: Connection
) -> None:
    def terminal(store: str) -> str:
        return create_terminal(
            actor=SYSTEM, code=a_number("T"), store_code=store, kind=TerminalKind.TILL
        ).code

    here, far, blocked = terminal(site.store), terminal(site.far_store), terminal(site.store)
    update_terminal(actor=SYSTEM, code=blocked, active=False)
    batch = site.batch()
    holds = [
        till.post("holds", site.redeem(code_of(batch, index))).json["hold"] for index in (0, 1)
    ]
    used = till.post("redemptions", site.redeem(code_of(batch, 2))).json["redemption"]
    region = site.caller(organisation=site.region)
    asked = {
        f"holds/{holds[0]}/redeem": {"do": "settle", "hold": holds[0]},
        f"holds/{holds[1]}/release": {"do": "release", "hold": holds[1]},
        f"redemptions/{used}/reversals": {"do": "reverse", "redemption": used},
    }

    for path, command in asked.items():
        for caller, name, status, code in (
            (till, blocked, 409, "terminal_blocked"),
            (till, far, 409, "terminal_of_other_store"),
            (region, far, 404, "terminal_unknown"),
            (till, "T-nowhere", 404, "terminal_unknown"),
        ):
            ask = partial(caller.post, path, {"terminal": name})
            refused_without_a_trace(connection, ask, status=status, code=code)
        of_many = till.post("commands", {"commands": [command | {"terminal": blocked}]})
        assert [one["code"] for one in of_many.json["outcomes"]] == ["terminal_blocked"]
        key = a_request_key()
        done = till.post(path, {"terminal": here}, key=key)
        assert done.status == 200, done.body
        assert till.post(path, {}, key=key).body == done.body  # as with redemptions, not content
    reader = site.caller("voucher.trace", "ledger.view")
    steps = [
        reader.post("vouchers/trace", {"voucher_code": code_of(batch, index)}).json["steps"][-1]
        for index in range(3)
    ]
    assert [one["operation"] for one in steps] == ["redeem", "release", "reverse"]
    assert [one["terminal"] for one in steps] == [here] * 3
    listed = reader.ask("GET", f"redemptions/{steps[0]['receipt']}").json
    assert (listed["terminal"], listed["store"]) == (here, site.store)
