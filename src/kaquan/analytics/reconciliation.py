"""Reconciliation files: what stores are owed for uses, and what refunds took back, day by day.

A file is made from the books each time it is asked for, in constant memory, and is the same byte
for byte for any past day: lines stand in the order of booking, stores and funders by their codes.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from io import StringIO
from typing import Any, BinaryIO, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from kaquan.budgets.models import Funder
from kaquan.budgets.queries import funder_by_code
from kaquan.engine.entries import Account
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.connections import connect_default
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.settlement import SettledUse, StoreEntries, settled_uses, settlements
from kaquan.organisations.errors import organisation_unknown
from kaquan.organisations.models import Organisation
from kaquan.organisations.queries import store_ids
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt
from kaquan.redemption.scopes import books_scope

PERMISSION = "reports.view"
ISSUER = "issuer"
FINAL_AFTER = timedelta(minutes=2)
_FLUSH_BYTES = 65_536
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Detail = Literal["lines", "summary"]
Progress = Callable[[int], None]
"""Takes how many lines are written."""

LINE_COLUMNS = (
    "kind",
    "booked_at",
    "at",
    "redemption",
    "reversal",
    "order_no",
    "store",
    "funder",
    "batch_id",
    "serial",
    "paid_from",
    "amount_fen",
    "entries",
)
SUMMARY_COLUMNS = (
    "kind",
    "store",
    "funder",
    "uses",
    "uses_fen",
    "refunds",
    "refunds_fen",
    "net_fen",
)


class Ask(Struct, frozen=True, kw_only=True):
    """Which file: the day of booking in the issuer's zone, and of whom; None means of all."""

    day: date
    detail: Detail = "lines"
    store_code: str | None = None
    funder_code: str | None = None


class Manifest(Struct, frozen=True, kw_only=True):
    """What a file holds. ``final``: the day is over and the file will never be another."""

    day: date
    time_zone: str
    detail: Detail
    store: str | None
    funder: str | None
    final: bool
    uses: int
    uses_fen: int
    refunds: int
    refunds_fen: int
    net_fen: int
    bytes: int
    sha256: str


class _Totals:
    def __init__(self) -> None:
        self.uses = self.uses_fen = self.refunds = self.refunds_fen = 0

    def add(
        self, *, uses: int = 0, uses_fen: int = 0, refunds: int = 0, refunds_fen: int = 0
    ) -> None:
        self.uses += uses
        self.uses_fen += uses_fen
        self.refunds += refunds
        self.refunds_fen += refunds_fen


def write_reconciliation(
    file: BinaryIO,
    *,
    actor: Actor,
    ask: Ask,
    zone: ZoneInfo,
    progress: Progress = lambda _lines: None,
) -> Manifest:
    """Write the file and tell what it holds.

    Raises `permission_denied`, `organisation_unknown`, `funder_unknown` and `day_not_begun`.
    """
    require(actor, PERMISSION)
    wanted = _wanted(actor, ask, zone)
    totals = _Totals()
    write = _summary if ask.detail == "summary" else _lines
    digest = hashlib.sha256()
    size_bytes = lines = 0
    for part, count in _encoded(write(wanted, zone, totals)):
        file.write(part)
        digest.update(part)
        size_bytes += len(part)
        lines += count
        progress(lines)
    return Manifest(
        day=ask.day,
        time_zone=zone.key,
        detail=ask.detail,
        store=ask.store_code,
        funder=ask.funder_code,
        final=clock.now() >= wanted.until + FINAL_AFTER,
        uses=totals.uses,
        uses_fen=totals.uses_fen,
        refunds=totals.refunds,
        refunds_fen=totals.refunds_fen,
        net_fen=totals.uses_fen - totals.refunds_fen,
        bytes=size_bytes,
        sha256=digest.hexdigest(),
    )


def _wanted(actor: Actor, ask: Ask, zone: ZoneInfo) -> StoreEntries:
    since, until = (
        datetime.combine(day, time.min, zone) for day in (ask.day, ask.day + timedelta(days=1))
    )
    if since > clock.now():
        raise KaquanError(
            "value_invalid",
            zh=f"日期：{ask.day} 还没有到。",
            en=f"day: {ask.day} has not begun yet.",
        )
    return StoreEntries(
        since=since,
        until=until,
        store_id=None if ask.store_code is None else _store_id(actor, ask.store_code),
        funder_id=None if ask.funder_code is None else _funder_id(ask.funder_code),
        scope=books_scope(actor),
    )


