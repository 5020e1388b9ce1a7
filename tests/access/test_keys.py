"""Keys: made, replaced and ended by those who may, and never a way to more than one holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from kaquan.access.actions import (
    create_client,
    create_key,
    revoke_key,
    rotate_key,
    set_client_active,
)
from kaquan.access.models import ApiClient, ApiKey, KeyKind
from kaquan.access.permissions import PERMISSION_NAMES
from kaquan.access.queries import (
    client_by_id,
    client_by_name,
    clients,
    key_by_id,
    key_by_public_id,
    key_line,
    keys,
)
from kaquan.foundation.actor import Actor, ActorKind
from kaquan.foundation.errors import KaquanError
from tests.access.entrances import NOON, Clocks, Entrance
from tests.builders.access import a_client, a_key
from tests.builders.issuer import SYSTEM, a_store, an_organisation, staff_of
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")


def refused(act: Callable[[], object]) -> str:
    """The code with which it is refused; nothing was made or changed by it."""
    before = (list(ApiKey.objects.order_by("id").values()), ApiClient.objects.count())
    with pytest.raises(KaquanError) as error:
        act()
    assert (list(ApiKey.objects.order_by("id").values()), ApiClient.objects.count()) == before
    return error.value.code


def test_a_key_can_be_read_once_and_lists_show_no_secret() -> None:
    made = a_key("jobs.view", must_sign=True)

    (line,) = keys(SYSTEM)

    assert line == key_line(SYSTEM, made.new.key.id)
    assert line == key_by_public_id(SYSTEM, made.new.key.public_id)
    assert made.text[17:] not in repr(line)
    assert str(made.new.signing_secret) not in repr(line)
    assert (line.kind, line.mode, line.permissions) == ("secret", "live", ("jobs.view",))
    assert line.created_by == SYSTEM.id


def test_a_key_has_the_form_that_is_documented() -> None:
    secret = a_key("jobs.view").text
    public = a_key("wallet.claim", kind=KeyKind.PUBLISHABLE).text

    assert len(secret) == len("kq_live_") + 8 + 1 + 32 + 8
    assert public.startswith("kq_live_pk_")
    assert len({a_key("jobs.view").text for _ in range(10)}) == 10


@pytest.mark.parametrize(
    "change",
    [
        {"permissions": []},
        {"permissions": ["redemption.redeem", "no.such"]},
        {"permissions": ["*"]},
        {"permissions": ["jobs.view"], "kind": KeyKind.PUBLISHABLE},
        {"permissions": ["wallet.claim", "redemption.issue"], "kind": KeyKind.PUBLISHABLE},
        {"permissions": ["wallet.claim"], "kind": KeyKind.PUBLISHABLE, "must_sign": True},
        {"permissions": ["jobs.view"], "expires_at": NOON},
        {"permissions": ["jobs.view"], "networks": ["10.1.2.3/8"]},
        {"permissions": ["jobs.view"], "networks": ["everywhere"]},
        {"permissions": ["jobs.view"], "networks": ["10.0.0.0/8"] * 51},
        {"permissions": ["jobs.view"], "store_codes": ["S"] * 501},
    ],
)
def test_a_key_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    client_id = a_client()

    code = refused(lambda: create_key(actor=SYSTEM, client_id=client_id, at=NOON, **change))

    assert code == "value_invalid"


def test_the_database_itself_refuses_a_publishable_key_that_may_more(database: Database) -> None:
    made = a_key("wallet.claim", kind=KeyKind.PUBLISHABLE)

    with pytest.raises(Exception, match="access_key_publishable"):
        database.connect().execute(
            "update access_key set permissions = '{redemption.redeem}' where id = %s",
            [made.new.key.id],
        )


def test_nobody_gives_a_key_what_they_do_not_hold() -> None:
    client_id = a_client()
    actor = staff_of(None, "keys.edit", "jobs.view")

    def make(*permissions: str) -> object:
        return create_key(actor=actor, client_id=client_id, permissions=permissions, at=NOON)

    assert refused(lambda: make("jobs.view", "redemption.redeem")) == "permission_denied"
    make("jobs.view", "keys.edit")
    assert sorted(keys(actor)[0].permissions) == ["jobs.view", "keys.edit"]


def test_keys_are_changed_only_by_those_who_may() -> None:
    made = a_key("jobs.view")
    ids = {"client_id": made.new.key.client_id}
    actor = staff_of(None, *(PERMISSION_NAMES - {"keys.edit"}))

    for act in (
        lambda: create_client(actor=actor, name="新", at=NOON),
        lambda: create_key(actor=actor, permissions=["jobs.view"], at=NOON, **ids),
        lambda: rotate_key(actor=actor, key_id=made.new.key.id, at=NOON),
        lambda: revoke_key(actor=actor, key_id=made.new.key.id, at=NOON),
        lambda: set_client_active(actor=actor, active=False, **ids),
    ):
        assert refused(act) == "permission_denied"
    for look in (clients, keys):
        with pytest.raises(KaquanError):
            look(staff_of(None, "jobs.view"))


def test_everyone_sees_and_changes_the_keys_of_their_part_only() -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    mine = a_key("jobs.view", organisation=north)
    theirs, issuers = a_key("jobs.view", organisation=south), a_key("jobs.view")
    actor = staff_of(north)

    assert [line.id for line in keys(actor)] == [mine.new.key.id]
    assert [client.id for client in clients(actor)] == [mine.new.key.client_id]
    for other in (theirs, issuers):
        key_id, client_id = other.new.key.id, other.new.key.client_id
        name = ApiClient.objects.get(id=client_id).name
        assert client_by_name(actor, name, south.id) is None
        for act in (
            lambda key_id=key_id: key_by_id(actor, key_id),
            lambda key_id=key_id: key_line(actor, key_id),
            lambda other=other: key_by_public_id(actor, other.new.key.public_id),
            lambda key_id=key_id: rotate_key(actor=actor, key_id=key_id, at=NOON),
            lambda key_id=key_id: revoke_key(actor=actor, key_id=key_id, at=NOON),
        ):
            assert refused(act) == "key_unknown"
        for act in (
            lambda client_id=client_id: client_by_id(actor, client_id),
            lambda client_id=client_id: set_client_active(
                actor=actor, client_id=client_id, active=False
            ),
            lambda client_id=client_id: create_key(
                actor=actor, client_id=client_id, permissions=["jobs.view"], at=NOON
            ),
        ):
            assert refused(act) == "client_unknown"
    assert refused(
        lambda: create_client(actor=actor, name="新", at=NOON, organisation_id=south.id)
    ) == ("organisation_unknown")
    assert create_client(actor=actor, name="新", at=NOON).organisation_id == north.id


def test_a_key_is_bound_to_stores_of_its_clients_part_only() -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    a_store(north, "N1")
    a_store(south, "S1")
    client_id = a_client(north)

    def make(actor: Actor, *codes: str) -> object:
        return create_key(
            actor=actor,
            client_id=client_id,
            permissions=["jobs.view"],
            store_codes=codes,
            at=NOON,
        )

    assert refused(lambda: make(SYSTEM, "N1", "S1")) == "value_invalid"
    assert refused(lambda: make(SYSTEM, north.code)) == "value_invalid"
    assert refused(lambda: make(staff_of(north), "S1")) == "organisation_unknown"
    assert refused(lambda: make(staff_of(north), "X")) == "organisation_unknown"
    make(staff_of(north), "N1")


def test_a_clients_name_is_taken_once_in_an_organisation() -> None:
    north = an_organisation("华北", None)
    create_client(actor=SYSTEM, name="收银", at=NOON)

    assert refused(lambda: create_client(actor=SYSTEM, name="收银", at=NOON)) == "client_exists"
    create_client(actor=SYSTEM, name="收银", at=NOON, organisation_id=north.id)
    assert refused(lambda: create_client(actor=SYSTEM, name=" ", at=NOON)) == "value_invalid"


def calling_with(key: ApiKey) -> Actor:
    """Who acts when a call comes with this key."""
    path = key.client.organisation.path if key.client.organisation else ""
    return Actor(ActorKind.API_KEY, f"key:{key.id}", "key", frozenset(key.permissions), path)


def test_a_key_makes_and_replaces_none_that_is_bound_less_tightly_than_itself() -> None:
    root = an_organisation("总部", None)
    for code in ("S1", "S2"):
        a_store(root, code)
    client_id = a_client()
    later = NOON + timedelta(days=9)
    cases: list[tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]] = [
        (
            {"store_codes": ["S1"]},
            [{}, {"store_codes": ["S2"]}, {"store_codes": ["S1", "S2"]}],
            {"store_codes": ["S1"]},
        ),
        (
            {"networks": ["10.0.0.0/8"]},
            [{}, {"networks": ["11.0.0.0/8"]}, {"networks": ["10.1.0.0/16", "0.0.0.0/0"]}],
            {"networks": ["10.1.0.0/16"]},
        ),
        ({"must_sign": True}, [{}], {"must_sign": True}),
        (
            {"expires_at": later},
            [{}, {"expires_at": later + timedelta(seconds=1)}],
            {"expires_at": later},
        ),
    ]
    for own, wider, as_tight in cases:
        actor = calling_with(a_key(*PERMISSION_NAMES, **own).new.key)

        def make(bounds: dict[str, Any], actor: Actor = actor) -> ApiKey:
            return create_key(
                actor=actor, client_id=client_id, permissions=["jobs.view"], at=NOON, **bounds
            ).key

        for bounds in wider:
            assert refused(lambda bounds=bounds: make(bounds)) == "permission_denied"
            other = a_key("jobs.view", client_id=client_id, **bounds).new.key
            assert (
                refused(
                    lambda other=other, actor=actor: rotate_key(
                        actor=actor, key_id=other.id, at=NOON
                    )
                )
                == "permission_denied"
            )
        rotate_key(actor=actor, key_id=make(as_tight).id, at=NOON)


def test_a_key_replaces_none_that_may_more() -> None:
    strong = a_key("keys.edit", "redemption.redeem").new.key
    actor = calling_with(a_key("keys.edit", "jobs.view").new.key)

    assert (
        refused(lambda: rotate_key(actor=actor, key_id=strong.id, at=NOON)) == "permission_denied"
    )


def test_a_replaced_key_works_beside_the_new_one_for_as_long_as_agreed(
    entrance: Entrance, clocks: Clocks
) -> None:
    old = a_key("redemption.redeem", networks=["192.0.2.0/24"])

    new = rotate_key(actor=SYSTEM, key_id=old.new.key.id, at=NOON, overlap_hours=2)

    def answers() -> tuple[str, str]:
        return entrance.answer(old.authorization), entrance.answer(f"Bearer {new.text}")

    assert answers() == ("in", "in")
    clocks.pass_s(2 * 3_600 - 1)
    assert answers() == ("in", "in")
    clocks.pass_s(1)
    assert answers() == ("key_invalid", "in")
    line = key_line(SYSTEM, old.new.key.id)
    assert (line.replaced_by_id, line.expires_at) == (new.key.id, NOON + timedelta(hours=2))
    assert key_line(SYSTEM, new.key.id).networks == ("192.0.2.0/24",)


def test_an_overlap_prolongs_no_life_and_a_new_key_inherits_its_end(
    entrance: Entrance, clocks: Clocks
) -> None:
    end = NOON + timedelta(hours=1)
    old = a_key("jobs.view", expires_at=end)

    new = rotate_key(actor=SYSTEM, key_id=old.new.key.id, at=NOON, overlap_hours=48)

    assert key_line(SYSTEM, old.new.key.id).expires_at == end
    assert new.key.expires_at == end


def test_only_a_key_in_force_can_be_replaced_and_only_once() -> None:
    replaced, revoked = a_key("jobs.view").new.key, a_key("jobs.view").new.key
    expired = a_key("jobs.view", expires_at=NOON + timedelta(seconds=1)).new.key
    rotate_key(actor=SYSTEM, key_id=replaced.id, at=NOON)
    revoke_key(actor=SYSTEM, key_id=revoked.id, at=NOON)
    later = NOON + timedelta(seconds=1)

    for key in (replaced, revoked, expired):
        rotate = lambda key=key: rotate_key(actor=SYSTEM, key_id=key.id, at=later)  # noqa: E731
        assert refused(rotate) == "key_ended"
    for hours in (-1, 24 * 91):
        fresh = a_key("jobs.view").new.key
        assert (
            refused(
                lambda fresh=fresh, hours=hours: rotate_key(
                    actor=SYSTEM, key_id=fresh.id, at=NOON, overlap_hours=hours
                )
            )
            == "value_invalid"
        )


def test_revoking_twice_keeps_the_first_moment() -> None:
    key = a_key("jobs.view").new.key

    revoke_key(actor=SYSTEM, key_id=key.id, at=NOON)
    revoke_key(actor=SYSTEM, key_id=key.id, at=NOON + timedelta(days=1))

    assert key_line(SYSTEM, key.id).revoked_at == NOON


def test_pages_of_keys_follow_each_other_without_gap_or_repeat() -> None:
    client_id = a_client()
    ids = [a_key("jobs.view", client_id=client_id).new.key.id for _ in range(7)]
    a_key("jobs.view")

    seen: list[int] = []
    while page := keys(SYSTEM, client_id=client_id, after_id=seen[-1] if seen else 0, limit=3):
        seen += [line.id for line in page]

    assert seen == ids
