"""Terms compiled into closures: the check, the benefit and the funding of one use.

Compile once per offer version; what the terms do not restrict costs nothing when a voucher is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from zoneinfo import ZoneInfo

from msgspec import Struct

from kaquan.engine.facts import Facts
from kaquan.engine.outcomes import Data, OutcomeCode, Refusal
from kaquan.engine.rules.benefits import ORDER_REQUIRED, Ask, Benefit, Till, compile_benefit
from kaquan.engine.rules.channels import channel_subject
from kaquan.engine.rules.eligibility import (
    Lines,
    compile_eligible,
    compile_minimum,
    compile_products,
    payable_of,
)
from kaquan.engine.rules.funding import capped_funders, compile_funding, sole_funder
from kaquan.engine.rules.opening import EPOCH_DAY, OpeningHours, Window, compile_window
from kaquan.engine.rules.terms import Scope, StoreRule, TagRule, Terms

Check = Callable[[Facts], Refusal | None]

NAMES_SHOWN = 10


class Dimension(IntEnum):
    """Whose uses a limit counts; the numbers stand in the ledger for ever."""

    CUSTOMER = 1
    PERSON = 2
    STORE = 3
    BATCH = 4
    # 5 and 6 are taken by `footprint.FUNDER` and `footprint.VOUCHER`.
    CHANNEL = 7


class LimitUnit(IntEnum):
    """What a limit counts; the numbers stand in the ledger for ever."""

    USES = 1
    FEN = 2


class CompiledLimit(Struct, frozen=True):
    """A limit as the ledger counts it; ``daily`` ones are keyed by ``Rules.day_number``.

    ``channels``: the subjects that a limit per channel counts; empty: every one.
    """

    dimension: Dimension
    daily: bool
    unit: LimitUnit
    cap: int
    channels: frozenset[int] = frozenset()


class Rules:
    """What the ledger asks about one version of an offer.

    ``terms`` are the terms themselves; ``capped_funders`` maps funders who pay up to a total to
    that total in fen, and ``sole_funder`` is who bears all of any cost, None where it is shared.
    ``unclaimed_window`` is the half-open validity in UTC without a claim, None where it begins
    with one.
    """

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.capped_funders = capped_funders(terms.funding)
        hours = OpeningHours(terms.validity)
        self._hours = None if hours.always else hours
        self._zone = ZoneInfo(terms.validity.time_zone)
        self._window = compile_window(terms.validity)
        self.unclaimed_window = self._window(None)
        self._eligible = compile_eligible(terms)
        self._products = compile_products(terms)
        self._minimum = compile_minimum(terms.scope)
        self._on_order, self._without_order = compile_benefit(terms)
        self._split = compile_funding(terms.funding)
        self.sole_funder = sole_funder(terms.funding)
        self._limits = {at: _compile_limits(terms, at) for at in ("claim", "redeem")}
        self._claim_checks = _customer_checks(terms.scope, self._limits["claim"])
        self._checks = self._compile_checks()

    def validity_window(self, claimed_at: datetime | None) -> Window | None:
        """The half-open validity in UTC; None where it starts with a claim and there was none."""
        return self._window(claimed_at)

    def refusal(self, facts: Facts, at: datetime) -> Refusal | None:
        """The first reason, by precedence, why a use is not within the terms; None: it is.

        Validity, state, limits and stacking are judged elsewhere.
        """
        if self._hours is not None and (closed := self._hours.refusal(at)) is not None:
            return closed
        for check in self._checks:
            refusal = check(facts)
            if refusal is not None:
                return refusal
        return None

    def claim_refusal(self, facts: Facts) -> Refusal | None:
        """Why this person may not have such a voucher, wherever it may be used."""
        for check in self._claim_checks:
            refusal = check(facts)
            if refusal is not None:
                return refusal
        return None

    def eligible_lines(self, lines: Lines) -> tuple[int, ...]:
        """The indices of the lines that count for the voucher."""
        return tuple(self._eligible(lines))

    def benefit(
        self,
        facts: Facts,
        *,
        payable_fen_by_line: Sequence[int] | None = None,
        amount_fen: int | None = None,
        uses: int = 1,
        balance_fen: int = 0,
        uses_left: int = 1,
    ) -> Benefit | Refusal:
        """What a use gives. ``payable_fen_by_line``: what earlier vouchers left; None: no others.

        ``amount_fen`` asks for a part of a balance, ``uses`` for several uses of a count card.
        """
        ask = Ask(amount_fen, uses, balance_fen, uses_left)
        order = facts.order
        if order is None or not order.lines:
            return self.benefit_without_order(ask)
        payable = payable_fen_by_line
        return self.benefit_on(
            order.lines, payable_of(order.lines) if payable is None else payable, ask
        )

    def benefit_on(
        self,
        lines: Lines,
        payable: Sequence[int],
        ask: Ask,
        *,
        taken: Sequence[int] | None = None,
        eligible: Sequence[int] | None = None,
    ) -> Benefit | Refusal:
        """``benefit`` for lines whose payables, used-up units and eligibility are known already."""
        assert len(payable) == len(lines), (len(payable), len(lines))
        chosen = self._eligible(lines) if eligible is None else eligible
        given = self._on_order(Till(lines, chosen, payable, taken or (0,) * len(lines)), ask)
        if isinstance(given, Benefit):
            assert sum(given.allocation) == given.discount_fen, given
        return given

    def benefit_without_order(self, ask: Ask) -> Benefit | Refusal:
        """``benefit`` where nobody knows the order's lines, as with paper booked by hand."""
        return self._without_order(ask)

    def minimum_refusal(
        self, lines: Lines, payable: Sequence[int], *, eligible: Sequence[int] | None = None
    ) -> Refusal | None:
        """Why an order is too small after other vouchers left ``payable`` of it."""
        if self._minimum is None:
            return None
        return self._minimum(
            lines, self._eligible(lines) if eligible is None else eligible, payable
        )

    def limits_at(self, moment: str) -> tuple[CompiledLimit, ...]:
        """The limits that count at ``claim`` or ``redeem``."""
        return self._limits[moment]

    def day_number(self, at: datetime) -> int:
        """The issuer's local day of an instant, in days since 1 January 1970."""
        return at.astimezone(self._zone).toordinal() - EPOCH_DAY

    def split_funding(
        self, cost_fen: int, funded_so_far: Mapping[int, int]
    ) -> list[tuple[int, int]]:
        """Who bears a cost: (funder id, fen), summing to it; funder 0 is the issuer.

        ``funded_so_far``: what each of ``capped_funders`` has borne under these terms before.
        """
        return self._split(cost_fen, funded_so_far)

    def _compile_checks(self) -> tuple[Check, ...]:
        scope = self.terms.scope
        checks: list[Check] = []
        if scope.stores.include or scope.stores.exclude:
            checks.append(_store_check(scope.stores))
        if scope.channels:
            checks.append(_channel_check(scope.channels))
        if scope.terminal_kinds:
            checks.append(_terminal_check(scope.terminal_kinds))
        checks += _customer_checks(scope, self._limits["redeem"])
        if scope.first_order_only:
            checks.append(_first_order_check)
        if self._products is not None or self._minimum is not None:
            checks.append(self._order_check())
        return tuple(checks)

    def _order_check(self) -> Check:
        eligible_of, products, minimum = self._eligible, self._products, self._minimum
        rule = self.terms.scope.products
        # An exchange's goods may be handed over at a counter that has no order.
        needs_order = bool(minimum or rule.include or rule.exclude or rule.none)

        def order_refusal(facts: Facts) -> Refusal | None:
            order = facts.order
            if order is None or not order.lines:
                return ORDER_REQUIRED if needs_order else None
            lines = order.lines
            eligible = eligible_of(lines)
            if products is not None:
                refusal = products(lines, eligible)
                if refusal is not None:
                    return refusal
            return None if minimum is None else minimum(lines, eligible, None)

        return order_refusal


