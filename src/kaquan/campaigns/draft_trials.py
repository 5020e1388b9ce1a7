"""A made-up cart run against a draft's terms by the engine itself; nothing is booked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from kaquan.campaigns.draft_fields import TRIAL_LINES, trial_fields
from kaquan.campaigns.draft_reading import Content, FieldFault, Reader
from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.engine.outcomes import Refusal
from kaquan.engine.rules.benefits import Benefit
from kaquan.engine.rules.check import Rules, compile_terms
from kaquan.engine.rules.opening import validity_refusal
from kaquan.engine.rules.terms import Terms
from kaquan.foundation.actor import Actor
from kaquan.offers.queries import categories_of
from kaquan.organisations.errors import store_unknown
from kaquan.organisations.models import TerminalKind
from kaquan.organisations.queries import store_ids
from kaquan.organisations.store_facts import store_facts

_MADE_UP = 1
"""The id of a customer who is only imagined."""


class TrialLine(NamedTuple):
    """A line of the cart: whether it counts, what it got, what is left to pay."""

    sku: str
    quantity: int
    amount_fen: int
    counts: bool
    discount_fen: int
    left_fen: int


class Trial(NamedTuple):
    """What would happen. ``refusals`` are all reasons against it that the engine names, the one
    that a till would be told first; limits are not judged, for nobody has used anything yet."""

    refusals: Sequence[Refusal]
    lines: Sequence[TrialLine]
    discount_fen: int
    value_fen: int
    funding: Sequence[tuple[int, int]]
    rest: str
    """What would be left on the voucher: ``fen:…`` or ``uses:…``, empty for one that is used up."""

    @property
    def total_fen(self) -> int:
        """The cart before."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def left_fen(self) -> int:
        """The cart after."""
        return sum(line.left_fen for line in self.lines)


def try_out(
    actor: Actor, terms: Terms, content: Content, *, at: datetime
) -> tuple[Trial | None, Sequence[FieldFault]]:
    """Run the cart that a draft holds against terms; None where the cart cannot be read."""
    reader = Reader(content)
    moment = reader.moment("try_at") or at
    claimed_at = reader.moment("try_claimed") or moment
    facts = _facts(actor, reader, terms)
    if reader.faults:
        return None, reader.faults
    rules = compile_terms(terms)
    refusals = [
        validity_refusal(rules.validity_window(claimed_at), moment),
        rules.claim_refusal(facts),
        rules.refusal(facts, moment),
    ]
    given = rules.benefit(facts, balance_fen=_balance_fen(terms), uses_left=terms.opening_uses or 1)
    if isinstance(given, Refusal):
        refusals.append(given)
    told: list[Refusal] = []
    for one in refusals:
        if one is not None and all(one.code != other.code for other in told):
            told.append(one)
    told.sort(key=lambda one: one.code)
    return _told(terms, rules, facts, given, told), ()


def _told(
    terms: Terms, rules: Rules, facts: Facts, given: Benefit | Refusal, refusals: list[Refusal]
) -> Trial:
    lines = facts.order.lines if facts.order else ()
    benefit = given if isinstance(given, Benefit) and not refusals else None
    allocation = benefit.allocation if benefit and benefit.allocation else (0,) * len(lines)
    counting = set(rules.eligible_lines(lines))
    rest = ""
    if benefit and terms.has_balance:
        rest = f"fen:{_balance_fen(terms) - benefit.balance_used_fen}"
    elif benefit and terms.opening_uses > 1:
        rest = f"uses:{terms.opening_uses - benefit.uses_used}"
    return Trial(
        refusals=refusals,
        lines=[
            TrialLine(
                line.sku, line.quantity, line.amount_fen, index in counting, allocation[index],
                line.amount_fen - allocation[index],
            )
            for index, line in enumerate(lines)
        ],
        discount_fen=benefit.discount_fen if benefit else 0,
        value_fen=benefit.value_fen if benefit else 0,
        funding=rules.split_funding(benefit.value_fen, {}) if benefit else (),
        rest=rest,
    )  # fmt: skip


def _balance_fen(terms: Terms) -> int:
    """A card whose load is chosen when it is sold is tried with the most that it may hold."""
    return terms.opening_balance_fen or (
        getattr(terms.benefit, "max_balance_fen", 0) if terms.has_balance else 0
    )


def _facts(actor: Actor, reader: Reader, terms: Terms) -> Facts:
    """What the cart says; where it names no store, some store that the terms include."""
    anywhere = terms.scope.stores.include[:1]
    store_code = reader.code("try_store")
    store = None
    if store_code:
        store_id = store_ids(actor, [store_code]).get(store_code)
        store = store_facts(store_id) if store_id else None
        if store is None:
            unknown = store_unknown(store_code)
            reader.fault("try_store", unknown.zh.rstrip("。"), unknown.en.rstrip("."))
    customer = reader.choice("try_customer", ("none", "known", "new"), "known")
    is_known = customer != "none"
    lines = tuple(_lines(reader))
    return Facts(
        store_id=store.store_id if store else 0,
        store_path=store.store_path if store else anywhere,
        channel=reader.words("try_channel", 64),
        terminal_kind=reader.choice("try_terminal", TerminalKind.values, TerminalKind.TILL),
        customer_id=_MADE_UP if is_known else 0,
        person_id=_MADE_UP if is_known else 0,
        tags=frozenset(reader.names("try_tags")),
        first_order=customer == "new",
        order=Order("", lines) if lines else None,
    )


def _lines(reader: Reader) -> list[OrderLine]:
    typed = []
    for number in range(1, TRIAL_LINES + 1):
        sku, categories, quantity, price = trial_fields(number)
        if not any(map(reader.typed, (sku, categories, price))):
            continue
        typed.append(
            (
                reader.words(sku, 64),
                reader.names(categories),
                reader.number(quantity, 1, 10_000) or 1,
                reader.amount(price, required=True),
            )
        )
    known = categories_of([sku for sku, *_ in typed if sku]) if typed else {}
    return [
        OrderLine(
            str(index),
            sku,
            quantity,
            quantity * (price_fen or 0),
            categories=tuple(dict.fromkeys([*known.get(sku, ()), *categories])),
        )
        for index, (sku, categories, quantity, price_fen) in enumerate(typed)
    ]
