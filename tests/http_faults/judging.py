"""Whether a run over HTTP kept every promise: its attempts on one side, the books on the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg

from kaquan.engine.commands import Claim
from kaquan.engine.places import Place
from kaquan.ledger.records import Record
from kaquan.redemption.receipt_numbers import ReceiptKind, parse_receipt
from tests.builders.books import records
from tests.history.checker import check
from tests.history.records import Answer, Change, History, Violation
from tests.history.records import Attempt as Seen
from tests.http_faults.issuer import CARD_FEN
from tests.http_faults.load import OPEN, Attempt, Goods

SOLD = 1  # the version of a card that was sold and not used yet
NUMBERS = (
    ("redemption", ReceiptKind.REDEMPTION),
    ("reversal", ReceiptKind.REVERSAL),
    ("claim", ReceiptKind.CLAIM),
)
#: Besides what leaves everything open: the statuses of our own refusals.
REFUSALS = {400, 404, 409}


def judge(
    connection: psycopg.Connection[Any], goods: Goods, attempts: Sequence[Attempt]
) -> list[Violation]:
    """Every broken promise of a run; empty when all is well."""
    told = records(connection)
    history = history_of(told, goods, attempts)
    return [
        *check(history),
        *_check_claims(told, goods, attempts),
        *_check_manners(attempts),
    ]


def history_of(told: Sequence[Record], goods: Goods, attempts: Iterable[Attempt]) -> History:
    """The run as the history checker wants it, claims left out: they have no voucher before."""
    before = {one.serial: SOLD for one in goods.cards} | {one.serial: 0 for one in goods.singles}
    opening = {one.serial: CARD_FEN for one in goods.cards}
    opening |= {one.serial: 1 for one in goods.singles}
    by_place = {one.outcome.place: one for one in told if one.outcome.place is not None}
    changes = tuple(
        Change(
            result.serial,
            result.version - before[result.serial],
            result.balance_used_fen or result.uses_used,
            result.balance_fen or result.uses_left,
            record.command.key.key,
        )
        for record in told
        if record.command.key is not None and record.outcome.done
        for result in record.outcome.vouchers
        if result.serial in before
    )
    seen = tuple(_seen(one, by_place, before) for one in attempts if not one.request.stock)
    return History(opening, seen, changes)


def _seen(attempt: Attempt, by_place: dict[Place, Record], before: dict[int, int]) -> Seen:
    answer, told = attempt.answer, attempt.told
    is_open = told is Answer.UNKNOWN
    versions: dict[int, int] = {}
    if told is Answer.DONE and answer is not None:
        record = by_place.get(_place_of(answer.json))
        # Where nothing stands at the place that it names, no version is the right one.
        versions = dict.fromkeys(attempt.request.asked, -1)
        if record is not None:
            versions = {
                one.serial: one.version - before.get(one.serial, 0)
                for one in record.outcome.vouchers
            }
    return Seen(
        attempt.request.key,
        attempt.process,
        attempt.called_ns,
        None if is_open else attempt.returned_ns,
        told,
        attempt.request.asked,
        versions,
        b"" if is_open or answer is None else answer.body,
    )


def _place_of(answer: Any) -> Place:
    for name, kind in NUMBERS:
        if name in answer:
            place = parse_receipt(kind, answer[name])
            assert place is not None, answer
            return place
    raise AssertionError(answer)


def _check_claims(
    told: Sequence[Record], goods: Goods, attempts: Iterable[Attempt]
) -> Iterator[Violation]:
    """Each claim at most once, and what was told is what was handed out."""
    answers: dict[str, list[Attempt]] = defaultdict(list)
    for one in attempts:
        if one.request.stock:
            answers[one.request.key].append(one)
    given: dict[str, list[Record]] = defaultdict(list)
    holders: dict[int, set[str]] = defaultdict(set)
    for record in told:
        command = record.command
        if isinstance(command, Claim) and command.batch_id in goods.stocks and record.outcome.done:
            key = command.key.key if command.key else ""
            given[key].append(record)
            holders[record.outcome.vouchers[0].serial].add(key)
    for key in given.keys() - answers.keys():
        yield Violation("claim_nobody_asked", key)
    for serial, keys in holders.items():
        if len(keys) > 1:
            yield Violation("handed_out_twice", f"{serial}: {keys}")
    for key, some in answers.items():
        yield from _check_claim(key, given[key], [one for one in some if one.answer is not None])


def _check_claim(
    key: str, given: Sequence[Record], attempts: Sequence[Attempt]
) -> Iterator[Violation]:
    told = [one.answer for one in attempts if one.answer and one.told is not Answer.UNKNOWN]
    if len({(one.status, one.body) for one in told}) > 1:
        yield Violation("claim_answer_changed", f"{key}: {told}")
    if len(given) > 1:
        yield Violation("claim_done_twice", f"{key}: {given}")
    if not told:
        return
    if told[0].status != 200:
        if given:
            yield Violation("claim_refused_but_done", f"{key}: {given}")
    elif [one.outcome.place for one in given] != [_place_of(told[0].json)]:
        yield Violation("claim_lost", f"{key}: {given}")
    elif given[0].outcome.vouchers[0].serial != told[0].json["voucher"]["serial"]:
        yield Violation("claim_told_otherwise", f"{key}: {given}")


def _check_manners(attempts: Iterable[Attempt]) -> Iterator[Violation]:
    """Every answer is one of ours, and who is to come back is told when."""
    for one in attempts:
        answer = one.answer
        if answer is None or answer.status == 200:
            continue
        document = answer.json
        if document["code"] in OPEN:
            if not document["retryable"] or not int(answer.headers.get("retry-after", 0)):
                yield Violation("no_word_when_to_retry", f"{answer}")
        elif answer.status not in REFUSALS:
            yield Violation("not_an_answer_of_ours", f"{answer}")


def effects_of_unanswered(told: Sequence[Record], attempts: Iterable[Attempt]) -> list[str]:
    """The keys of requests that took effect although nothing at all was ever answered to them."""
    some = list(attempts)
    answered = {one.request.key for one in some if one.answer is not None}
    booked = {
        record.command.key.key
        for record in told
        if record.command.key is not None and record.outcome.done
    }
    return sorted({one.request.key for one in some} & booked - answered)
