"""The counter over HTTP: a clerk redeems, undoes and tops up; the books say the rest."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from kaquan.customers.actions import create_customer
from kaquan.engine.totp import password, step_of
from kaquan.foundation import clock
from kaquan.redemption.codes import read_code
from kaquan.redemption.dynamic_keys import shown_code
from kaquan.terminals.models import CounterRequest, Device
from kaquan.terminals.registering import change_caps
from kaquan.wallet import member_cards
from tests.builders.books import books, differing
from tests.builders.issuer import SYSTEM, a_number
from tests.counter.standing import PASSWORD as SECRET
from tests.counter.standing import (
    a_batch_of_codes,
    a_sold_card,
    a_stand,
    once,
    signed_codes,
    someone_at,
)
from tests.fixtures_database import Database
from tests.offline.till import Till

pytestmark = pytest.mark.usefixtures("static_files", "database")
TOLD = {"ledger_block", "ledger_lane", "ledger_request"}
"""What a refusal that was asked for by name is written into: that it was refused."""
EXCHANGE = {"kind": "exchange", "goods": {"skus": ["TEA"]}, "value_cap_fen": 1_500}
OFF = {"kind": "amount_off", "amount_fen": 2_000}
TOGETHER = {"policy": "always"}


def test_a_clerk_redeems_a_voucher_and_a_second_time_is_told_when_and_where(
    database: Database,
) -> None:
    stand, elsewhere = a_stand(), a_stand()
    (code,) = a_batch_of_codes(EXCHANGE, 1)

    done = stand.redeem(code)["done"]
    before = books(database.connect())
    again = elsewhere.redeem(code)["done"]
    (seen,) = elsewhere.browser.ask("look", codes=[code])["vouchers"]

    assert done["done"]
    assert done["vouchers"][0]["discountFen"] == 1_500
    assert not again["done"]
    assert again["refused"]["code"] == "voucher_used"
    assert f"在{stand.store.organisation.name}使用" in again["refused"]["zh"]
    assert again["refused"] == seen["refused"]
    assert differing(before, books(database.connect())) <= TOLD


def test_the_same_request_sent_twice_is_one_use_and_other_content_is_refused(
    database: Database,
) -> None:
    stand = a_stand()
    first, second = a_batch_of_codes(EXCHANGE, 2)
    name = once()
    body = {"once": name, "vouchers": [{"code": first}]}

    told = [stand.browser.ask("redeem", **body) for _ in range(2)]
    before = books(database.connect())
    other = stand.browser.ask("redeem", 409, once=name, vouchers=[{"code": second}])

    assert told[0] == told[1]
    assert other["code"] == "request_key_reused"
    assert books(database.connect()) == before


def test_what_was_asked_about_before_it_arrived_is_never_done(database: Database) -> None:
    stand = a_stand()
    (code,) = a_batch_of_codes(EXCHANGE, 1)
    late, done = once(), once()
    before = books(database.connect())

    nothing = stand.browser.ask("answer", once=late, operation="redeem")["done"]
    arrives = stand.browser.ask("redeem", 409, once=late, vouchers=[{"code": code}])

    assert not nothing["done"]
    assert nothing["refused"]["code"] == "counter_request_withdrawn"
    assert arrives["code"] == "counter_request_withdrawn"
    assert books(database.connect()) == before

    booked = stand.browser.ask("redeem", once=done, vouchers=[{"code": code}])
    assert stand.browser.ask("answer", once=done, operation="redeem") == booked


def test_several_vouchers_on_one_order_are_used_all_or_none(database: Database) -> None:
    stand = a_stand()
    codes = a_batch_of_codes(OFF, 3, stack=TOGETHER)

    both = stand.redeem(codes[0], codes[1], amountFen=10_000, orderNumber="A-1")["done"]
    before = books(database.connect())
    again = stand.redeem(codes[1], codes[2], amountFen=10_000, orderNumber="A-2")["done"]

    assert [one["discountFen"] for one in both["vouchers"]] == [2_000, 2_000]
    assert not again["done"]
    assert differing(before, books(database.connect())) <= TOLD
    assert stand.redeem(codes[2], amountFen=10_000)["done"]["done"]


def test_looking_says_what_must_be_known_and_books_nothing(database: Database) -> None:
    stand = a_stand()
    card = a_sold_card(stand.store)
    (least,) = a_batch_of_codes(OFF, 1, scope={"order_minimum_fen": 5_000})
    before = books(database.connect())

    seen = stand.browser.ask("look", codes=[card, least, "no code", least[:-1] + "0"])["vouchers"]

    assert [one.get("asks") for one in seen[:2]] == [["amount"], ["amount"]]
    assert seen[0]["balanceFen"] == 10_000
    assert seen[0]["takesTopUp"]
    assert [one["refused"]["code"] for one in seen[2:]] == ["code_malformed", "code_mistyped"]
    assert books(database.connect()) == before


def test_a_clerk_undoes_for_some_minutes_and_later_a_supervisor_must(database: Database) -> None:
    stand = a_stand()
    manager = someone_at(stand.store, "store_manager")
    supervisor = {"username": manager.username, "secret": SECRET}
    first, second = [stand.redeem(one)["done"]["id"] for one in a_batch_of_codes(EXCHANGE, 2)]

    undone = stand.browser.ask("undo", once=once(), id=first)["done"]
    assert undone["done"]
    assert undone["amountFen"] == 1_500
    before = books(database.connect())
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        refused = stand.browser.ask("undo", 409, once=once(), id=second)
        assert refused["code"] == "counter_supervisor_needed"
        peer = someone_at(stand.store)
        wrong = {"username": peer.username, "secret": SECRET}
        told = stand.browser.ask("undo", 409, once=once(), id=second, supervisor=wrong)
        assert told["code"] == "counter_not_a_supervisor"
        assert books(database.connect()) == before
        allowed = stand.browser.ask("undo", once=once(), id=second, supervisor=supervisor)["done"]

    assert allowed["done"]
    assert allowed["supervisor"] == manager.name
    kept = CounterRequest.objects.get(undoes_id=second, withdrawn_at=None, supervisor=manager)
    assert kept.shift.user != manager


def test_beyond_the_terminals_cap_a_supervisor_allows_and_stands_in_the_books(
    database: Database,
) -> None:
    stand = a_stand()
    manager = someone_at(stand.store, "store_manager")
    (code,) = a_batch_of_codes(OFF, 1)
    change_caps(
        actor=SYSTEM,
        terminal_id=stand.terminal.pk,
        use_fen_max=1_999,
        offline_use_fen_max=0,
        offline_total_fen_max=0,
    )
    before = books(database.connect())
    order = {"once": once(), "vouchers": [{"code": code}], "amountFen": 9_000}

    refused = stand.browser.ask("redeem", 409, **order)
    assert refused["code"] == "counter_supervisor_needed"
    assert "¥19.99" in refused["zh"]
    assert books(database.connect()) == before
    supervisor = {"username": manager.username, "secret": SECRET}
    done = stand.browser.ask("redeem", **order, supervisor=supervisor)["done"]

    assert done["done"]
    assert done["supervisor"] == manager.name


def test_a_use_that_was_handed_in_is_undone_like_any_other_and_by_its_terminal_alone(
    database: Database,
) -> None:
    stand, other = a_stand(), a_stand()
    manager = someone_at(stand.store, "store_manager")
    till = Till.of(Device.objects.get(terminal=stand.terminal))
    (code, *_), now = signed_codes(), clock.now()
    till.renew(now)
    assert till.take(code, now)
    till.hand_in(now)
    (taken,) = stand.browser.ask("today")["taken"]
    before = books(database.connect())

    with time_machine.travel(now + timedelta(minutes=11), tick=False):
        asked = {"id": taken["id"], "reason": "扫错了"}
        told = other.browser.ask("offline/undo", 409, once=once(), **asked)
        late = stand.browser.ask("offline/undo", 409, once=once(), **asked)
        assert differing(before, books(database.connect())) == set()
        supervisor = {"username": manager.username, "secret": SECRET}
        done = stand.browser.ask("offline/undo", once=once(), **asked, supervisor=supervisor)
        (undone,) = stand.browser.ask("today")["taken"]

    assert told["code"] == "counter_request_unknown"
    assert late["code"] == "counter_supervisor_needed"
    assert done["done"]["amountFen"] == 2_000
    assert (taken["verdict"], undone["verdict"]) == ("booked", "undone")


def test_a_shift_comes_to_what_the_books_say_and_is_handed_over() -> None:
    stand = a_stand(role="store_manager")
    card = a_sold_card(stand.store)
    codes = a_batch_of_codes(EXCHANGE, 2)
    first = stand.redeem(codes[0])["done"]
    stand.redeem(codes[0])
    paid = {"code": card, "amountFen": 5_000, "paymentNumber": "P-77"}
    topped = stand.browser.ask("top-up", once=once(), **paid)["done"]
    stand.redeem(card, amountFen=12_000)
    stand.browser.ask("undo", once=once(), id=first["id"])

    today = stand.browser.ask("today")

    assert topped["vouchers"][0]["balanceFen"] == 15_000
    assert today["totals"] == {
        "uses": 2,
        "vouchers": 2,
        "discountFen": 13_500,
        "undone": 1,
        "undoneFen": 1_500,
        "topUps": 1,
        "topUpFen": 5_000,
        "refused": 1,
    }
    assert [one["undone"] for one in today["done"]] == [False, False, False, False, True]
    latest = stand.browser.ask("today", most=2)
    assert (today["earlier"], latest["earlier"]) == (0, 3)
    assert latest["done"] == today["done"][:2]
    ended = stand.browser.ask("hand-over", countedFen=5_000, note="零钱在抽屉")["ended"]
    assert ended["totals"] == today["totals"]
    assert stand.browser.ask("today", 401)["code"] == "shift_needed"
    shift = stand.log_in(someone_at(stand.store))["shift"]
    assert (shift["last"]["note"], shift["last"]["countedFen"]) == ("零钱在抽屉", 5_000)


def test_a_clerk_who_may_not_issue_tops_up_no_card_alone(database: Database) -> None:
    stand = a_stand()
    card = a_sold_card(stand.store)
    before = books(database.connect())

    paid = {"code": card, "amountFen": 5_000, "paymentNumber": a_number("P")}
    told = stand.browser.ask("top-up", 409, once=once(), **paid)

    assert told["code"] == "counter_supervisor_needed"
    assert books(database.connect()) == before


def renewing(code: str) -> str:
    """What the phone of a voucher's holder shows now."""
    serial = read_code(code)
    assert isinstance(serial, int)
    shown = shown_code(serial)
    return shown.prefix + password(shown.secret, step_of(clock.now()))


