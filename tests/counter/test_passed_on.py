"""At the counter, what was shown before a voucher was passed on is over and tells nothing of it."""

from __future__ import annotations

import pytest
import time_machine

from kaquan.engine.totp import password, step_of
from kaquan.foundation import clock
from kaquan.redemption import care
from kaquan.redemption.codes import new_code
from kaquan.redemption.dynamic_keys import shown_code
from tests.builders.books import books, differing
from tests.builders.issuer import SYSTEM
from tests.counter.standing import a_stand
from tests.fixtures_database import Database
from tests.wallet.visiting import a_link, a_member, held

pytestmark = pytest.mark.usefixtures("static_files", "database")
REFUSED_ONLY = {"ledger_block", "ledger_lane", "ledger_request"}


def test_what_a_clerk_was_shown_before_a_voucher_was_passed_on_is_refused_and_the_new_code_taken(
    database: Database,
) -> None:
    stand, giver, friend = a_stand(), a_member(), a_member()
    with time_machine.travel(clock.now(), tick=False):
        serial = held(giver, a_link(transferable=True))
        shown = shown_code(serial)
        digits, running = (
            new_code(serial),
            shown.prefix + password(shown.secret, step_of(clock.now())),
        )
        (waiting,) = stand.browser.ask("look", codes=[running])["vouchers"]
        assert waiting["refused"] is None
        numbers = {"from_number": giver.number, "to_number": friend.number}
        assert care.transfer(actor=SYSTEM, voucher=serial, **numbers, at=clock.now()).done

        old = [digits, running, waiting["code"]]
        seen = stand.browser.ask("look", codes=old)["vouchers"]
        before = books(database.connect())
        tried = [stand.redeem(code, amountFen=9_000)["done"] for code in old]

        assert {one["refused"]["zh"] for one in seen} == {"此码已随转赠失效，请出示新券码。"}
        assert {(one["zh"], one["endsAt"], one["usesLeft"]) for one in seen} == {("", "", None)}
        assert [one["refused"]["code"] for one in tried] == ["code_passed_on"] * 3
        assert differing(before, books(database.connect())) <= REFUSED_ONLY
        assert stand.redeem(new_code(serial, 1), amountFen=9_000)["done"]["done"]
