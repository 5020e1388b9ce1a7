"""Budgets, batches and vouchers for tests, built through the door like everything else.

Each function sends real commands and insists that they are done. Ids count up within a process, so
tests name none; times are passed in, the default being a Monday noon in Shanghai.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, Protocol

from kaquan.engine.commands import (
    Allot,
    AnyCommand,
    Claim,
    DefineBatch,
    Hold,
    Mint,
    OpenBudget,
    Redeem,
    RequestKey,
    ReviseTerms,
    Sell,
    VoucherUse,
)
from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.engine.outcomes import Outcome
from kaquan.engine.places import Place
from kaquan.engine.rules.reading import read_terms, terms_bytes
from kaquan.engine.rules.terms import Terms

NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
STORE = 501
CLIENT = 11

BENEFITS: dict[str, dict[str, Any]] = {
    "amount_off": {"kind": "amount_off", "amount_fen": 2_000},
    "percent_off": {"kind": "percent_off", "basis_points_off": 1_500, "cap_fen": 3_000},
    "cash": {"kind": "cash_voucher", "face_fen": 5_000},
    "partial_cash": {"kind": "cash_voucher", "face_fen": 5_000, "allow_partial": True},
    "exchange": {"kind": "exchange", "goods": {"skus": ["latte"]}, "value_cap_fen": 4_000},
    "prepaid": {
        "kind": "prepaid_card",
        "face_fen": 20_000,
        "max_balance_fen": 100_000,
        "reloadable": True,
        "minimum_top_up_fen": 100,
    },
    "count": {"kind": "count_card", "uses": 5, "value_per_use_fen": 1_500},
    "free_unit": {"kind": "free_unit", "quantity_buy": 1, "value_cap_fen": 3_000},
}
KINDS = tuple(BENEFITS)
THIS_YEAR = {"range": {"kind": "fixed_range", "first_day": "2026-01-01", "last_day": "2026-12-31"}}

# Ids up to 100 are for tests that name their own.
_batch_ids, _budget_ids, _keys = count(101), count(101), count(1)


def number_from(first: int) -> None:
    """Count ids from here: for a program that is not the first to write into its books."""
    global _batch_ids, _budget_ids  # one count for a process
    _batch_ids, _budget_ids = count(first), count(first)


class Books(Protocol):
    """Anything that takes commands as the door does."""

    def submit(self, commands: Sequence[AnyCommand]) -> list[Outcome]:
        """One outcome for each command."""
        ...


@dataclass(frozen=True, slots=True)
class BuiltBatch:
    """A batch in the books; ``first_serial`` is that of its first mint."""

    batch_id: int
    budget_id: int
    first_serial: int
    quantity: int

    def serial(self, index: int = 0) -> int:
        """The serial of one of its vouchers, if it is a batch by code."""
        assert 0 <= index < self.quantity, index
        return self.first_serial + index

    @property
    def serials(self) -> range:
        """All serials of a batch by code."""
        return range(self.first_serial, self.first_serial + self.quantity)


def done(door: Books, *commands: AnyCommand) -> Outcome:
    """Submit commands in one call; all must be done. The last one's outcome."""
    outcomes = door.submit(commands)
    assert all(one.done for one in outcomes), outcomes
    return outcomes[-1]


def a_key(name: str | None = None) -> RequestKey:
    """A request key, one that nobody has used unless a name is given."""
    return RequestKey(CLIENT, name or f"key-{next(_keys)}")


def default_terms(kind: str = "amount_off", **fields: Any) -> Terms:
    """Sensible terms of a kind, valid all of 2026; ``fields`` replace or add to them."""
    terms = read_terms({"benefit": BENEFITS[kind], "validity": THIS_YEAR, **fields})
    assert isinstance(terms, Terms), terms
    return terms


def a_budget(door: Books, *, total_fen: int = 10_000_000, at: datetime = NOON) -> int:
    """A budget of its own; returns its id."""
    budget_id = next(_budget_ids)
    done(door, OpenBudget(at=at, budget_id=budget_id, total_fen=total_fen))
    return budget_id


def a_batch(
    door: Books,
    *,
    kind: str = "amount_off",
    quantity: int = 100,
    by_code: bool = True,
    budget_id: int | None = None,
    active: bool = True,
    at: datetime = NOON,
    **terms: Any,
) -> BuiltBatch:
    """A minted batch; it gets a budget of its own unless one is named (0: none)."""
    if budget_id is None:
        budget_id = a_budget(door, at=at)
    batch_id = next(_batch_ids)
    packed = terms_bytes(default_terms(kind, **terms))
    define = DefineBatch(
        at=at, batch_id=batch_id, terms=packed, budget_id=budget_id, by_code=by_code, active=active
    )
    minted = done(door, define, Mint(at=at, batch_id=batch_id, quantity=quantity))
    first_serial = minted.data["first_serial"]
    assert isinstance(first_serial, int)
    return BuiltBatch(batch_id, budget_id, first_serial, quantity)