def test_a_code_that_renewed_since_it_was_scanned_is_redeemed_where_it_was_scanned(
    database: Database,
) -> None:
    stand, other = a_stand(), a_stand()
    codes = a_batch_of_codes(OFF, 2, scope={"order_minimum_fen": 5_000})
    texts = [renewing(code) for code in codes]
    first, second = [one["code"] for one in stand.browser.ask("look", codes=texts)["vouchers"]]
    before = books(database.connect())

    with time_machine.travel(clock.now() + timedelta(minutes=5)):
        (old,) = stand.browser.ask("look", codes=texts[:1])["vouchers"]
        assert "当面重新扫码" in old["refused"]["zh"]
        told = other.redeem(first, status=409, amountFen=9_000)
        assert told["code"] == "counter_shown_code_over"
        assert books(database.connect()) == before
        assert stand.redeem(first, amountFen=9_000)["done"]["done"]
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        told = stand.redeem(second, status=409, amountFen=9_000)
        assert told["code"] == "counter_shown_code_over"


def test_guesses_at_a_phones_code_are_stopped_and_paper_is_taken_all_the_same() -> None:
    stand = a_stand()
    paper, shown = a_batch_of_codes(EXCHANGE, 2)
    prefix = renewing(shown)[:-8]
    for tens in range(3):
        guesses = [f"{prefix}{tens}000000{ones}" for ones in range(10)]
        seen = stand.browser.ask("look", codes=guesses)["vouchers"]
        assert {one["refused"]["code"] for one in seen} == {"code_forged"}

    told = stand.browser.ask("look", 429, codes=[renewing(shown)])
    assert told["code"] == "counter_tried_too_often"
    assert stand.redeem(renewing(shown), status=429)["code"] == "counter_tried_too_often"
    assert stand.redeem(paper)["done"]["done"]


