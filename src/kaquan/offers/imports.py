"""Bringing in products."""

import re

from django.db.backends.utils import CursorWrapper

from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.changes.actions import record_change
from kaquan.foundation.imports import Column, ImportPlan
from kaquan.foundation.imports_staging import Staging, staged

CATEGORY_DEPTH_MAX = 20
_LEVEL_SEPARATOR = re.compile("[>＞]")
_COLUMNS = (
    Column("sku", "商品编码", cells.code(), required=True, also=("product_id", "编码", "货号")),
    Column("name", "商品名称", cells.text(200), required=True, also=("product_name", "名称")),
    Column(
        "categories",
        "品类",
        cells.words(longest=64, most=CATEGORY_DEPTH_MAX, separator=_LEVEL_SEPARATOR),
        also=("category", "品类路径", "分类"),
    ),
)


def _write(cursor: CursorWrapper, actor: Actor) -> None:
    cursor.execute(_INSERT)
    new = cursor.rowcount
    cursor.execute(_UPDATE)
    changed = cursor.rowcount
    if new or changed:
        # One change for the file: products come by the hundred thousand.
        record_change(
            actor=actor,
            verb="products.import",
            kind="product",
            object_id="",
            object_name="",
            before=None,
            after={"new": new, "changed": changed},
        )


_JUDGE = """
SELECT staged.*,
  CASE
    WHEN product.id IS NULL THEN 'new'
    WHEN product.name <> staged.name
      OR product.categories::text[] <> coalesce(staged.categories, product.categories)
    THEN 'changed'
    ELSE 'unchanged'
  END AS verdict
FROM staged LEFT JOIN offers_product AS product USING (sku)
"""

_INSERT = """
INSERT INTO offers_product (sku, name, categories)
SELECT sku, name, coalesce(categories, '{}') FROM judged WHERE verdict = 'new' ORDER BY sku
"""

_UPDATE = """
UPDATE offers_product AS product
SET name = judged.name, categories = coalesce(judged.categories, product.categories)
FROM judged WHERE judged.verdict = 'changed' AND product.sku = judged.sku
"""

PRODUCTS = ImportPlan(
    kind="products",
    zh="商品",
    en="products",
    permission="products.edit",
    columns=_COLUMNS,
    open_intake=staged(
        Staging(
            columns=(("sku", "text"), ("name", "text"), ("categories", "text[]")),
            key=("sku",),
            judge=_JUDGE,
            write=_write,
        )
    ),
)
