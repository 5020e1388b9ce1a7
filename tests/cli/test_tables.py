"""Tables and foreign codes in: a dry run first, then for good, and twice changes nothing."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.builders.books import books, number
from tests.builders.issuer import TERMS, a_number, a_store, an_organisation, write_csv
from tests.cli.conftest import Kaquan

Connection = psycopg.Connection[Any]
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


@pytest.fixture
def batch(kaquan: Kaquan, tmp_path: Path) -> int:
    """A batch that is used by code."""
    path = tmp_path / "terms.json"
    path.write_text(str(TERMS).replace("'", '"'), encoding="utf-8")
    minted = kaquan("mint", 1, "--terms", path, "--name", a_number("批"), "--json")
    return int(minted.json["batch_id"])


def pool(path: Path, count: int, *, length: int = 16, seed: int = 1) -> list[str]:
    """A file of random foreign codes."""
    chance = random.Random(seed)
    codes = ["".join(chance.choices(LETTERS, k=length)) for _ in range(count)]
    write_csv(path, [["券码"], *([code] for code in codes)])
    return codes


def test_a_table_is_tried_then_written_and_twice_changes_nothing(
    kaquan: Kaquan, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "s.csv", [["code", "name"], ["S1", "一店"], ["", "无编码"]])

    tried = kaquan("import", "stores", path, "--json")
    written = kaquan("import", "stores", path, "--commit", "--json")
    again = kaquan("import", "stores", path, "--commit", "--json")

    assert (tried.json["new"], tried.json["committed"]) == (1, False)
    assert (written.json["new"], written.json["broken"]) == (1, 1)
    assert (again.json["new"], again.json["unchanged"]) == (0, 1)
    assert [ran.exit_code for ran in (tried, written, again)] == [1, 1, 1]  # a row is broken
    assert written.json["problems"][0]["row"] == 3


def test_broken_rows_go_into_a_file_with_row_column_and_reason(
    kaquan: Kaquan, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "s.csv", [["code", "name"], ["S1", "一店"], ["", "无编码"]])
    errors = tmp_path / "errors.csv"

    ran = kaquan("import", "stores", path, "--errors", errors)

    assert ran.exit_code == 1
    assert str(errors) in ran.out
    told = errors.read_text(encoding="utf-8-sig")
    assert "此列必填" in told
    assert "this column must not be empty" in told


def test_foreign_codes_are_brought_in_and_used(
    kaquan: Kaquan, tmp_path: Path, batch: int, connection: Connection
) -> None:
    path = tmp_path / "pool.csv"
    codes = pool(path, 500)
    store = a_store(an_organisation(a_number("总部"), None)).organisation.code

    tried = kaquan("codes", "import", batch, path, "--json")
    assert number(connection, "SELECT count(*) FROM ledger_pool_code") == 0
    written = kaquan("codes", "import", batch, path, "--commit", "--json")
    typed = codes[7].lower()[:8] + " - " + codes[7][8:]
    redeemed = kaquan("redeem", typed, "--store", store, "--amount", 99, "--json")
    again = kaquan("redeem", codes[7], "--store", store, "--amount", 99, "--json")

    assert tried.json["new"] == written.json["new"] == 500
    assert written.json["strength"]["ok"]
    assert redeemed.exit_code == 0, redeemed
    assert again.json["outcome"]["code"] == "VOUCHER_USED"
    assert kaquan("prove").exit_code == 0


def test_a_pool_brought_in_twice_changes_nothing(
    kaquan: Kaquan, tmp_path: Path, batch: int, connection: Connection
) -> None:
    pool(tmp_path / "pool.csv", 50)
    assert kaquan("codes", "import", batch, tmp_path / "pool.csv", "--commit").exit_code == 0
    before = books(connection)

    again = kaquan("codes", "import", batch, tmp_path / "pool.csv", "--commit", "--json")

    assert (again.json["new"], again.json["unchanged"]) == (0, 50)
    assert books(connection) == before


def test_repeated_foreign_and_impossible_codes_are_told_without_being_shown(
    kaquan: Kaquan, tmp_path: Path, batch: int
) -> None:
    path, errors = tmp_path / "pool.csv", tmp_path / "errors.csv"
    codes = pool(path, 50)
    assert kaquan("codes", "import", batch, path, "--commit").exit_code == 0
    terms = tmp_path / "terms.json"
    other = kaquan("mint", 1, "--terms", terms, "--name", a_number("批"), "--json").json["batch_id"]
    fresh = pool(tmp_path / "more.csv", 50, seed=2)
    write_csv(path, [["code"], *([c] for c in fresh), [fresh[0].lower()], [codes[3]], ["x" * 90]])

    ran = kaquan("codes", "import", other, path, "--commit", "--errors", errors, "--json")

    assert ran.exit_code == 1
    assert (ran.json["new"], ran.json["broken"]) == (50, 3)
    told = {problem["row"]: problem["code"] for problem in ran.json["problems"]}
    assert told == {52: "code_repeated", 53: "code_of_another_batch", 54: "not_a_code"}
    written = errors.read_text(encoding="utf-8-sig")
    assert not any(code in written for code in (codes[3], fresh[0], "xxxx"))


def test_codes_that_could_be_guessed_are_refused_unless_somebody_decides(
    kaquan: Kaquan, tmp_path: Path, batch: int, connection: Connection
) -> None:
    path = tmp_path / "pool.csv"
    write_csv(path, [["code"], *([f"{n:08}"] for n in range(1, 400))])
    before = books(connection)

    refused = kaquan("codes", "import", batch, path, "--commit")

    assert refused.exit_code == 1
    assert "券码太弱" in refused.err
    assert books(connection) == before
    accepted = kaquan("codes", "import", batch, path, "--commit", "--accept-weak", "--json")
    assert accepted.exit_code == 0
    assert accepted.json["strength"]["accepted_weak"]


def test_codes_made_elsewhere_cannot_be_exported(
    kaquan: Kaquan, tmp_path: Path, batch: int
) -> None:
    pool(tmp_path / "pool.csv", 50)
    assert kaquan("codes", "import", batch, tmp_path / "pool.csv", "--commit").exit_code == 0

    refused = kaquan("codes", "export", batch, tmp_path / "out.csv")

    assert refused.exit_code == 1
    assert not (tmp_path / "out.csv").exists()
