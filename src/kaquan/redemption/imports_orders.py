"""Bringing in orders, one row for each line."""

from collections.abc import Iterator
from datetime import datetime

from django.db import connection
from django.db.backends.utils import CursorWrapper

from kaquan.customers.actions import read_number, record_first_orders
from kaquan.customers.activity import PurchasesTotal, lock_purchases, record_purchases
from kaquan.customers.queries import customer_ids
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.imports import Column, ImportPlan, ImportRow, refusal
from kaquan.foundation.imports_cells import Reason
from kaquan.foundation.imports_problems import Problem
from kaquan.foundation.imports_staging import Check, Staging, staged
from kaquan.organisations.queries import store_ids

INTEGER_MAX = 2**31 - 1
_BUYERS_AT_ONCE = 10_000
STORE_UNKNOWN = Reason(
    "store_unknown",
    "没有这家门店，或不在您的管辖范围内；请先导入门店",
    "there is no such store, or not in your part of the organisation; import the stores first",
)
CUSTOMER_UNKNOWN = Reason(
    "customer_unknown",
    "没有这个会员；请先导入客户",
    "there is no such customer; import the customers first",
)
DISCOUNT_TOO_LARGE = Reason(
    "discount_above_amount",
    "优惠不能超过金额",
    "the discount must not be above the amount",
)
LINES_DISAGREE = Reason(
    "order_lines_disagree",
    "与同一订单前面的行不一致（会员或时间）",
    "differs from the order's earlier lines in its customer or time",
)

ORDER_NO = Column("order_no", "订单号", cells.code(), required=True, also=("basket_id", "小票号"))
STORE_CODE = Column("store_code", "门店编码", cells.code(200), required=True, also=("store_id",))
CUSTOMER_NUMBER = Column("customer_number", "会员号", read_number, also=("customer_id",))
_DISCOUNT = Column("discount_fen", "优惠", cells.amount, also=("discount", "优惠金额", "优惠(元)"))
_COLUMNS = (
    ORDER_NO,
    STORE_CODE,
    CUSTOMER_NUMBER,
    Column("ordered_at", "下单时间", cells.moment, required=True, also=("时间", "交易时间")),
    Column("line_no", "行号", cells.whole_number(1, INTEGER_MAX), required=True),
    Column("sku", "商品编码", cells.code(), required=True, also=("product_id", "货号")),
    Column("quantity", "数量", cells.whole_number(0, INTEGER_MAX), required=True),
    Column("amount_fen", "金额", cells.amount, required=True, also=("amount", "金额(元)")),
    _DISCOUNT,
)
_STAGED = (
    ("order_no", "text"),
    ("store_id", "integer"),
    ("line_no", "integer"),
    ("customer_id", "bigint"),
    ("ordered_at", "timestamptz"),
    ("sku", "text"),
    ("quantity", "integer"),
    ("amount_fen", "bigint"),
    ("discount_fen", "bigint"),
)


def _resolve(rows: list[ImportRow], *, actor: Actor, commit: bool) -> list[Problem]:  # noqa: ARG001
    stores = store_ids(actor, {row["store_code"] for row in rows})
    customers = customer_ids({row["customer_number"] for row in rows if row["customer_number"]})
    problems = []
    sound = []
    for row in rows:
        store_id = stores.get(row["store_code"])
        number = row["customer_number"]
        customer_id = customers.get(number) if number else None
        row["discount_fen"] = row["discount_fen"] or 0
        if store_id is None:
            problems.append(
                refusal(row["row_number"], STORE_CODE, row["store_code"], STORE_UNKNOWN)
            )
        elif number and customer_id is None:
            problems.append(refusal(row["row_number"], CUSTOMER_NUMBER, number, CUSTOMER_UNKNOWN))
        elif row["discount_fen"] > row["amount_fen"]:
            yuan = f"{row['discount_fen'] // 100}.{row['discount_fen'] % 100:02}"
            problems.append(refusal(row["row_number"], _DISCOUNT, yuan, DISCOUNT_TOO_LARGE))
        else:
            row["store_id"] = store_id
            row["customer_id"] = customer_id
            sound.append(row)
    rows[:] = sound
    return problems


def _write(cursor: CursorWrapper, actor: Actor) -> None:  # noqa: ARG001
    cursor.execute(_BUYERS)
    buyers = [row[0] for row in cursor.fetchall()]
    for statement in _WRITE:
        cursor.execute(statement)
    record_first_orders(_first_orders())
    lock_purchases(buyers)
    record_purchases(buyers, _totals(cursor, buyers))


def _totals(cursor: CursorWrapper, buyers: list[int]) -> Iterator[PurchasesTotal]:
    for start in range(0, len(buyers), _BUYERS_AT_ONCE):
        cursor.execute(
            "SELECT customer_id, count(*), sum(total_fen)::bigint, max(ordered_at)"
            " FROM redemption_order WHERE customer_id = ANY (%s) GROUP BY customer_id",
            [buyers[start : start + _BUYERS_AT_ONCE]],
        )
        yield from [PurchasesTotal(*row) for row in cursor.fetchall()]