def compile_terms(terms: Terms) -> Rules:
    """Compile terms that ``read_terms`` has accepted; keep the result, it is never stale."""
    return Rules(terms)


def _compile_limits(terms: Terms, at: str) -> tuple[CompiledLimit, ...]:
    return tuple(
        CompiledLimit(
            Dimension[limit.dimension.upper()],
            limit.period == "day",
            LimitUnit[limit.unit.upper()],
            limit.cap,
            frozenset(map(channel_subject, limit.channels)),
        )
        for limit in terms.limits
        if limit.at == at
    )


def _store_check(rule: StoreRule) -> Check:
    include, exclude = frozenset(rule.include), frozenset(rule.exclude)

    def store_check(facts: Facts) -> Refusal | None:
        path = facts.store_path or (facts.store_id,)
        allowed = not include or not include.isdisjoint(path)
        if allowed and exclude.isdisjoint(path):
            return None
        data: Data = {"store_id": facts.store_id}
        if include:
            data["organisations"] = [str(one) for one in sorted(include)[:NAMES_SHOWN]]
            data["organisations_allowed"] = len(include)
        return Refusal(OutcomeCode.WRONG_STORE, data)

    return store_check


def _channel_check(channels: tuple[str, ...]) -> Check:
    allowed = frozenset(channels)
    refusal = Refusal(OutcomeCode.WRONG_CHANNEL, {"channels": sorted(allowed)[:NAMES_SHOWN]})
    return lambda facts: None if facts.channel in allowed else refusal


def _terminal_check(kinds: tuple[str, ...]) -> Check:
    allowed = frozenset(kinds)
    refusal = Refusal(OutcomeCode.WRONG_TERMINAL, {"terminal_kinds": sorted(allowed)[:NAMES_SHOWN]})
    return lambda facts: None if facts.terminal_kind in allowed else refusal


def _customer_checks(scope: Scope, limits: tuple[CompiledLimit, ...]) -> list[Check]:
    """A rule about a customer needs one; so does a limit that counts per customer or person."""
    tags = scope.customer_tags
    tagged = bool(tags.any or tags.every or tags.none)
    dimensions = {limit.dimension for limit in limits}
    needs_person = Dimension.PERSON in dimensions
    needs_customer = (
        scope.customer_required
        or scope.first_order_only
        or tagged
        or Dimension.CUSTOMER in dimensions
    )
    checks: list[Check] = []
    if needs_customer or needs_person:
        unknown = Refusal(OutcomeCode.CUSTOMER_REQUIRED)

        def customer_check(facts: Facts) -> Refusal | None:
            if (needs_customer and not facts.customer_id) or (needs_person and not facts.person_id):
                return unknown
            return None

        checks.append(customer_check)
    if tagged:
        checks.append(_tag_check(tags))
    return checks


def _tag_check(rule: TagRule) -> Check:
    some, every, none = frozenset(rule.any), frozenset(rule.every), frozenset(rule.none)
    refusal = Refusal(OutcomeCode.CUSTOMER_NOT_TARGETED)

    def tag_check(facts: Facts) -> Refusal | None:
        tags = facts.tags
        fits = (not some or not some.isdisjoint(tags)) and every <= tags and none.isdisjoint(tags)
        return None if fits else refusal

    return tag_check


def _first_order_check(facts: Facts) -> Refusal | None:
    return None if facts.first_order else Refusal(OutcomeCode.FIRST_ORDER_ONLY)
