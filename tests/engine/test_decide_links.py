"""Linked commands stand or fall together, whatever tables they touch."""

import pytest

from kaquan.engine import commands as c
from kaquan.engine.decide import decide
from kaquan.engine.outcomes import OutcomeCode
from tests.engine.decide_cases import NOON, done, facts, operate, paper, redeem, terms
from tests.engine.memory_ledger import MemoryLedger, snapshot

Code = OutcomeCode


def linked(*commands: c.AnyCommand, link: int = 5) -> list[c.AnyCommand]:
    """The commands, tied together."""
    return [replace_link(command, link) for command in commands]


def replace_link(command: c.AnyCommand, link: int) -> c.AnyCommand:
    """The command with another link."""
    fields = {name: getattr(command, name) for name in command.__struct_fields__}
    return type(command)(**(fields | {"link": link}))


def rich_ledger() -> tuple[MemoryLedger, int]:
    """A ledger with a budget, limits and ten paper vouchers."""
    ledger = MemoryLedger()
    done(ledger.do(c.OpenBudget(at=NOON, budget_id=1, total_fen=20_000)))
    limit = {"dimension": "batch", "at": "redeem", "cap": 3}
    serial = paper(ledger, terms("count_card", limits=[limit]), budget_id=1)
    return ledger, serial


def everything(serial: int) -> list[c.AnyCommand]:
    """Commands that touch every table."""
    return [
        operate("claim", serial, 1),
        operate("hold", serial + 1, 1),
        operate("freeze", serial + 2, 1),
        operate("void", serial + 3, 1),
        redeem(serial + 4),
        c.Mint(at=NOON, batch_id=1, quantity=70),
        c.Allot(at=NOON, batch_id=1, first_serial=serial, quantity=5, organisation_id=31),
        c.SetBatchState(at=NOON, batch_id=1, state="paused"),
        c.OpenBudget(at=NOON, budget_id=2, total_fen=1),
        c.DefineBatch(at=NOON, batch_id=2, terms=terms("amount_off"), budget_id=2),
    ]


def test_a_group_that_breaks_leaves_nothing_behind_in_any_table() -> None:
    ledger, serial = rich_ledger()
    breaking = c.Freeze(at=NOON, serial=serial + 2, reason="again")
    commands = linked(*everything(serial), breaking)
    world = ledger.world(commands)
    before = snapshot(world)

    outcomes = decide(commands, world)

    assert [one.code for one in outcomes] == [Code.LINKED_COMMAND_FAILED] * 10 + [
        Code.VOUCHER_FROZEN
    ]
    assert snapshot(world) == before


def test_the_same_group_without_the_fault_happens_whole() -> None:
    ledger, serial = rich_ledger()

    outcomes = ledger.submit(*linked(*everything(serial)))

    assert [one.code for one in outcomes] == [Code.DONE] * 10


def test_a_broken_group_does_not_take_its_neighbours_with_it() -> None:
    ledger, serial = rich_ledger()

    outcomes = ledger.submit(
        redeem(serial),
        *linked(redeem(serial + 1), redeem(serial + 99), link=5),
        *linked(redeem(serial + 2), link=6),
        redeem(serial + 3),
    )

    assert [one.code for one in outcomes] == [
        Code.DONE,
        Code.LINKED_COMMAND_FAILED,
        Code.VOUCHER_UNKNOWN,
        Code.DONE,
        Code.DONE,
    ]
    assert set(ledger.tables["vouchers"]) == {serial, serial + 2, serial + 3}


def test_a_lapsed_hold_that_a_broken_group_gave_back_is_held_again() -> None:
    ledger, serial = rich_ledger()
    done(ledger.do(operate("hold", serial, 1)))
    later = NOON.replace(hour=13)
    use = c.Redeem(at=later, vouchers=(c.VoucherUse(serial, uses=3),), facts=facts())

    outcomes = ledger.submit(*linked(use, c.Mint(at=later, batch_id=99, quantity=1)))

    assert [one.code for one in outcomes] == [Code.LINKED_COMMAND_FAILED, Code.BATCH_UNKNOWN]
    row = ledger.tables["vouchers"][serial]
    assert (row.holds, row.uses_left, row.version) == (1, 2, 1)
    assert [part.state for part in ledger.tables["held"][serial]] == ["active"]


@pytest.mark.parametrize("link", [-1, -(2**40)])
def test_a_link_below_zero_is_malformed(link: int) -> None:
    ledger, serial = rich_ledger()

    outcome = ledger.do(replace_link(redeem(serial), link))

    assert (outcome.code, outcome.data) == (Code.MALFORMED_COMMAND, {"field": "link"})
