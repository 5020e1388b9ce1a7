"""A glance at a record tells what the record tells, however much of it stays unread."""

from __future__ import annotations

import pytest

from kaquan.engine.commands import (
    AnyCommand,
    Assign,
    Hold,
    Mint,
    Redeem,
    Release,
    RequestKey,
    Reverse,
    VoucherUse,
)
from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.engine.outcomes import Outcome, OutcomeCode, VoucherResult
from kaquan.engine.places import Place
from kaquan.ledger.glances import (
    Sign,
    glance_of,
    glances_in,
    glances_with,
    sign_of_operation,
    sign_of_place,
)
from kaquan.ledger.records import Record, pack_body
from tests.builders.issuer import NOON

THERE = Place(1 << 40 | 7, 3)
FACTS = Facts(
    store_id=17,
    store_path=(1, 2, 17),
    channel="store",
    terminal_kind="till",
    customer_id=5,
    person_id=5,
    tags=frozenset({"vip"}),
    first_order=True,
    order=Order("A-1", (OrderLine("1", "sku", 2, 3_000, categories=("tea",)),)),
)
KEY = RequestKey(7, "once")
USE = (VoucherUse(64),)
COMMANDS: dict[str, AnyCommand] = {
    "redeem": Redeem(at=NOON, key=KEY, actor="clerk:1", vouchers=USE, facts=FACTS),
    "hold": Hold(at=NOON, vouchers=USE, facts=FACTS, expires_at=NOON),
    "assign": Assign(at=NOON, batch_id=3, facts=FACTS),
}


def record(command: AnyCommand, code: OutcomeCode = OutcomeCode.DONE) -> Record:
    vouchers = tuple(
        VoucherResult(serial=serial, batch_id=serial % 7, version=2, state=3, before=THERE)
        for serial in (64, 65)
    )
    return Record(command, Outcome(code, place=THERE, vouchers=vouchers))


@pytest.mark.parametrize("operation", COMMANDS)
def test_a_glance_tells_what_was_asked_where_and_of_which_batches(operation: str) -> None:
    glance = glance_of(record(COMMANDS[operation]))

    assert glance.operation == operation
    assert glance.is_done
    assert glance.elsewhere is None
    assert glance.command.facts.store_id == 17
    assert glance.command.facts.order_no == "A-1"
    assert [one.batch_id for one in glance.outcome.vouchers] == [1, 2]


@pytest.mark.parametrize(
    "command",
    [
        Redeem(at=NOON, facts=Facts(), hold=THERE),
        Release(at=NOON, hold=THERE),
        Reverse(at=NOON, redemption=THERE),
    ],
)
def test_what_settles_or_undoes_names_the_record_that_says_where(command: AnyCommand) -> None:
    glance = glance_of(record(command))

    assert glance.elsewhere == THERE
    assert not glance.command.facts.order_no


def test_a_block_is_read_at_a_glance_in_its_order() -> None:
    records = [
        record(Mint(at=NOON, batch_id=3, quantity=9)),
        record(COMMANDS["redeem"], OutcomeCode.VOUCHER_USED),
    ]

    glances = glances_in(pack_body(records))

    assert [(one.operation, one.is_done) for one in glances] == [("mint", True), ("redeem", False)]
    assert glances == [glance_of(one) for one in records]
    with pytest.raises(ValueError, match=r"."):
        glances_in(b"no body")


@pytest.mark.parametrize(
    ("signs", "found"),
    [
        ([sign_of_place("A-1")], [0, 2, 3, 4, 5]),
        ([sign_of_place(17)], [0, 2, 3, 4, 5]),
        ([sign_of_place("A-2")], [3, 4, 5]),
        ([sign_of_operation("redeem")], [0, 3]),
        ([sign_of_operation("redeem"), sign_of_place("A-2")], [3]),
        ([sign_of_operation("freeze")], []),
    ],
)
def test_signs_leave_out_only_what_happened_elsewhere(signs: list[Sign], found: list[int]) -> None:
    records = [
        record(COMMANDS["redeem"]),
        record(Mint(at=NOON, batch_id=3, quantity=9)),
        record(COMMANDS["assign"]),
        # Where these happened, another record says.
        record(Redeem(at=NOON, facts=Facts(), hold=THERE)),
        record(Release(at=NOON, hold=THERE)),
        record(Reverse(at=NOON, redemption=THERE)),
    ]

    glances = glances_with(pack_body(records), signs)

    assert glances == [(index, glance_of(records[index])) for index in found]
    with pytest.raises(ValueError, match=r"."):
        glances_with(b"no body", signs)
