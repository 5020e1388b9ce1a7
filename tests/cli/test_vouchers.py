"""A voucher's life from the command line: minted, exported, redeemed, refused, reversed, traced."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kaquan.customers.actions import create_customer
from tests.builders.books import books
from tests.builders.issuer import SYSTEM, TERMS, a_number, a_store, an_organisation
from tests.cli.conftest import Kaquan

Connection = psycopg.Connection[Any]


@pytest.fixture
def store(kaquan: Kaquan) -> str:
    """The code of a store."""
    return a_store(an_organisation(a_number("总部"), None)).organisation.code


@pytest.fixture
def terms(tmp_path: Path) -> Path:
    """A file with terms: 20 yuan off."""
    path = tmp_path / "terms.json"
    path.write_text(json.dumps(TERMS), encoding="utf-8")
    return path


def mint(kaquan: Kaquan, terms: Path, quantity: int = 3, *more: object) -> int:
    """A batch of its own; returns its number."""
    minted = kaquan("mint", quantity, "--terms", terms, "--name", a_number("批"), *more, "--json")
    assert minted.exit_code == 0, minted
    return int(minted.json["batch_id"])


def codes_of(kaquan: Kaquan, batch: int, folder: Path) -> list[str]:
    """The batch's codes, as exported."""
    path = folder / f"codes-{batch}.csv"
    assert kaquan("codes", "export", batch, path).exit_code == 0
    heading, *codes = path.read_text(encoding="utf-8").splitlines()
    assert heading == "code"
    return codes


def test_a_voucher_lives_its_life_from_the_command_line(
    kaquan: Kaquan, store: str, terms: Path, tmp_path: Path
) -> None:
    batch = mint(kaquan, terms, 3, "--budget", "1,000")
    first, *_ = codes_of(kaquan, batch, tmp_path)

    redeemed = kaquan(
        "redeem", first, "--store", store, "--order", "A1", "--amount", "128", "--json"
    )
    again = kaquan("redeem", first, "--store", store, "--order", "A2", "--amount", "128", "--json")
    number = redeemed.json["redemption"]
    reversed_ = kaquan("reverse", number, "--reason", "退货", "--json")
    trace = kaquan("show", first, "--json")

    assert redeemed.exit_code == 0
    assert redeemed.json["discount_fen"] == 2_000
    assert redeemed.json["outcome"]["code"] == "DONE"
    assert again.exit_code == 1
    assert again.json["outcome"]["code"] == "VOUCHER_USED"
    assert reversed_.exit_code == 0
    assert trace.json["state"] == "LIVE"
    assert [step["operation"] for step in trace.json["steps"]] == ["redeem", "reverse"]
    assert trace.json["steps"][0]["number"] == number
    assert kaquan("prove").exit_code == 0


def test_a_refusal_is_said_in_both_languages_and_moves_nothing(
    kaquan: Kaquan, store: str, terms: Path, tmp_path: Path, connection: Connection
) -> None:
    first, *_ = codes_of(kaquan, mint(kaquan, terms), tmp_path)
    assert kaquan("redeem", first, "--store", store, "--amount", 50).exit_code == 0
    before = books(connection)

    refused = kaquan("redeem", first, "--store", store, "--amount", 50)

    assert refused.exit_code == 1
    assert "VOUCHER_USED" in refused.out
    assert "这张券已使用" in refused.out
    assert "used up" in refused.out
    assert books(connection) == before


def test_a_trial_run_books_nothing(
    kaquan: Kaquan, store: str, terms: Path, tmp_path: Path, connection: Connection
) -> None:
    first, *_ = codes_of(kaquan, mint(kaquan, terms), tmp_path)
    before = books(connection)

    tried = kaquan("redeem", first, "--store", store, "--amount", 50, "--dry-run", "--json")

    assert tried.exit_code == 0
    assert tried.json["discount_fen"] == 2_000
    assert books(connection) == before


def test_a_request_key_makes_a_repeated_command_one_redemption(
    kaquan: Kaquan, store: str, terms: Path, tmp_path: Path
) -> None:
    first, second, *_ = codes_of(kaquan, mint(kaquan, terms), tmp_path)
    asked = ["redeem", first, "--store", store, "--amount", 50, "--request-key", "4711", "--json"]

    once, twice = kaquan(*asked), kaquan(*asked)
    other = kaquan(*[second if part == first else part for part in asked])

    assert once.json["redemption"] == twice.json["redemption"]
    assert other.exit_code == 1
    assert other.json["outcome"]["code"] == "REQUEST_KEY_REUSED"


