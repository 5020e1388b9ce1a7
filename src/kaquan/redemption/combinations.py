"""Which of a customer's vouchers apply to an order, which of them together save the most, and why
not the others.

Pure, on what rehearsals of the single vouchers told: state, limits, budgets and pauses are judged
there, by the ledger's own rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from kaquan.engine.codes import Presented
from kaquan.engine.commands import Redeem, VoucherUse
from kaquan.engine.decide.kinds import kind_of
from kaquan.engine.decide.vouchers import window_of
from kaquan.engine.facts import Facts
from kaquan.engine.outcomes import Data, OutcomeCode, Refusal
from kaquan.engine.rules.stack import VOUCHERS_MAX, Candidate, Use, best_combination, stacks
from kaquan.ledger.rehearsal import Rehearsed, Seen


class Chosen(Struct, frozen=True):
    """A voucher of the best set, in the order in which they apply, and what it takes off."""

    serial: int
    discount_fen: int


class NotChosen(Struct, frozen=True):
    """A voucher that is not in the best set, and why."""

    serial: int
    refusal: Refusal


class BestSet(Struct, frozen=True):
    """The vouchers that together save the customer most on an order."""

    chosen: list[Chosen]
    left_out: list[NotChosen]

    @property
    def uses(self) -> tuple[VoucherUse, ...]:
        """To redeem them with."""
        return tuple([VoucherUse(one.serial) for one in self.chosen])


def alone(shown: Presented, facts: Facts, at: datetime) -> Redeem:
    """The command that tells what one voucher would give by itself."""
    return Redeem(at=at, vouchers=(VoucherUse(shown.serial, hand=shown.hand),), facts=facts)


def best_set(
    facts: Facts,
    rehearsed: Mapping[int, Rehearsed],
    at: datetime,
    refused: Mapping[int, Refusal] | None = None,
) -> BestSet | None:
    """The best set of the vouchers in ``rehearsed``; None where there are no order lines.

    Of many that are good the most promising ``VOUCHERS_MAX`` are combined, exactly. ``refused``
    are those that the ledger would not take together with the others.
    """
    if facts.order is None or not facts.order.lines:
        return None
    left_out = [
        NotChosen(serial, Refusal(one.outcome.code, one.outcome.data))
        for serial, one in rehearsed.items()
        if not one.outcome.done and serial not in (refused or {})
    ]
    left_out += [NotChosen(serial, refusal) for serial, refusal in (refused or {}).items()]
    good = [
        serial
        for serial, one in rehearsed.items()
        if one.outcome.done and serial in one.seen and serial not in (refused or {})
    ]
    good.sort(key=lambda serial: _promise(rehearsed[serial], serial))
    tried, spare = _without_doubles(good, rehearsed)
    left_out += spare
    left_out += [
        NotChosen(serial, Refusal(OutcomeCode.BETTER_WITHOUT)) for serial in tried[VOUCHERS_MAX:]
    ]
    tried = tried[:VOUCHERS_MAX]
    if not tried:
        return BestSet([], left_out)
    found = best_combination(facts, [_candidate(rehearsed[one].seen[one]) for one in tried], at)
    assert not isinstance(found, Refusal), found
    chosen = [
        Chosen(tried[index], benefit.discount_fen)
        for index, benefit in zip(found.chosen, found.benefits, strict=True)
    ]
    left_out += [NotChosen(tried[one.index], _named(one.reason, tried)) for one in found.left_out]
    return BestSet(chosen, left_out)


def refused_voucher(best: BestSet, refusal: Refusal) -> int:
    """Which voucher to leave out when the ledger does not take a set: the one that it names, else
    the last to apply."""
    named = refusal.data.get("serial")
    serials = [one.serial for one in best.chosen]
    return named if isinstance(named, int) and named in serials else serials[-1]


def _promise(one: Rehearsed, serial: int) -> tuple[int, datetime | int, int]:
    """Most discount first, then what ends first."""
    discount_fen = sum([result.discount_fen for result in one.outcome.vouchers])
    window = window_of(one.seen[serial].voucher, one.seen[serial].batch) if one.seen else None
    ends_s = int(window[1].timestamp()) if window else 0
    return -discount_fen, ends_s, serial


def _without_doubles(
    serials: Sequence[int], rehearsed: Mapping[int, Rehearsed]
) -> tuple[list[int], list[NotChosen]]:
    """Of vouchers of one batch that do not stack with each other one is enough."""
    first: dict[int, int] = {}
    kept, spare = [], []
    for serial in serials:
        batch = rehearsed[serial].seen[serial].batch
        stack = batch.rules.terms.stack
        if batch.batch_id in first and not stacks(stack, stack):
            data: Data = {"with_serial": first[batch.batch_id]}
            spare.append(NotChosen(serial, Refusal(OutcomeCode.STACKING_FORBIDDEN, data)))
            continue
        first.setdefault(batch.batch_id, serial)
        kept.append(serial)
    return kept, spare


def _candidate(seen: Seen) -> Candidate:
    voucher, batch = seen.voucher, seen.batch
    kind = kind_of(batch.rules)
    balance_fen, uses_left = kind.opening_balance_fen, kind.opening_uses
    if voucher.version:
        balance_fen, uses_left = voucher.balance_fen, voucher.uses_left
    use = Use(batch.rules, balance_fen=balance_fen, uses_left=uses_left)
    return Candidate(use, window_of(voucher, batch))


def _named(refusal: Refusal, serials: Sequence[int]) -> Refusal:
    """The combination names vouchers by index; outside they have serials."""
    data = dict(refusal.data)
    for field, name in (("with", "with_serial"), ("displaces", "displaces_serial")):
        index = data.pop(field, None)
        if isinstance(index, int):
            data[name] = serials[index]
    return Refusal(refusal.code, data)
