"""Several vouchers on one order: the price they make together, and the best legal combination.

Vouchers apply one after another, each on what the earlier ones left to pay: higher priority first.
Where priorities are equal, the order of kinds below decides, then the order given: whole units
first, percentages while their base is largest, fixed amounts, and what pays like money last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import add, sub
from typing import NamedTuple

from msgspec import Struct

from kaquan.engine.facts import Facts, Order
from kaquan.engine.outcomes import Data, OutcomeCode, Refusal
from kaquan.engine.rules.benefits import ORDER_REQUIRED, Ask, Benefit
from kaquan.engine.rules.check import Rules
from kaquan.engine.rules.eligibility import Lines, payable_of
from kaquan.engine.rules.opening import Window, validity_refusal
from kaquan.engine.rules.terms import (
    AmountOff,
    CashVoucher,
    CountCard,
    Exchange,
    FreeUnit,
    PercentOff,
    PrepaidCard,
    Stack,
)

VOUCHERS_MAX = 8

KIND_ORDER = (CountCard, Exchange, FreeUnit, PercentOff, AmountOff, CashVoucher, PrepaidCard)


class Use(NamedTuple):
    """One voucher to be used on an order: its rules, how much of it, and what is on it."""

    rules: Rules
    amount_fen: int | None = None
    uses: int = 1
    balance_fen: int = 0
    uses_left: int = 1

    @property
    def ask(self) -> Ask:
        """How much is asked for and how much there is, without the rules."""
        return Ask(self.amount_fen, self.uses, self.balance_fen, self.uses_left)


class Candidate(NamedTuple):
    """A voucher that might be used. ``window`` is its validity, None where it has none yet."""

    use: Use
    window: Window | None


class LeftOut(Struct, frozen=True):
    """A candidate that is not in the best combination, and why."""

    index: int
    reason: Refusal


class Combination(Struct, frozen=True):
    """Candidates to use, by index and in the order they apply, and what each gives.

    ``total_discount_fen`` is all they take off the order; ``saving_fen`` leaves out prepaid cards,
    whose balance is the customer's own money.
    """

    chosen: tuple[int, ...]
    benefits: tuple[Benefit, ...]
    total_discount_fen: int
    saving_fen: int
    left_out: tuple[LeftOut, ...]


def stacks(one: Stack, other: Stack) -> bool:
    """Whether two vouchers may be used on one order: both must allow it."""
    return _allows(one, other) and _allows(other, one)


def _allows(one: Stack, other: Stack) -> bool:
    if one.policy == "only_with":
        return other.stack_class in one.classes
    return one.policy == "always"


def application_order(uses: Sequence[Use]) -> list[int]:
    """The indices of vouchers in the order they apply; equals keep the order given."""

    def rank(index: int) -> tuple[int, int]:
        terms = uses[index].rules.terms
        return -terms.stack.priority, KIND_ORDER.index(type(terms.benefit))

    return sorted(range(len(uses)), key=rank)


def price_order(order: Order | None, uses: Sequence[Use]) -> list[Benefit] | Refusal:
    """What each voucher gives when all of them are used on one order, in the order given.

    All or nothing: one refusal refuses all, and its data name the ``voucher`` by index. Whether
    each is good here and now (``Rules.refusal``) is judged before. Several need order lines.
    """
    if len(uses) > VOUCHERS_MAX:
        return _too_many(len(uses))
    for index, use in enumerate(uses):
        for earlier in range(index):
            if not stacks(use.rules.terms.stack, uses[earlier].rules.terms.stack):
                return Refusal(OutcomeCode.STACKING_FORBIDDEN, {"voucher": index, "with": earlier})
    if order is None or not order.lines:
        return _price_unseen(uses)
    left = _Left.of(order.lines)
    benefits: dict[int, Benefit] = {}
    for index in application_order(uses):
        given = _Applied.to(order.lines, uses[index]).give(left)
        if isinstance(given, Refusal):
            return _about(index, given)
        benefits[index] = given
        left = left.after(given)
    return [benefits[index] for index in range(len(uses))]


def best_combination(
    facts: Facts, candidates: Sequence[Candidate], at: datetime
) -> Combination | Refusal:
    """The vouchers that together save the customer most on ``facts.order``, of all legal choices.

    Exact: every subset whose members all stack, fit and give something is priced as
    ``price_order`` prices it. Of equals the one that lets prepaid cards pay more wins, then fewer
    vouchers, then the earlier expiry, then the lower index. Each one left out gets its reason: its
    own refusal, the chosen one it does not stack with, or that using it too would save no more.
    """
    if len(candidates) > VOUCHERS_MAX:
        return _too_many(len(candidates))
    if facts.order is None or not facts.order.lines:
        return ORDER_REQUIRED
    search = _Search(facts, candidates, at)
    best = search.best()
    assert sum(best.left.payable) + best.total_fen == sum(payable_of(facts.order.lines))
    left_out = [
        LeftOut(index, search.reason(index, best))
        for index in range(len(candidates))
        if index not in best.chosen
    ]
    return Combination(best.chosen, best.benefits, best.total_fen, best.saving_fen, tuple(left_out))


class _Left(NamedTuple):
    """What earlier vouchers left of each line: fen to pay, and units used up."""

    payable: Sequence[int]
    taken: Sequence[int]

    @classmethod
    def of(cls, lines: Lines) -> _Left:
        return cls(payable_of(lines), (0,) * len(lines))

    def after(self, benefit: Benefit) -> _Left:
        payable = list(map(sub, self.payable, benefit.allocation))
        assert min(payable) >= 0, (self.payable, benefit)
        return _Left(
            payable, list(map(add, self.taken, benefit.units)) if benefit.units else self.taken
        )


class _Applied(NamedTuple):
    """A voucher on the lines of one order, with what no other voucher changes worked out."""

    use: Use
    ask: Ask
    lines: Lines
    eligible: Sequence[int]

    @classmethod
    def to(cls, lines: Lines, use: Use) -> _Applied:
        return cls(use, use.ask, lines, use.rules.eligible_lines(lines))

    def give(self, left: _Left) -> Benefit | Refusal:
        rules, eligible = self.use.rules, self.eligible
        refusal = rules.minimum_refusal(self.lines, left.payable, eligible=eligible)
        return refusal or rules.benefit_on(
            self.lines, left.payable, self.ask, taken=left.taken, eligible=eligible
        )


class _Choice(NamedTuple):
    """A legal choice of candidates, in the order they apply, and what it comes to."""

    chosen: tuple[int, ...]
    benefits: tuple[Benefit, ...]
    left: _Left
    total_fen: int = 0
    saving_fen: int = 0

    def plus(self, index: int, benefit: Benefit, *, saves: bool) -> _Choice:
        return _Choice(
            (*self.chosen, index),
            (*self.benefits, benefit),
            self.left.after(benefit),
            self.total_fen + benefit.discount_fen,
            self.saving_fen + (benefit.discount_fen if saves else 0),
        )


class _Search:
    """All legal choices of a few candidates; subsets share the pricing of what they begin with."""

    def __init__(self, facts: Facts, candidates: Sequence[Candidate], at: datetime) -> None:
        assert facts.order is not None
        lines = facts.order.lines
        self._start = _Choice((), (), _Left.of(lines))
        self._candidates = candidates
        self._applied = [_Applied.to(lines, candidate.use) for candidate in candidates]
        self._own = [self._own_refusal(index, facts, at) for index in range(len(candidates))]
        order = application_order([candidate.use for candidate in candidates])
        self._usable = [index for index in order if self._own[index] is None]
        self._saves = [
            not isinstance(candidate.use.rules.terms.benefit, PrepaidCard)
            for candidate in candidates
        ]

    def best(self) -> _Choice:
        """The best choice; the empty one where nothing gives anything."""
        return min(self._choices(self._start, 0), key=self._rank)

    def reason(self, index: int, best: _Choice) -> Refusal:
        """Why a candidate is not in the best choice."""
        own = self._own[index]
        if own is not None:
            return own
        rival = next((one for one in best.chosen if not self._stacks(index, one)), None)
        if rival is not None:
            return Refusal(OutcomeCode.STACKING_FORBIDDEN, {"with": rival})
        together = self._start
        for one in self._usable:
            if one != index and one not in best.chosen:
                continue
            given = self._applied[one].give(together.left)
            if isinstance(given, Refusal):
                return given if one == index else _better_without({"displaces": one})
            together = together.plus(one, given, saves=self._saves[one])
        return _better_without({"loss_fen": best.saving_fen - together.saving_fen})

    def _own_refusal(self, index: int, facts: Facts, at: datetime) -> Refusal | None:
        candidate = self._candidates[index]
        refusal = validity_refusal(candidate.window, at) or candidate.use.rules.refusal(facts, at)
        if refusal is not None:
            return refusal
        alone = self._applied[index].give(self._start.left)
        return alone if isinstance(alone, Refusal) else None

    def _stacks(self, one: int, other: int) -> bool:
        rules, others = self._candidates[one].use.rules, self._candidates[other].use.rules
        return stacks(rules.terms.stack, others.terms.stack)

    def _choices(self, begun: _Choice, position: int) -> Iterator[_Choice]:
        """``begun`` and every legal way to go on with later candidates."""
        yield begun
        for later in range(position, len(self._usable)):
            index = self._usable[later]
            if not all(self._stacks(index, one) for one in begun.chosen):
                continue
            given = self._applied[index].give(begun.left)
            if isinstance(given, Benefit):
                more = begun.plus(index, given, saves=self._saves[index])
                yield from self._choices(more, later + 1)

    def _rank(self, choice: _Choice) -> tuple[int, int, int, list[datetime], list[int]]:
        windows = [self._candidates[index].window for index in choice.chosen]
        ends = sorted(window[1] for window in windows if window is not None)
        chosen = sorted(choice.chosen)
        return -choice.saving_fen, -choice.total_fen, len(chosen), ends, chosen


def _price_unseen(uses: Sequence[Use]) -> list[Benefit] | Refusal:
    """Without order lines nobody can tell what a second voucher would still find to pay."""
    if len(uses) > 1:
        return ORDER_REQUIRED
    benefits: list[Benefit] = []
    for use in uses:
        given = use.rules.benefit_without_order(use.ask)
        if isinstance(given, Refusal):
            return _about(0, given)
        benefits.append(given)
    return benefits


def _too_many(vouchers: int) -> Refusal:
    data: Data = {"vouchers": vouchers, "vouchers_most": VOUCHERS_MAX}
    return Refusal(OutcomeCode.TOO_MANY_VOUCHERS, data)


def _better_without(data: Data) -> Refusal:
    return Refusal(OutcomeCode.BETTER_WITHOUT, data)


def _about(index: int, refusal: Refusal) -> Refusal:
    return Refusal(refusal.code, {**refusal.data, "voucher": index})
