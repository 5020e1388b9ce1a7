"""What tills did without a network is booked once; what cannot be is a loss within bounds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from kaquan.customers.actions import create_customer
from kaquan.engine.entries import Account
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import close_door
from kaquan.offline.models import Grant, JournalFault, OfflineUndo, OfflineUse
from kaquan.offline.signing_keys import revoke_signing_key, signing_keys
from kaquan.offline.snapshots import milliseconds
from kaquan.organisations.models import Store
from kaquan.redemption import actions, care
from kaquan.redemption.actions import CodeUse
from kaquan.redemption.codes import new_code
from kaquan.redemption.visits import Visit
from tests.builders.books import books, faults, number
from tests.builders.issuer import NOON, SYSTEM, TERMS, a_number
from tests.fixtures_database import Database
from tests.offline.till import Till, a_till, dead_of, signed
from tests.redemption.counter import Counter, a_counter

Connection = psycopg.Connection[Any]
LATER = NOON + timedelta(hours=1)
EVENING = NOON + timedelta(hours=6)


@pytest.fixture(autouse=True)
def _own_door(database: Database) -> Iterator[None]:
    yield
    close_door()


def a_place(**terms: Any) -> tuple[Counter, Store]:
    counter = a_counter(offline_use=True, **terms)
    return counter, Store.objects.select_related("organisation").get(pk=counter.store_id)


def lost_fen(connection: Connection) -> int:
    """What the books say was lost."""
    query = "SELECT coalesce(sum(amount), 0) FROM ledger_entry WHERE debit = %s"
    return number(connection, query, int(Account.OFFLINE_LOSS))


def faults_of(till: Till) -> set[tuple[str, int]]:
    return set(JournalFault.objects.filter(device=till.device).values_list("kind", "counter"))


def verdicts(till: Till) -> list[tuple[str, str, str]]:
    rows = OfflineUse.objects.filter(device=till.device).order_by("id")
    return list(rows.values_list("verdict", "reason", "uncovered"))


def test_a_sync_that_is_cut_and_sent_again_moves_each_use_once(
    connection: Connection, database: Database
) -> None:
    counter, store = a_place()
    till = a_till(store, NOON)
    for index in range(4):
        assert till.take(signed(counter, index), LATER)
    uses = [use for _, use in till.lines]

    first = till.send(uses[:2], EVENING)
    booked = books(connection)
    assert till.send(uses[:2], EVENING) == first
    assert books(connection) == booked
    again = till.send(uses, EVENING)
    done = books(connection)

    assert [one.verdict for one in again] == ["booked"] * 4
    assert till.send(uses, EVENING) == again
    assert books(connection) == done
    assert number(connection, "SELECT count(*) FROM ledger_voucher WHERE state = 3") == 4
    assert faults_of(till) == set()
    assert faults(database.connect) == []


def test_two_tills_take_one_voucher_and_the_second_in_order_is_a_loss_that_the_issuer_owes(
    connection: Connection, database: Database
) -> None:
    counter, store = a_place()
    one, other = a_till(store, NOON), a_till(store, NOON)
    code = signed(counter)
    assert one.take(code, LATER)
    assert other.take(code, NOON + timedelta(minutes=5))
    assert not one.take(code, LATER), "a till takes a voucher once"

    (first,), (second,) = one.hand_in(EVENING), other.hand_in(EVENING)

    assert (first.verdict, second.verdict, second.reason) == ("booked", "loss", "voucher_used")
    assert lost_fen(connection) == 2_000
    owed = "SELECT sum(amount) FROM ledger_entry WHERE credit = %s AND credit_id = %s"
    assert number(connection, owed, int(Account.STORE), store.pk) == 4_000
    assert faults(database.connect) == []


def test_a_voucher_that_may_not_be_used_any_more_ends_with_its_loss(
    connection: Connection, database: Database
) -> None:
    counter, store = a_place(limits=[{"dimension": "batch", "at": "redeem", "cap": 1}])
    till = a_till(store, NOON)
    codes = [signed(counter, index) for index in range(2)]
    for code in codes:
        assert till.take(code, LATER)

    assert [one.verdict for one in till.hand_in(EVENING)] == ["booked", "loss"]

    again = actions.redeem_codes(
        actor=SYSTEM, uses=[CodeUse(codes[1])], visit=counter.visit(), at=EVENING
    )
    assert again.code.name == "VOUCHER_VOID"
    assert lost_fen(connection) == 2_000
    assert faults(database.connect) == []


def test_an_old_picture_of_what_was_passed_on_is_a_loss_and_its_new_holder_keeps_the_voucher(
    connection: Connection, database: Database
) -> None:
    counter, store = a_place(transferable=True)
    till, code, friend = a_till(store, NOON), counter.codes[0], a_number("M")
    create_customer(actor=SYSTEM, number=friend)
    visit = Visit(customer_number=counter.member)
    batch_id = counter.by_code.id
    given = actions.assign(actor=SYSTEM, batch_id=batch_id, visit=visit, code=code, at=NOON)
    names = {"from_number": counter.member, "to_number": friend}
    assert care.transfer(actor=SYSTEM, voucher=code, **names, at=NOON).done
    serial = given.vouchers[0].serial

    assert till.take(signed(counter), LATER), "its grant is from before"
    (judged,) = till.hand_in(EVENING)

    assert (judged.verdict, judged.reason) == ("loss", "code_passed_on")
    assert lost_fen(connection) == 2_000
    assert dead_of(till.renew(EVENING)) == {serial}
    uses, theirs = [CodeUse(new_code(serial, 1))], counter.visit(customer_number=friend)
    assert actions.redeem_codes(actor=SYSTEM, uses=uses, visit=theirs, at=EVENING).done
    assert faults(database.connect) == []


def test_a_gap_a_fork_and_a_clock_set_back_are_told_and_the_uses_count(
    connection: Connection,
) -> None:
    counter, store = a_place()
    till = a_till(store, NOON)
    for index in range(3):
        assert till.take(signed(counter, index), LATER)
    uses = [use for _, use in till.lines]
    till.send([uses[0], uses[2]], EVENING)
    assert faults_of(till) == {("gap", 3)}

    copy = Till(till.device, till.key, till.grant)
    copy.take(signed(counter, 3), LATER)
    copy.hand_in(EVENING)
    assert faults_of(till) == {("gap", 3), ("fork", 1)}

    early = NOON - timedelta(days=3)
    till.take(signed(counter, 4), LATER, wall_ms=int(early.timestamp()) * 1000)
    till.send([till.lines[-1][1]], EVENING)
    assert ("clock_back", 4) in faults_of(till)
    assert {verdict for verdict, _, _ in verdicts(till)} == {"booked"}


def test_what_a_device_did_not_sign_or_that_is_no_code_of_ours_moves_nothing(
    connection: Connection,
) -> None:
    counter, store = a_place()
    till, other = a_till(store, NOON), a_till(store, NOON)
    till.take(signed(counter), LATER)
    line, use = till.lines[0]
    swapped = type(use)(use.text, use.signature, signed(counter, 1))
    altered = type(use)(use.text.replace("2000", "9000"), use.signature, use.code)
    before = books(connection)

    answers = till.send([swapped, altered, type(use)("x", use.signature, use.code)], EVENING)
    answers += other.send([use], EVENING)

    assert {one.verdict for one in answers} == {"refused"}
    assert not any(one.known for one in answers)
    assert books(connection) == before
    assert {kind for kind, _ in faults_of(till)} == {"form", "signature"}
    assert line.serial not in OfflineUse.objects.values_list("serial", flat=True)


def test_beyond_its_grant_the_store_bears_the_loss_and_good_uses_are_booked(
    connection: Connection,
) -> None:
    counter, store = a_place()
    till = a_till(store, NOON, total_fen=4_000)
    counter.redeem(0), counter.redeem(1), counter.redeem(2)
    for index in range(4):
        till.take(signed(counter, index), LATER, honest=False)
    till.take(signed(counter, 4), NOON + timedelta(days=2), honest=False)

    till.hand_in(NOON + timedelta(days=2))

    assert verdicts(till) == [
        ("loss", "voucher_used", ""),
        ("loss", "voucher_used", ""),
        ("refused", "voucher_used", "above_total_cap"),
        ("booked", "", "above_total_cap"),
        ("booked", "", "outside_grant"),
    ]
    assert lost_fen(connection) == 4_000


def test_what_a_revoked_key_signed_counts_where_the_till_could_not_know_and_nowhere_else(
    connection: Connection, database: Database
) -> None:
    counter, store = a_place()
    till = a_till(store, NOON)
    till.take(signed(counter, 0), LATER)
    (leaked, *_) = signing_keys(SYSTEM)
    till.renew(EVENING)
    till.take(signed(counter, 1), EVENING, honest=False)

    revoke_signing_key(actor=SYSTEM, key_id=leaked.key_id, at=LATER)
    till.hand_in(EVENING)

    assert verdicts(till) == [("booked", "", ""), ("refused", "code_forged", "key_revoked")]
    assert leaked.key_id not in {one["id"] for one in till.renew(EVENING)["keys"]}
    assert faults_of(till) == set()
    assert faults(database.connect) == []


def test_what_was_lost_makes_the_next_grant_smaller_for_a_day(connection: Connection) -> None:
    counter, store = a_place()
    till = a_till(store, NOON, use_fen=4_000, total_fen=5_000)
    counter.redeem(0)
    till.take(signed(counter, 0), LATER, honest=False)
    till.hand_in(EVENING)

    assert till.renew(EVENING)["totalFen"] == 3_000
    assert till.renew(EVENING + timedelta(hours=25))["totalFen"] == 5_000
    assert lost_fen(connection) == 2_000


def test_a_till_is_told_which_vouchers_it_may_take_here_and_which_are_over() -> None:
    counter, store = a_place(scope={"order_minimum_fen": 3_000})
    elsewhere, _ = a_place()
    hidden = a_counter()
    counter.redeem(2)
    till = a_till(store, NOON)

    known = {batch["id"]: batch for batch in till.grant["batches"]}
    assert known[counter.by_code.id]["minimumFen"] == 3_000
    assert known[counter.by_code.id]["valueFen"] == 2_000
    assert elsewhere.by_code.id in known
    assert hidden.by_code.id not in known
    (run,) = known[counter.by_code.id]["runs"]
    assert dead_of(till.grant) == {run[0] + 2}
    counter.redeem(3)
    assert dead_of(till.renew(NOON)) == {run[0] + 2, run[0] + 3}
    assert dead_of(till.renew(NOON)) == {run[0] + 2, run[0] + 3}


def test_hours_are_told_as_moments_of_the_days_that_the_grant_lasts() -> None:
    windows = [{"start": "11:00", "end": "14:00"}, {"start": "22:00", "end": "02:00"}]
    counter, store = a_place(validity={**TERMS["validity"], "daily_windows": windows})
    (batch,) = [
        one for one in a_till(store, NOON).grant["batches"] if one["id"] == counter.by_code.id
    ]

    begun = NOON + timedelta(seconds=2)  # noon in Shanghai
    hours = [(0, 2), (10, 14), (23, 24)]
    told = [[NOON + timedelta(hours=one) for one in span] for span in hours]
    told[0][0], told[-1][1] = begun, begun + timedelta(hours=24)
    assert batch["open"] == [[milliseconds(one) for one in span] for span in told]


def test_a_device_that_is_a_terminal_no_more_hands_nothing_in() -> None:
    from kaquan.terminals.registering import device_of, unregister_device

    _counter, store = a_place()
    till = a_till(store, NOON)
    unregister_device(actor=SYSTEM, terminal_id=till.device.terminal_id, at=LATER)
    with pytest.raises(KaquanError) as refused:
        device_of("whatever it has")
    assert refused.value.code == "terminal_unregistered"


@pytest.mark.parametrize("seed", range(3))
def test_no_schedule_loses_more_than_the_bound(
    seed: int, connection: Connection, database: Database
) -> None:
    """Tills that come and go and take uses back, vouchers copied to all of them, some used online
    meanwhile, answers lost."""
    counter, store = a_place()
    luck = random.Random(seed)
    tills = [a_till(store, NOON, total_fen=luck.choice([2_000, 6_000, 8_000])) for _ in range(3)]
    codes = [signed(counter, index) for index in range(8)]
    at, issued_fen = NOON + timedelta(minutes=1), sum(one.grant["totalFen"] for one in tills)
    for _ in range(40):
        at += timedelta(minutes=luck.randint(1, 30))
        till, code = luck.choice(tills), luck.choice(codes)
        match luck.randint(0, 9):
            case 0:
                actions.redeem_codes(
                    actor=SYSTEM, uses=[CodeUse(code)], visit=counter.visit(), at=at
                )
            case 1:
                till.hand_in(at, luck.randint(1, 3))
            case 2 if till.handed_in == len(till.lines):
                issued_fen += till.renew(at)["totalFen"]
            case 3 | 4 if till.handed_in < len(till.lines):
                waiting = till.lines[till.handed_in :]
                if luck.random() < 0.5:  # its answer is lost
                    till.send([use for _, use in waiting[:3]], at)
                line = luck.choice(waiting)[0]
                till.undo(line.counter, line.said_at + timedelta(minutes=luck.randint(0, 11)))
            case _:
                till.take(code, at, honest=luck.random() < 0.7)
    for till in tills:
        till.hand_in(at)

    for till in tills:
        for grant in Grant.objects.filter(device=till.device):
            lost = sum(
                OfflineUse.objects.filter(
                    device=till.device,
                    received_at__gt=grant.made_at - timedelta(hours=24),
                    received_at__lte=grant.made_at,
                ).values_list("loss_fen", flat=True)
            )
            cap = till.device.terminal.caps.offline_total_fen_max
            assert lost + grant.total_fen_max <= max(cap, lost)
    told = sum(OfflineUse.objects.values_list("loss_fen", flat=True))
    assert told == lost_fen(connection) <= issued_fen
    lines = OfflineUse.objects.count() + OfflineUndo.objects.count()
    assert lines == sum(len(till.lines) for till in tills)
    assert {verdict for till in tills for verdict, _, _ in verdicts(till)} >= {"booked", "undone"}
    assert faults(database.connect) == []


def test_the_bound_is_reached_by_tills_that_saw_nothing_of_what_was_used_meanwhile(
    connection: Connection,
) -> None:
    counter, store = a_place()
    tills = [a_till(store, NOON, total_fen=4_000) for _ in range(3)]
    bound_fen = sum(till.grant["totalFen"] for till in tills)
    for index in range(2):
        counter.redeem(index)
    for till in tills:
        for index in range(2):
            assert till.take(signed(counter, index), LATER)
        assert not till.take(signed(counter, 2), LATER), "its grant is used up"
    for till in tills:
        till.hand_in(EVENING)

    assert lost_fen(connection) == bound_fen == 12_000