def _first_orders() -> Iterator[tuple[int, datetime]]:
    with connection.connection.cursor("first_orders") as cursor:
        cursor.itersize = 10_000
        yield from cursor.execute(
            "SELECT customer_id, min(ordered_at) FROM judged"
            " WHERE customer_id IS NOT NULL GROUP BY customer_id"
        )


# Whose orders change; also those whose order turns out to be somebody else's.
_BUYERS = """
SELECT customer_id FROM judged WHERE verdict <> 'unchanged' AND customer_id IS NOT NULL
UNION
SELECT head.customer_id FROM redemption_order AS head JOIN judged USING (order_no, store_id)
WHERE judged.verdict <> 'unchanged' AND head.customer_id IS NOT NULL
"""

# The first row of an order in the file says whose it is and when.
_HEADS = """
CREATE TEMPORARY TABLE staged_head ON COMMIT DROP AS
SELECT order_no, store_id, min(row_number) AS first_row
FROM staged GROUP BY order_no, store_id
"""

_DISAGREEING = """
SELECT staged.row_number, staged.order_no
FROM staged_head
JOIN staged AS head ON head.row_number = staged_head.first_row
JOIN staged ON staged.order_no = head.order_no AND staged.store_id = head.store_id
WHERE (staged.customer_id, staged.ordered_at) IS DISTINCT FROM (head.customer_id, head.ordered_at)
"""

_JUDGE = """
SELECT staged.*, head.order_no IS NOT NULL AS order_known,
  CASE
    WHEN line.line_no IS NULL THEN 'new'
    WHEN line.sku <> staged.sku
      OR line.quantity <> staged.quantity
      OR line.amount_fen <> staged.amount_fen
      OR line.discount_fen <> staged.discount_fen
      OR head.customer_id IS DISTINCT FROM staged.customer_id
      OR head.ordered_at <> staged.ordered_at
    THEN 'changed'
    ELSE 'unchanged'
  END AS verdict
FROM staged
LEFT JOIN redemption_orderline AS line USING (order_no, store_id, line_no)
LEFT JOIN redemption_order AS head USING (order_no, store_id)
"""

_WRITE = (
    """
    INSERT INTO redemption_order (order_no, store_id, customer_id, ordered_at, total_fen)
    SELECT order_no, store_id, customer_id, ordered_at, sum(amount_fen - discount_fen)
    FROM judged WHERE NOT order_known
    GROUP BY order_no, store_id, customer_id, ordered_at
    """,
    """
    UPDATE redemption_order AS head
    SET customer_id = judged.customer_id, ordered_at = judged.ordered_at
    FROM judged
    WHERE judged.order_known AND judged.verdict <> 'unchanged'
      AND head.order_no = judged.order_no AND head.store_id = judged.store_id
      AND (head.customer_id, head.ordered_at)
        IS DISTINCT FROM (judged.customer_id, judged.ordered_at)
    """,
    """
    INSERT INTO redemption_orderline
      (order_no, store_id, line_no, sku, quantity, amount_fen, discount_fen)
    SELECT order_no, store_id, line_no, sku, quantity, amount_fen, discount_fen
    FROM judged WHERE verdict = 'new'
    """,
    """
    UPDATE redemption_orderline AS line
    SET sku = judged.sku, quantity = judged.quantity, amount_fen = judged.amount_fen,
      discount_fen = judged.discount_fen
    FROM judged
    WHERE judged.verdict = 'changed' AND line.order_no = judged.order_no
      AND line.store_id = judged.store_id AND line.line_no = judged.line_no
    """,
    """
    UPDATE redemption_order AS head SET total_fen = summed.total_fen
    FROM (
      SELECT line.order_no, line.store_id, sum(line.amount_fen - line.discount_fen) AS total_fen
      FROM redemption_orderline AS line
      JOIN (
        SELECT DISTINCT order_no, store_id FROM judged
        WHERE order_known AND verdict <> 'unchanged'
      ) AS touched USING (order_no, store_id)
      GROUP BY line.order_no, line.store_id
    ) AS summed
    WHERE head.order_no = summed.order_no AND head.store_id = summed.store_id
      AND head.total_fen <> summed.total_fen
    """,
)

ORDERS = ImportPlan(
    kind="orders",
    zh="订单",
    en="orders",
    permission="orders.edit",
    columns=_COLUMNS,
    open_intake=staged(
        Staging(
            columns=_STAGED,
            key=("order_no", "store_id", "line_no"),
            resolve=_resolve,
            prepare=("DROP TABLE IF EXISTS pg_temp.staged_head", _HEADS),
            checks=(Check("order_no", LINES_DISAGREE, _DISAGREEING),),
            judge=_JUDGE,
            write=_write,
        )
    ),
)
