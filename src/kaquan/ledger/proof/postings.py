"""Second stage, block by block: entries say what the answers of their block say.

An edited entry or body breaks its block's hash already. This finds books that were wrong when they
were hashed: every entry belongs to a change in its own block, what stores are owed and give back is,
funder by funder, what the answers say (I9), and what supply commands moved is what they asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from kaquan.engine.commands import (
    Allot,
    AnyCommand,
    ChangeBudget,
    Mint,
    OpenBudget,
    Redeem,
    Reverse,
)
from kaquan.engine.entries import OPERATION_NUMBER, Account, Unit
from kaquan.engine.outcomes import VoucherResult
from kaquan.engine.places import Place
from kaquan.ledger.proof.blocks import ReadBlock
from kaquan.ledger.proof.faults import Faults
from kaquan.ledger.records import NULL, Record, timestamp_text

NONE = NULL.encode()
SUPPLY = frozenset(
    str(OPERATION_NUMBER[name]).encode()
    for name in ("open_budget", "change_budget", "mint", "allot")
)

_STORE = int(Account.STORE)
_COSTS = frozenset({Account.BUDGET_AVAILABLE, Account.BUDGET_COMMITTED, Account.BATCH_COST})
_PURSES = {
    Account.CARD: "balance",
    Account.CARD_HELD: "balance",
    Account.USES: "uses",
    Account.USES_HELD: "uses",
}


class Change(NamedTuple):
    """One voucher's change by one command, and what entries book between it and stores.

    ``booked`` counts, by funder (or for the voucher's own balance and uses), what stores got less
    what they gave back.
    """

    record: Record
    result: VoucherResult
    operation: bytes
    at: bytes
    reverses: tuple[bytes, bytes]
    store: int | None
    booked: Counter[int | str]


def check_postings(read: ReadBlock, faults: Faults) -> None:
    """Check the entries of a block against its records."""
    changes = _changes_of(read.records)
    supply: Counter[bytes] = Counter()
    for index, line in enumerate(read.lines):
        fields = line.rstrip(b"\n").split(b"\t")
        if fields[9] == NONE:
            supply[fields[1]] += int(fields[3])
            wrong = None if fields[1] in SUPPLY else ("没有对应的券", "names no voucher")
        else:
            change = changes.get((int(fields[9]), int(fields[10])))
            wrong = _wrong_entry(fields, change)
            if change is not None:
                _count(fields, change)
        if wrong is not None:
            faults.add("ledger_entry", f"{read.block.key} index {index}", *wrong)
    for (serial, version), change in changes.items():
        told = _told(change)
        if told is not None and not _agrees(told, change.booked):
            faults.add(
                "ledger_entry",
                f"{read.block.key} serial {serial} version {version}",
                "分录与答复的金额不符",
                "the entries do not add up to what the answer says",
                dict(told),
                dict(change.booked),
            )
    if supply != _supply_asked(read.records):
        asked = _supply_asked(read.records)
        faults.add(
            "ledger_entry",
            read.block.key,
            "供给分录与指令不符",
            "the entries of supply are not what was asked for",
            dict(asked),
            dict(supply),
        )


def _changes_of(records: Sequence[Record]) -> dict[tuple[int, int], Change]:
    changes = {}
    for record in records:
        command = record.command
        if not record.outcome.vouchers:
            continue
        number = str(OPERATION_NUMBER[command.operation]).encode()
        at = timestamp_text(command.at).encode()
        reverses = _reverses(command)
        store = command.facts.store_id if _is_direct_use(command) else None
        for result in record.outcome.vouchers:
            changes[result.serial, result.version] = Change(
                record, result, number, at, reverses, store, Counter()
            )
    return changes


def _is_direct_use(command: AnyCommand) -> bool:
    return isinstance(command, Redeem) and command.hold is None


def _reverses(command: AnyCommand) -> tuple[bytes, bytes]:
    place: Place | None = command.redemption if isinstance(command, Reverse) else None
    if place is None:
        return NONE, NONE
    return str(place.block).encode(), str(place.index).encode()


def _wrong_entry(fields: Sequence[bytes], change: Change | None) -> tuple[str, str] | None:
    """What one entry has in common with no change of its block."""
    if change is None:
        return "账块里没有这张券的这次变动", "belongs to no change in its block"
    if fields[1] != change.operation or fields[8] != change.at:
        return "与指令不符", "is not of the command that it belongs to"
    if int(fields[11]) != change.result.batch_id:
        return "批次不对", "names another batch"
    if fields[13] != NONE and (fields[13], fields[14]) != change.reverses:
        return "冲销的不是这次核销", "reverses another redemption"
    if change.store is not None and _store_of(fields) not in (None, change.store):
        return "门店不对", "names another store"
    return None


def _store_of(fields: Sequence[bytes]) -> int | None:
    if int(fields[6]) == _STORE:
        return int(fields[7])
    return int(fields[5]) if int(fields[4]) == _STORE else None


def _count(fields: Sequence[bytes], change: Change) -> None:
    debit, credit = int(fields[4]), int(fields[6])
    if credit == _STORE:
        sign, other = 1, Account(debit)
    elif debit == _STORE:
        sign, other = -1, Account(credit)
    else:
        return
    purse: int | str | None = _PURSES.get(other)
    if purse is None and other in _COSTS and int(fields[2]) == Unit.FEN:
        purse = 0 if fields[12] == NONE else int(fields[12])
    change.booked["?" if purse is None else purse] += sign * int(fields[3])


def _told(change: Change) -> Counter[int | str] | None:
    """What an answer says that stores got for a voucher; None where it says nothing about stores."""
    result = change.result
    if not isinstance(change.record.command, Redeem | Reverse):
        return None if not change.booked else Counter()
    told: Counter[int | str] = Counter()
    for funder, fen in result.funding:
        told[funder] += fen
    told["balance"], told["uses"] = result.balance_used_fen, result.uses_used
    return told


def _agrees(told: Counter[int | str], booked: Counter[int | str]) -> bool:
    """Whether the entries add up. Only cards book their balance and uses; others' are allowances."""
    for purse in ("balance", "uses"):
        if booked[purse] not in (0, told[purse]):
            return False
    return all(
        booked[purse] == told[purse]
        for purse in {*told, *booked}
        if purse not in ("balance", "uses")
    )


def _supply_asked(records: Sequence[Record]) -> Counter[bytes]:
    asked: Counter[bytes] = Counter()
    for record in records:
        command = record.command
        if not record.outcome.done:
            continue
        match command:
            case OpenBudget(total_fen=amount):
                pass
            case ChangeBudget(expected_fen=expected, total_fen=total):
                amount = abs(total - expected)
            case Mint(quantity=amount) | Allot(quantity=amount):
                pass
            case _:
                continue
        if amount:
            asked[str(OPERATION_NUMBER[command.operation]).encode()] += amount
    return asked
