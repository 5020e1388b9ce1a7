"""An issuer to fuzz: a bit of everything, and the names by which requests may ask for it."""

from __future__ import annotations

from typing import Any

from kaquan.access.actions import NewKey, create_client, create_key
from kaquan.campaigns.actions import add_batch
from kaquan.foundation import clock
from kaquan.ledger.balances import custody_runs
from kaquan.ledger.sessions import reading_session
from kaquan.offers.actions import create_offer
from kaquan.organisations.models import Organisation
from kaquan.redemption.codes import code_book
from tests.api.calling import EVERYTHING
from tests.api.trade import FOR_EVER
from tests.api.world import SUBJECTS, Side
from tests.builders.issuer import SYSTEM, a_number, an_organisation

KEYS = 40
VOUCHERS_A_BATCH = 200
BENEFITS: tuple[dict[str, Any], ...] = (
    {"kind": "amount_off", "amount_fen": 500},
    {"kind": "percent_off", "basis_points_off": 1_500, "cap_fen": 3_000},
    {"kind": "count_card", "uses": 5, "value_per_use_fen": 1_500},
    {"kind": "prepaid_card", "face_fen": 20_000, "max_balance_fen": 100_000},
)

Names = dict[str, list[Any]]


def an_issuer() -> dict[str, Any]:
    """What a run of the fuzzer is told: API keys, and for each kind of name some that exist."""
    root = an_organisation(a_number("总部"), None)
    sides = [Side(root), Side(root)]
    names: Names = {}
    for name, subject in SUBJECTS.items():
        values = [subject.of(side) for side in sides]
        names[name] = [one for value in values for one in _each(value)]
    codes = _codes(sides[0])
    names["voucher_code"] += codes
    names["code"] = codes
    names["url"] = ["https://127.0.0.1:1/kaquan"]
    names["sku"] = ["latte", "cake"]
    keys = _keys(root)
    return {
        "keys": [key.text for key in keys],
        "names": names,
        # Those that the run calls with, and their client: it should not lock itself out.
        "spared": {
            "key_id": [str(key.key.id) for key in keys],
            "client_id": [str(key.key.client_id) for key in keys[:1]],
        },
    }


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _keys(root: Organisation) -> list[NewKey]:
    """Many keys of one client, for each has a rate of its own."""
    now = clock.now()
    client = create_client(actor=SYSTEM, name=a_number("模糊测试"), at=now, organisation_id=root.id)
    return [
        create_key(actor=SYSTEM, client_id=client.id, permissions=EVERYTHING, at=now)
        for _ in range(KEYS)
    ]


def _codes(side: Side) -> list[str]:
    """The codes of vouchers of several kinds."""
    now, codes = clock.now(), []
    for benefit in BENEFITS:
        terms = {"benefit": benefit, "validity": FOR_EVER}
        version = create_offer(actor=SYSTEM, code=a_number("o-"), name="券", terms=terms, at=now)
        batch = add_batch(
            actor=SYSTEM, campaign_id=side.trade.campaign.id, name=a_number("批-"),
            version_id=version.id, quantity=VOUCHERS_A_BATCH, at=now,
            budget_id=side.trade.budget.id, by_code=True,
        )  # fmt: skip
        first = custody_runs(reading_session(), batch.id)[0].first_serial
        codes += [code_book().encode(first + index) for index in range(VOUCHERS_A_BATCH)]
    return codes
