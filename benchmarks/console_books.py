"""The books of the console's world: years of issues, uses, holds, reversals and expiries.

They are written beside the door, by COPY, because ten million vouchers would take it too long; but
with the engine's own structures, so that blocks, entries and vouchers agree with each other and
read like the door's. What no page reads is left out: request keys, and what limits were used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import psycopg

from benchmarks.console_vouchers import Shelf, Till, Voucher
from kaquan.engine.commands import (
    AnyCommand,
    Assign,
    Expire,
    Hold,
    Redeem,
    RequestKey,
    Reverse,
    VoucherUse,
)
from kaquan.engine.entries import OPERATION_NUMBER, Account, Entry, Unit
from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import Outcome, OutcomeCode, VoucherResult
from kaquan.engine.places import Place, block_number
from kaquan.engine.shards import SHARD_KEYS_64
from kaquan.ledger.records import FIRST_HASH, Record, block_hash, entry_line, pack_body

LANES = (1_001, 1_002)
"""No writer takes them."""
HOME = SHARD_KEYS_64[0]
AT_ONCE = 20
"""Commands a block: as many as a gateway's writer gathers under an ordinary load."""
ROUND = 1_000
"""Vouchers that are issued before the next thing happens to those before them."""
BLOCKS_A_COPY = 5_000
DISCOUNT_FEN = 2_000
DAYS = 60
HEAVY_EACH = 2_000
"""One customer, a firm, has one voucher of so many."""


Step = tuple[AnyCommand, VoucherResult, Entry]


@dataclass
class _Rows:
    """What is written next."""

    blocks: list[tuple[Any, ...]] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    vouchers: list[str] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)
    reversed: list[str] = field(default_factory=list)


