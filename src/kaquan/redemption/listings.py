"""Lists of what was booked, within the actor's scope: redemptions, holds, reversals, entries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Literal, TypeVar

from msgspec import Struct

from kaquan.engine.commands import AnyCommand, Redeem, Release, Reverse
from kaquan.engine.facts import Facts
from kaquan.engine.outcomes import VoucherResult
from kaquan.engine.places import Place
from kaquan.foundation.actor import Actor, require
from kaquan.ledger.entry_pages import (
    BookedEntry,
    BookedRecord,
    Bookmark,
    EntryFilter,
    Page,
    Period,
    Scope,
    entries_back,
    is_wanted,
    records_back,
)
from kaquan.ledger.glances import (
    Glance,
    Sign,
    Whereabouts,
    glance_of,
    glances_at,
    sign_of_operation,
    sign_of_place,
)
from kaquan.ledger.records import Record
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import TraceStep, record_at, records_at, trace_voucher
from kaquan.redemption.queries import terminal_of
from kaquan.redemption.scopes import books_scope

VIEW = "ledger.view"
LIST_MAX = 201
_PAST_KEPT = 1_000

Operation = Literal["redeem", "hold", "reverse"]
Item = TypeVar("Item")
EVER = Period()


class Activity(Struct, frozen=True):
    """A redemption, hold or reversal. ``redemption`` is what a reversal undid; where it happened
    and on which order it says also for what settled a hold."""

    place: Place
    booked_at: datetime
    at: datetime
    operation: str
    redemption: Place | None
    store_id: int
    channel: str
    order_no: str
    actor: str
    vouchers: Sequence[VoucherResult]
    terminal_id: int = 0

    @property
    def discount_fen(self) -> int:
        """What the order got off; below zero for what a reversal took back."""
        return sum(result.discount_fen for result in self.vouchers)


class ActivityFilter(Struct, frozen=True, kw_only=True):
    """Which of them; None does not restrict."""

    operations: Collection[str] = ("redeem",)
    batch_id: int | None = None
    store_id: int | None = None
    order_no: str | None = None


def activities(
    *,
    actor: Actor,
    wanted: ActivityFilter,
    period: Period = EVER,
    serial: int | None = None,
    after: Bookmark | None = None,
    limit: int,
) -> Page[Activity]:
    """Redemptions and the like, the latest booked first: of the actor's stores and batches."""
    require(actor, VIEW)
    places = _Places(books_scope(actor), wanted)
    if serial is not None:
        rows = [_booked(step) for step in _steps_back(serial, period)]
        found = _cut(
            [(one.place.block, one.place.index, one) for one in rows],
            after,
            limit,
            places.take_booked,
        )
    else:
        found = records_back(
            reading_session(),
            wanted=places.take,
            signs=_signs(wanted),
            prepare=places.prepare,
            period=period,
            after=after,
            limit=min(limit, LIST_MAX),
        )
    return Page(places.shown(found.items), found.following)


def activity_at(*, actor: Actor, place: Place, operation: Operation) -> Activity | None:
    """One of them by its place; None where there is none, or not for this actor."""
    require(actor, VIEW)
    found = record_at(reading_session(), place)
    if found is None:
        return None
    places = _Places(books_scope(actor), ActivityFilter(operations=(operation,)))
    booked = BookedRecord(place, *found)
    return places.shown([booked])[0] if places.take_booked(booked) else None


def entries(
    *,
    actor: Actor,
    wanted: EntryFilter,
    period: Period = EVER,
    serial: int | None = None,
    after: Bookmark | None = None,
    limit: int,
) -> Page[BookedEntry]:
    """Entries, the latest booked first: of the actor's batches, and of its stores' accounts."""
    require(actor, VIEW)
    scope = books_scope(actor)
    if serial is None:
        return entries_back(
            reading_session(),
            wanted=wanted,
            scope=scope,
            period=period,
            after=after,
            limit=min(limit, LIST_MAX),
        )
    rows = [
        (step.place.block, entry.index, BookedEntry(step.place.block, step.committed_at, entry))
        for step in _steps_back(serial, period)
        for entry in reversed(step.entries)
    ]
    return _cut(rows, after, limit, lambda one: is_wanted(one.entry, wanted, scope))


