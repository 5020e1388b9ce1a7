"""What an auditor knows of batches, vouchers and uses, without asking the engine."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import blake2b
from typing import Any

from kaquan.engine.commands import AnyCommand, ReviseTerms
from kaquan.engine.outcomes import VoucherResult
from kaquan.engine.places import Place

SHANGHAI = timezone(timedelta(hours=8))
DIMENSIONS = {"customer": 1, "person": 2, "store": 3, "batch": 4, "channel": 7}
FUNDER = 5

Key = tuple[int, int, int, int, int, int]  # batch, dimension, subject, day, unit, moment


@dataclass
class AuditedBatch:
    """What a batch's commands said."""

    terms: dict[str, Any]
    budget_id: int
    by_code: bool
    state: str = "running"
    minted: int = 0
    handed_out: int = 0
    revisions: int = 0

    @property
    def kind(self) -> str:
        """The benefit's kind; a cash voucher in parts is a kind of its own."""
        benefit = self.terms["benefit"]
        return "cash_in_parts" if benefit.get("allow_partial") else benefit["kind"]

    def fresh(self) -> tuple[int, int]:
        """Balance and uses of a voucher that nothing has happened to."""
        benefit = self.terms["benefit"]
        if self.kind == "prepaid_card":
            return 0, 0
        if self.kind == "cash_in_parts":
            return benefit["face_fen"], 0
        return 0, benefit.get("uses", 1)

    def set_aside(self, balance: int, uses: int) -> int:
        """What an issued voucher with this much on it may still cost."""
        benefit = self.terms["benefit"]
        if self.terms.get("commit", "issue") != "issue" or self.kind == "prepaid_card":
            return 0
        if self.kind == "cash_in_parts":
            return balance
        if self.kind == "count_card":
            return uses * benefit["value_per_use_fen"]
        for name in ("amount_fen", "face_fen", "cap_fen", "value_cap_fen"):
            if name in benefit:
                return benefit[name]
        raise AssertionError(benefit)

    def window(self, claimed_at: datetime | None) -> tuple[datetime, datetime] | None:
        """The half-open validity."""
        span = self.terms["validity"]["range"]
        if span["kind"] == "fixed_range":
            first, last = (date.fromisoformat(span[name]) for name in ("first_day", "last_day"))
            return _midnight(first), _midnight(last + timedelta(days=1))
        if claimed_at is None:
            return None
        day = claimed_at.astimezone(SHANGHAI).date()
        return claimed_at.astimezone(UTC), _midnight(day + timedelta(days=span["days"]))

    def is_no_worse(self, terms: dict[str, Any], at: datetime) -> bool:
        """Whether terms that differ in days, limits, shares or passing on may count for holders."""
        was, now = (one["validity"]["range"] for one in (self.terms, terms))
        window = self.window(None)
        is_longer = now == was or (
            window is not None and at < window[1] and now["last_day"] >= was["last_day"]
        )
        caps = [[one["cap"] for one in each.get("limits", ())] for each in (self.terms, terms)]
        passed_on = [each.get("transfer_limit", 10**9) for each in (self.terms, terms)]
        shares = [each["benefit"].get("basis_points_off", 0) for each in (self.terms, terms)]
        pairs = [*zip(*caps, strict=True), passed_on, shares]
        return is_longer and all(before <= after for before, after in pairs)


@dataclass
class AuditedVoucher:
    """What became of a voucher."""

    batch: AuditedBatch
    batch_id: int
    balance: int
    uses: int
    state: str = "LIVE"
    customer_id: int = 0
    in_hand: bool = False
    version: int = 0
    window: tuple[datetime, datetime] | None = None
    holds: dict[Place, "AuditedUse"] = field(default_factory=dict)
    passed_on: int = 0

    def over(self, at: datetime) -> bool:
        """Whether its time is over."""
        return self.window is not None and at >= self.window[1]


@dataclass
class AuditedUse:
    """One voucher's part of a redemption or hold."""

    result: VoucherResult
    command: AnyCommand
    keys: list[tuple[Key, int, str]]
    back_fen: int = 0
    complete: bool = False


def revise(batch: AuditedBatch, vouchers: Iterable[AuditedVoucher], command: ReviseTerms) -> None:
    """Other terms for a batch, and later days for those of its vouchers that end with it."""
    terms = json.loads(command.terms)
    assert batch.is_no_worse(terms, command.at)
    assert batch.revisions == command.expected_version
    batch.terms, batch.revisions = terms, batch.revisions + 1
    window = batch.window(None)
    for voucher in vouchers:
        if voucher.batch is batch and voucher.window is not None and window is not None:
            voucher.window = (window[0], max(window[1], voucher.window[1]))


def channel_number(name: str) -> int:
    """What a channel is counted by: the first 62 bits of its name's hash, in small letters."""
    return int(blake2b(name.lower().encode(), digest_size=8).hexdigest(), 16) // 4


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


def check_benefit(
    voucher: AuditedVoucher,
    use: Any,
    result: VoucherResult,
    lines: Sequence[Any],
    *,
    alone: bool,
) -> None:
    """Whether what a use gave is what its terms promise."""
    benefit, kind = voucher.batch.terms["benefit"], voucher.batch.kind
    payable = sum(line.amount_fen - line.discount_fen for line in lines)
    assert sum(result.allocation) == (result.discount_fen if lines else 0)
    cost = sum(fen for _, fen in result.funding)
    if kind == "count_card":
        assert result.uses_used == use.uses
        assert cost == use.uses * benefit["value_per_use_fen"]
        return
    assert cost == (0 if kind == "prepaid_card" else result.discount_fen)
    if kind in ("prepaid_card", "cash_in_parts"):
        assert result.balance_used_fen == result.discount_fen
        assert use.amount_fen in (None, result.discount_fen)
    else:
        assert (result.balance_used_fen, result.uses_used) == (0, 1)
    if kind == "amount_off" and alone:
        most = benefit["amount_fen"]
        assert result.discount_fen == (min(most, payable) if lines else most)
    if kind == "percent_off" and alone:
        share = payable * benefit["basis_points_off"] // 10_000
        assert result.discount_fen == min(share, benefit["cap_fen"])
