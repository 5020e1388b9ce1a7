"""The books over HTTP: redemptions and entries, page by page, the latest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal, NamedTuple, cast

from ninja import Query
from pydantic import Field

from kaquan.engine.entries import OPERATION_NUMBER, Account
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.places import lane_of, sequence_of
from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.ledger.entry_pages import BookedEntry, Bookmark, EntryFilter, Page, Period
from kaquan.organisations.queries import store_by_code, store_codes, terminal_codes
from kaquan.redemption import listings
from kaquan.redemption.listings import Activity, ActivityFilter
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt, parse_receipt
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.moments import ToldMoment
from kaquan.surfaces.api.pages import PageQuery, encoded_cursor, page_of
from kaquan.surfaces.api.refusing import CallRefusedError, OutcomeRefusedError
from kaquan.surfaces.api.schemas import ID_MAX, PLAIN_DIGITS, Answer, PathNodeId, ShortCode
from kaquan.surfaces.api.vouchers import RECEIPTS, EntryAnswer, VoucherAnswer, shown, shown_entry

routes = Routes("entries", zh="核销记录与账目", en="Redemptions and entries")

LANES_END = 1 << 22
CURSOR_CHARACTERS_MAX = 16_000
"""A bookmark names a block of each lane."""

Day = Annotated[date, Field(ge=date(1990, 1, 1), lt=date(2200, 1, 1))]
SerialQuery = Annotated[int, Field(ge=0, le=ID_MAX), PLAIN_DIGITS]
Kind = Literal["redeem", "hold", "reverse"]
Operation = Literal[
    "open_budget", "change_budget", "define_batch", "mint", "set_batch_state", "activate", "allot",
    "claim", "assign", "sell", "top_up", "redeem", "hold", "release", "reverse", "transfer",
    "extend", "freeze", "unfreeze", "void", "expire", "adjust", "move_pieces",
    "revise_terms", "book_loss",
]  # fmt: skip
AccountName = Literal[
    "outside", "budget_available", "budget_committed", "budget_released", "batch_cost", "store",
    "card", "card_held", "card_issued", "payment", "sales", "stock", "holder", "ended", "frozen",
    "uses", "uses_held", "custody", "paper_printed", "paper_received", "paper_ready", "paper_sent",
    "paper_handed_out", "paper_spoiled", "paper_lost", "paper_destroyed", "paper_missing",
    "offline_loss",
]  # fmt: skip

_SHORT = (
    "A page may hold fewer items than asked for, even none, and still name a next one: it looks "
    "at so much of the books and no more. Days are those of booking in the issuer's time zone."
)


class BookQuery(PageQuery):
    """Which page, and of which days: from `first_day` to `last_day`, both included."""

    cursor: Annotated[str, Field(max_length=CURSOR_CHARACTERS_MAX)] | None = None
    first_day: Day | None = None
    last_day: Day | None = None

    @property
    def period(self) -> Period:
        """From the first moment of the first day to the last of the last."""
        until = self.last_day and self.last_day + timedelta(days=1)
        return Period(since=_beginning(self.first_day), until=_beginning(until))

    @property
    def bookmark(self) -> Bookmark | None:
        """Where the page before ended; raises the problem `cursor_invalid`."""
        keys = self.after(str, int, int)
        if keys is None:
            return None
        try:
            pairs = [part.split(".") for part in keys[0].split("-") if part]
            position = {int(lane, 36): int(block, 36) for lane, block in pairs}
        except ValueError:
            raise CallRefusedError("cursor_invalid") from None
        if keys[1] < 0 or keys[2] < 0 or not all(map(_is_block, position, position.values())):
            raise CallRefusedError("cursor_invalid")
        return Bookmark(position, keys[1], keys[2])


def _is_block(lane: int, block: int) -> bool:
    """Whether a number can be that of a block of the lane."""
    return 0 < lane < LANES_END and lane_of(block) == lane and sequence_of(block) > 0


def _beginning(day: date | None) -> datetime | None:
    """The first moment of a day in the issuer's zone."""
    if day is None:
        return None
    return datetime.combine(day, time.min, current_configuration().time_zone)


class RedemptionQuery(BookQuery):
    """Which redemptions."""

    operation: Kind = "redeem"
    store: ShortCode | None = None
    batch_id: PathNodeId | None = None
    serial: SerialQuery | None = None
    order_no: Annotated[str, Field(max_length=200)] | None = None


class EntryQuery(BookQuery):
    """Which entries; `account_of` says whose `account` it is."""

    operation: Operation | None = None
    store: ShortCode | None = None
    batch_id: PathNodeId | None = None
    serial: SerialQuery | None = None
    account: AccountName | None = None
    account_of: Annotated[int, Field(ge=0, le=ID_MAX), PLAIN_DIGITS] | None = None

    def filter(self, actor: Actor) -> EntryFilter:
        """As the ledger has it; raises `store_unknown`."""
        store_ids = [store_by_code(actor, self.store).organisation_id] if self.store else None
        return EntryFilter(
            operation=OPERATION_NUMBER[self.operation] if self.operation else None,
            batch_ids=None if self.batch_id is None else [self.batch_id],
            store_ids=store_ids,
            account=(Account[self.account.upper()], self.account_of) if self.account else None,
        )


class RedemptionAnswer(Answer):
    """A redemption (`R…`), hold (`H…`) or reversal (`V…`); `redemption` is what a reversal undid.

    `discount_fen` is what the order got off; below zero for what a reversal took back.
    """

    receipt: str
    operation: Kind
    redemption: str | None
    at: ToldMoment
    booked_at: ToldMoment
    store: str | None
    terminal: str | None
    channel: str
    order_no: str
    by: str
    discount_fen: int
    vouchers: list[UsedAnswer]