class Books:
    """Fills the books up to a moment; about 1.4 commands a voucher."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        *,
        shelves: Sequence[Shelf],
        tills: Sequence[Till],
        vouchers: int,
        customers: int,
        heavy_customer_id: int,
        until: datetime,
    ) -> None:
        self._connection = connection
        self._shelves = shelves
        self._tills = tills
        self._number = vouchers
        self._customers = customers
        self._heavy = heavy_customer_id
        self._began = until - timedelta(days=DAYS)
        self._pace = timedelta(days=DAYS) / (vouchers * 3 // 2 // AT_ONCE + 10)
        self._used = [0] * len(shelves)
        self._heads = dict.fromkeys(LANES, FIRST_HASH)
        self._sequences = dict.fromkeys(LANES, 0)
        self._count = 0
        self._rows = _Rows()
        self._place = Place(0, 0)

    def fill(self) -> None:
        """Write everything, and move the heads of the lanes there."""
        steps = self._steps()
        while True:
            lane = LANES[self._count % len(LANES)]
            self._sequences[lane] += 1
            block = block_number(lane, self._sequences[lane])
            records, entries = [], []
            self._place = Place(block, 0)
            for command, result, entry in islice(steps, AT_ONCE):
                outcome = Outcome(OutcomeCode.DONE, place=self._place, vouchers=(result,))
                records.append(Record(command, outcome))
                entries.append(entry)
                self._place = Place(block, self._place.index + 1)
            if not records:
                self._sequences[lane] -= 1
                break
            self._add_block(lane, block, records, entries)
            if len(self._rows.blocks) == BLOCKS_A_COPY:
                self._write()
        self._write()
        for lane, sequence in self._sequences.items():
            self._connection.execute(
                # kaquan-allow: ledger-writes because a benchmark fills a throw-away ledger
                "INSERT INTO ledger_lane (lane, shard, last_block, hash) VALUES (%s, %s, %s, %s)",
                [lane, HOME, (lane << 40) + sequence, self._heads[lane]],
            )

    def _add_block(
        self, lane: int, block: int, records: Sequence[Record], entries: Sequence[Entry]
    ) -> None:
        committed_at, body = self._now() + timedelta(milliseconds=20), pack_body(records)
        lines = [entry_line(one) for one in entries]
        previous = self._heads[lane]
        self._heads[lane] = block_hash(
            previous_hash=previous,
            block=block,
            committed_at=committed_at,
            record_count=len(records),
            body=body,
            entry_count=len(entries),
            entries="".join(lines).encode(),
        )
        self._rows.blocks.append(
            (block, committed_at, len(entries), len(records), HOME, previous, self._heads[lane],
             body)
        )  # fmt: skip
        self._rows.entries += [f"{block}\t{HOME}\t{line}" for line in lines]
        self._count += 1

    def _write(self) -> None:
        rows, self._rows = self._rows, _Rows()
        with self._connection.cursor() as cursor:
            with cursor.copy(
                # kaquan-allow: ledger-writes because a benchmark fills a throw-away ledger
                "COPY ledger_block (block, committed_at, entry_count, record_count, shard,"
                " previous_hash, hash, body) FROM STDIN (FORMAT BINARY)"
            ) as copy:
                copy.set_types(["int8", "timestamptz", "int4", "int4", "int2", *["bytea"] * 3])
                for row in rows.blocks:
                    copy.write_row(row)
            for table, lines in (
                (_ENTRIES, rows.entries),
                (_VOUCHERS, rows.vouchers),
                (_HOLDS, rows.holds),
                (_REVERSED, rows.reversed),
            ):
                with cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
                    copy.write("".join(lines))

    def _now(self) -> datetime:
        return self._began + self._count * self._pace

    # What happens ---------------------------------------------------------------------------------

    def _steps(self) -> Iterator[Step]:
        """All commands in order; each is made when its place is known."""
        waiting: list[list[Voucher]] = [[], []]
        for first in range(0, self._number, ROUND):
            fresh = [self._voucher(n) for n in range(first, min(first + ROUND, self._number))]
            for one in fresh:
                yield self._issue(one) if one.kind < 7 else self._redeem(one)
                if one.kind not in (3, 5, 6):
                    self._rows.vouchers.append(one.line())
            yield from self._later(*waiting)
            waiting = [fresh, waiting[0]]
        yield from self._later(*waiting)
        yield from self._later([], waiting[0])

    def _later(self, fresh: Sequence[Voucher], older: Sequence[Voucher]) -> Iterator[Step]:
        for one in fresh:
            if one.kind == 3:
                yield self._expire(one)
            elif one.kind == 5:
                yield self._redeem(one)
            elif one.kind == 6:
                yield self._hold(one)
            else:
                continue
            if one.kind != 6 and not _comes_back(one):
                self._rows.vouchers.append(one.line())
        for one in older:
            if one.kind == 6:
                yield self._redeem(one)
            elif _comes_back(one):
                yield self._reverse(one)
            else:
                continue
            self._rows.vouchers.append(one.line())

    def _voucher(self, number: int) -> Voucher:
        others = len(self._shelves) - 1
        at = 0 if number % 10 < 4 or not others else 1 + number * 7 % others
        serial = self._shelves[at].first_serial + 2 * self._used[at]
        self._used[at] += 1
        kind = (number // 10 + number // self._customers) % 10
        customer_id = 1 + number % self._customers
        if number % HEAVY_EACH == 3:
            customer_id = self._heavy
        till = self._tills[number * 13 % len(self._tills)]
        if kind >= 7:
            customer_id = 0
        valid_until = self._began + timedelta(days=number % 700) if kind == 1 else None
        return Voucher(number, serial, self._shelves[at], kind, customer_id, till, valid_until)

    def _moved(self, one: Voucher, state: State, **facts: Any) -> VoucherResult:
        one.version += 1
        one.state = state
        facts["uses_left"] = 0 if state is State.USED else 1
        result = one.result(**facts)
        one.last = self._place
        return result

    def _key(self, one: Voucher, what: str) -> RequestKey:
        return RequestKey(101 + one.number % 40, f"{what}-{one.number * 2_654_435_761:x}")

    def _issue(self, one: Voucher) -> Step:
        facts = Facts(customer_id=one.customer_id, channel="app")
        command = Assign(
            at=self._now(),
            key=self._key(one, "give"),
            batch_id=one.shelf.batch_id,
            serial=one.serial,
            facts=facts,
        )
        result = self._moved(one, State.ISSUED)
        sides = (Account.STOCK, one.shelf.batch_id, Account.HOLDER, one.customer_id)
        return command, result, self._entry(one, "assign", Unit.PIECE, sides)

    def _facts(self, one: Voucher) -> Facts:
        lines = (OrderLine("1", f"sku{one.number % 5_000}", 1, 12_000 + one.number % 9_000),)
        return Facts(
            store_id=one.till.store_id,
            store_path=one.till.path,
            channel="store" if one.number % 3 else "app",
            terminal_kind="till",
            customer_id=one.customer_id,
            order=Order(f"NO{one.number:08d}", lines),
        )

    def _redeem(self, one: Voucher) -> Step:
        command = Redeem(
            at=self._now(),
            key=self._key(one, "use"),
            actor=f"key:{1 + one.number % 40}",
            vouchers=(VoucherUse(one.serial),),
            facts=self._facts(one),
            hold=one.hold,
        )
        result = self._moved(one, State.USED, **_USED)
        paid_from = Account.BUDGET_COMMITTED if one.hold else Account.BUDGET_AVAILABLE
        sides = (paid_from, one.shelf.budget_id, Account.STORE, one.till.store_id)
        return command, result, self._entry(one, "redeem", Unit.FEN, sides)

    def _hold(self, one: Voucher) -> Step:
        ends_at = self._now() + timedelta(hours=1)
        command = Hold(
            at=self._now(),
            key=self._key(one, "hold"),
            actor=f"key:{1 + one.number % 40}",
            vouchers=(VoucherUse(one.serial),),
            facts=self._facts(one),
            expires_at=ends_at,
        )
        one.hold = self._place
        result = self._moved(one, State.ISSUED, **_USED, holds=1, set_aside_fen=DISCOUNT_FEN,
                             committed_fen=DISCOUNT_FEN)  # fmt: skip
        self._rows.holds.append(
            f"{self._place.block}\t{one.serial}\t{ends_at.isoformat()}\t{self._place.index}\t"
            f"{SHARD_KEYS_64[one.serial & 63]}\tredeemed\n"
        )
        budget_id = one.shelf.budget_id
        sides = (Account.BUDGET_AVAILABLE, budget_id, Account.BUDGET_COMMITTED, budget_id)
        return command, result, self._entry(one, "hold", Unit.FEN, sides)

    def _reverse(self, one: Voucher) -> Step:
        used = one.last
        assert used is not None
        command = Reverse(
            at=self._now(), key=self._key(one, "undo"), redemption=used, reason="退货"
        )
        result = self._moved(one, State.ISSUED, discount_fen=-DISCOUNT_FEN, uses_used=-1,
                             funding=((0, -DISCOUNT_FEN),), units_returned=(0,))  # fmt: skip
        self._rows.reversed.append(
            f"{used.block}\t{one.serial}\t{DISCOUNT_FEN}\t1\t{used.index}\t"
            f"{SHARD_KEYS_64[one.serial & 63]}\t{{0}}\n"
        )
        sides = (
            Account.STORE, one.till.store_id, Account.BUDGET_AVAILABLE, one.shelf.budget_id
        )  # fmt: skip
        return command, result, self._entry(one, "reverse", Unit.FEN, sides, reverses=used)

    def _expire(self, one: Voucher) -> Step:
        command = Expire(at=self._now(), key=self._key(one, "end"), serial=one.serial)
        result = self._moved(one, State.EXPIRED)
        sides = (Account.HOLDER, one.customer_id, Account.ENDED, one.shelf.batch_id)
        return command, result, self._entry(one, "expire", Unit.PIECE, sides)

    def _entry(
        self,
        one: Voucher,
        operation: str,
        unit: Unit,
        sides: tuple[Account, int, Account, int],
        *,
        reverses: Place | None = None,
    ) -> Entry:
        debit, debit_id, credit, credit_id = sides
        return Entry(
            index=self._place.index,
            operation=OPERATION_NUMBER[operation],
            unit=unit,
            amount=DISCOUNT_FEN if unit is Unit.FEN else 1,
            debit=debit,
            debit_id=debit_id,
            credit=credit,
            credit_id=credit_id,
            at=self._now(),
            serial=one.serial,
            version=one.version,
            batch_id=one.shelf.batch_id,
            reverses=reverses,
        )


def _comes_back(one: Voucher) -> bool:
    return one.kind == 5 and one.number % 10 == 0


_USED: dict[str, Any] = {
    "discount_fen": DISCOUNT_FEN,
    "allocation": (DISCOUNT_FEN,),
    "funding": ((0, DISCOUNT_FEN),),
    "uses_used": 1,
}
_ENTRIES = (
    "ledger_entry (block, shard, index, operation, unit, amount, debit, debit_id, credit,"
    " credit_id, at, serial, version, batch_id, funder_id, reverses_block, reverses_index)"
)
_VOUCHERS = (
    "ledger_voucher (serial, last_block, batch_id, version, shard, last_index, uses_left, state,"
    " customer_id, valid_until)"
)
_HOLDS = "ledger_hold (hold_block, serial, expires_at, hold_index, shard, state)"
_REVERSED = (
    "ledger_reversed (redemption_block, serial, amount_fen, uses, redemption_index, shard, by_line)"
)
