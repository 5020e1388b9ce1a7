"""What an operator asks of an installation: its settings, health, proof and help."""

from __future__ import annotations

import psycopg
import pytest

from kaquan.foundation.configuration import SETTINGS
from kaquan.foundation.postgres.urls import superuser_url
from kaquan.ledger.door import Door
from kaquan.surfaces.cli.exit_codes import EXIT_CODES
from tests.builders.ledger import a_claimed_voucher
from tests.cli.conftest import Kaquan
from tests.fixtures_database import Database
from tests.session_folder import home_configuration

COMMANDS = (
    "mint claim redeem reverse show import codes up keys jobs demo replay prove doctor config "
    "migrate bench"
)


def test_config_shows_every_setting_and_no_secret(kaquan: Kaquan, database: Database) -> None:
    url = database.configuration.database_url
    assert url is not None

    shown, as_json = kaquan("config"), kaquan("config", "--json")

    assert all(setting.name in shown.out for setting in SETTINGS)
    assert [one["name"] for one in as_json.json["settings"]] == [one.name for one in SETTINGS]
    assert url not in shown.out + as_json.out
    assert psycopg.conninfo.conninfo_to_dict(url)["password"] not in shown.out + as_json.out


def test_doctor_finds_this_installation_healthy(kaquan: Kaquan) -> None:
    shown, as_json = kaquan("doctor"), kaquan("doctor", "--json")

    assert shown.exit_code == as_json.exit_code == 0
    assert as_json.json["healthy"]
    assert {"python", "keys", "database"} <= {check["name"] for check in as_json.json["checks"]}


def test_migrate_says_when_there_is_nothing_to_do(kaquan: Kaquan) -> None:
    assert kaquan("migrate", "--json").json == {"applied": []}


def test_prove_is_quiet_about_sound_books_and_3_about_others(
    kaquan: Kaquan, database: Database, door: Door, session_folder: object
) -> None:
    a_claimed_voucher(door)
    sound = kaquan("prove", "--json")
    url = superuser_url(home_configuration(session_folder / "shared"), _name(database))
    with psycopg.connect(url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        # kaquan-allow: ledger-writes because this is the crime that the proof must find
        superuser.execute("UPDATE ledger_entry SET amount = amount + 1 WHERE index = 0")

    wrong, shown = kaquan("prove", "--json"), kaquan("prove")

    assert (sound.exit_code, sound.json["ok"], sound.json["faults"]) == (0, True, [])
    assert sound.json["head_hashes"]
    assert (wrong.exit_code, wrong.json["ok"]) == (3, False)
    assert shown.exit_code == 3
    assert wrong.json["faults"][0]["key"] in shown.out


def _name(database: Database) -> str:
    url = database.configuration.database_url
    assert url is not None
    return str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])


@pytest.mark.parametrize("command", COMMANDS.split())
def test_every_command_helps_in_both_languages(kaquan: Kaquan, command: str) -> None:
    ran = kaquan(command, "--help")

    assert ran.exit_code == 0
    assert any("\u4e00" <= character <= "\u9fff" for character in ran.out)
    assert " · " in ran.out


def test_help_names_every_command_and_exit_code(kaquan: Kaquan) -> None:
    ran = kaquan("--help")

    assert all(command in ran.out for command in COMMANDS.split())
    assert all(f"{code:d} {zh}" in ran.out for code, zh, _ in EXIT_CODES)


def test_the_version_is_told(kaquan: Kaquan) -> None:
    assert kaquan("--version").out.startswith("kaquan ")
