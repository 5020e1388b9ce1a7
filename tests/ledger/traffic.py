"""Books with some of everything in them: every operation, every kind of offer, several lanes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from kaquan.engine.commands import (
    Activate,
    Adjust,
    Allot,
    Assign,
    BookLoss,
    ChangeBudget,
    Claim,
    Expire,
    Extend,
    Freeze,
    Hold,
    LineReturn,
    Mint,
    MovePieces,
    Redeem,
    Release,
    Reverse,
    Sell,
    SetBatchState,
    TopUp,
    Transfer,
    Unfreeze,
    Void,
    VoucherUse,
)
from kaquan.engine.facts import Facts
from kaquan.engine.outcomes import Outcome
from kaquan.engine.places import Place
from tests.builders.ledger import (
    NOON,
    STORE,
    Books,
    BuiltBatch,
    a_batch,
    a_budget,
    a_key,
    at_the_till,
    done,
    revise,
)

STACKING = {"stack": {"policy": "always"}}
LIMITS = {
    "limits": [
        {"dimension": "customer", "at": "claim", "cap": 50},
        {"dimension": "store", "at": "redeem", "cap": 10**9, "period": "day", "unit": "fen"},
        {"dimension": "batch", "at": "redeem", "cap": 10**6},
        {"dimension": "channel", "at": "claim", "cap": 10**6},
        {"dimension": "channel", "at": "redeem", "cap": 10**6, "channels": ["pos", "app"]},
        {"dimension": "channel", "at": "redeem", "cap": 10**9, "unit": "fen"},
    ]
}
FUNDING = {
    "funding": [
        {"kind": "fixed", "funder_id": 5, "amount_fen": 300},
        {"kind": "first_to_cap", "funder_id": 6, "cap_fen": 2_500},
        {"kind": "percent", "funder_id": 7, "basis_points": 3_000},
        {"kind": "remainder", "funder_id": 0},
    ]
}
LATE = datetime(2027, 2, 1, tzinfo=UTC)


def every_operation(doors: Sequence[Books]) -> None:
    """Books in which each operation was done at least once, through several writers."""
    one, other = doors[0], doors[-1]
    _supply(one)
    _cards(other)
    _use(one, other)
    _care(other)
    _holds(one)
    _refusals(other)


def _supply(door: Books) -> None:
    budget_id = a_budget(door, total_fen=90_000)
    done(door, ChangeBudget(at=NOON, budget_id=budget_id, expected_fen=90_000, total_fen=80_000))
    done(door, ChangeBudget(at=NOON, budget_id=budget_id, expected_fen=80_000, total_fen=95_000))
    limited = {"scope": {"order_minimum_fen": 1_000}}
    batch = a_batch(door, quantity=100, active=False, budget_id=budget_id, **limited)
    done(
        door, Activate(at=NOON, batch_id=batch.batch_id, first_serial=batch.serial(10), quantity=50)
    )
    for first, quantity, source, target in ((0, 60, 0, 21), (20, 10, 21, 22), (25, 2, 22, 0)):
        done(
            door,
            Allot(
                at=NOON,
                batch_id=batch.batch_id,
                first_serial=batch.serial(first),
                quantity=quantity,
                from_organisation_id=source,
                organisation_id=target,
            ),
        )
    _paper(door, batch)
    for state in ("paused", "running", "paused"):
        done(door, SetBatchState(at=NOON, batch_id=batch.batch_id, state=state, reason="检查"))
    done(door, Mint(at=NOON, batch_id=batch.batch_id, quantity=7))
    for version, fen in enumerate((900, 500)):
        minimum = {"order_minimum_fen": fen}
        done(door, revise(batch, scope=minimum, expected_version=version, offer_version_id=fen))
    stopped = a_batch(door, by_code=False, quantity=70, budget_id=0)
    done(door, SetBatchState(at=NOON, batch_id=stopped.batch_id, state="stopped"))


def _paper(door: Books, batch: BuiltBatch) -> None:
    for act, first, quantity, to in (
        *(("print", 70, 12, 0), ("receive", 70, 12, 0), ("activate", 70, 11, 0)),
        *(("send", 70, 8, 0), ("accept", 70, 6, 22), ("miss", 76, 2, 0), ("lose", 77, 1, 0)),
        *(("hand_out", 78, 2, 0), ("take_back", 79, 1, 22), ("destroy", 80, 1, 0)),
    ):
        done(
            door,
            MovePieces(
                at=NOON,
                batch_id=batch.batch_id,
                first_serial=batch.serial(first),
                quantity=quantity,
                act=act,
                organisation_id=21,
                to_organisation_id=to,
                hand_out_first=act == "print",
                witness="staff:2",
            ),
        )


def _cards(door: Books) -> None:
    card = a_batch(door, kind="prepaid", quantity=4, budget_id=0)
    sale = {"batch_id": card.batch_id, "paid_fen": 19_000, "payment_no": "P1", "at": NOON}
    for index, customer_id in ((0, 7), (1, 0)):
        facts = Facts(store_id=STORE, customer_id=customer_id)
        done(door, Sell(serial=card.serial(index), facts=facts, **sale))
    facts = Facts(store_id=STORE)
    done(door, TopUp(at=NOON, serial=card.serial(), amount_fen=500, payment_no="P2", facts=facts))
    used = done(door, _use_of(card.serial(), amount_fen=1_700))
    done(door, Reverse(at=NOON, redemption=_place(used), amount_fen=700))
    done(door, Adjust(at=NOON, serial=card.serial(), balance_fen=-50, reason="多记"))
    done(door, _use_of(card.serial(1), amount_fen=20_000))
    lost = {"serial": card.serial(1), "amount_fen": 300, "facts": facts, "reason": "离线"}
    done(door, BookLoss(at=NOON, **lost))
    counted = a_batch(door, kind="count", quantity=3)
    done(door, _claim(counted, counted.serial(), 8))
    punched = done(door, _use_of(counted.serial(), uses=2))
    done(door, Adjust(at=NOON, serial=counted.serial(), uses=3, reason="补偿"))
    done(door, Reverse(at=NOON, redemption=_place(punched)))
    done(door, _use_of(counted.serial(1), uses=1))
    partial = a_batch(door, kind="partial_cash", quantity=2)
    spent = done(door, _use_of(partial.serial(), amount_fen=1_234))
    done(door, Reverse(at=NOON, redemption=_place(spent), amount_fen=34))


def _use(one: Books, other: Books) -> None:
    batch = a_batch(one, by_code=False, quantity=30, **LIMITS, **FUNDING, **STACKING)
    outcomes = other.submit([_claim(batch, None, customer_id) for customer_id in range(1, 13)])
    serials = [outcome.vouchers[0].serial for outcome in outcomes]
    done(one, Assign(at=NOON, batch_id=batch.batch_id, facts=Facts(customer_id=99)))
    uses = other.submit([_use_of(serial) for serial in serials[:6]])
    assert all(use.done for use in uses), uses
    done(one, Reverse(at=NOON, key=a_key(), redemption=_place(uses[0]), reason="退货"))
    lines = (LineReturn("1", 1), LineReturn("2", 1))
    done(one, Reverse(at=NOON, redemption=_place(uses[1]), lines=lines))
    done(one, Reverse(at=NOON, redemption=_place(uses[1]), lines=(LineReturn("1", 1),)))
    done(other, Reverse(at=NOON, redemption=_place(uses[2]), amount_fen=777))
    coupon = a_batch(one, kind="cash", quantity=4, **STACKING)
    both = done(one, _use_of(serials[7], coupon.serial()))
    done(one, Reverse(at=NOON, redemption=_place(both), serial=coupon.serial()))
    freebie = a_batch(one, quantity=3, kind="exchange", budget_id=0)
    done(one, _use_of(freebie.serial()))


def _care(door: Books) -> None:
    batch = a_batch(door, quantity=8, transferable=True, transfer_limit=3)
    serials = batch.serials
    for serial in serials[:6]:
        done(door, _claim(batch, serial, 7))
    done(door, Transfer(at=NOON, serial=serials[0], from_customer_id=7, to_customer_id=8))
    done(door, Freeze(at=NOON, serial=serials[1], reason="盗刷"))
    done(door, Freeze(at=NOON, serial=serials[2], reason="盗刷"))
    done(door, Unfreeze(at=NOON, serial=serials[2]))
    done(door, Void(at=NOON, serial=serials[3], reason="作废"))
    done(door, Void(at=NOON, serial=serials[7], reason="破损"))
    done(door, Expire(at=LATE, serial=serials[4]))
    done(door, Extend(at=LATE, serial=serials[4], valid_until=LATE + timedelta(days=9)))
    done(door, Expire(at=LATE, serial=serials[5]))


def _holds(door: Books) -> None:
    for kind in ("amount_off", "prepaid", "count"):
        batch = a_batch(door, kind=kind, quantity=6, **LIMITS)
        for index in range(5):
            if kind == "prepaid":
                facts = Facts(store_id=STORE, customer_id=7)
                sale = Sell(
                    at=NOON,
                    batch_id=batch.batch_id,
                    serial=batch.serial(index),
                    facts=facts,
                    paid_fen=1,
                    payment_no="P",
                )
                done(door, sale)
            else:
                done(door, _claim(batch, batch.serial(index), 7))
        held = [_place(done(door, _hold_of(serial))) for serial in batch.serials[:5]]
        done(door, Redeem(at=NOON, hold=held[0], facts=at_the_till()))
        done(door, Release(at=NOON, hold=held[1]))
        done(door, Release(at=NOON + timedelta(hours=3), hold=held[2]))
        # The hold has run out: the next use gives it back.
        done(door, _use_of(batch.serial(3), at=NOON + timedelta(hours=3)))


def _refusals(door: Books) -> None:
    batch = a_batch(door, quantity=2)
    done(door, _use_of(batch.serial()))
    refused = door.submit(
        [_use_of(batch.serial()), _use_of(2**37), Mint(at=NOON, batch_id=9**9, quantity=1)]
    )
    assert not any(outcome.done for outcome in refused)


def _claim(batch: BuiltBatch, serial: int | None, customer_id: int) -> Claim:
    facts = Facts(customer_id=customer_id)
    return Claim(at=NOON, key=a_key(), batch_id=batch.batch_id, serial=serial, facts=facts)


def _use_of(
    *serials: int, amount_fen: int | None = None, uses: int = 1, at: datetime = NOON
) -> Redeem:
    vouchers = tuple(VoucherUse(serial, amount_fen, uses) for serial in serials)
    return Redeem(at=at, key=a_key(), vouchers=vouchers, facts=at_the_till(amount_fen=30_000))


def _hold_of(*serials: int, at: datetime = NOON) -> Hold:
    return Hold(
        at=at,
        key=a_key(),
        vouchers=tuple(VoucherUse(serial) for serial in serials),
        facts=at_the_till(),
        expires_at=at + timedelta(hours=1),
    )


def _place(outcome: Outcome) -> Place:
    assert outcome.place is not None, outcome
    return outcome.place
