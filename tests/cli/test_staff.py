"""``kaquan staff`` and what the proof says of the change log."""

from __future__ import annotations

from typing import Any

import psycopg

from kaquan.foundation.postgres.urls import superuser_url
from kaquan.staff.models import RoleGrant, StaffUser
from tests.builders.issuer import an_organisation
from tests.cli.conftest import Kaquan
from tests.fixtures_database import Database, _database_name, _shared_home


def test_the_first_administrator_is_made_at_the_machine(kaquan: Kaquan) -> None:
    made = kaquan("staff", "create", "admin", "张三", "--role", "system_administrator", "--json")

    assert made.exit_code == 0, made.err
    user = StaffUser.objects.get(username="admin")
    assert user.check_password(made.json["temporary_password"])
    assert user.must_change_password
    assert [one["role"] for one in made.json["roles"]] == ["system_administrator"]


def test_what_is_refused_makes_neither_account_nor_grant(kaquan: Kaquan) -> None:
    for arguments in (
        ("--role", "no_such_role"),
        ("--role", "system_administrator", "--role", "audit_administrator"),
        ("--organisation", "no-such"),
        ("--email", "x"),
        ("--as", "staff:17"),
    ):
        refused = kaquan("staff", "create", "x", "某人", *arguments)
        assert refused.exit_code not in (0, 70), arguments
        assert refused.err
    assert not StaffUser.objects.exists()
    assert not RoleGrant.objects.exists()


def test_roles_are_granted_listed_and_revoked(kaquan: Kaquan) -> None:
    east = an_organisation("华东", None)
    kaquan("staff", "create", "li", "李四")

    granted = kaquan(
        "staff", "grant", "li", "store_manager", "--organisation", east.code, "--days", 30, "--json"
    )
    listed = kaquan("staff", "list", "--json")
    revoked = kaquan("staff", "revoke", granted.json["id"])

    assert granted.exit_code == revoked.exit_code == 0
    (line,) = listed.json["staff"]
    assert [(one["role"], one["organisation"]) for one in line["roles"]] == [
        ("store_manager", east.code)
    ]
    assert kaquan("staff", "list", "--json").json["staff"][0]["roles"] == []
    assert "li" in kaquan("staff", "list").out
    assert "总部运营" in kaquan("staff", "roles").out


def test_accounts_are_disabled_enabled_and_given_new_passwords(kaquan: Kaquan) -> None:
    kaquan("staff", "create", "li", "李四", "--role", "audit_administrator")

    assert kaquan("staff", "disable", "li").exit_code == 0
    assert not StaffUser.objects.get().is_active
    assert kaquan("staff", "enable", "li").exit_code == 0
    reset = kaquan("staff", "password", "li", "--json")
    assert StaffUser.objects.get().check_password(reset.json["temporary_password"])
    assert "临时密码" in kaquan("staff", "password", "li").out
    assert kaquan("staff", "second-factor", "li").exit_code == 0
    assert kaquan("staff", "disable", "nobody").exit_code not in (0, 70)


def test_prove_finds_what_was_altered_in_the_change_log(
    kaquan: Kaquan, database: Database, session_folder: Any
) -> None:
    kaquan("staff", "create", "li", "李四", "--role", "clerk")
    sound = kaquan("prove", "--json")
    url = superuser_url(_shared_home(session_folder), _database_name(database.configuration))
    with psycopg.connect(url) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("UPDATE changes_change SET actor_name = 'somebody else'")

    altered = kaquan("prove", "--json")

    assert (sound.exit_code, sound.json["ok"], sound.json["changes"]) == (0, True, 2)
    assert altered.exit_code not in (0, 70)
    assert altered.json["faults"][0]["table"] == "changes_link"
    assert altered.json["faults"][0]["key"] == "1"
