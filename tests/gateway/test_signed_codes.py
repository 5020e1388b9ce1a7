"""Signed codes at the gateway: read as any other, once, and a forged one is a guess."""

from __future__ import annotations

from typing import Any

import psycopg

from kaquan.engine.crockford import number_of, symbols_of
from kaquan.engine.signed import SIGNED_SYMBOLS
from kaquan.offline.signing import signed_code
from tests.gateway.site import Caller, Site, code_of
from tests.gateway.test_redemptions import refused_without_a_trace


def test_a_signed_code_moves_its_voucher_once_and_a_forged_one_none(
    site: Site, till: Caller, connection: psycopg.Connection[Any]
) -> None:
    batch = site.batch(offline_use=True)
    code = signed_code(batch_id=batch.batch_id, offer_version=1, serial=batch.serial())
    assert code is not None
    forged = symbols_of(number_of(code) ^ 1, SIGNED_SYMBOLS)

    refused_without_a_trace(
        connection,
        lambda: till.post("redemptions", site.redeem(forged)),
        status=404,
        code="code_forged",
    )
    first = till.post("redemptions", site.redeem(code.lower()))

    assert first.status == 200, first.body
    assert first.json["vouchers"][0]["serial"] == batch.serial()
    for one in (code, code_of(batch)):
        refused_without_a_trace(
            connection,
            lambda one=one: till.post("redemptions", site.redeem(one)),
            status=409,
            code="voucher_used",
        )
