"""Bringing in uses of vouchers that happened before, each as a command through the door.

A row's request key is made from what it says, so the same row is booked once, in whichever file it
comes. A refused row is never sent for good: what was wrong can be mended and the file sent again.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from kaquan.customers.queries import customer_ids
from kaquan.engine.codes import Presented
from kaquan.engine.commands import Redeem, RequestKey, VoucherUse
from kaquan.engine.facts import OrderLine
from kaquan.engine.outcome_details import sentence
from kaquan.engine.outcomes import Outcome
from kaquan.engine.shards import SERIAL_END
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.imports import Column, Counts, ImportPlan, ImportRow, refusal
from kaquan.foundation.imports_cells import REQUIRED, Reason
from kaquan.foundation.imports_problems import Problem
from kaquan.foundation.imports_staging import DUPLICATE
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.ledger.answers import answers_given
from kaquan.ledger.door import COMMANDS_MAX
from kaquan.organisations.queries import store_ids
from kaquan.redemption.actions import REDEEM, PastUse, redeem_past
from kaquan.redemption.codes import ledger_session, presented
from kaquan.redemption.imports_orders import (
    CUSTOMER_NUMBER,
    CUSTOMER_UNKNOWN,
    STORE_CODE,
    STORE_UNKNOWN,
)
from kaquan.redemption.queries import order_lines
from kaquan.redemption.visits import Visit

CODE_AND_SERIAL_DIFFER = Reason(
    "code_and_serial_differ",
    "券码与序号不是同一张券",
    "the code and the serial are not of the same voucher",
)
_CODE = Column("code", "券码", cells.text(200), also=("coupon", "卡号"), sensitive=True)
_COLUMNS = (
    _CODE,
    Column("serial", "序号", cells.whole_number(0, SERIAL_END - 1)),
    Column("order_no", "订单号", cells.code(), also=("basket_id", "小票号")),
    STORE_CODE,
    CUSTOMER_NUMBER,
    Column("redeemed_at", "核销时间", cells.moment, required=True, also=("时间", "使用时间")),
    Column("amount_fen", "核销金额", cells.amount, also=("amount", "金额", "金额(元)")),
)


class _NumberedUse(NamedTuple):
    row_number: int
    use: PastUse


class _Intake:
    """See `kaquan.foundation.imports.Intake`. Uses are booked as they come, not at the end."""

    def __init__(self, *, actor: Actor, commit: bool) -> None:
        self._actor = actor
        self._commit = commit
        self._seen: set[RequestKey] = set()
        self._new = 0
        self._unchanged = 0

    def take(self, rows: list[ImportRow]) -> list[Problem]:
        problems: list[Problem] = []
        remaining = iter(rows)
        while some := list(islice(remaining, COMMANDS_MAX)):
            uses, refused = self._past_uses(some)
            problems += refused + self._book(uses)
        return problems

    def check(self) -> Iterable[Problem]:
        return ()

    def count(self) -> Counts:
        return Counts(new=self._new, unchanged=self._unchanged)

    def commit(self) -> None:
        """All is booked already."""

    def _past_uses(self, rows: Sequence[ImportRow]) -> tuple[list[_NumberedUse], list[Problem]]:
        stores = store_ids(self._actor, {row["store_code"] for row in rows})
        customers = customer_ids({row["customer_number"] for row in rows} - {None})
        orders = order_lines(
            {(row["order_no"], stores.get(row["store_code"], 0)) for row in rows} - {(None, 0)}
        )
        uses: list[_NumberedUse] = []
        problems = []
        for row in rows:
            number, shown = row["row_number"], _shown_by(row)
            if isinstance(shown, Reason):
                problems.append(refusal(number, _CODE, row["code"], shown))
            elif row["store_code"] not in stores:
                problems.append(refusal(number, STORE_CODE, row["store_code"], STORE_UNKNOWN))
            elif row["customer_number"] and row["customer_number"] not in customers:
                wrong = row["customer_number"]
                problems.append(refusal(number, CUSTOMER_NUMBER, wrong, CUSTOMER_UNKNOWN))
            else:
                lines = orders.get((row["order_no"], stores[row["store_code"]]), ())
                use = _past_use(row, shown, lines)
                if use.request_key in self._seen:
                    problems.append(Problem(number, "", "", DUPLICATE))
                else:
                    self._seen.add(use.request_key)
                    uses.append(_NumberedUse(number, use))
        return uses, problems

    def _book(self, uses: Sequence[_NumberedUse]) -> list[Problem]:
        """Book what is new and would be accepted; what is refused is only told."""
        keys = [use.request_key for _, use in uses]
        known = answers_given(ledger_session(), keys, Redeem.operation)
        problems = [
            _refused(number, known[use.request_key])
            for number, use in uses
            if use.request_key in known and not known[use.request_key].done
        ]
        self._unchanged += len(known) - len(problems)
        fresh = [one for one in uses if one.use.request_key not in known]
        accepted, refused = self._redeem(fresh, dry=True)
        if self._commit:
            # Others may have come first since a moment ago, so these answers count.
            accepted, refused_after_all = self._redeem(accepted, dry=False)
            refused += refused_after_all
        self._new += len(accepted)
        return problems + refused

    def _redeem(
        self, uses: Sequence[_NumberedUse], *, dry: bool
    ) -> tuple[list[_NumberedUse], list[Problem]]:
        if not uses:
            return [], []
        outcomes = redeem_past(actor=self._actor, past=[one.use for one in uses], dry=dry)
        pairs = list(zip(uses, outcomes, strict=True))
        accepted = [one for one, outcome in pairs if outcome.done]
        refused = [_refused(one.row_number, outcome) for one, outcome in pairs if not outcome.done]
        return accepted, refused


def _shown_by(row: ImportRow) -> Presented | Reason:
    """The voucher that the row names, by code or by serial."""
    if row["code"] is None:
        return REQUIRED if row["serial"] is None else Presented(int(row["serial"]), None)
    found = presented(row["code"])
    if isinstance(found, Outcome):
        return _reason(found)
    return CODE_AND_SERIAL_DIFFER if row["serial"] not in (None, found.serial) else found


def _past_use(row: ImportRow, shown: Presented, lines: Sequence[OrderLine]) -> PastUse:
    at: datetime = row["redeemed_at"].astimezone(UTC)
    content = (shown.serial, row["order_no"], row["store_code"], at.isoformat(), row["amount_fen"])
    digest = hashlib.blake2b(repr(content).encode(), digest_size=16).hexdigest()
    visit = Visit(
        store_code=row["store_code"],
        order_no=row["order_no"] or "",
        lines=lines,
        customer_number=row["customer_number"],
    )
    return PastUse(
        VoucherUse(shown.serial, row["amount_fen"], hand=shown.hand),
        visit,
        at,
        RequestKey(INTERNAL_CLIENT, f"past:{digest}"),
    )


def _refused(row_number: int, outcome: Outcome) -> Problem:
    return Problem(row_number, "", "", _reason(outcome))


def _reason(outcome: Outcome) -> Reason:
    return Reason(
        outcome.code.name.lower(),
        sentence(outcome.code, outcome.data, "zh"),
        sentence(outcome.code, outcome.data, "en"),
    )


@contextmanager
def _open_intake(*, actor: Actor, commit: bool) -> Iterator[_Intake]:
    yield _Intake(actor=actor, commit=commit)


REDEMPTIONS = ImportPlan(
    kind="redemptions",
    zh="历史核销",
    en="past redemptions",
    permission=REDEEM,
    columns=_COLUMNS,
    open_intake=_open_intake,
)
