"""Products come in with their categories."""

from pathlib import Path

import pytest

from kaquan.foundation.imports import run_import
from kaquan.offers.imports import PRODUCTS
from kaquan.offers.models import Product
from kaquan.offers.queries import categories_of
from tests.builders.issuer import SYSTEM, import_rows, staff_of, write_csv

pytestmark = pytest.mark.usefixtures("database")


def test_a_product_belongs_to_its_category_and_to_all_above_it(tmp_path: Path) -> None:
    rows = [
        ("商品编码", "商品名称", "品类"),
        ("001", "鲜牛奶", "食品>乳品＞牛奶"),
        ("2", "其他", ""),
    ]
    file = write_csv(tmp_path / "products.csv", rows, encoding="gb18030")

    run_import(PRODUCTS, file, actor=SYSTEM, commit=True)

    assert categories_of(["001", "2", "3"]) == {"001": ("食品", "乳品", "牛奶"), "2": ()}


def test_only_what_differs_is_changed() -> None:
    milk = {"sku": "1", "name": "牛奶", "categories": ["食品", "乳品"]}
    import_rows(PRODUCTS, [milk, {"sku": "2", "name": "茶"}])

    report = import_rows(
        PRODUCTS, [{"sku": "1", "name": "牛奶"}, {"sku": "2", "name": "绿茶"}, milk | {"sku": "3"}]
    )

    assert (report.new, report.changed, report.unchanged) == (1, 1, 1)
    assert categories_of(["1"]) == {"1": ("食品", "乳品")}
    assert Product.objects.get(sku="2").name == "绿茶"


def test_importing_products_needs_the_permission() -> None:
    with pytest.raises(Exception, match=r"products\.edit"):
        run_import(PRODUCTS, [], actor=staff_of(None, "customers.edit"))