def a_claimed_voucher(
    door: Books,
    batch: BuiltBatch | None = None,
    *,
    customer_id: int = 7,
    index: int | None = None,
    at: datetime = NOON,
    **batch_fields: Any,
) -> int:
    """A voucher in a customer's hands, from stock or (``index``) by code; returns its serial."""
    if batch is None:
        batch = a_batch(door, at=at, **{"by_code": False, **batch_fields})
    serial = None if index is None else batch.serial(index)
    outcome = done(door, claim(batch, customer_id=customer_id, serial=serial, at=at))
    return outcome.vouchers[0].serial


def a_sold_card(
    door: Books, *, kind: str = "prepaid", customer_id: int = 7, at: datetime = NOON, **terms: Any
) -> int:
    """A card that somebody paid for (0: a bearer); returns its serial."""
    batch = a_batch(door, kind=kind, quantity=1, budget_id=0, at=at, **terms)
    facts = Facts(store_id=STORE, customer_id=customer_id)
    sale = Sell(
        at=at,
        batch_id=batch.batch_id,
        serial=batch.serial(),
        facts=facts,
        paid_fen=19_000,
        payment_no="P-1",
    )
    return done(door, sale).vouchers[0].serial


# Commands


def at_the_till(
    *, amount_fen: int = 10_000, customer_id: int = 0, store_id: int = STORE, order_no: str = "A-1"
) -> Facts:
    """An order of two lattes and a cake that are worth ``amount_fen`` together."""
    cake_fen = amount_fen // 3
    lines = (
        OrderLine("1", "latte", 2, amount_fen - cake_fen, 0, ("drinks",)),
        OrderLine("2", "cake", 1, cake_fen, 0, ("food",)),
    )
    order = Order(order_no, tuple(line for line in lines if line.amount_fen))
    return Facts(
        store_id=store_id, store_path=(1, 20, store_id), customer_id=customer_id, order=order
    )


def redeem(
    *serials: int,
    key: RequestKey | None = None,
    amount_fen: int | None = None,
    uses: int = 1,
    facts: Facts | None = None,
    hold: Place | None = None,
    at: datetime = NOON,
    link: int = 0,
    hand: int | None = None,
) -> Redeem:
    """Use vouchers on one order, or settle a hold."""
    return Redeem(
        at=at,
        key=key,
        link=link,
        vouchers=tuple(VoucherUse(serial, amount_fen, uses, hand) for serial in serials),
        facts=facts or at_the_till(),
        hold=hold,
    )


def hold(
    *serials: int,
    expires_at: datetime,
    key: RequestKey | None = None,
    amount_fen: int | None = None,
    facts: Facts | None = None,
    at: datetime = NOON,
) -> Hold:
    """Reserve vouchers for one order."""
    return Hold(
        at=at,
        key=key,
        vouchers=tuple(VoucherUse(serial, amount_fen) for serial in serials),
        facts=facts or at_the_till(),
        expires_at=expires_at,
    )


def claim(
    batch: BuiltBatch,
    *,
    customer_id: int = 7,
    serial: int | None = None,
    key: RequestKey | None = None,
    at: datetime = NOON,
    link: int = 0,
) -> Claim:
    """A customer takes a voucher."""
    facts = Facts(customer_id=customer_id)
    return Claim(at=at, key=key, link=link, batch_id=batch.batch_id, serial=serial, facts=facts)


def allot(batch: BuiltBatch, serials: range, organisation_id: int, *, source: int = 0) -> Allot:
    """Hand a range of printed vouchers over."""
    return Allot(
        at=NOON,
        batch_id=batch.batch_id,
        first_serial=serials.start,
        quantity=len(serials),
        organisation_id=organisation_id,
        from_organisation_id=source,
    )


def revise(
    batch: BuiltBatch,
    *,
    kind: str = "amount_off",
    expected_version: int = 0,
    offer_version_id: int = 0,
    key: RequestKey | None = None,
    at: datetime = NOON,
    link: int = 0,
    **terms: Any,
) -> ReviseTerms:
    """Other terms for vouchers that are out."""
    return ReviseTerms(
        at=at,
        key=key,
        link=link,
        batch_id=batch.batch_id,
        terms=terms_bytes(default_terms(kind, **terms)),
        expected_version=expected_version,
        offer_version_id=offer_version_id,
    )


def codes(outcomes: Iterable[Outcome]) -> list[str]:
    """The names of outcomes, for comparing at a glance."""
    return [one.code.name for one in outcomes]