class UsedAnswer(VoucherAnswer):
    """What it did to one voucher, and what the voucher was after it."""

    discount_fen: int
    balance_used_fen: int
    uses_used: int
    allocation: list[int]
    funding: list[FundedAnswer]


class FundedAnswer(Answer):
    """Who bears how much of a discount; 0 is the issuer."""

    funder_id: int
    amount_fen: int


class BookedEntryAnswer(EntryAnswer):
    """An entry, and when it was booked."""

    booked_at: ToldMoment


RedemptionAnswer.model_rebuild()
UsedAnswer.model_rebuild()


def _next_cursor(following: Bookmark | None) -> str | None:
    if following is None:
        return None
    position = "-".join(
        f"{_base36(lane)}.{_base36(block)}" for lane, block in following.position.items()
    )
    return encoded_cursor(position, following.block, following.index)


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        if not number:
            return digits


def _used(activity: Activity) -> list[UsedAnswer]:
    return [
        UsedAnswer(
            **shown(result).model_dump(),
            discount_fen=result.discount_fen,
            balance_used_fen=result.balance_used_fen,
            uses_used=result.uses_used,
            allocation=list(result.allocation),
            funding=[FundedAnswer(funder_id=f, amount_fen=fen) for f, fen in result.funding],
        )
        for result in activity.vouchers
    ]


class _Codes(NamedTuple):
    """The codes of stores and terminals, by their ids."""

    stores: Mapping[int, str]
    terminals: Mapping[int, str]


def _codes(request: Request, shown_here: Sequence[Activity]) -> _Codes:
    actor = request.call.actor
    return _Codes(
        store_codes(actor, {one.store_id for one in shown_here} - {0}),
        terminal_codes(actor, {one.terminal_id for one in shown_here} - {0}),
    )


def _shown(activity: Activity, codes: _Codes) -> RedemptionAnswer:
    undone = activity.redemption
    return RedemptionAnswer(
        receipt=format_receipt(RECEIPTS[activity.operation], activity.place),
        operation=cast("Kind", activity.operation),
        redemption=format_receipt(ReceiptKind.REDEMPTION, undone) if undone else None,
        at=activity.at,
        booked_at=activity.booked_at,
        store=codes.stores.get(activity.store_id),
        terminal=codes.terminals.get(activity.terminal_id),
        channel=activity.channel,
        order_no=activity.order_no,
        by=activity.actor,
        discount_fen=activity.discount_fen,
        vouchers=_used(activity),
    )


def _page(request: Request, found: Page[Activity]) -> dict[str, Any]:
    codes = _codes(request, found.items)
    return {
        "items": [_shown(one, codes) for one in found.items],
        "next_cursor": _next_cursor(found.following),
    }


def _shown_booked(one: BookedEntry) -> BookedEntryAnswer:
    entry = shown_entry(one.block, one.entry)
    return BookedEntryAnswer(**entry.model_dump(), booked_at=one.committed_at)


@routes.get(
    "/redemptions",
    permission=listings.VIEW,
    answer=page_of(RedemptionAnswer),
    zh="列出核销记录",
    en="List redemptions",
    about="Those of the caller's stores and batches; also holds and reversals, by `operation`. "
    + _SHORT,
    query={"store": "S001", "batch_id": 1, "first_day": "2026-11-01", "last_day": "2027-11-30"},
    problems=("store_unknown", "cursor_invalid"),
    cost=5,
)
def list_redemptions(request: Request, asked: Query[RedemptionQuery]) -> dict[str, Any]:
    """Redemptions, the latest booked first."""
    actor = request.call.actor
    store_id = store_by_code(actor, asked.store).organisation_id if asked.store else None
    found = listings.activities(
        actor=actor,
        wanted=ActivityFilter(
            operations=(asked.operation,),
            batch_id=asked.batch_id,
            store_id=store_id,
            order_no=asked.order_no,
        ),
        period=asked.period,
        serial=asked.serial,
        after=asked.bookmark,
        limit=asked.limit,
    )
    return _page(request, found)


@routes.get(
    "/redemptions/{redemption}",
    permission=listings.VIEW,
    answer=RedemptionAnswer,
    zh="查看核销记录",
    en="Get a redemption",
    problems=("redemption_unknown",),
)
def get_redemption(request: Request, redemption: ShortCode) -> RedemptionAnswer:
    """One redemption, by its number."""
    place = parse_receipt(ReceiptKind.REDEMPTION, redemption)
    activity = place and listings.activity_at(
        actor=request.call.actor, place=place, operation="redeem"
    )
    if not activity:
        raise OutcomeRefusedError(Outcome(OutcomeCode.REDEMPTION_UNKNOWN))
    return _shown(activity, _codes(request, [activity]))


@routes.get(
    "/entries",
    permission=listings.VIEW,
    answer=page_of(BookedEntryAnswer),
    zh="列出分录",
    en="List entries",
    about="Those of the caller's batches, and of its stores' accounts. " + _SHORT,
    query={"operation": "redeem", "store": "S001"},
    problems=("store_unknown", "cursor_invalid"),
    cost=5,
)
def list_entries(request: Request, asked: Query[EntryQuery]) -> dict[str, Any]:
    """Entries, the latest booked first."""
    actor = request.call.actor
    found = listings.entries(
        actor=actor,
        wanted=asked.filter(actor),
        period=asked.period,
        serial=asked.serial,
        after=asked.bookmark,
        limit=asked.limit,
    )
    return {
        "items": [_shown_booked(one) for one in found.items],
        "next_cursor": _next_cursor(found.following),
    }
