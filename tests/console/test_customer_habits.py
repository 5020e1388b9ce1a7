"""What a customer's page answers: how often, where, when, and for what."""

from __future__ import annotations

import pytest

from kaquan.redemption.imports_orders import ORDERS
from tests.api.world import Side
from tests.builders.issuer import an_organisation, import_rows
from tests.console.people import a_browser, an_operator, at
from tests.customers.test_activity import a_line
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")


def test_a_page_tells_habits_of_whose_orders_are_known_and_of_nobody_else(
    database: Database,
) -> None:
    side = Side(an_organisation("总部", None))
    browser, address = (
        a_browser(an_operator(side.organisation)),
        at("customer", key=side.customer.id),
    )
    assert "常来的时段" not in browser.get(address).content.decode()

    order = a_line("A-7", side.customer.number, 3_000)
    import_rows(ORDERS, [order | {"store_code": side.store.organisation.code}])
    page = browser.get(address).content.decode()

    for told in (
        "周一（1）",
        "12:00–13:00（1）",
        "milk（1）",
        f"{side.store.organisation.name}（1）",
    ):
        assert told in page
    assert "平均每" not in page.split("习惯与偏好")[1].split("平均每单")[0]
