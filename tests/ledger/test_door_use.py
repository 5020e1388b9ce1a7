"""Redeem, hold, release and reverse, through the door and as the database has them after."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from kaquan.engine.commands import LineReturn, Release, Reverse
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import OutcomeCode
from kaquan.engine.places import Place
from kaquan.engine.rules.channels import channel_subject
from kaquan.ledger.door import Door
from tests.builders.books import books, entries, faults, number, row
from tests.builders.ledger import (
    KINDS,
    NOON,
    STORE,
    a_batch,
    a_budget,
    a_claimed_voucher,
    a_sold_card,
    at_the_till,
    codes,
    done,
    hold,
    redeem,
)
from tests.fixtures_database import Database

Connection = psycopg.Connection[Any]
VOUCHER = "SELECT * FROM ledger_voucher WHERE serial = %s"
BUDGET = "SELECT available_fen, committed_fen, spent_fen, released_fen FROM ledger_budget"
SOON = NOON + timedelta(minutes=15)
ALWAYS = {"stack": {"policy": "always"}}


def _reverse(redemption: Place | None, **fields: Any) -> Reverse:
    assert redemption is not None
    return Reverse(at=NOON, redemption=redemption, **fields)


# Redeem


def test_an_untouched_paper_voucher_is_born_used(door: Door, connection: Connection) -> None:
    batch = a_batch(door)
    outcome = done(door, redeem(batch.serial()))
    voucher = row(connection, VOUCHER, batch.serial())
    assert (voucher["state"], voucher["uses_left"], voucher["version"]) == (State.USED, 0, 1)
    assert number(connection, "SELECT count(*) FROM ledger_voucher") == 1
    assert outcome.place is not None
    block = row(connection, "SELECT * FROM ledger_block WHERE block = %s", outcome.place.block)
    assert (block["entry_count"], block["record_count"]) == (1, 1)
    assert entries(connection, outcome.place.block) == [
        f"FEN 2000 BUDGET_AVAILABLE:{batch.budget_id} > STORE:{STORE}"
    ]


def test_second_redeem_of_a_single_use_voucher_is_refused_and_moves_nothing(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door)
    done(door, redeem(batch.serial()))
    before = books(connection)
    (outcome,) = door.submit([redeem(batch.serial())])
    assert outcome.code is OutcomeCode.VOUCHER_USED
    assert books(connection) == before


def test_a_claimed_voucher_is_paid_from_what_was_committed_for_it(
    door: Door, connection: Connection
) -> None:
    serial = a_claimed_voucher(door)
    done(door, redeem(serial))
    assert row(connection, BUDGET) == {
        "available_fen": 9_998_000,
        "committed_fen": 0,
        "spent_fen": 2_000,
        "released_fen": 0,
    }
    voucher = row(connection, VOUCHER, serial)
    assert (voucher["committed_fen"], voucher["version"]) == (None, 2)


def test_what_a_use_leaves_of_its_commitment_is_released(
    door: Door, connection: Connection
) -> None:
    serial = a_claimed_voucher(door, kind="percent_off")
    done(door, redeem(serial))  # 15 % of ¥100 of at most ¥30
    budget = row(connection, BUDGET)
    assert (budget["spent_fen"], budget["released_fen"], budget["committed_fen"]) == (
        1_500,
        1_500,
        0,
    )


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "prepaid"])
def test_every_kind_is_redeemed_with_books_that_add_up(
    door: Door, connection: Connection, kind: str
) -> None:
    serial = a_claimed_voucher(door, kind=kind)
    outcome = done(door, redeem(serial))
    (result,) = outcome.vouchers
    assert result.discount_fen == sum(result.allocation) > 0
    assert sum(fen for _, fen in result.funding) == row(connection, BUDGET)["spent_fen"]
    voucher = row(connection, VOUCHER, serial)
    assert (voucher["version"], voucher["state"]) == (2, result.state)
    assert (voucher["balance_fen"] or 0, voucher["uses_left"]) == (
        result.balance_fen,
        result.uses_left,
    )


def test_a_card_pays_part_by_part_and_never_more_than_it_has(
    door: Door, connection: Connection
) -> None:
    serial = a_sold_card(door)
    outcomes = door.submit([redeem(serial, amount_fen=9_000) for _ in range(3)])
    assert codes(outcomes) == ["DONE", "DONE", "BALANCE_INSUFFICIENT"]
    assert outcomes[2].data["shortfall_fen"] == 7_000
    assert row(connection, VOUCHER, serial)["balance_fen"] == 2_000
    assert outcomes[1].place is not None
    assert (
        entries(connection, outcomes[1].place.block)
        == [f"FEN 9000 CARD:{serial} > STORE:{STORE}"] * 2
    )


def test_several_vouchers_on_one_order_stand_or_fall_together(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door, **ALWAYS)
    done(door, redeem(batch.serial(2)))
    before = books(connection)
    (outcome,) = door.submit([redeem(batch.serial(0), batch.serial(1), batch.serial(2))])
    assert outcome.code is OutcomeCode.VOUCHER_USED
    assert outcome.data["serial"] == batch.serial(2)
    assert books(connection) == before
    both = done(door, redeem(batch.serial(0), batch.serial(1)))
    assert len(both.vouchers) == 2
    assert number(connection, "SELECT count(*) FROM ledger_voucher") == 3


def test_a_cost_is_booked_to_each_who_bears_it(door: Door, connection: Connection) -> None:
    funding = [
        {"kind": "percent", "funder_id": 3, "basis_points": 3_333},
        {"kind": "remainder", "funder_id": 0},
    ]
    batch = a_batch(door, funding=funding)
    outcome = done(door, redeem(batch.serial()))
    assert outcome.place is not None
    shares = connection.execute(
        "SELECT funder_id, amount FROM ledger_entry WHERE block = %s ORDER BY 2",
        [outcome.place.block],
    ).fetchall()
    assert shares == [(3, 667), (None, 1_333)]


def test_a_funder_with_a_cap_pays_until_it_is_reached(door: Door, connection: Connection) -> None:
    funding = [
        {"kind": "first_to_cap", "funder_id": 3, "cap_fen": 3_000},
        {"kind": "remainder", "funder_id": 0},
    ]
    batch = a_batch(door, funding=funding)
    outcomes = door.submit([redeem(batch.serial(0)), redeem(batch.serial(1))])
    outcomes += door.submit([redeem(batch.serial(2))])
    borne = [dict(outcome.vouchers[0].funding) for outcome in outcomes]
    assert [one.get(3, 0) for one in borne] == [2_000, 1_000, 0]
    limit = row(connection, "SELECT dimension, used, cap FROM ledger_limit")
    assert limit == {"dimension": 5, "used": 3_000, "cap": 3_000}


def test_each_channel_has_a_row_of_a_limit_and_the_proof_knows_its_cap(
    door: Door, connection: Connection, database: Database
) -> None:
    limits: list[dict[str, Any]] = [
        {"dimension": "channel", "at": "redeem", "cap": 1, "channels": ["pos"]},
        {"dimension": "channel", "at": "redeem", "cap": 2, "channels": ["app"]},
        {"dimension": "channel", "at": "redeem", "cap": 9_000, "unit": "fen"},
    ]
    batch = a_batch(door, limits=limits)

    def use(index: int, channel: str) -> OutcomeCode:
        facts = replace(at_the_till(), channel=channel)
        return door.submit([redeem(batch.serial(index), facts=facts)])[0].code

    told = [use(n, one) for n, one in enumerate(("pos", "APP", "app", "mail"))]
    assert told == [OutcomeCode.DONE] * 4
    before = books(connection)
    assert [use(4, one) for one in ("Pos", "app")] == [OutcomeCode.LIMIT_PER_CHANNEL] * 2
    assert books(connection) == before
    found = connection.execute(
        "SELECT subject_id, unit, used, cap FROM ledger_limit WHERE dimension = 7"
    ).fetchall()
    pos, app, mail = map(channel_subject, ("pos", "app", "mail"))
    assert set(found) == {
        (pos, 1, 1, 1),
        (app, 1, 2, 2),
        (pos, 2, 2_000, 9_000),
        (app, 2, 4_000, 9_000),
        (mail, 2, 2_000, 9_000),
    }
    assert faults(database.connect) == []


# Hold


def test_a_hold_reserves_and_its_settlement_pays(door: Door, connection: Connection) -> None:
    batch = a_batch(door)
    held = done(door, hold(batch.serial(), expires_at=SOON))
    assert held.place is not None
    found = row(connection, "SELECT * FROM ledger_hold")
    assert (found["state"], found["expires_at"]) == ("active", SOON)
    voucher = row(connection, VOUCHER, batch.serial())
    assert (voucher["holds"], voucher["uses_left"], voucher["state"]) == (1, 0, State.LIVE)
    assert row(connection, BUDGET)["committed_fen"] == 2_000
    (other,) = door.submit([redeem(batch.serial())])
    assert other.code is OutcomeCode.VOUCHER_HELD
    done(door, redeem(hold=held.place))
    assert row(connection, "SELECT state FROM ledger_hold") == {"state": "redeemed"}
    assert row(connection, VOUCHER, batch.serial())["state"] == State.USED
    assert row(connection, BUDGET)["spent_fen"] == 2_000
    before = books(connection)
    (again,) = door.submit([redeem(hold=held.place)])
    assert again.code is OutcomeCode.HOLD_SETTLED
    assert books(connection) == before


def test_a_released_hold_gives_back_all_it_took(door: Door, connection: Connection) -> None:
    limits = [{"dimension": "customer", "at": "redeem", "cap": 1}]
    serial = a_claimed_voucher(door, kind="partial_cash", limits=limits)
    before = row(connection, BUDGET)
    facts = at_the_till(customer_id=7)
    held = done(door, hold(serial, amount_fen=1_200, facts=facts, expires_at=SOON))
    assert number(connection, "SELECT used FROM ledger_limit") == 1
    assert held.place is not None
    done(door, Release(at=NOON, hold=held.place))
    assert number(connection, "SELECT used FROM ledger_limit") == 0
    assert row(connection, "SELECT state FROM ledger_hold") == {"state": "released"}
    voucher = row(connection, VOUCHER, serial)
    assert (voucher["balance_fen"], voucher["holds"]) == (5_000, None)
    assert row(connection, BUDGET) == before


def test_a_held_card_keeps_the_rest_usable(door: Door, connection: Connection) -> None:
    serial = a_sold_card(door)
    held = done(door, hold(serial, amount_fen=9_000, expires_at=SOON))
    assert held.place is not None
    assert entries(connection, held.place.block) == [f"FEN 9000 CARD:{serial} > CARD_HELD:{serial}"]
    outcomes = door.submit([redeem(serial, amount_fen=9_000) for _ in range(2)])
    assert codes(outcomes) == ["DONE", "VOUCHER_HELD"]
    done(door, redeem(hold=held.place))
    assert row(connection, VOUCHER, serial)["balance_fen"] == 2_000


def test_a_hold_that_ran_out_gives_way_to_the_next_use(door: Door, connection: Connection) -> None:
    batch = a_batch(door)
    held = done(door, hold(batch.serial(), expires_at=SOON))
    (too_late,) = door.submit([redeem(hold=held.place, at=SOON)])
    assert too_late.code is OutcomeCode.HOLD_EXPIRED
    done(door, redeem(batch.serial(), at=SOON))
    assert row(connection, "SELECT state FROM ledger_hold") == {"state": "expired"}
    voucher = row(connection, VOUCHER, batch.serial())
    assert (voucher["state"], voucher["holds"]) == (State.USED, None)
    assert row(connection, BUDGET) == {
        "available_fen": 9_998_000,
        "committed_fen": 0,
        "spent_fen": 2_000,
        "released_fen": 0,
    }


def test_a_hold_nobody_made_is_unknown(door: Door, connection: Connection) -> None:
    batch = a_batch(door)
    redeemed = done(door, redeem(batch.serial())).place
    before = books(connection)
    assert redeemed is not None
    outcomes = door.submit(
        [
            redeem(hold=Place(1 << 40 | 999_999, 0)),
            redeem(hold=redeemed),
            Release(at=NOON, hold=Place(redeemed.block, 40)),
        ]
    )
    assert set(codes(outcomes)) == {"HOLD_UNKNOWN"}
    assert books(connection) == before


# Reverse


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "prepaid"])
def test_reversing_all_of_a_use_puts_the_books_back(
    door: Door, connection: Connection, kind: str
) -> None:
    serial = a_claimed_voucher(door, kind=kind)
    before_budget, before = row(connection, BUDGET), row(connection, VOUCHER, serial)
    outcome = done(door, redeem(serial))
    back = done(door, _reverse(outcome.place))
    after = row(connection, VOUCHER, serial)
    kept = ("state", "customer_id", "balance_fen", "uses_left", "committed_fen", "holds")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert row(connection, BUDGET) == before_budget
    reversed_row = row(connection, "SELECT amount_fen, uses FROM ledger_reversed")
    assert reversed_row["amount_fen"] == outcome.vouchers[0].discount_fen
    assert back.place is not None
    assert outcome.place is not None
    named = connection.execute(
        "SELECT DISTINCT reverses_block, reverses_index FROM ledger_entry WHERE block = %s",
        [back.place.block],
    ).fetchall()
    assert named == [(outcome.place.block, outcome.place.index)]
    unchanged = books(connection)
    (again,) = door.submit([_reverse(outcome.place)])
    assert again.code is OutcomeCode.ALREADY_REVERSED
    assert books(connection) == unchanged
    done(door, redeem(serial))


def test_parts_of_a_reversal_add_up_and_never_exceed_the_use(
    door: Door, connection: Connection
) -> None:
    serial = a_sold_card(door)
    place = done(door, redeem(serial, amount_fen=9_000)).place
    done(door, _reverse(place, amount_fen=2_000))
    done(door, _reverse(place, amount_fen=3_000))
    (too_much,) = door.submit([_reverse(place, amount_fen=4_001)])
    assert too_much.code is OutcomeCode.REVERSAL_EXCEEDS_USE
    assert row(connection, VOUCHER, serial)["balance_fen"] == 16_000
    done(door, _reverse(place))
    assert row(connection, VOUCHER, serial)["balance_fen"] == 20_000
    assert row(connection, "SELECT amount_fen FROM ledger_reversed") == {"amount_fen": 9_000}


def test_returned_lines_come_back_exactly_over_several_returns(
    door: Door, connection: Connection
) -> None:
    serial = a_sold_card(door)
    use = done(door, redeem(serial, amount_fen=5_001))
    first, second = (LineReturn("1", 1),), (LineReturn("1", 1), LineReturn("2", 1))
    back = [
        done(door, _reverse(use.place, lines=lines)).vouchers[0].balance_used_fen
        for lines in (first, second)
    ]
    assert sum(back) == -5_001
    assert row(connection, "SELECT amount_fen, by_line FROM ledger_reversed") == {
        "amount_fen": 5_001,
        "by_line": [2, 1],
    }


def test_a_settled_hold_is_reversed_with_the_facts_of_the_hold(
    door: Door, connection: Connection
) -> None:
    limits = [{"dimension": "customer", "at": "redeem", "cap": 1}]
    batch = a_batch(door, limits=limits)
    facts = at_the_till(customer_id=7)
    held = done(door, hold(batch.serial(), facts=facts, expires_at=SOON))
    settled = done(door, redeem(hold=held.place, facts=at_the_till(customer_id=8)))
    done(door, _reverse(settled.place))
    assert row(connection, "SELECT subject_id, used FROM ledger_limit") == {
        "subject_id": 7,
        "used": 0,
    }
    done(door, redeem(batch.serial(), facts=facts))


def test_one_voucher_of_several_is_reversed_alone(door: Door, connection: Connection) -> None:
    batch = a_batch(door, **ALWAYS)
    use = done(door, redeem(batch.serial(0), batch.serial(1)))
    done(door, _reverse(use.place, serial=batch.serial(1)))
    states = connection.execute("SELECT state FROM ledger_voucher ORDER BY serial").fetchall()
    assert states == [(State.USED,), (State.LIVE,)]


def test_a_redemption_nobody_made_cannot_be_reversed(door: Door, connection: Connection) -> None:
    minted = a_batch(door)
    before = books(connection)
    place = Place(number(connection, "SELECT max(block) FROM ledger_block"), 0)
    outcomes = door.submit([_reverse(place), _reverse(Place(7, 7))])
    assert set(codes(outcomes)) == {"REDEMPTION_UNKNOWN"}
    assert books(connection) == before
    assert minted.quantity


def test_a_reversed_use_of_a_spent_budget_can_be_used_again(
    door: Door, connection: Connection
) -> None:
    batch = a_batch(door, budget_id=a_budget(door, total_fen=2_000))
    use = done(door, redeem(batch.serial(0)))
    (none_left,) = door.submit([redeem(batch.serial(1))])
    assert none_left.code is OutcomeCode.BUDGET_EXHAUSTED
    done(door, _reverse(use.place))
    done(door, redeem(batch.serial(0)))
    assert row(connection, BUDGET)["spent_fen"] == 2_000
