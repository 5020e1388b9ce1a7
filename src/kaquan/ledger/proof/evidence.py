"""Third stage: what the records promise, copied into temporary tables for PostgreSQL to compare.

Nothing is kept in memory but one fetch of blocks and the sums of limits at hand.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from kaquan.engine import commands as c
from kaquan.engine.decide.care import NO_LIMIT
from kaquan.engine.decide.kinds import kind_of
from kaquan.engine.footprint import FUNDER, MOMENTS, VOUCHER
from kaquan.engine.outcomes import Outcome, VoucherResult
from kaquan.engine.places import Place
from kaquan.engine.rules.check import LimitUnit, Rules, compile_terms
from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import Terms
from kaquan.engine.shards import SHARD_KEYS_64
from kaquan.ledger.catalogue import HOME_SHARD
from kaquan.ledger.proof.blocks import ReadBlock
from kaquan.ledger.proof.faults import Faults
from kaquan.ledger.records import NULL, Record, request_hash, timestamp_text
from kaquan.ledger.statements import statements_of

LIMITS_KEPT_MAX = 20_000
LINES_KEPT_MAX = 20_000
SLICE_STATES = ("running", "paused", "stopped")

Connection = psycopg.Connection[Any]
LimitName = tuple[int, int, int, int, int, int, int]

_BUCKET_MASK = len(SHARD_KEYS_64) - 1


class Evidence:
    """Fills the temporary tables of ``sql/proof.sql`` from records, block by block."""

    def __init__(self, connection: Connection, faults: Faults) -> None:
        self._connection = connection
        self._faults = faults
        self._lines: defaultdict[str, list[str]] = defaultdict(list)
        self._line_count = 0
        self._limits: Counter[LimitName] = Counter()
        connection.execute(statements_of("proof.sql")["tables"])

    def add(self, read: ReadBlock) -> None:
        """Take in the records of a block."""
        number = read.block.number
        for index, (record, moment) in enumerate(zip(read.records, read.moments, strict=True)):
            self._add_request(record, number, index)
            if record.outcome.done:
                self._add_done(record, moment, Place(number, index))
        if self._line_count > LINES_KEPT_MAX or len(self._limits) > LIMITS_KEPT_MAX:
            self._flush()

    def finish(self) -> None:
        """Copy the rest, and work out each voucher's last change."""
        self._flush()
        self._connection.execute(statements_of("proof.sql")["lives"])

    def add_terms(self) -> None:
        """What the terms that every batch has had say about its limits and its kind, to be
        compared with."""
        batches = self._connection.execute(statements_of("proof.sql")["batches"])
        for batch_id, number, terms in batches:
            read = read_terms(bytes(terms))
            if isinstance(read, Terms):
                rules = compile_terms(read)
                if number == 0:  # better terms are of the same kind
                    kind = kind_of(rules)
                    self._put("proof_kind", batch_id, kind.is_prepaid, kind.is_count)
                self._add_caps(batch_id, rules)
        self._flush()

    def _flush(self) -> None:
        limits = [(*name, delta) for name, delta in self._limits.items()]
        self._lines["proof_limit"] = [_line(*limit) for limit in limits]
        try:
            with self._connection.transaction():
                for table, lines in self._lines.items():
                    self._copy(table, lines)
        except psycopg.DataError as error:
            # Only a body that was changed holds numbers or moments that no command can hold.
            self._faults.add(
                "ledger_block",
                "?",
                "内容里有不可能的值",
                "bodies hold impossible values",
                found=error,
            )
        self._lines.clear()
        self._line_count = 0
        self._limits.clear()

    def _copy(self, table: str, lines: Sequence[str]) -> None:
        if lines:
            copying = f"COPY {table} FROM STDIN".encode()
            with self._connection.cursor() as cursor, cursor.copy(copying) as copy:
                copy.write("".join(lines))

    def _put(self, table: str, *values: object) -> None:
        self._add_line(table, _line(*values))

    def _add_line(self, table: str, line: str) -> None:
        self._lines[table].append(line)
        self._line_count += 1

    def _add_request(self, record: Record, block: int, index: int) -> None:
        command = record.command
        if command.key is None:
            return
        high, low = request_hash(command.key, command.operation)
        self._add_line("proof_request", f"{high}\t{low}\t{HOME_SHARD}\t{block}\t{index}\n")

    def _add_done(self, record: Record, moment: str, place: Place) -> None:
        command, outcome = record.command, record.outcome
        for result in outcome.vouchers:
            self._add_change(command, moment, result, place)
        for change in outcome.limits:
            name = (
                *(change.shard, change.batch_id, change.dimension, change.subject_id),
                *(change.day, change.unit, change.moment),
            )
            self._limits[name] += change.delta
        match command:
            case c.OpenBudget():
                self._put("proof_budget", command.budget_id)
            case c.DefineBatch():
                self._put(
                    "proof_batch",
                    command.batch_id,
                    command.offer_version_id,
                    command.budget_id,
                    command.by_code,
                    command.active,
                    command.terms,
                )
            case c.Mint() | c.Activate() | c.Allot() | c.SetBatchState():
                self._add_supply(command, outcome)
            case c.ReviseTerms(batch_id=batch_id, offer_version_id=version, terms=terms):
                number = _number(outcome, "terms_version")
                self._put("proof_terms", batch_id, number, version, terms)
                self._put("proof_supply", batch_id, command.operation, *(None,) * 6)
            case c.MovePieces():
                self._add_pieces(command, outcome)
            case c.Hold() | c.Release() | c.Redeem() | c.Reverse():
                self._add_use(command, outcome, place)

    def _add_change(self, command: c.AnyCommand, at: str, one: VoucherResult, place: Place) -> None:
        before = one.before
        used = f"{NULL}\t{NULL}\t{NULL}"
        if isinstance(command, c.Redeem):
            costless = not one.funding and not one.balance_used_fen
            used = f"{one.discount_fen}\t{one.uses_used}\t{costless}"
        self._add_line(
            "proof_change",
            f"{one.serial}\t{one.version}\t{_shard_of(one.serial)}\t{one.batch_id}\t{one.state}\t"
            f"{one.customer_id or NULL}\t{one.balance_fen or NULL}\t{one.uses_left}\t"
            f"{one.committed_fen or NULL}\t{one.holds or NULL}\t{_moment(one.valid_from)}\t"
            f"{_moment(one.valid_until)}\t{place.block}\t{place.index}\t"
            f"{NULL if before is None else before.block}\t"
            f"{NULL if before is None else before.index}\t"
            f"{NULL if isinstance(command, c.Release) else at}\t{used}\t"
            f"{one.hand or NULL}\t{isinstance(command, c.Transfer)}\n",
        )

    def _add_supply(
        self, command: c.Mint | c.Activate | c.Allot | c.SetBatchState, outcome: Outcome
    ) -> None:
        numbers: Sequence[object] = (None,) * 4
        before = after = None
        match command:
            case c.Mint():
                numbers = (_number(outcome, "first_serial"), command.quantity, None, None)
            case c.Activate():
                numbers = (command.first_serial, command.quantity, None, None)
            case c.Allot():
                source, target = command.from_organisation_id, command.organisation_id
                numbers = (command.first_serial, command.quantity, source, target)
            case c.SetBatchState():
                before, after = outcome.data.get("before"), command.state
        states = [state if state in SLICE_STATES else None for state in (before, after)]
        self._put("proof_supply", command.batch_id, command.operation, *numbers, *states)

    def _add_pieces(self, command: c.MovePieces, outcome: Outcome) -> None:
        source = 0 if command.act == "print" else command.organisation_id
        target = command.to_organisation_id or command.organisation_id
        told = (_number(outcome, name) for name in ("piece_before", "piece", "activated"))
        moved = (command.first_serial, command.quantity, source, target)
        self._put("proof_supply", command.batch_id, command.operation, *moved, None, None)
        self._put("proof_piece", command.batch_id, *moved, *told, command.hand_out_first)

    def _add_use(
        self, command: c.Hold | c.Release | c.Redeem | c.Reverse, outcome: Outcome, place: Place
    ) -> None:
        for result in outcome.vouchers:
            voucher = (result.serial, result.version)
            match command:
                case c.Hold(expires_at=expires_at):
                    shard = _shard_of(result.serial)
                    self._put("proof_held", *_of(place), *voucher, shard, expires_at)
                case c.Release(hold=held):
                    self._put("proof_settled", *_of(held), *voucher, "released")
                case c.Redeem(hold=Place() as held):
                    self._put("proof_settled", *_of(held), *voucher, "redeemed")
                case c.Reverse(redemption=used):
                    units = "{" + ",".join(map(str, result.units_returned)) + "}"
                    shard, amount_fen = _shard_of(result.serial), -result.discount_fen
                    self._put("proof_returned", *_of(used), *voucher, shard, amount_fen, units)

    def _add_caps(self, batch_id: int, rules: Rules) -> None:
        for moment in ("claim", "redeem"):
            for limit in rules.limits_at(moment):
                counted = (limit.daily, int(limit.unit), MOMENTS[moment])
                for subject in limit.channels or (0,):
                    name = (int(limit.dimension), subject, *counted)
                    self._put("proof_cap", batch_id, *name, limit.cap)
        for funder, cap in rules.capped_funders.items():
            name = (FUNDER, funder, False, int(LimitUnit.FEN), MOMENTS["redeem"])
            self._put("proof_cap", batch_id, *name, cap)
        name = (VOUCHER, 0, False, int(LimitUnit.USES), MOMENTS["transfer"])
        self._put("proof_cap", batch_id, *name, rules.terms.transfer_limit or NO_LIMIT)


def _shard_of(serial: int) -> int:
    return SHARD_KEYS_64[serial & _BUCKET_MASK]


def _moment(at: datetime | None) -> str:
    return NULL if at is None else timestamp_text(at)


def _number(outcome: Outcome, name: str) -> int | None:
    value = outcome.data.get(name)
    return value if isinstance(value, int) else None


def _of(place: Place) -> tuple[int, int]:
    return place.block, place.index


def _line(*values: object) -> str:
    return "\t".join([_field(value) for value in values]) + "\n"


def _field(value: object) -> str:
    """A value as COPY's text format has it; texts are words of our own, with nothing to escape."""
    if value is None:
        return NULL
    if isinstance(value, datetime):
        return timestamp_text(value)
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    return str(value)
