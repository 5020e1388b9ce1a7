"""Who is let in: keys that hold, and every way in which one does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from kaquan.access import key_text, register
from kaquan.access.actions import revoke_key, set_client_active
from kaquan.access.callers import Caller, is_within_bounds
from kaquan.access.key_text import new_key_text
from kaquan.access.models import ApiKey
from kaquan.access.peppers import PURPOSE, load_peppers
from kaquan.foundation import keys
from kaquan.foundation.actor import ActorKind
from kaquan.foundation.configuration import current_configuration
from kaquan.organisations.store_facts import store_facts
from tests.access.entrances import Clocks, Entrance
from tests.builders.access import a_client, a_key
from tests.builders.issuer import NOON, SYSTEM, a_store, an_organisation
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")


def test_a_key_says_who_calls_what_they_may_do_and_where(entrance: Entrance) -> None:
    north = an_organisation("华北", an_organisation("总部", None))
    store = a_store(north, "N1")
    made = a_key("redemption.redeem", organisation=north, store_codes=["N1"])

    caller = entrance.call(made.authorization)

    assert isinstance(caller, Caller)
    assert caller.actor.kind is ActorKind.API_KEY
    assert caller.actor.id == f"key:{made.new.key.id}"
    assert caller.actor.permissions == {"redemption.redeem"}
    assert caller.actor.organisation_path == north.path
    assert caller.store_ids == {store.organisation_id}
    assert (caller.client_id, caller.publishable, caller.must_sign) == (
        made.new.key.client_id,
        False,
        False,
    )


def test_clients_do_not_share_request_keys_with_the_installation_itself() -> None:
    assert a_client() > 100


@pytest.mark.parametrize(
    "authorization",
    [None, "", "kq_live_x", "Basic eDp5", "Bearer", "Bearer\tx"],
)
def test_a_call_without_a_key_is_told_how_to_send_one(
    entrance: Entrance, authorization: str | None
) -> None:
    assert entrance.answer(authorization) == "key_missing"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "kq_live_",
        "kq_live_pk_",
        "x" * 57,
        "kq_live_" + "a" * 49,
        "kq_live_" + "é" * 49,
        "kq_live_\ud800" + "a" * 48,
        "kq_live_" + "a" * 1_000_000,
    ],
)
def test_a_text_that_is_no_key_of_ours_is_refused_without_asking_the_database(
    entrance: Entrance, text: str
) -> None:
    assert entrance.answer(f"Bearer {text}") == "key_invalid"
    assert entrance.connections <= 1  # to read the keys there are, the first time


def test_one_wrong_character_is_enough(entrance: Entrance) -> None:
    text = a_key("redemption.redeem").text

    for place in range(len("kq_live_"), len(text)):
        other = "b" if text[place] != "b" else "c"
        changed = f"{text[:place]}{other}{text[place + 1 :]}"
        assert entrance.answer(f"Bearer {changed}") == "key_invalid"
    assert entrance.answer(f"Bearer {text}") == "in"


def test_unknown_expired_revoked_and_stopped_keys_are_answered_alike(
    entrance: Entrance, clocks: Clocks
) -> None:
    revoked, stopped = a_key("jobs.view"), a_key("jobs.view")
    expired = a_key("jobs.view", expires_at=NOON + timedelta(seconds=5))
    assert {entrance.answer(one.authorization) for one in (revoked, stopped, expired)} == {"in"}
    unknown = new_key_text("secret", "live", load_peppers()[0]).text
    revoke_key(actor=SYSTEM, key_id=revoked.new.key.id, at=NOON)
    set_client_active(actor=SYSTEM, client_id=stopped.new.key.client_id, active=False)
    clocks.pass_s(5)

    answers = [
        entrance.call(authorization)
        for authorization in (
            f"Bearer {unknown}",
            "Bearer kq_live_abcdefgh_" + "a" * 40,
            *(one.authorization for one in (revoked, stopped, expired)),
        )
    ]

    assert len(set(answers)) == 1
    assert not isinstance(answers[0], Caller)
    assert answers[0].code == "key_invalid"


def _noted(function: Callable[..., object], name: str, steps: list[str]) -> Callable[..., object]:
    def call(*arguments: object) -> object:
        steps.append(name)
        return function(*arguments)

    return call


def test_unknown_expired_and_revoked_keys_take_the_same_steps(
    entrance: Entrance, clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time as such cannot be tested without flaking; what is computed can."""
    revoked = a_key("jobs.view")
    expired = a_key("jobs.view", expires_at=NOON + timedelta(seconds=5))
    revoke_key(actor=SYSTEM, key_id=revoked.new.key.id, at=NOON)
    clocks.pass_s(5)
    unknown = "kq_live_abcdefgh_" + "a" * 40
    entrance.answer(f"Bearer {unknown}")
    steps: list[str] = []
    for name in ("_hash", "_tag"):
        monkeypatch.setattr(key_text, name, _noted(getattr(key_text, name), name, steps))
    connections = entrance.connections

    taken = []
    for text in (unknown, revoked.text, expired.text):
        steps.clear()
        entrance.answer(f"Bearer {text}")
        taken.append([*steps])

    assert taken == [["_hash", "_tag"]] * 3
    assert entrance.connections == connections