class _Places:
    """Decides which records are wanted and may be seen, and tells where they happened."""

    def __init__(self, scope: Scope | None, wanted: ActivityFilter) -> None:
        self._scope = scope
        self._wanted = wanted
        self._asks_where = not (
            scope is None and wanted.store_id is None and wanted.order_no is None
        )
        self._glances: dict[Place, Glance | None] = {}
        self._records: dict[Place, Record | None] = {}

    def prepare(self, found: Sequence[Glance]) -> None:
        """Read at once what `take` needs to know about these."""
        if not self._asks_where:
            return
        if len(self._glances) > _PAST_KEPT:
            self._glances.clear()
        places = {one.elsewhere for one in found if self._may_fit(one)}
        while missing := {one for one in places if one is not None} - self._glances.keys():
            glances = glances_at(reading_session(), missing)
            self._glances |= dict.fromkeys(missing)
            self._glances |= glances
            places = {one.elsewhere for one in glances.values()}

    def _may_fit(self, one: Glance) -> bool:
        """Whether a record is wanted, as far as it says so itself."""
        wanted = self._wanted
        if one.operation not in wanted.operations or not one.is_done:
            return False
        batch_id = wanted.batch_id
        return batch_id is None or any(v.batch_id == batch_id for v in one.outcome.vouchers)

    def take(self, one: Glance) -> bool:
        if not self._may_fit(one):
            return False
        if not self._asks_where:
            return True
        wanted, scope, where = self._wanted, self._scope, self._whereabouts(one)
        if wanted.store_id is not None and where.store_id != wanted.store_id:
            return False
        if wanted.order_no is not None and where.order_no != wanted.order_no:
            return False
        vouchers = one.outcome.vouchers
        if scope is None or where.store_id in scope.store_ids:
            return bool(vouchers)
        return any(voucher.batch_id in scope.batch_ids for voucher in vouchers)

    def take_booked(self, one: BookedRecord) -> bool:
        """The same of a record that was read whole."""
        glance = glance_of(one.record)
        self.prepare([glance])
        return self.take(glance)

    def _whereabouts(self, one: Glance) -> Whereabouts:
        if one.elsewhere is None:
            return one.command.facts
        there = self._glances[one.elsewhere]
        return Whereabouts() if there is None else self._whereabouts(there)

    def shown(self, found: Sequence[BookedRecord]) -> list[Activity]:
        """These as lists show them."""
        places = {_elsewhere(one.record.command) for one in found}
        while missing := {one for one in places if one is not None} - self._records.keys():
            records = records_at(reading_session(), missing)
            self._records |= dict.fromkeys(missing)
            self._records |= records
            places = {_elsewhere(one.command) for one in records.values()}
        return [self._shown(one) for one in found]

    def _shown(self, one: BookedRecord) -> Activity:
        command = one.record.command
        facts = self._facts(command)
        return Activity(
            place=one.place,
            booked_at=one.committed_at,
            at=command.at,
            operation=command.operation,
            redemption=command.redemption if isinstance(command, Reverse) else None,
            store_id=facts.store_id,
            channel=facts.channel,
            order_no=_order_no(facts),
            actor=command.actor,
            vouchers=self._visible(one.record.outcome.vouchers, facts),
            terminal_id=terminal_of(command) or facts.terminal_id,
        )

    def _visible(self, results: Sequence[VoucherResult], facts: Facts) -> Sequence[VoucherResult]:
        """In the own stores all; elsewhere the vouchers of the own batches."""
        scope = self._scope
        if scope is None or facts.store_id in scope.store_ids:
            return results
        return [result for result in results if result.batch_id in scope.batch_ids]

    def _facts(self, command: AnyCommand) -> Facts:
        place = _elsewhere(command)
        if place is not None:
            record = self._records[place]
            return Facts() if record is None else self._facts(record.command)
        facts: Facts = getattr(command, "facts", Facts())
        return facts


def _signs(wanted: ActivityFilter) -> list[Sign]:
    """What the records have among their bytes that are wanted."""
    signs = [sign_of_operation(one) for one in wanted.operations if len(wanted.operations) == 1]
    if wanted.order_no:
        signs.append(sign_of_place(wanted.order_no))
    if wanted.store_id is not None:
        signs.append(sign_of_place(wanted.store_id))
    return signs


def _elsewhere(command: AnyCommand) -> Place | None:
    """The place of the record that says where this happened; None: it does itself."""
    match command:
        case Redeem(hold=Place() as place) | Reverse(redemption=place) | Release(hold=place):
            return place
    return None


def _order_no(facts: Facts) -> str:
    return "" if facts.order is None else facts.order.order_no


def _steps_back(serial: int, period: Period) -> list[TraceStep]:
    """What happened to one voucher, the latest first; its own changes lead from one to the next."""
    return [
        step
        for step in reversed(trace_voucher(reading_session(), serial))
        if (period.since is None or step.committed_at >= period.since)
        and (period.until is None or step.committed_at < period.until)
    ]


def _booked(step: TraceStep) -> BookedRecord:
    return BookedRecord(step.place, step.committed_at, Record(step.command, step.outcome))


def _cut(
    rows: Sequence[tuple[int, int, Item]],
    after: Bookmark | None,
    limit: int,
    wanted: Callable[[Item], bool],
) -> Page[Item]:
    """The page of a list that is read whole; its bookmark is the last item's place."""
    places = [(block, index) for block, index, _ in rows]
    start = 0
    if after is not None:
        last = (after.block, after.index)
        start = places.index(last) + 1 if last in places else len(rows)
    items: list[Item] = []
    for block, index, item in rows[start:]:
        if wanted(item):
            items.append(item)
        if len(items) == limit:
            following = Bookmark({}, block, index) if (block, index) != places[-1] else None
            return Page(items, following)
    return Page(items, None)
