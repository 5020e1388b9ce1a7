"""Every state × every operation is decided as the table in ``lifecycle.py`` says."""

from typing import Any

import pytest

from kaquan.engine import commands as c
from kaquan.engine.lifecycle import LIFECYCLE, VOUCHER_OPERATIONS, State
from kaquan.engine.outcomes import OutcomeCode
from tests.engine.decide_cases import NEW_YEAR, NOON, done, operate, paper, redeem, terms
from tests.engine.memory_ledger import MemoryLedger

IN_HAND = (State.ISSUED, State.USED, State.FROZEN_ISSUED, State.EXPIRED, State.VOID)


def voucher_in(state: State, operation: str, ledger: MemoryLedger) -> tuple[int, Any]:
    """A voucher in a state, and the place of a redemption that it had before.

    The state is put into the row: some (an INACTIVE voucher that was used) no commands lead to.
    """
    kind = "prepaid_card" if operation == "top_up" else "count_card"
    serial = paper(ledger, terms(kind))
    if kind == "prepaid_card":
        claim = operate("claim", serial, 1)
        done(ledger.do(claim))
        ledger.tables["vouchers"][serial].state = state
        return serial, None
    if state in IN_HAND:
        done(ledger.do(operate("claim", serial, 1)))
    used = done(ledger.do(redeem(serial)))
    row = ledger.tables["vouchers"][serial]
    row.state = state
    row.uses_left = 0 if state is State.USED else 3 if operation == "sell" else 2
    return serial, used.place


@pytest.mark.parametrize("operation", sorted(VOUCHER_OPERATIONS))
@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_an_operation_in_a_state_leads_where_the_table_says(state: State, operation: str) -> None:
    ledger = MemoryLedger()
    serial, place = voucher_in(state, operation, ledger)
    entries = len(ledger.entries)

    outcome = ledger.do(operate(operation, serial, 1, place))

    cell = LIFECYCLE[state][operation]
    if isinstance(cell, OutcomeCode):
        assert outcome.code is cell
        assert len(ledger.entries) == entries
        assert ledger.tables["vouchers"][serial].state is state
    else:
        assert outcome.code is OutcomeCode.DONE, outcome
        assert ledger.tables["vouchers"][serial].state in cell


def test_an_inactive_paper_voucher_is_refused_like_the_table_says() -> None:
    ledger = MemoryLedger()
    serial = paper(ledger, terms("count_card"), active=False)

    for operation in sorted(VOUCHER_OPERATIONS - {"reverse"}):
        cell = LIFECYCLE[State.INACTIVE][operation]
        if isinstance(cell, OutcomeCode):
            assert ledger.do(operate(operation, serial, 1)).code is cell, operation
    assert ledger.do(operate("void", serial, 1)).done


@pytest.mark.parametrize(
    ("first", "second"),
    [("void", "redeem"), ("redeem", "void"), ("freeze", "redeem"), ("claim", "claim")],
)
def test_of_two_commands_in_one_block_the_second_sees_the_first(first: str, second: str) -> None:
    ledger = MemoryLedger()
    serial = paper(ledger, terms("amount_off"))

    one, other = ledger.submit(operate(first, serial, 1), operate(second, serial, 1))

    assert one.done
    assert not other.done
    assert ledger.tables["vouchers"][serial].version == 1


def test_a_redemption_can_be_reversed_in_its_own_block() -> None:
    ledger = MemoryLedger()
    serial = paper(ledger, terms("amount_off"))
    use = redeem(serial)
    block = (1 << 40) + ledger.blocks + 1

    outcomes = ledger.submit(use, c.Reverse(at=NOON, redemption=c.Place(block, 0)), redeem(serial))

    assert [outcome.code for outcome in outcomes] == [OutcomeCode.DONE] * 3
    assert ledger.tables["vouchers"][serial].version == 3


def test_the_result_says_where_the_change_before_it_stands() -> None:
    ledger = MemoryLedger()
    serial = paper(ledger, terms("count_card"))

    first = done(ledger.do(redeem(serial)))
    second = done(ledger.do(redeem(serial, customer_id=7)))

    assert first.vouchers[0].before is None
    assert second.vouchers[0].before == first.place
    assert second.vouchers[0].version == 2
    assert ledger.tables["vouchers"][serial].last == second.place


def test_a_code_proves_possession_unless_the_terms_want_the_customer() -> None:
    ledger = MemoryLedger()
    free = paper(ledger, terms("amount_off"))
    strict = paper(ledger, terms("amount_off", scope={"customer_required": True}), batch_id=2)
    for serial, batch_id in ((free, 1), (strict, 2)):
        done(ledger.do(operate("claim", serial, batch_id)))

    assert ledger.do(redeem(free)).done
    assert ledger.do(redeem(strict)).code is OutcomeCode.CUSTOMER_REQUIRED
    assert ledger.do(redeem(strict, customer_id=8)).code is OutcomeCode.VOUCHER_NOT_YOURS
    assert ledger.do(redeem(strict, customer_id=7)).done


def test_of_several_reasons_the_first_by_precedence_is_told() -> None:
    ledger = MemoryLedger()
    first = paper(ledger, terms("amount_off", stack={"policy": "always"}))
    done(ledger.do(operate("claim", first, 1)))
    done(ledger.do(operate("void", first + 1, 1)))

    done(ledger.do(redeem(first + 2)))

    both = ledger.do(redeem(first, first + 1, customer_id=8))
    used_and_late = ledger.do(redeem(first + 2, at=NEW_YEAR))

    assert both.code is OutcomeCode.VOUCHER_NOT_YOURS
    assert both.data == {"serial": first}
    assert used_and_late.code is OutcomeCode.VOUCHER_EXPIRED