def test_a_members_card_names_the_member_whom_an_offer_asks_for() -> None:
    stand = a_stand()
    customer = create_customer(actor=SYSTEM, number=a_number("M"), name="李小红")
    (code,) = a_batch_of_codes(OFF, 1, scope={"customer_required": True})
    (seen,) = stand.browser.ask("look", codes=[code])["vouchers"]

    assert seen["asks"] == ["member"]
    forged = f"{customer.number}.0000000000000000"
    assert stand.browser.ask("member", 409, text=forged)["code"] == "member_card_unknown"
    number = stand.browser.ask("member", text=member_cards.payload_of(customer.number))["member"]
    assert stand.redeem(code, member=number)["done"]["done"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"once": 5}',
        b'{"once": "short", "vouchers": []}',
        b'{"unknown": 1}',
        b'{"once": "0123456789abcdef", "vouchers": []}',
        b'{"once": "' + b"a" * 20_000 + b'"}',
        b"\xff\xfe",
    ],
)
def test_what_makes_no_sense_is_told_so(body: bytes) -> None:
    stand = a_stand()

    answer = stand.browser.client.post(
        "/counter/redeem",
        body,
        content_type="application/json",
        headers={"x-csrftoken": stand.browser.csrf},
    )

    assert answer.status_code == 400
    assert answer.json()["code"] == "value_invalid"
