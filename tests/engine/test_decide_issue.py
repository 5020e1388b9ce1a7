"""Stock is handed out exactly, each serial once, and close to its customer."""

import pytest

from kaquan.engine import commands as c
from kaquan.engine.facts import Facts
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.shards import bucket_of_customer, bucket_of_serial
from tests.engine.decide_cases import NOON, done, operate, paper, redeem, terms
from tests.engine.memory_ledger import MemoryLedger


def stock(*quantities: int, **fields: bool) -> MemoryLedger:
    """A ledger with stock batch 1, minted in so many steps; batch 2 takes serials in between."""
    ledger = MemoryLedger()
    raw = terms("amount_off")
    done(ledger.do(c.DefineBatch(at=NOON, batch_id=1, terms=raw, **fields)))
    done(ledger.do(c.DefineBatch(at=NOON, batch_id=2, terms=raw)))
    for quantity in quantities:
        done(ledger.do(c.Mint(at=NOON, batch_id=1, quantity=quantity)))
        done(ledger.do(c.Mint(at=NOON, batch_id=2, quantity=1)))
    return ledger


def claims(ledger: MemoryLedger, customers: range) -> list[Outcome]:
    """One claim for each customer, in one block."""
    return ledger.submit(
        *[c.Claim(at=NOON, batch_id=1, facts=Facts(customer_id=one)) for one in customers]
    )


@pytest.mark.parametrize("quantities", [(100,), (1, 63, 36), (64, 36)], ids=str)
def test_exactly_the_stock_is_handed_out_and_no_serial_twice(quantities: tuple[int, ...]) -> None:
    ledger = stock(*quantities)

    outcomes = claims(ledger, range(1, 151))

    codes = [outcome.code for outcome in outcomes]
    assert codes == [OutcomeCode.DONE] * 100 + [OutcomeCode.STOCK_EXHAUSTED] * 50
    serials = [outcome.vouchers[0].serial for outcome in outcomes[:100]]
    assert len(set(serials)) == 100
    runs = ledger.tables["custody"][1]
    rooms = [range(run.first_serial, run.first_serial + run.quantity) for run in runs]
    assert all(any(serial in room for room in rooms) for serial in serials)


def test_a_voucher_shares_the_bucket_of_its_customer_while_there_is_room() -> None:
    ledger = stock(64 * 20)

    outcomes = claims(ledger, range(1, 301))

    for customer_id, outcome in enumerate(outcomes, 1):
        assert bucket_of_serial(outcome.vouchers[0].serial) == bucket_of_customer(customer_id)


def test_a_full_bucket_spills_into_the_next_one() -> None:
    ledger = stock(128)
    again = c.Claim(at=NOON, batch_id=1, facts=Facts(customer_id=7))

    outcomes = ledger.submit(*[again] * 128)

    first = bucket_of_customer(7)
    buckets = [bucket_of_serial(outcome.vouchers[0].serial) for outcome in outcomes]
    assert buckets == [(first + number // 2) % 64 for number in range(128)]


def test_sales_to_bearers_go_round_the_buckets() -> None:
    ledger = stock(128)
    sale = c.Sell(at=NOON, batch_id=1, facts=Facts(), paid_fen=4000, payment_no="P")

    outcomes = ledger.submit(*[sale] * 64)

    assert sorted(bucket_of_serial(one.vouchers[0].serial) for one in outcomes) == [*range(64)]
    assert {one.vouchers[0].state for one in outcomes} == {State.ISSUED}


def test_activating_stock_in_any_order_never_hands_a_serial_out_twice() -> None:
    ledger = stock(64, 64, active=False)
    first, second = ledger.tables["custody"][1]
    again = c.Claim(at=NOON, batch_id=1, facts=Facts(customer_id=7))

    def activate(first_serial: int, quantity: int) -> None:
        done(
            ledger.do(c.Activate(at=NOON, batch_id=1, first_serial=first_serial, quantity=quantity))
        )

    activate(second.first_serial, 64)
    before_the_first = ledger.submit(again)
    activate(first.first_serial + 5, 20)
    some = ledger.submit(*[again] * 64)
    activate(first.first_serial, 5)
    activate(first.first_serial + 25, 39)
    rest = ledger.submit(*[again] * 128)

    assert [one.code for one in before_the_first] == [OutcomeCode.STOCK_EXHAUSTED]
    issued = [one.vouchers[0].serial for one in (*some, *rest) if one.done]
    assert len(issued) == len(set(issued)) == 128


def test_a_bearers_purchase_is_his_until_it_is_used_and_after_a_reversal() -> None:
    ledger = MemoryLedger()
    serial = paper(ledger, terms("amount_off"))
    bearer = Facts()
    sale = c.Sell(at=NOON, batch_id=1, serial=serial, facts=bearer, paid_fen=4000, payment_no="P")

    done(ledger.do(sale))
    used = done(ledger.do(redeem(serial)))
    done(ledger.do(c.Reverse(at=NOON, redemption=used.place)))

    assert ledger.tables["vouchers"][serial].state is State.ISSUED
    assert ledger.do(sale).code is OutcomeCode.VOUCHER_ALREADY_ISSUED
    assert ledger.do(operate("claim", serial, 1)).code is OutcomeCode.VOUCHER_ALREADY_ISSUED
