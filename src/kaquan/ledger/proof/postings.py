"""Second stage, block by block: entries say what the answers of their block say.

An edited entry or body breaks its block's hash already. This finds books that were wrong when they
were hashed: every entry belongs to a change in its own block, what stores are owed and give back
is, funder by funder, what the answers say (I9), and supply commands moved what they asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from kaquan.engine.commands import (
    Allot,
    AnyCommand,
    BookLoss,
    ChangeBudget,
    Mint,
    MovePieces,
    OpenBudget,
    Redeem,
    Reverse,
)
from kaquan.engine.entries import OPERATION_NUMBER, Account, Unit
from kaquan.engine.outcomes import VoucherResult
from kaquan.engine.places import Place
from kaquan.ledger.proof.blocks import ReadBlock
from kaquan.ledger.proof.faults import Faults
from kaquan.ledger.records import NULL, Record

NONE = NULL.encode()
SUPPLY = frozenset(
    str(OPERATION_NUMBER[name]).encode()
    for name in ("open_budget", "change_budget", "mint", "allot", "move_pieces")
)
_MOVE_PIECES = str(OPERATION_NUMBER["move_pieces"]).encode()

_STORE = int(Account.STORE)
_COSTS = frozenset(
    map(int, (Account.BUDGET_AVAILABLE, Account.BUDGET_COMMITTED, Account.BATCH_COST))
)
_PURSES = {
    int(Account.CARD): "balance",
    int(Account.CARD_HELD): "balance",
    int(Account.USES): "uses",
    int(Account.USES_HELD): "uses",
    int(Account.OFFLINE_LOSS): "loss",
}


Amounts = dict[int | str, int]


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
    booked: Amounts


def check_postings(read: ReadBlock, faults: Faults) -> None:
    """Check the entries of a block against its records."""
    _check_places(read, faults)
    changes = _changes_of(read)
    supply = _check_entries(read, changes, faults)
    for change in changes.values():
        told = _told(change)
        if told is not None and not _agrees(told, change.booked):
            result = change.result
            faults.add(
                "ledger_entry",
                f"{read.block.key} serial {result.serial} version {result.version}",
                "分录与答复的金额不符",
                "the entries do not add up to what the answer says",
                expected=told,
                found=change.booked,
            )
    asked = _supply_asked(read.records)
    if supply != asked:
        faults.add(
            "ledger_entry",
            read.block.key,
            "供给分录与指令不符",
            "the entries of supply are not what was asked for",
            expected=dict(asked),
            found=dict(supply),
        )


def _check_places(read: ReadBlock, faults: Faults) -> None:
    for index, record in enumerate(read.records):
        place = Place(read.block.number, index)
        if record.outcome.done and record.outcome.place != place:
            faults.add(
                "ledger_block",
                f"{read.block.key} index {index}",
                "答复不在自己的位置上",
                "the answer stands in another's place",
                expected=place,
                found=record.outcome.place,
            )


def _check_entries(
    read: ReadBlock, changes: dict[tuple[bytes, bytes], Change], faults: Faults
) -> Counter[bytes]:
    """Each entry against its change, which counts it; returns what supply moved, by operation."""
    supply: Counter[bytes] = Counter()
    for index, line in enumerate(read.lines):
        fields = line.rstrip(b"\n").split(b"\t")
        if fields[9] == NONE or fields[1] == _MOVE_PIECES:  # whose serial is the first of a range
            supply[fields[1]] += int(fields[3])
            wrong = None if fields[1] in SUPPLY else ("没有对应的券", "names no voucher")
        else:
            change = changes.get((fields[9], fields[10]))
            wrong = _wrong_entry(fields, change)
            if change is not None:
                _count(fields, change)
        if wrong is not None:
            faults.add("ledger_entry", f"{read.block.key} index {index}", *wrong)
    return supply


def _changes_of(read: ReadBlock) -> dict[tuple[bytes, bytes], Change]:
    """Every change of a block by its voucher and version, as entries print them."""
    changes = {}
    for record, moment in zip(read.records, read.moments, strict=True):
        command = record.command
        if not record.outcome.vouchers:
            continue
        number = _print(OPERATION_NUMBER[command.operation])
        at = moment.encode()
        reverses = _reverses(command)
        store = None
        if isinstance(command, BookLoss) or (isinstance(command, Redeem) and command.hold is None):
            store = command.facts.store_id
        for result in record.outcome.vouchers:
            changes[_print(result.serial), _print(result.version)] = Change(
                record, result, number, at, reverses, store, {}
            )
    return changes


def _reverses(command: AnyCommand) -> tuple[bytes, bytes]:
    place: Place | None = command.redemption if isinstance(command, Reverse) else None
    if place is None:
        return NONE, NONE
    return _print(place.block), _print(place.index)


def _print(number: int) -> bytes:
    return b"%d" % number


def _wrong_entry(fields: Sequence[bytes], change: Change | None) -> tuple[str, str] | None:
    """What one entry has in common with no change of its block."""
    if change is None:
        return "账块里没有这张券的这次变动", "belongs to no change in its block"
    if fields[1] != change.operation or fields[8] != change.at:
        return "与指令不符", "is not of the command that it belongs to"
    if fields[11] != _print(change.result.batch_id):
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
        sign, other = 1, debit
    elif debit == _STORE:
        sign, other = -1, credit
    else:
        return
    purse: int | str | None = _PURSES.get(other)
    if purse is None and other in _COSTS and int(fields[2]) == Unit.FEN:
        purse = 0 if fields[12] == NONE else int(fields[12])
    name = "?" if purse is None else purse
    change.booked[name] = change.booked.get(name, 0) + sign * int(fields[3])


def _told(change: Change) -> Amounts | None:
    """What an answer says that stores got for a voucher; None where no store has part in it."""
    result, command = change.result, change.record.command
    if isinstance(command, BookLoss):
        return {"loss": command.amount_fen}
    if not isinstance(command, Redeem | Reverse):
        return {} if change.booked else None
    told: Amounts = {"balance": result.balance_used_fen, "uses": result.uses_used}
    for funder, fen in result.funding:
        told[funder] = told.get(funder, 0) + fen
    return told


def _agrees(told: Amounts, booked: Amounts) -> bool:
    """Whether the entries add up. Only cards book balance and uses: others' are allowances."""
    for purse in {*told, *booked}:
        amount = booked.get(purse, 0)
        if amount != told.get(purse, 0) and (amount or purse not in ("balance", "uses")):
            return False
    return True


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
            case Mint(quantity=amount) | Allot(quantity=amount) | MovePieces(quantity=amount):
                pass
            case _:
                continue
        if amount:
            asked[_print(OPERATION_NUMBER[command.operation])] += amount
    return asked
