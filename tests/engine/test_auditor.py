"""The auditor finds what is wrong: one planted fault at a time in books that agree."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import msgspec
import pytest

from kaquan.engine import commands as c
from kaquan.engine.entries import Entry
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import Outcome
from kaquan.engine.places import Place
from tests.engine.auditor import Auditor
from tests.engine.auditor_findings import compare
from tests.engine.decide_cases import NOON, done, operate, paper, redeem, terms
from tests.engine.memory_ledger import MemoryLedger

Told = list[tuple[Place, c.AnyCommand, Outcome, list[Entry]]]
Fault = Callable[[Told, dict[str, dict[Any, Any]]], None]


def life() -> tuple[Told, dict[str, dict[Any, Any]]]:
    """What a small ledger was told and answered, and the rows it ended with."""
    ledger = MemoryLedger()
    done(ledger.do(c.OpenBudget(at=NOON, budget_id=1, total_fen=50_000)))
    limit = {"dimension": "store", "at": "redeem", "cap": 9_000, "unit": "fen"}
    serial = paper(ledger, terms("count_card", limits=[limit]), budget_id=1)
    for operation in ("claim", "redeem", "freeze", "unfreeze", "hold"):
        done(ledger.do(operate(operation, serial, 1)))
    used = done(ledger.do(redeem(serial)))
    done(ledger.do(c.Reverse(at=NOON, redemption=used.place, amount_fen=700)))
    done(ledger.do(operate("void", serial + 1, 1)))
    told = [
        (place, *past, [entry for at, entry in ledger.entries if at.block == place.block])
        for place, past in ledger.past.items()
    ]
    return told, deepcopy(ledger.tables)


def audit(told: Told, tables: dict[str, dict[Any, Any]]) -> None:
    """Follow everything, then compare."""
    auditor = Auditor()
    for place, command, outcome, entries in told:
        auditor.book(place, command, outcome, entries)
    compare(auditor, tables)


def test_true_books_agree() -> None:
    audit(*life())


def _row(table: str, field: str, value: Any) -> Fault:
    def plant(told: Told, tables: dict[str, dict[Any, Any]]) -> None:
        row = next(iter(tables[table].values()))
        found = getattr(row, field)
        setattr(row, field, value if isinstance(value, State) else found + value)

    return plant


def _entry(command: str, **change: Any) -> Fault:
    def plant(told: Told, tables: dict[str, dict[Any, Any]]) -> None:
        entries = next(entries for _, one, _, entries in told if one.operation == command)
        entries[-1] = msgspec.structs.replace(entries[-1], **change)

    return plant


def _drop_entry(command: str) -> Fault:
    def plant(told: Told, tables: dict[str, dict[Any, Any]]) -> None:
        next(entries for _, one, _, entries in told if one.operation == command).pop()

    return plant


def _answer(command: str, **change: Any) -> Fault:
    def plant(told: Told, tables: dict[str, dict[Any, Any]]) -> None:
        index = next(i for i, step in enumerate(told) if step[1].operation == command)
        place, asked, outcome, entries = told[index]
        result = msgspec.structs.replace(outcome.vouchers[0], **change)
        told[index] = (
            place,
            asked,
            msgspec.structs.replace(outcome, vouchers=(result,)),
            entries,
        )

    return plant


def _told_twice(command: str) -> Fault:
    def plant(told: Told, tables: dict[str, dict[Any, Any]]) -> None:
        told.append(next(step for step in told if step[1].operation == command))

    return plant


FAULTS: dict[str, Fault] = {
    "a use appears on a voucher": _row("vouchers", "uses_left", 1),
    "a voucher changes hands": _row("vouchers", "customer_id", 1),
    "a voucher lives again": _row("vouchers", "state", State.LIVE),
    "a version is skipped": _row("vouchers", "version", 1),
    "one fen more is set aside": _row("vouchers", "committed_fen", 1),
    "a budget gains a fen": _row("budgets", "available_fen", 1),
    "a budget's total changes": _row("budgets", "total_fen", 1),
    "spent money is forgotten": _row("budgets", "spent_fen", -1),
    "a limit is eased": _row("limits", "used", -1),
    "stock grows": _row("slices", "minted", 1),
    "an entry is a fen short": _entry("redeem", amount=1_499),
    "an entry names another store": _entry("redeem", credit_id=999),
    "an entry is lost": _drop_entry("redeem"),
    "a commitment is lost": _drop_entry("claim"),
    "a reversal is lost": _drop_entry("reverse"),
    "an answer gives too much": _answer("redeem", discount_fen=2_000),
    "an answer hides a use": _answer("redeem", uses_used=0),
    "a funder pays less": _answer("redeem", funding=((0, 1_000),)),
    "a redemption is booked twice": _told_twice("redeem"),
    "a reversal is booked twice": _told_twice("reverse"),
    "a budget is opened twice": _told_twice("open_budget"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_planted_fault_is_found(fault: Fault) -> None:
    told, tables = life()
    fault(told, tables)

    with pytest.raises((AssertionError, KeyError)):
        audit(told, tables)
