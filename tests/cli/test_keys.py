"""``kaquan keys``: made and shown once, listed, replaced, ended."""

from __future__ import annotations

import psycopg

from kaquan.access.limit_table import STORM_PER_MIN
from tests.builders.access import a_key
from tests.builders.issuer import a_store, an_organisation
from tests.cli.conftest import Kaquan
from tests.fixtures_database import Database


def keys_in(database: Database) -> list[tuple[object, ...]]:
    return database.connect().execute("select * from access_key order by id").fetchall()


def test_a_key_is_made_for_a_new_client_and_the_next_one_for_the_same(kaquan: Kaquan) -> None:
    north = an_organisation("华北", None)
    a_store(north, "N1")
    bounds = ("--organisation", north.code, "--store", "N1", "--network", "10.0.0.0/8")

    first = kaquan("keys", "create", "收银", "--allow", "redemption.redeem", *bounds, "--json")
    again = kaquan(
        "keys", "create", "收银", "--allow", "jobs.view", "--organisation", north.code, "--json"
    )

    assert first.exit_code == again.exit_code == 0
    assert first.json["text"].startswith(f"kq_live_{first.json['public_id']}_")
    assert (first.json["permissions"], first.json["networks"]) == (
        ["redemption.redeem"],
        ["10.0.0.0/8"],
    )
    assert len(first.json["store_ids"]) == 1
    assert first.json["client_id"] == again.json["client_id"]


def test_people_are_told_that_they_see_it_once(kaquan: Kaquan) -> None:
    made = kaquan("keys", "create", "till", "--allow", "redemption.redeem", "--must-sign")

    assert made.exit_code == 0
    assert "kq_live_" in made.out
    assert "kqs_" in made.out
    assert "只显示这一次" in made.out
    assert "Shown this once" in made.out


def test_what_is_refused_makes_neither_key_nor_client(kaquan: Kaquan, database: Database) -> None:
    for arguments in (
        ("--allow", "no.such"),
        ("--allow", "jobs.view", "--publishable"),
        ("--allow", "jobs.view", "--network", "x"),
        ("--allow", "jobs.view", "--store", "X"),
        ("--allow", "jobs.view", "--days", "0"),
        ("--allow", "jobs.view", "--organisation", "X"),
        ("--allow", "jobs.view", "--as", "clerk:17"),
        (),
    ):
        refused = kaquan("keys", "create", "x", *arguments)
        assert refused.exit_code not in (0, 70), arguments
        assert refused.err
    assert keys_in(database) == []
    assert database.connect().execute("select count(*) from access_client").fetchone() == (0,)


def test_lists_show_keys_in_force_and_those_that_ended_when_asked(kaquan: Kaquan) -> None:
    kept, ended = a_key("jobs.view", networks=["10.0.0.0/8"]), a_key("jobs.view")

    revoked = kaquan("keys", "revoke", ended.new.key.public_id)
    listed = kaquan("keys", "list", "--json")

    assert "已吊销" in revoked.out
    assert [line["public_id"] for line in listed.json["keys"]] == [kept.new.key.public_id]
    everything = kaquan("keys", "list", "--ended", "--json").json["keys"]
    assert [line["ended"] for line in everything] == [False, True]
    shown = kaquan("keys", "list").out
    assert kept.new.key.public_id in shown
    assert kept.text not in shown


def test_no_keys_is_said_and_no_error(kaquan: Kaquan) -> None:
    assert "没有密钥" in kaquan("keys", "list").out


def test_a_key_is_replaced_with_an_overlap_and_the_same_bounds(kaquan: Kaquan) -> None:
    old = a_key("jobs.view", must_sign=True)

    new = kaquan("keys", "rotate", old.new.key.public_id, "--overlap", 1, "--json")

    assert new.exit_code == 0
    assert new.json["must_sign"]
    assert new.json["text"] != old.text
    assert new.json["signing_secret"] not in (None, old.new.signing_secret)
    (line, _) = kaquan("keys", "list", "--ended", "--json").json["keys"]
    assert line["replaced_by_id"] == new.json["id"]


def test_a_key_that_is_not_there_can_be_neither_replaced_nor_revoked(
    kaquan: Kaquan, database: Database
) -> None:
    a_key("jobs.view")
    before = keys_in(database)

    for verb in ("rotate", "revoke"):
        refused = kaquan("keys", verb, "abcdefgh")
        assert refused.exit_code == 1
        assert "abcdefgh" in refused.err
    assert keys_in(database) == before


def test_the_doctor_warns_of_a_storm_and_is_healthy_all_the_same(
    kaquan: Kaquan, database: Database
) -> None:
    connection: psycopg.Connection = database.connect()
    connection.execute(
        "insert into access_event (kind, at, last_at, count, sources, summary)"
        " values ('guess_storm', now(), now(), %s, 1000, '')",
        [STORM_PER_MIN],
    )

    checks = {check["name"]: check for check in kaquan("doctor", "--json").json["checks"]}

    assert checks["guess_storms"]["level"] == "warning"
    assert not checks["guess_storms"]["ok"]
