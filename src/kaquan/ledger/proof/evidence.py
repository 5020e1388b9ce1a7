"""Third stage: what the records promise, copied into temporary tables for PostgreSQL to compare.

Nothing is kept in memory but one fetch of blocks. The tables are wider than the ledger's own, so that
no content of a body, however odd, fails to be copied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import psycopg

from kaquan.engine import commands as c
from kaquan.engine.entries import OPERATION_NUMBER
from kaquan.engine.footprint import footprint
from kaquan.engine.outcomes import LimitChange, Outcome, VoucherResult
from kaquan.engine.places import Place
from kaquan.engine.shards import SHARD_KEYS_64
from kaquan.ledger.door import shard_of_request
from kaquan.ledger.proof.blocks import ReadBlock
from kaquan.ledger.proof.queries import query
from kaquan.ledger.records import NULL, Record, request_hash, timestamp_text
from kaquan.ledger.writing import copy_rows

LIMITS_KEPT_MAX = 20_000

Connection = psycopg.Connection[Any]

_BUCKET_MASK = len(SHARD_KEYS_64) - 1


class Evidence:
    """Fills the temporary tables of ``sql/proof.sql`` from records, block by block."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lines: dict[str, list[str]] = {}
        self._limits: Counter[LimitChange] = Counter()
        connection.execute(query("tables"))

    def add(self, read: ReadBlock) -> None:
        """Take in the records of a block."""
        number = read.block.number
        for index, record in enumerate(read.records):
            self._add_request(record, number, index)
            if record.outcome.done:
                self._add_done(record, number, index)

    def flush(self) -> None:
        """Copy what has been gathered; call it between fetches of blocks."""
        for table, lines in self._lines.items():
            copy_rows(self._connection, table, lines)
        self._lines = {}
        if len(self._limits) > LIMITS_KEPT_MAX:
            self._flush_limits()

    def finish(self) -> None:
        """Copy the rest and let PostgreSQL look at the tables, so that it joins them well."""
        self.flush()
        self._flush_limits()
        self._connection.execute(query("analyze"))

    def _flush_limits(self) -> None:
        lines = [_line(*_limit_parts(change), delta) for change, delta in self._limits.items()]
        copy_rows(self._connection, "proof_limit", lines)
        self._limits.clear()

    def _put(self, table: str, *values: object) -> None:
        self._lines.setdefault(table, []).append(_line(*values))

    def _add_request(self, record: Record, block: int, index: int) -> None:
        command = record.command
        if command.key is not None:
            high, low = request_hash(command.key, command.operation)
            shard = shard_of_request(command, footprint(command))
            self._put("proof_request", high, low, shard, block, index)

    def _add_done(self, record: Record, block: int, index: int) -> None:
        command, outcome = record.command, record.outcome
        for result in outcome.vouchers:
            self._add_change(command, result, block, index)
        for change in outcome.limits:
            key = c_replace_delta(change)
            self._limits[key] += change.delta
        match command:
            case c.OpenBudget():
                self._put("proof_budget", command.budget_id)
            case c.DefineBatch():
                self._put(
                    "proof_batch",
                    command.batch_id,
                    command.offer_version_id,
                    command.budget_id,
                    _flag(command.by_code),
                    _flag(command.active),
                    "\\\\x" + command.terms.hex(),
                )
            case c.Mint() | c.Activate() | c.Allot() | c.SetBatchState():
                self._add_supply(command, outcome)
            case c.Hold() | c.Release() | c.Redeem() | c.Reverse():
                self._add_use(command, outcome, Place(block, index))

    def _add_change(
        self, command: c.AnyCommand, result: VoucherResult, block: int, index: int
    ) -> None:
        redeems = isinstance(command, c.Redeem)
        before = result.before
        self._put(
            "proof_change",
            result.serial,
            result.version,
            SHARD_KEYS_64[result.serial & _BUCKET_MASK],
            result.batch_id,
            result.state,
            result.customer_id or None,
            result.balance_fen or None,
            result.uses_left,
            result.committed_fen or None,
            result.holds or None,
            result.valid_from,
            result.valid_until,
            block,
            index,
            None if before is None else before.block,
            None if before is None else before.index,
            OPERATION_NUMBER[command.operation],
            command.at,
            result.discount_fen if redeems else None,
            result.uses_used if redeems else None,
            _flag(redeems and not result.funding and not result.balance_used_fen),
        )

    def _add_supply(
        self, command: c.Mint | c.Activate | c.Allot | c.SetBatchState, outcome: Outcome
    ) -> None:
        first = quantity = source = target = None
        before = after = None
        match command:
            case c.Mint():
                first, quantity = outcome.data.get("first_serial"), command.quantity
            case c.Activate():
                first, quantity = command.first_serial, command.quantity
            case c.Allot():
                first, quantity = command.first_serial, command.quantity
                source, target = command.from_organisation_id, command.organisation_id
            case c.SetBatchState():
                before, after = outcome.data.get("before"), command.state
        self._put(
            "proof_supply",
            command.batch_id,
            command.operation,
            first,
            quantity,
            source,
            target,
            before,
            after,
        )

    def _add_use(
        self, command: c.Hold | c.Release | c.Redeem | c.Reverse, outcome: Outcome, place: Place
    ) -> None:
        for result in outcome.vouchers:
            serial, version = result.serial, result.version
            match command:
                case c.Hold():
                    self._put("proof_held", *_of(place), serial, version, command.expires_at)
                case c.Release(hold=held):
                    self._put("proof_settled", *_of(held), serial, version, "released")
                case c.Redeem(hold=Place() as held):
                    self._put("proof_settled", *_of(held), serial, version, "redeemed")
                case c.Reverse():
                    self._put(
                        "proof_returned",
                        *_of(command.redemption),
                        serial,
                        version,
                        -result.discount_fen,
                        "{" + ",".join(map(str, result.units_returned)) + "}",
                    )


def _of(place: Place) -> tuple[int, int]:
    return place.block, place.index


def _flag(value: bool) -> str:
    return "t" if value else "f"


def _line(*values: object) -> str:
    """A line of COPY's text format; the texts in it are words of our own."""
    return "\t".join([_field(value) for value in values]) + "\n"