def _store_id(actor: Actor, code: str) -> int:
    found = store_ids(actor, [code])
    if code not in found:
        raise organisation_unknown(code)
    return found[code]


def _funder_id(code: str) -> int:
    if code == ISSUER:
        return 0
    return funder_by_code(code).id


class _Codes:
    """The codes of stores and funders; names may change, and a past file must not."""

    def __init__(self) -> None:
        self._funders: dict[int, str] = {0: ISSUER}
        self._stores: dict[int, str] = {0: ""}

    def store(self, store_id: int) -> str:
        return _cached(self._stores, store_id, Organisation)

    def funder(self, funder_id: int) -> str:
        return _cached(self._funders, funder_id, Funder)


def _cached(known: dict[int, str], row_id: int, model: Any) -> str:
    if row_id not in known:
        code = model.objects.filter(id=row_id).values_list("code", flat=True).first()
        known[row_id] = str(row_id) if code is None else code
    return known[row_id]


Row = list[object]


def _lines(wanted: StoreEntries, zone: ZoneInfo, totals: _Totals) -> Iterator[Row]:
    """One line for each entry, then what they come to."""
    codes = _Codes()
    yield list(LINE_COLUMNS)
    with connect_default() as session, session.transaction():
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for use in settled_uses(session, wanted):
            fen = use.entry.amount
            if use.returns:
                totals.add(refunds=1, refunds_fen=fen)
            else:
                totals.add(uses=1, uses_fen=fen)
            yield _line(use, zone, codes)
    blank: Row = [""] * (len(LINE_COLUMNS) - 3)
    yield ["total_use", *blank, totals.uses_fen, totals.uses]
    yield ["total_refund", *blank, totals.refunds_fen, totals.refunds]
    net_fen, entries = totals.uses_fen - totals.refunds_fen, totals.uses + totals.refunds
    yield ["total_net", *blank, net_fen, entries]


def _line(use: SettledUse, zone: ZoneInfo, codes: _Codes) -> Row:
    entry = use.entry
    return [
        "refund" if use.returns else "use",
        use.committed_at.astimezone(zone).isoformat(timespec="milliseconds"),
        entry.at.astimezone(zone).isoformat(timespec="milliseconds"),
        format_receipt(ReceiptKind.REDEMPTION, use.redemption),
        format_receipt(ReceiptKind.REVERSAL, use.place) if use.returns else "",
        _as_words(use.order_no),
        _as_words(codes.store(use.store_id)),
        _as_words(codes.funder(entry.funder_id)),
        entry.batch_id,
        entry.serial,
        Account(use.paid_from).name.lower(),
        entry.amount,
        1,
    ]


def _summary(wanted: StoreEntries, _zone: ZoneInfo, totals: _Totals) -> Iterator[Row]:
    """One line for each store and funder, then what they come to."""
    codes = _Codes()
    yield list(SUMMARY_COLUMNS)
    found = settlements(reading_session(), wanted)
    named = [(codes.store(one.store_id), codes.funder(one.funder_id), one) for one in found]
    for store, funder, one in sorted(named, key=lambda row: row[:2]):
        totals.add(
            uses=one.uses,
            uses_fen=one.uses_fen,
            refunds=one.refunds,
            refunds_fen=one.refunds_fen,
        )
        net_fen = one.uses_fen - one.refunds_fen
        numbers = [one.uses, one.uses_fen, one.refunds, one.refunds_fen, net_fen]
        yield ["settlement", _as_words(store), _as_words(funder), *numbers]
    net_fen = totals.uses_fen - totals.refunds_fen
    numbers = [totals.uses, totals.uses_fen, totals.refunds, totals.refunds_fen, net_fen]
    yield ["total", "", "", *numbers]


def _as_words(value: str) -> str:
    """The value so that no spreadsheet takes it for a formula (OWASP, CSV Injection)."""
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value


def _encoded(rows: Iterable[Row]) -> Iterator[tuple[bytes, int]]:
    """The rows as CSV (RFC 4180, UTF-8) in pieces, each with the number of its lines."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    count = 0
    for row in rows:
        writer.writerow(row)
        count += 1
        if text.tell() >= _FLUSH_BYTES:
            yield text.getvalue().encode(), count
            text.seek(0)
            text.truncate()
            count = 0
    yield text.getvalue().encode(), count