def test_a_client_that_was_stopped_may_go_on(entrance: Entrance, clocks: Clocks) -> None:
    made = a_key("jobs.view")
    set_client_active(actor=SYSTEM, client_id=made.new.key.client_id, active=False)
    assert entrance.answer(made.authorization) == "key_invalid"

    set_client_active(actor=SYSTEM, client_id=made.new.key.client_id, active=True)

    clocks.pass_s(register.AGE_S_MAX)
    assert entrance.answer(made.authorization) == "in"


def test_a_test_key_opens_no_live_installation_and_the_other_way_round(
    database: Database, clocks: Clocks
) -> None:
    made = a_key("jobs.view")

    assert Entrance(database, clocks, mode="test").answer(made.authorization) == "key_of_other_mode"
    assert (
        Entrance(database, clocks).answer("Bearer kq_test_abcdefgh_" + "a" * 40)
        == "key_of_other_mode"
    )


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("10.1.2.3", "in"),
        ("10.1.3.3", "source_not_allowed"),
        ("2001:db8::17", "in"),
        ("2001:db9::17", "source_not_allowed"),
        ("", "source_not_allowed"),
        ("10.1.2.3.4", "source_not_allowed"),
    ],
)
def test_a_key_bound_to_networks_is_of_no_use_elsewhere(
    entrance: Entrance, source: str, answer: str
) -> None:
    made = a_key("jobs.view", networks=["10.1.2.0/24", "2001:db8::/32"])

    assert [entrance.answer(made.authorization, source=source) for _ in range(2)] == [answer] * 2


def test_a_wrong_key_learns_nothing_about_networks(entrance: Entrance) -> None:
    made = a_key("jobs.view", networks=["10.1.2.0/24"])
    wrong = made.text[:20] + ("a" if made.text[20] != "a" else "b") + made.text[21:]

    assert entrance.answer(f"Bearer {wrong}", source="192.0.2.1") == "key_invalid"


def test_a_new_pepper_lets_old_keys_in_and_those_made_since(
    entrance: Entrance, clocks: Clocks
) -> None:
    old = a_key("jobs.view")
    assert entrance.answer(old.authorization) == "in"

    keys.rotate(current_configuration().key_file, PURPOSE)
    new = a_key("jobs.view")

    clocks.pass_s(register.AGE_S_MAX)
    assert entrance.answer(new.authorization) == "in"
    assert entrance.answer(old.authorization) == "in"


def test_the_database_holds_no_key_and_no_signing_secret() -> None:
    made = a_key("jobs.view", must_sign=True)
    row = ApiKey.objects.filter(id=made.new.key.id).values().get()

    stored = repr({name: bytes(v) if isinstance(v, memoryview) else v for name, v in row.items()})
    assert made.text[17:] not in stored
    assert made.new.signing_secret is not None
    assert made.new.signing_secret not in stored
    assert made.text not in repr(made.new)


def test_bounds_are_those_of_the_stores_and_of_the_part_of_the_tree(entrance: Entrance) -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    paths = {}
    for code, parent in (("N1", north), ("N2", north), ("S1", south)):
        facts = store_facts(a_store(parent, code).organisation_id)
        assert facts is not None
        paths[code] = facts.store_path

    def within(**bounds: object) -> list[str]:
        caller = entrance.call(a_key("redemption.redeem", **bounds).authorization)
        assert isinstance(caller, Caller)
        return [code for code, path in paths.items() if is_within_bounds(caller, path)]

    assert within() == ["N1", "N2", "S1"]
    assert within(organisation=north) == ["N1", "N2"]
    assert within(organisation=north, store_codes=["N2"]) == ["N2"]
    assert within(store_codes=["S1"]) == ["S1"]
