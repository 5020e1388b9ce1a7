"""A run of the real door as the history checker wants it: calls on one side, books on the other."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
import psycopg

from kaquan.engine.commands import AnyCommand, Redeem, Reverse, TopUp
from kaquan.engine.outcomes import Outcome, OutcomeCode, VoucherResult
from kaquan.engine.places import Place
from kaquan.ledger.records import Record
from tests.builders.books import records
from tests.history.records import Answer, Attempt, Change, History, Read
from tests.races.racing import Call

EXHAUSTED = {
    OutcomeCode.VOUCHER_USED,
    OutcomeCode.VOUCHER_HELD,
    OutcomeCode.BALANCE_INSUFFICIENT,
    OutcomeCode.USES_INSUFFICIENT,
}
NOBODY_KNOWS = {OutcomeCode.UNAVAILABLE, OutcomeCode.BUSY}


def recorded(
    connection: psycopg.Connection[Any],
    *,
    opening: Mapping[int, int],
    calls: Iterable[Call],
    unanswered: Iterable[Call] = (),
    dry: Iterable[Call] = (),
    before: int = 0,
) -> History:
    """The history of a run of keyed commands on the vouchers in ``opening``.

    ``unanswered`` calls were begun, and their process or connection did not live to see the answer.
    ``dry`` calls count as looks. Each voucher had version ``before`` when the run began.
    """
    told = records(connection)
    by_place = {record.outcome.place: record for record in told if record.outcome.place}
    attempts = [
        _attempt(call, command, outcome, by_place, before)
        for call in calls
        for command, outcome in zip(call.commands, call.outcomes, strict=True)
        if command.key is not None
    ]
    attempts += [
        _attempt(call, command, None, by_place, before)
        for call in unanswered
        for command in call.commands
        if command.key is not None
    ]
    changes = [
        Change(
            result.serial,
            result.version - before,
            result.balance_used_fen or result.uses_used,
            result.balance_fen or result.uses_left,
            record.command.key.key,
        )
        for record in told
        if record.command.key is not None and record.outcome.done
        for result in record.outcome.vouchers
        if result.serial in opening
    ]
    return History(opening, tuple(attempts), tuple(changes), tuple(_looks(dry, before)))


def _attempt(
    call: Call,
    command: AnyCommand,
    outcome: Outcome | None,
    by_place: Mapping[Place, Record],
    before: int,
) -> Attempt:
    assert command.key is not None
    answer, versions, returned_ns = Answer.UNKNOWN, {}, None
    if outcome is not None and outcome.code not in NOBODY_KNOWS:
        returned_ns = call.returned_ns
        versions = {one.serial: one.version - before for one in outcome.vouchers}
        answer = Answer.EXHAUSTED if outcome.code in EXHAUSTED else Answer.REFUSED
        if outcome.done:
            answer = Answer.DONE
    return Attempt(
        command.key.key,
        call.process,
        call.called_ns,
        returned_ns,
        answer,
        _asked(command, by_place),
        versions,
        b"" if outcome is None else msgspec.msgpack.encode(outcome),
    )


def _asked(command: AnyCommand, by_place: Mapping[Place, Record]) -> dict[int, int]:
    match command:
        case Redeem(vouchers=vouchers):
            return {use.serial: use.amount_fen or use.uses for use in vouchers}
        case TopUp(serial=serial, amount_fen=amount_fen):
            return {serial: -amount_fen}
        case Reverse(redemption=place, amount_fen=None):
            return {
                result.serial: -(result.balance_used_fen or result.uses_used)
                for result in by_place[place].outcome.vouchers
            }
    raise AssertionError(f"the checker does not know what {command} asks for")


def _looks(dry: Iterable[Call], before: int) -> Iterator[Read]:
    """A dry redemption says what its vouchers would be one step later."""
    for call in dry:
        for index, outcome in enumerate(call.outcomes):
            if outcome.done:
                yield Read(
                    f"look-{call.process}-{call.called_ns}-{index}",
                    call.process,
                    call.called_ns,
                    call.returned_ns,
                    {one.serial: one.version - 1 - before for one in outcome.vouchers},
                    {one.serial: _left_before(one) for one in outcome.vouchers},
                )


def _left_before(result: VoucherResult) -> int:
    taken = result.balance_used_fen or result.uses_used
    return (result.balance_fen or result.uses_left) + taken
