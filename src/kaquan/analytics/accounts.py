"""What every account comes to, fed by the tail; and the list of accounts within one's scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg
from django.db.models import Q

from kaquan.analytics.models import AccountTotal
from kaquan.budgets.models import Budget
from kaquan.engine.custody import ACCOUNTS as PAPER
from kaquan.engine.entries import Account
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.ledger.tail import BlockRecords
from kaquan.organisations.queries import within
from kaquan.redemption.listings import VIEW
from kaquan.redemption.scopes import books_scope

ORDERS = {"account": "account", "balance": "balance", "entries": "entries"}

#: One for each voucher or holder: so many that they are added up under the id 0.
TOGETHER = (
    Account.CARD,
    Account.CARD_HELD,
    Account.HOLDER,
    Account.USES,
    Account.USES_HELD,
)
OF_BUDGETS = (Account.BUDGET_AVAILABLE, Account.BUDGET_COMMITTED, Account.BUDGET_RELEASED)
OF_STORES = (Account.STORE, *PAPER.values())
OF_BATCHES = (
    Account.BATCH_COST,
    Account.CARD_ISSUED,
    Account.PAYMENT,
    Account.SALES,
    Account.STOCK,
    Account.ENDED,
    Account.FROZEN,
    Account.OFFLINE_LOSS,
)

_ADD = """
INSERT INTO analytics_account AS kept
    (account, account_id, unit, debited, credited, balance, entries)
SELECT account, account_id, unit, sum(debited), sum(credited), sum(credited) - sum(debited),
    count(*)
FROM (
    SELECT debit AS account, CASE WHEN debit = any(%(together)s) THEN 0 ELSE debit_id END
        AS account_id, unit, amount AS debited, 0::bigint AS credited
    FROM ledger_entry WHERE block = any(%(blocks)s)
    UNION ALL
    SELECT credit, CASE WHEN credit = any(%(together)s) THEN 0 ELSE credit_id END,
        unit, 0::bigint, amount
    FROM ledger_entry WHERE block = any(%(blocks)s)
) AS sides
GROUP BY account, account_id, unit ORDER BY account, account_id, unit
ON CONFLICT (account, account_id, unit) DO UPDATE SET
    debited = kept.debited + excluded.debited,
    credited = kept.credited + excluded.credited,
    balance = kept.balance + excluded.balance,
    entries = kept.entries + excluded.entries
"""


class AccountFilter(NamedTuple):
    """Which accounts; None does not restrict."""

    account: Account | None = None
    account_id: int | None = None
    unit: int | None = None


def add_accounts(connection: psycopg.Connection[Any], blocks: Sequence[BlockRecords]) -> None:
    """Add the entries of some blocks."""
    connection.execute(_ADD, {"together": list(TOGETHER), "blocks": [one.block for one in blocks]})


def account_page(actor: Actor, wanted: AccountFilter, paging: Paging) -> Page[AccountTotal]:
    """The accounts of the actor's budgets, stores and batches; those of all vouchers together, and
    of the outside, for those who see the whole issuer. Raises `cursor_invalid`, `sort_invalid`."""
    require(actor, VIEW)
    rows = AccountTotal.objects.all()
    scope = books_scope(actor)
    if scope is not None:
        budgets = within(actor, Budget.objects.all(), "organisation").values("id")
        rows = rows.filter(
            Q(account__in=OF_BUDGETS, account_id__in=budgets)
            | Q(account__in=OF_STORES, account_id__in=scope.store_ids)
            | Q(account__in=OF_BATCHES, account_id__in=scope.batch_ids)
        )
    if wanted.account is not None:
        rows = rows.filter(account=wanted.account)
    if wanted.account_id is not None:
        rows = rows.filter(account_id=wanted.account_id)
    if wanted.unit is not None:
        rows = rows.filter(unit=wanted.unit)
    return page_of(rows, paging, ORDERS)