def test_lines_of_an_order_are_given_and_taken_back(
    kaquan: Kaquan, store: str, terms: Path, tmp_path: Path
) -> None:
    first, *_ = codes_of(kaquan, mint(kaquan, terms), tmp_path)
    order = ["--store", store, "--order", "A9", "--line", "latte:2:60", "--line", "cake:1:40"]

    redeemed = kaquan("redeem", first, *order, "--json")
    returned = kaquan("reverse", first, "--order", "A9", "--line", "2:1", "--json")

    assert redeemed.json["vouchers"][0]["allocation_fen"] == [1_200, 800]
    assert returned.json["discount_fen"] == -800


def test_a_customer_claims_a_voucher_and_is_told_its_code(
    kaquan: Kaquan, store: str, terms: Path
) -> None:
    batch = mint(kaquan, terms, 3, "--from-stock")
    create_customer(actor=SYSTEM, number="M-1")

    claimed = kaquan("claim", batch, "--customer", "M-1", "--json")
    redeemed = kaquan("redeem", claimed.json["code"], "--store", store, "--amount", 99)

    assert claimed.exit_code == 0
    assert redeemed.exit_code == 0


def test_a_trace_needs_the_permission(kaquan: Kaquan, terms: Path, tmp_path: Path) -> None:
    first, *_ = codes_of(kaquan, mint(kaquan, terms), tmp_path)

    refused = kaquan("show", first, "--as", "clerk:17")

    assert refused.exit_code == 77
    assert "voucher.trace" in refused.err
    assert refused.out == ""


def test_a_batch_grows_once_for_each_request(kaquan: Kaquan, terms: Path, tmp_path: Path) -> None:
    batch = mint(kaquan, terms, 2)

    for _ in range(2):
        assert kaquan("mint", 5, "--batch", batch, "--request-key", "more").exit_code == 0

    assert len(codes_of(kaquan, batch, tmp_path)) == 7


def test_a_code_file_is_private_and_never_overwritten_by_mistake(
    kaquan: Kaquan, terms: Path, tmp_path: Path
) -> None:
    batch, path = mint(kaquan, terms), tmp_path / "codes.csv"

    first = kaquan("codes", "export", batch, path)
    content = path.read_bytes()
    second = kaquan("codes", "export", batch, path)
    replaced = kaquan("codes", "export", batch, path, "--replace")

    assert (first.exit_code, second.exit_code, replaced.exit_code) == (0, 2, 0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == content
    assert list(tmp_path.glob(".*")) == []


def test_csv_and_xlsx_hold_the_same_codes(kaquan: Kaquan, terms: Path, tmp_path: Path) -> None:
    from python_calamine import CalamineWorkbook

    batch, path = mint(kaquan, terms, 20_000), tmp_path / "codes.xlsx"

    assert kaquan("codes", "export", batch, path).exit_code == 0

    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    codes = codes_of(kaquan, batch, tmp_path)
    assert [row[0] for row in rows] == ["code", *codes]
    assert len(set(codes)) == 20_000


def test_a_code_is_looked_at_without_a_database(
    kaquan: Kaquan, terms: Path, tmp_path: Path
) -> None:
    first, *_ = codes_of(kaquan, mint(kaquan, terms), tmp_path)
    swapped = first[-1] + first[1:-1] + first[0]

    good = kaquan("codes", "check", first.lower(), "--json")
    typo = kaquan("codes", "check", swapped, "--json")
    short = kaquan("codes", "check", "1234", "--json")

    assert (good.exit_code, good.json["code"]) == (0, "DONE")
    assert (typo.exit_code, typo.json["code"]) == (1, "CODE_MISTYPED")
    assert (short.exit_code, short.json["code"]) == (1, "CODE_MALFORMED")


def test_a_signing_key_is_revoked_from_the_command_line_and_has_a_successor(
    kaquan: Kaquan,
) -> None:
    (old, *_) = kaquan("codes", "signing-keys", "list", "--json").json["keys"]
    told = kaquan("codes", "signing-keys", "revoke", old["key_id"])
    new, revoked, *_ = kaquan("codes", "signing-keys", "list", "--json").json["keys"]

    assert "已吊销 · revoked" in told.out
    assert (new["status"], revoked["status"]) == ("active", "revoked")
    assert (old["status"], revoked["key_id"]) == ("active", old["key_id"])
