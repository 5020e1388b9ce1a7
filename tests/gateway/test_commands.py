"""Lists of commands: one outcome each, in order; linked ones stand or fall together."""

from __future__ import annotations

from typing import Any

import psycopg

from tests.builders.books import books, differing, number
from tests.gateway.site import Caller, Site, a_request_key, code_of

Connection = psycopg.Connection[Any]


def codes_of(answer: Any) -> list[str]:
    """The code of each outcome."""
    assert answer.status == 200, answer.body
    return [one["code"] for one in answer.json["outcomes"]]


def redeem(site: Site, code: str, **fields: Any) -> dict[str, Any]:
    """A command that redeems one code."""
    return {"do": "redeem", **site.redeem(code), **fields}


def test_each_command_is_answered_by_itself_and_in_order(site: Site, till: Caller) -> None:
    batch = site.batch()
    stock = site.batch(by_code=False)
    commands = [
        redeem(site, code_of(batch)),
        {"do": "claim", "batch_id": stock.batch_id, "customer": site.customer()},
        redeem(site, code_of(batch)),
        {"do": "hold", **site.redeem(code_of(batch, 1))},
        {"do": "redeem", "vouchers": [{"code": "rubbish"}]},
        {"do": "freeze", "code": code_of(batch, 2), "reason": "丢失"},
        {"do": "dance"},
        {"do": "redeem", "vouchers": [{"code": code_of(batch, 3)}], "extra": 1},
    ]

    answer = till.post("commands", {"commands": commands})

    assert codes_of(answer) == [
        "done",
        "done",
        "voucher_used",
        "done",
        "code_malformed",
        "permission_denied",
        "malformed_request",
        "malformed_request",
    ]
    outcomes = answer.json["outcomes"]
    assert outcomes[0]["redemption"].startswith("R")
    assert outcomes[1]["voucher"]["code"]
    assert outcomes[2]["status"] == 409
    assert outcomes[3]["hold"].startswith("H")
    assert outcomes[6]["data"]["field"] == "commands[6].do"
    assert outcomes[7]["data"]["field"] == "commands[7].extra"


def test_every_kind_of_command_does_what_it_says(site: Site) -> None:
    clerk = site.caller(
        "redemption.redeem", "redemption.reverse", "redemption.issue", "voucher.care"
    )
    first, second = site.customer(), site.customer()
    held, cards = site.batch(), site.batch(kind="prepaid", budget_id=0)
    this_century = {
        "range": {"kind": "fixed_range", "first_day": "2020-01-01", "last_day": "2099-12-31"}
    }
    stock = site.batch(by_code=False, transferable=True, validity=this_century)
    card = code_of(cards)
    sold = {"batch_id": cards.batch_id, "voucher_code": card, "paid_fen": 19_000}

    def done(*commands: dict[str, Any]) -> list[Any]:
        answer = clerk.post("commands", {"commands": list(commands)})
        assert codes_of(answer) == ["done"] * len(commands), answer.body.decode()
        return list(answer.json["outcomes"])

    hold, other = done(
        {"do": "hold", **site.redeem(code_of(held))},
        {"do": "hold", **site.redeem(code_of(held, 1))},
    )
    redemption, _ = done(
        {"do": "settle", "hold": hold["hold"]}, {"do": "release", "hold": other["hold"]}
    )
    done({"do": "reverse", "redemption": redemption["redemption"], "code": code_of(held)})
    (given,) = done({"do": "assign", "batch_id": stock.batch_id, "customer": first})
    code = given["voucher"]["code"]
    done(
        {"do": "sell", **sold, "payment_no": "P-1"},
        {"do": "top_up", "code": card, "amount_fen": 5_000, "payment_no": "P-2"},
        {"do": "adjust", "code": card, "balance_fen": -1_000, "reason": "更正"},
        {"do": "freeze", "code": code, "reason": "丢失"},
        {"do": "unfreeze", "code": code},
        {"do": "extend", "code": code, "valid_until": "2199-12-31T00:00:00+08:00"},
        {"do": "void", "code": code_of(held, 2), "reason": "印坏"},
    )
    transferred = clerk.post(
        "commands",
        {
            "commands": [
                {"do": "transfer", "code": code, "from_customer": first, "to_customer": second},
                {"do": "expire", "code": code},
            ]
        },
    )
    assert codes_of(transferred)[1] == "not_expired_yet"


def test_linked_commands_stand_or_fall_together(
    site: Site, till: Caller, connection: Connection
) -> None:
    batch = site.batch()
    code, used = code_of(batch), code_of(batch, 1)
    till.post("redemptions", site.redeem(used))
    before = books(connection)

    told = till.post(
        "commands",
        {
            "commands": [
                redeem(site, code, link=1),
                redeem(site, used, link=1),
                redeem(site, code, link=2),
                redeem(site, "rubbish", link=2),
                redeem(site, code, link=3),
                {"do": "no such thing", "link": 3},
            ]
        },
    )

    failed = "linked_command_failed"
    assert codes_of(told) == [
        failed,
        "voucher_used",
        failed,
        "code_malformed",
        failed,
        "malformed_request",
    ]
    moved = differing(before, books(connection))
    assert moved <= {"ledger_block", "ledger_request", "ledger_lane"}
    well = till.post(
        "commands", {"commands": [redeem(site, code_of(batch, i), link=7) for i in (2, 3)]}
    )
    assert codes_of(well) == ["done", "done"]


def test_a_thousand_commands_are_booked_and_answered_once(
    site: Site, connection: Connection
) -> None:
    batch = site.batch(quantity=1_000)
    till = site.caller("redemption.redeem")
    body = {"commands": [redeem(site, code_of(batch, index)) for index in range(1_000)]}
    key = a_request_key()

    answer = till.post("commands", body, key=key)
    again = till.post("commands", body, key=key)

    assert codes_of(answer) == ["done"] * 1_000
    serials = [one["vouchers"][0]["serial"] for one in answer.json["outcomes"]]
    assert serials == list(batch.serials)
    assert again.body == answer.body
    assert (
        number(
            connection,
            "SELECT count(*) FROM ledger_voucher WHERE batch_id = %s",
            batch.batch_id,
        )
        == 1_000
    )


def test_a_later_block_of_a_list_sees_what_an_earlier_one_did(site: Site, till: Caller) -> None:
    batch = site.batch(quantity=501)
    commands = [redeem(site, code_of(batch, index)) for index in range(501)]
    commands.append(redeem(site, code_of(batch)))

    assert codes_of(till.post("commands", {"commands": commands}))[-2:] == ["done", "voucher_used"]


def test_a_linked_group_that_fits_no_block_is_refused_and_moves_nothing(
    site: Site, till: Caller, connection: Connection
) -> None:
    batch = site.batch(quantity=501)
    commands = [redeem(site, code_of(batch, index), link=1) for index in range(501)]
    commands.append(redeem(site, code_of(batch), key=a_request_key()))

    told = codes_of(till.post("commands", {"commands": commands}))

    assert set(told[:501]) == {"malformed_request"}
    assert told[501] == "done"


def test_a_command_may_have_a_key_of_its_own(site: Site, till: Caller) -> None:
    batch, key = site.batch(), a_request_key()
    first = till.post("commands", {"commands": [redeem(site, code_of(batch), key=key)]})
    command = redeem(site, code_of(batch), key=key)

    other_list = till.post(
        "commands", {"commands": [redeem(site, code_of(batch, 1)), command, command]}
    )

    assert codes_of(first) == ["done"]
    assert codes_of(other_list) == ["done", "request_key_reused", "request_key_reused"]
