"""Signed codes of a batch: only where terms allow it, for who may take codes out; read online."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from kaquan.engine.codes import CodeFault
from kaquan.engine.crockford import number_of, symbols_of
from kaquan.engine.outcomes import OutcomeCode
from kaquan.engine.signed import SIGNED_SYMBOLS, SignedVoucher
from kaquan.foundation import keys
from kaquan.foundation.changes.models import Change
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import close_door
from kaquan.ledger.known_keys import know_keys
from kaquan.offline.code_files import export_signed_codes
from kaquan.offline.signing import signed_code
from kaquan.offline.signing_keys import replace_signing_key, revoke_signing_key, signing_keys
from kaquan.redemption import actions
from kaquan.redemption.actions import CodeUse
from kaquan.redemption.codes import read_code
from kaquan.redemption.signed_keys import PURPOSE, public_keys, read_signed_code
from tests.builders.books import books
from tests.builders.issuer import NOON, SYSTEM, staff_of
from tests.redemption.counter import Counter, a_counter

Connection = psycopg.Connection[tuple[object, ...]]
TILL = frozenset({"ledger_block", "ledger_lane", "ledger_request"})


@pytest.fixture(autouse=True)
def _own_door(connection: Connection) -> Iterator[None]:
    yield
    close_door()


def signed(counter: Counter, index: int = 0) -> str:
    serial = read_code(counter.codes[index])
    assert isinstance(serial, int)
    batch = counter.by_code
    code = signed_code(batch_id=batch.id, offer_version=batch.offer_version_id, serial=serial)
    assert code is not None
    return code


def test_a_batchs_file_holds_each_code_beside_its_signed_form_and_is_private(
    tmp_path: Path,
) -> None:
    counter = a_counter(offline_use=True)
    path = tmp_path / "signed.csv"

    count = export_signed_codes(actor=SYSTEM, batch_id=counter.by_code.id, path=path)

    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert count == len(rows) == len(counter.codes)
    assert path.stat().st_mode & 0o077 == 0
    for row, code in zip(rows, counter.codes, strict=True):
        assert read_code(row["code"]) == read_code(row["signed_code"]) == read_code(code)
    said = read_signed_code(rows[0]["signed_code"])
    assert isinstance(said, SignedVoucher)
    assert said.offer_version == counter.by_code.offer_version_id
    assert (said.value_fen, said.first_day, said.last_day) == (
        2_000,
        date(2026, 1, 1),
        date(2026, 12, 31),
    )


def test_only_terms_that_allow_it_and_people_who_may_get_signed_codes(tmp_path: Path) -> None:
    online, offline = a_counter(), a_counter(offline_use=True)
    path = tmp_path / "signed.csv"

    for actor, batch, code in (
        (SYSTEM, online.by_code, "batch_not_for_offline"),
        (SYSTEM, offline.from_stock, "batch_without_codes"),
        (staff_of(None, "redemption.redeem"), offline.by_code, "permission_denied"),
        (offline.stranger, offline.by_code, "batch_unknown"),
    ):
        with pytest.raises(KaquanError) as refused:
            export_signed_codes(actor=actor, batch_id=batch.id, path=path)
        assert refused.value.code == code
    assert not path.exists()


def test_a_signed_code_redeems_its_voucher_once_and_a_forged_one_moves_nothing(
    connection: Connection,
) -> None:
    counter = a_counter(offline_use=True)
    code = signed(counter)
    before = books(connection)

    forged = symbols_of(number_of(code) ^ 1 << 600, SIGNED_SYMBOLS)
    use = {"actor": SYSTEM, "visit": counter.visit(), "at": NOON}
    refused = actions.redeem_codes(uses=[CodeUse(forged)], **use)
    assert refused.code is OutcomeCode.CODE_FORGED
    assert books(connection) == before

    done = actions.redeem_codes(uses=[CodeUse(code)], **use)
    assert done.done
    assert counter.redeem(0).code is OutcomeCode.VOUCHER_USED


def test_a_key_that_was_replaced_still_proves_what_it_signed() -> None:
    counter = a_counter(offline_use=True)
    old = signed(counter)

    keys.rotate(current_configuration().key_file, PURPOSE)
    new = signed(counter)

    assert old != new
    assert read_code(old) == read_code(new) == read_code(counter.codes[0])
    assert [one.key_id for one in public_keys()][:2] == [
        said.key_id
        for said in (read_signed_code(new), read_signed_code(old))
        if not isinstance(said, CodeFault)
    ]


def test_what_a_revoked_key_signed_is_taken_nowhere_and_its_voucher_stays_good(
    connection: Connection,
) -> None:
    counter = a_counter(offline_use=True)
    old = signed(counter)
    before = books(connection)
    (leaked, *_) = signing_keys(SYSTEM)

    active = revoke_signing_key(actor=SYSTEM, key_id=leaked.key_id, at=NOON)

    assert active.key_id > leaked.key_id
    assert leaked.key_id not in {one.key_id for one in public_keys()}
    use = {"actor": SYSTEM, "visit": counter.visit(), "at": NOON}
    assert actions.redeem_codes(uses=[CodeUse(old)], **use).code is OutcomeCode.CODE_FORGED
    assert books(connection) == before
    assert actions.redeem_codes(uses=[CodeUse(signed(counter, 1))], **use).done
    assert counter.redeem(0).done
    kept = Change.objects.get(verb="codes.revoke_signing_key")
    assert (kept.object_id, kept.after) == (str(leaked.key_id), {"status": "revoked"})
    know_keys(connection, keys.load(current_configuration().key_file))


def test_a_signing_key_is_revoked_once_and_by_who_may_take_codes_out() -> None:
    stranger = staff_of(None, "redemption.redeem")
    active = replace_signing_key(actor=SYSTEM)
    before = keys.load(current_configuration().key_file).standings(PURPOSE)

    for actor, key_id, code in (
        (SYSTEM, 9_999, "signing_key_unknown"),
        (stranger, active.key_id, "permission_denied"),
    ):
        with pytest.raises(KaquanError) as refused:
            revoke_signing_key(actor=actor, key_id=key_id, at=NOON)
        assert refused.value.code == code
    assert keys.load(current_configuration().key_file).standings(PURPOSE) == before
    revoke_signing_key(actor=SYSTEM, key_id=active.key_id, at=NOON)
    with pytest.raises(KaquanError, match="已经吊销"):
        revoke_signing_key(actor=SYSTEM, key_id=active.key_id, at=NOON)
