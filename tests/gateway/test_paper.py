"""Paper over HTTP: dead until activated, and refused once it is gone."""

from __future__ import annotations

from typing import Any

import psycopg

from kaquan.engine.commands import MovePieces
from tests.builders.ledger import NOON, BuiltBatch, done
from tests.gateway.site import Caller, Site, code_of
from tests.gateway.test_redemptions import refused_without_a_trace


def move(site: Site, batch: BuiltBatch, act: str, first: int, number: int) -> None:
    done(
        site.door,
        MovePieces(
            at=NOON,
            batch_id=batch.batch_id,
            first_serial=batch.serial(first),
            quantity=number,
            act=act,
            organisation_id=30,
            actor="staff:1",
            witness="staff:2" if act == "destroy" else "",
        ),
    )


def test_printed_vouchers_are_dead_until_activated_and_refused_when_gone(
    site: Site, till: Caller, connection: psycopg.Connection[Any]
) -> None:
    batch = site.batch()

    def refused(index: int, code: str) -> str:
        body = site.redeem(code_of(batch, index))
        answer = refused_without_a_trace(
            connection, lambda: till.post("redemptions", body), status=409, code=code
        )
        return str(answer.json)

    assert till.post("redemptions", site.redeem(code_of(batch, 0))).status == 200
    move(site, batch, "print", 1, 6)
    refused(1, "voucher_not_activated")
    move(site, batch, "receive", 1, 6)
    refused(1, "voucher_not_activated")
    move(site, batch, "activate", 1, 6)
    assert till.post("redemptions", site.redeem(code_of(batch, 1))).status == 200
    for index, (act, code) in enumerate(
        (
            ("spoil", "voucher_spoiled"),
            ("lose", "voucher_lost"),
            ("destroy", "voucher_destroyed"),
            ("send", "voucher_not_handed_out"),
        ),
        2,
    ):
        move(site, batch, act, index, 1)
        assert "纸券" in refused(index, code)
