"""Whatever is typed, the answer is a sentence in both languages and an exit code, never a trace."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kaquan.surfaces.cli.failures import ERROR_LOG
from kaquan.surfaces.cli.main import main
from tests.builders.books import books
from tests.cli.conftest import Kaquan
from tests.fixtures_database import Database

HUGE = "9" * 400
TEXTS = ("", " ", "\x00", "\udcff\udcfe", "\x1b[31m", "９" * 20, "0" * 10_000, "\u202eRTL", HUGE)


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_as_a_code_gets_an_answer(kaquan: Kaquan, text: str) -> None:
    ran = kaquan("codes", "check", text)

    assert ran.exit_code in (1, 2)
    assert "\x1b[31m" not in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("mint", HUGE, "--batch", "1"),
        ("mint", "-5", "--batch", "1"),
        ("mint", "1.5", "--batch", "1"),
        ("mint", "five", "--batch", "1"),
        ("mint", "5"),
        ("mint", "5", "--batch", "1", "--terms", "x.json"),
        ("mint", "5", "--terms", "/nowhere/terms.json"),
        ("mint", "5", "--terms", "/"),
        ("redeem", "x"),
        ("redeem", "x", "--store", "S", "--amount", HUGE),
        ("redeem", "x", "--store", "S", "--amount", "-1"),
        ("redeem", "x", "--store", "S", "--amount", "1.234"),
        ("redeem", "x", "--store", "S", "--amount", "NaN"),
        ("redeem", "x", "--store", "S", "--line", "latte"),
        ("redeem", "x", "--store", "S", "--line", "latte:0:5"),
        ("redeem", "x", "--store", "S", "--line", "a:1:5", "--amount", "5"),
        ("redeem", "x", "--store", "S", "--request-key", "\udcff"),
        ("redeem", "x", "--store", "S", "--as", "system:root"),
        ("redeem", "x", "--store", "S", "--as", "nobody"),
        ("reverse", "not-a-number"),
        ("reverse", "R200100B"),
        ("claim", HUGE, "--customer", "M"),
        ("claim", "0", "--customer", "M"),
        ("codes", "export", "1"),
        ("codes", "export", "1", "codes.pdf"),
        ("import", "dragons", "x.csv"),
        ("import", "stores", "/nowhere/x.csv"),
        ("import", "stores", "/"),
        ("replay", "complete-journey", "--report", "/nowhere/at/all.html"),
        ("up", "--traffic", "many"),
        ("nonsense",),
        ("--nonsense",),
        ("\udcff",),
        (),
        ("codes",),
    ],
)
def test_wrong_use_is_told_and_nothing_moves(
    kaquan: Kaquan, database: Database, arguments: tuple[str, ...]
) -> None:
    before = books(database.connect())

    ran = kaquan(*arguments)

    assert ran.exit_code in (1, 2), ran
    assert ran.err or ran.out
    assert books(database.connect()) == before


def test_an_error_with_json_is_json(kaquan: Kaquan) -> None:
    ran = kaquan("import", "stores", "/nowhere/\udcff.csv", "--json")

    assert ran.exit_code == 2
    assert set(ran.json["error"]) == {"code", "zh", "en"}


@pytest.mark.parametrize("seed", range(5))
def test_a_file_of_noise_is_no_table(kaquan: Kaquan, tmp_path: Path, seed: int) -> None:
    path = tmp_path / "noise.csv"
    path.write_bytes(random.Random(seed).randbytes(20_000))

    for kind in ("stores", "customers", "orders", "redemptions"):
        assert kaquan("import", kind, path).exit_code in (1, 2)
    assert kaquan("mint", 1, "--terms", path).exit_code in (1, 2)


def test_our_own_fault_is_one_sentence_a_log_and_70(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_arguments: Any, **_named: Any) -> None:
        raise RuntimeError("a bug with a secret in it")

    monkeypatch.setattr("kaquan.analytics.proving.prove_ledger", broken)
    exit_code, said = main(["prove"]), capsys.readouterr().err

    log = database.configuration.home / "log" / ERROR_LOG
    assert exit_code == 70
    assert "程序出错" in said
    assert str(log) in said
    assert "secret" not in said
    assert "a bug with a secret in it" in log.read_text(encoding="utf-8")


def test_a_database_that_is_away_is_69(database: Database) -> None:
    url = "postgresql://nobody:secret@127.0.0.1:1/kaquan"
    ran = subprocess.run(
        [sys.executable, "-m", "kaquan", "prove"],
        env=database.child_environment(DATABASE_URL=url),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert ran.returncode == 69, ran
    assert "无法连接数据库" in ran.stderr
    assert "secret" not in ran.stderr
    assert "Traceback" not in ran.stderr


def test_bytes_that_are_no_text_on_a_real_command_line(database: Database) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "kaquan", "codes", "check", b"\xff\xfe\x80"],
        env=database.child_environment(),
        capture_output=True,
        check=False,
    )

    assert ran.returncode == 1
    assert b"CODE_MALFORMED" in ran.stdout
    assert b"Traceback" not in ran.stderr


def test_whoever_stops_reading_is_no_error(database: Database) -> None:
    command = f"{sys.executable} -m kaquan config --json | head -c 10"
    ran = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        env=database.child_environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert "Traceback" not in ran.stderr
    assert "Exception" not in ran.stderr


def test_a_session_that_lacks_migrations_is_told_what_to_run(
    kaquan: Kaquan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "kaquan.foundation.django_setup.unapplied_migrations", lambda: ["ledger.9999_later"]
    )

    ran = kaquan("prove")

    assert ran.exit_code == 78
    assert "kaquan migrate" in ran.err


def test_losing_the_connection_says_so(kaquan: Kaquan, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_arguments: Any, **_named: Any) -> None:
        raise psycopg.OperationalError("server closed the connection")

    monkeypatch.setattr("kaquan.analytics.proving.prove_ledger", away)

    assert kaquan("prove").exit_code == 69
