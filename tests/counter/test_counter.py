"""The counter over HTTP: a device becomes a terminal, a clerk redeems, the books say the rest."""

from __future__ import annotations

import pytest

from tests.builders.books import books, differing
from tests.counter.standing import a_batch_of_codes, a_stand
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files", "database")
TOLD = {"ledger_block", "ledger_lane", "ledger_request"}
"""What a refusal that was asked for by name is written into: that it was refused."""
EXCHANGE = {"kind": "exchange", "goods": {"skus": ["TEA"]}, "value_cap_fen": 1_500}


def test_a_clerk_redeems_a_voucher_and_a_second_time_is_told_when_and_where(
    database: Database,
) -> None:
    stand = a_stand()
    (code,) = a_batch_of_codes(EXCHANGE, 1)

    done = stand.redeem(code)["done"]
    before = books(database.connect())
    again = stand.redeem(code)["done"]

    assert done["done"]
    assert done["vouchers"][0]["discountFen"] == 1_500
    assert not again["done"]
    assert again["refused"]["code"] == "voucher_used"
    assert f"在{stand.store.organisation.name}使用" in again["refused"]["zh"]
    assert differing(before, books(database.connect())) <= TOLD
