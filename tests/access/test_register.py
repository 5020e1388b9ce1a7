"""The copy of the keys: no SQL while it is warm, and nothing in it older than a second."""

from __future__ import annotations

import pytest

from kaquan.access.actions import revoke_key
from kaquan.access.callers import Caller
from kaquan.access.register import AGE_S_MAX, RETRY_S
from kaquan.organisations.actions import move_organisation
from tests.access.entrances import Clocks, Entrance
from tests.builders.access import a_key
from tests.builders.issuer import NOON, SYSTEM, an_organisation
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")


def test_a_warm_copy_asks_nobody(entrance: Entrance) -> None:
    keys = [a_key("jobs.view").authorization for _ in range(3)]
    entrance.answer(keys[0])

    answers = {entrance.answer(keys[number % 3]) for number in range(300)}

    assert answers == {"in"}
    assert entrance.connections == 1


def test_a_revocation_holds_within_a_second_in_every_process(
    database: Database, clocks: Clocks
) -> None:
    processes = [Entrance(database, clocks) for _ in range(2)]
    made = a_key("jobs.view")
    assert [one.answer(made.authorization) for one in processes] == ["in", "in"]

    revoke_key(actor=SYSTEM, key_id=made.new.key.id, at=NOON)

    clocks.pass_s(AGE_S_MAX)
    assert [one.answer(made.authorization) for one in processes] == ["key_invalid"] * 2


def test_a_revocation_by_hand_in_the_database_holds_too(
    entrance: Entrance, database: Database, clocks: Clocks
) -> None:
    made = a_key("jobs.view")
    assert entrance.answer(made.authorization) == "in"

    database.connect().execute(
        "update access_key set revoked_at = now() where id = %s", [made.new.key.id]
    )

    clocks.pass_s(AGE_S_MAX)
    assert entrance.answer(made.authorization) == "key_invalid"


def test_an_uncommitted_change_is_not_seen_and_not_missed_either(
    entrance: Entrance, database: Database, clocks: Clocks
) -> None:
    made = a_key("jobs.view")
    other = database.connect(autocommit=False)
    other.execute("update access_key set revoked_at = now() where id = %s", [made.new.key.id])

    assert entrance.answer(made.authorization) == "in"
    other.commit()
    clocks.pass_s(AGE_S_MAX)

    assert entrance.answer(made.authorization) == "key_invalid"


def test_a_key_made_elsewhere_this_very_second_is_let_in(entrance: Entrance) -> None:
    entrance.answer(a_key("jobs.view").authorization)

    made = a_key("jobs.view")

    assert entrance.answer(made.authorization) == "in"


def test_a_key_of_a_moved_organisation_moves_with_it(entrance: Entrance, clocks: Clocks) -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    made = a_key("jobs.view", organisation=north)
    assert entrance.answer(made.authorization) == "in"

    move_organisation(actor=SYSTEM, organisation_id=north.id, parent_id=south.id)

    clocks.pass_s(AGE_S_MAX)
    caller = entrance.call(made.authorization)
    assert isinstance(caller, Caller)
    assert caller.actor.organisation_path == f"{root.id}.{south.id}.{north.id}."


def test_unchanged_keys_are_not_read_again(entrance: Entrance, clocks: Clocks) -> None:
    made = a_key("jobs.view")
    caller = entrance.call(made.authorization)

    clocks.pass_s(AGE_S_MAX)

    assert entrance.call(made.authorization) is caller  # the same copy, confirmed
    assert entrance.connections == 2


def test_while_the_database_is_away_an_old_copy_is_not_believed(
    entrance: Entrance, clocks: Clocks
) -> None:
    made = a_key("jobs.view")
    assert entrance.answer(made.authorization) == "in"
    entrance.is_database_away = True
    assert entrance.answer(made.authorization) == "in"

    clocks.pass_s(AGE_S_MAX)
    away = entrance.call(made.authorization)

    assert not isinstance(away, Caller)
    assert (away.code, away.status, away.retry_after_s) == ("unavailable", 503, 1)
    entrance.is_database_away = False
    clocks.pass_s(RETRY_S)
    assert entrance.answer(made.authorization) == "in"


def test_a_copy_that_somebody_keeps_fresh_makes_no_call_wait(
    entrance: Entrance, clocks: Clocks
) -> None:
    made = a_key("jobs.view")
    entrance.exchange()
    for _ in range(10):
        clocks.pass_s(0.4)
        entrance.exchange()
        assert entrance.answer(made.authorization) == "in"
    assert entrance.connections == 0

    clocks.pass_s(AGE_S_MAX)

    assert entrance.answer(made.authorization) == "unavailable"
    assert entrance.connections == 0
