"""Uploads of codes made elsewhere: each code is taken once, and each is told what became of it."""

from __future__ import annotations

import random
from typing import Any

import psycopg
import pytest

from kaquan.engine.outcomes import OutcomeCode
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import Door
from kaquan.redemption import actions
from kaquan.redemption.pool_uploads import PoolUpload, upload_codes
from tests.builders.books import books, number
from tests.builders.issuer import NOON, staff_of
from tests.redemption.counter import Counter, a_counter

Connection = psycopg.Connection[Any]
SYMBOLS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


def foreign_codes(count: int, seed: int = 1) -> list[str]:
    source = random.Random(seed)
    return ["".join(source.choices(SYMBOLS, k=18)) for _ in range(count)]


def upload(counter: Counter, codes: list[str], **more: Any) -> PoolUpload:
    asked: dict[str, Any] = {"actor": counter.clerk, "batch_id": counter.by_code.id, "at": NOON}
    return upload_codes(**asked | more, codes=codes)


def pool(connection: Connection) -> int:
    return number(connection, "SELECT count(*) FROM ledger_pool_code")


def test_every_code_is_told_what_became_of_it(door: Door, connection: Connection) -> None:
    counter, other = a_counter(), a_counter()
    old, elsewhere, new = (foreign_codes(100, seed) for seed in (1, 2, 3))
    upload(counter, old)
    upload(other, elsewhere)

    report = upload(counter, [*new, old[0], new[5], elsewhere[7], "", "x" * 90, "\u200b"])

    assert report.success == list(range(100))
    assert report.existing == [100]
    assert report.duplicates == [101]
    assert [(one.position, one.reason.code) for one in report.failed] == [
        (102, "code_of_another_batch"),
        (103, "required"),
        (104, "not_a_code"),
        (105, "control_character"),
    ]
    assert pool(connection) == 300


def test_an_uploaded_code_is_good_for_one_voucher(door: Door) -> None:
    counter = a_counter()
    codes = foreign_codes(100)
    upload(counter, codes)
    uses = [actions.CodeUse(codes[42].lower())]

    outcomes = [
        actions.redeem_codes(actor=counter.clerk, uses=uses, visit=counter.visit(), at=NOON)
        for _ in range(2)
    ]

    assert outcomes[0].done
    assert outcomes[1].code is OutcomeCode.VOUCHER_USED


def test_the_same_upload_again_finds_everything_and_moves_nothing(
    door: Door, connection: Connection
) -> None:
    counter = a_counter()
    codes = foreign_codes(100)
    upload(counter, codes)
    before = books(connection)

    report = upload(counter, codes)

    assert report.existing == list(range(100))
    assert not report.success
    assert books(connection) == before
    assert pool(connection) == 100


def test_codes_that_could_be_guessed_are_refused_as_a_whole(
    door: Door, connection: Connection
) -> None:
    counter = a_counter()
    weak = [f"GIFT{n:05}" for n in range(200)]
    before = books(connection)

    with pytest.raises(KaquanError) as refused:
        upload(counter, weak)

    assert refused.value.code == "codes_too_weak"
    assert books(connection) == before
    assert pool(connection) == 0
    accepted = upload(counter, weak, accept_weak=True)
    assert len(accepted.success) == 200
    assert accepted.verdict is not None
    assert accepted.verdict.accepted_weak


def test_codes_go_only_into_ones_own_batches_by_code(door: Door, connection: Connection) -> None:
    counter, other = a_counter(), a_counter()
    codes = foreign_codes(100)
    before = books(connection)

    for more, code in (
        ({"batch_id": other.by_code.id}, "batch_unknown"),
        ({"batch_id": counter.from_stock.id}, "batch_without_codes"),
        ({"actor": staff_of(counter.region, "campaigns.edit")}, "permission_denied"),
    ):
        with pytest.raises(KaquanError) as refused:
            upload(counter, codes, **more)
        assert refused.value.code == code

    assert books(connection) == before
    assert pool(connection) == 0
