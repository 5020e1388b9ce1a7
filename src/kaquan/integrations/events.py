"""What a block tells the world: commands with their answers in, events out. Pure.

An event's id, ``block-index-number``, is the place of the command and the voucher's number within
it, so it is the same whenever the books are read. No event holds a code, a phone number, or what
somebody typed as a reason. Refusals are no events, except ``voucher.redemption_refused``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import Struct

from kaquan.engine import commands as c
from kaquan.engine.decide.custody import goes_to
from kaquan.engine.facts import Facts
from kaquan.engine.places import Place
from kaquan.integrations.event_data import Data, refusal_data, supply_data, voucher_data
from kaquan.ledger.records import Record
from kaquan.ledger.tail import BlockRecords

NO_FACTS = Facts()

#: Batches and budgets have numbers of their own; a stream is a number among all.
_BUDGET_STREAMS = 1 << 40

VOUCHER_TYPES = {
    "claim": "voucher.claimed",
    "assign": "voucher.assigned",
    "sell": "voucher.sold",
    "top_up": "voucher.topped_up",
    "redeem": "voucher.redeemed",
    "hold": "voucher.held",
    "release": "voucher.released",
    "reverse": "voucher.reversed",
    "transfer": "voucher.transferred",
    "extend": "voucher.extended",
    "freeze": "voucher.frozen",
    "unfreeze": "voucher.unfrozen",
    "void": "voucher.voided",
    "expire": "voucher.expired",
    "adjust": "voucher.adjusted",
    "book_loss": "voucher.loss_booked",
}
SUPPLY_TYPES = {
    "define_batch": "batch.defined",
    "mint": "batch.minted",
    "activate": "batch.activated",
    "allot": "batch.allotted",
    "move_pieces": "batch.pieces_moved",
    "revise_terms": "batch.terms_improved",
    "open_budget": "budget.opened",
    "change_budget": "budget.changed",
}
STATE_TYPES = {"paused": "batch.paused", "running": "batch.resumed", "stopped": "batch.stopped"}


class Event(Struct, frozen=True):
    """One thing that happened. Ids are 0 where there is none.

    ``organisation_id`` is the store where it happened, or the organisation that was allotted
    vouchers or answers for paper afterwards; ``customer_id`` who holds the voucher afterwards,
    ``from_customer_id`` who passed it on. ``details`` says the rest, when somebody wants it: most
    events are for few.
    """

    block: int
    index: int
    number: int
    type: str
    at: datetime
    booked_at: datetime
    organisation_id: int = 0
    batch_id: int = 0
    budget_id: int = 0
    serial: int = 0
    version: int = 0
    customer_id: int = 0
    from_customer_id: int = 0
    details: Callable[[], Data] = dict

    @property
    def id(self) -> str:
        """Stable for ever."""
        return f"{self.block}-{self.index}-{self.number}"

    @property
    def data(self) -> Data:
        """What it says besides where and when."""
        return self.details()

    @property
    def stream(self) -> int:
        """What it happened to: events of one stream are told in order. Vouchers are above 0."""
        if self.serial:
            return self.serial
        return -(self.budget_id + _BUDGET_STREAMS) if self.budget_id else -self.batch_id


def place_behind(record: Record) -> Place | None:
    """Where the redemption or hold stands that says in which store a command happened."""
    if not record.outcome.done:
        return None
    match record.command:
        case c.Reverse(redemption=place):
            return place
        case c.Redeem(hold=hold):
            return hold
        case c.Release(hold=hold):
            return hold
    return None


def events_of(block: BlockRecords, behind: Mapping[Place, Facts]) -> Iterator[Event]:
    """The events of one block in order; ``behind`` has the facts at each ``place_behind``."""
    for index, record in enumerate(block.records):
        place = place_behind(record)
        facts: Facts = getattr(record.command, "facts", NO_FACTS)
        if place is not None:
            facts = behind.get(place, facts)
        yield from _events_of_record(block, index, record, facts)


def _events_of_record(
    block: BlockRecords, index: int, record: Record, facts: Facts
) -> Iterator[Event]:
    command, outcome = record.command, record.outcome

    def event(type_: str, number: int = 0, **about: Any) -> Event:
        return Event(block.block, index, number, type_, command.at, block.committed_at, **about)

    if not outcome.done:
        if isinstance(command, c.Redeem):
            yield event(
                "voucher.redemption_refused",
                organisation_id=facts.store_id,
                serial=command.vouchers[0].serial if command.vouchers else 0,
                details=partial(refusal_data, outcome.code, facts),
            )
        return
    place = Place(block.block, index)
    voucher_type = VOUCHER_TYPES.get(command.operation)
    if voucher_type is not None:
        for number, result in enumerate(outcome.vouchers):
            yield event(
                voucher_type,
                number,
                organisation_id=facts.store_id,
                batch_id=result.batch_id,
                serial=result.serial,
                version=result.version,
                customer_id=result.customer_id,
                from_customer_id=getattr(command, "from_customer_id", 0),
                details=partial(voucher_data, command, result, facts, place),
            )
        return
    yield _supply_event(event, command, outcome.data)


def _supply_event(event: Any, command: c.AnyCommand, answered: Mapping[str, Any]) -> Event:
    match command:
        case c.SetBatchState(batch_id=batch_id, state=state):
            type_, about = STATE_TYPES[state], {"batch_id": batch_id}
        case c.OpenBudget(budget_id=budget_id) | c.ChangeBudget(budget_id=budget_id):
            type_, about = SUPPLY_TYPES[command.operation], {"budget_id": budget_id}
        case c.Allot(batch_id=batch_id, organisation_id=organisation_id):
            type_ = SUPPLY_TYPES[command.operation]
            about = {"batch_id": batch_id, "organisation_id": organisation_id}
        case c.MovePieces(batch_id=batch_id):
            type_ = SUPPLY_TYPES[command.operation]
            about = {"batch_id": batch_id, "organisation_id": goes_to(command)}
        case c.DefineBatch(batch_id=batch_id) | c.Mint(batch_id=batch_id):
            type_, about = SUPPLY_TYPES[command.operation], {"batch_id": batch_id}
        case c.Activate(batch_id=batch_id) | c.ReviseTerms(batch_id=batch_id):
            type_, about = SUPPLY_TYPES[command.operation], {"batch_id": batch_id}
        case _:
            raise AssertionError(f"no event for {command.operation}")
    made: Event = event(type_, **about, details=partial(supply_data, command, answered))
    return made
