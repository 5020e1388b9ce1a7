"""Bringing in uses of vouchers that happened before, each as a command through the door.

A row's request key is made from what it says, so the same row is booked once, in whichever file it
comes. A refused row is never sent for good: what was wrong can be mended and the file sent again.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from kaquan.customers.queries import customer_ids
from kaquan.engine.commands import Redeem, RequestKey
from kaquan.engine.outcome_details import sentence
from kaquan.engine.outcomes import Outcome
from kaquan.engine.shards import SERIAL_END
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.imports import Column, Counts, ImportPlan, ImportRow, refusal
from kaquan.foundation.imports_cells import REQUIRED, Reason
from kaquan.foundation.imports_problems import Problem
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.ledger.answers import answers_given
from kaquan.ledger.door import COMMANDS_MAX
from kaquan.organisations.queries import store_ids
from kaquan.redemption.actions import REDEEM, CodeUse, PastUse, redeem_past
from kaquan.redemption.codes import code_book, ledger_session, read_code
from kaquan.redemption.imports_orders import (
    CUSTOMER_NUMBER,
    CUSTOMER_UNKNOWN,
    STORE_CODE,
    STORE_UNKNOWN,
)
from kaquan.redemption.queries import order_lines
from kaquan.redemption.visits import Visit

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


class _Intake:
    """See `kaquan.foundation.imports.Intake`. Uses are booked as they come, not at the end."""

    def __init__(self, actor: Actor, *, commit: bool) -> None:
        self._actor = actor
        self._commit = commit
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
        """Nothing is left to do."""

    def _past_uses(
        self, rows: Sequence[ImportRow]
    ) -> tuple[list[tuple[int, PastUse]], list[Problem]]:
        stores = store_ids(self._actor, {row["store_code"] for row in rows})
        customers = customer_ids({row["customer_number"] for row in rows} - {None})
        orders = order_lines(
            {
                (row["order_no"], stores[row["store_code"]])
                for row in rows
                if row["order_no"] and row["store_code"] in stores
            }
        )
        uses: list[tuple[int, PastUse]] = []
        problems = []
        for row in rows:
            number = row["row_number"]
            serial = _serial_of(row)
            if isinstance(serial, Reason):
                problems.append(refusal(number, _CODE, row["code"], serial))
            elif row["store_code"] not in stores:
                problems.append(refusal(number, STORE_CODE, row["store_code"], STORE_UNKNOWN))
            elif row["customer_number"] and row["customer_number"] not in customers:
                problems.append(
                    refusal(number, CUSTOMER_NUMBER, row["customer_number"], CUSTOMER_UNKNOWN)
                )
            else:
                lines = orders.get((row["order_no"], stores[row["store_code"]]), ())
                visit = Visit(
                    store_code=row["store_code"],
                    order_no=row["order_no"] or "",
                    lines=lines,
                    customer_number=row["customer_number"],
                )
                use = CodeUse(code_book().encode(serial), row["amount_fen"])
                key = _request_key(serial, row)
                uses.append((number, PastUse(use, visit, row["redeemed_at"], key)))
        return uses, problems

    def _book(self, uses: Sequence[tuple[int, PastUse]]) -> list[Problem]:
        known = answers_given(
            ledger_session(), [use.request_key for _, use in uses], Redeem.operation
        )
        fresh = [(number, use) for number, use in uses if use.request_key not in known]
        outcomes = [(number, known[use.request_key]) for number, use in uses if use.request_key in known]
        self._unchanged += sum(outcome.done for _, outcome in outcomes)
        first_of = {}
        ...
