"""Accounts: made, stopped and opened again by those who may, and no way to more than one holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import identify_hasher
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.db import connection

from kaquan.foundation import clock
from kaquan.foundation.changes.models import Change
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.models import Organisation
from kaquan.staff.actions import (
    create_staff,
    end_session,
    reset_password,
    reset_second_factor,
    set_staff_active,
    update_staff,
)
from kaquan.staff.clearing import clear_logins
from kaquan.staff.granting import grant_role
from kaquan.staff.models import StaffUser
from kaquan.staff.queries import (
    grants_of,
    roles,
    sessions_of,
    staff,
    staff_by_id,
    staff_by_username,
)
from tests.builders.issuer import NOON, SYSTEM, an_organisation, staff_of
from tests.fixtures_database import Database
from tests.staff.people import PASSWORD, acting, somebody

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def east(database: Database) -> Organisation:
    return an_organisation("华东", None)


@pytest.fixture
def west(database: Database) -> Organisation:
    return an_organisation("华西", None)


def refused(act: Callable[[], object]) -> str:
    """The code with which it is refused; no account changed, and nothing was written down."""
    before = (list(StaffUser.objects.order_by("id").values()), Change.objects.count())
    with pytest.raises(KaquanError) as error:
        act()
    assert (list(StaffUser.objects.order_by("id").values()), Change.objects.count()) == before
    return error.value.code


def a_session(user: StaffUser, key: str = "k" * 32) -> UserSession:
    return UserSession.objects.create(
        user=user, ip="203.0.113.7", session_key=key, user_agent="test"
    )


def test_an_account_begins_with_a_password_that_must_be_changed_and_no_rights(
    east: Organisation,
) -> None:
    made = create_staff(
        actor=SYSTEM, username="Li.Lei", name="李雷", at=NOON, organisation_id=east.id
    )

    assert made.temporary_password is not None
    assert made.temporary_password not in repr(made)
    user = staff_by_username(SYSTEM, "LI.LEI")
    assert user.username == "li.lei"
    assert user.must_change_password
    assert user.check_password(made.temporary_password)
    assert grants_of(SYSTEM, user.id) == []


def test_passwords_are_hashed_with_argon2id() -> None:
    user = somebody()

    assert identify_hasher(user.password).algorithm == "argon2"
    assert user.password.startswith("argon2$argon2id$")
    assert "memory_cost" not in user.password
    assert not user.check_password(PASSWORD + "x")


def test_a_phone_is_sealed_and_appears_in_no_change() -> None:
    user = create_staff(
        actor=SYSTEM, username="a", name="甲", at=NOON, phone="13800000000", password=PASSWORD
    ).user
    update_staff(actor=SYSTEM, user_id=user.id, phone="13911111111")

    with connection.cursor() as cursor:
        cursor.execute("SELECT phone FROM staff_user WHERE id = %s", [user.id])
        assert b"1391111" not in bytes(cursor.fetchone()[0])
    assert StaffUser.objects.get(id=user.id).phone == "13911111111"
    written = repr([(one.before, one.after) for one in Change.objects.all()])
    assert "1380000" not in written
    assert "1391111" not in written
    assert "argon2" not in written


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"username": "  "}, "value_invalid"),
        ({"username": "x" * 65}, "value_invalid"),
        ({"name": ""}, "value_invalid"),
        ({"email": "not an address"}, "value_invalid"),
        ({"password": "short"}, "value_invalid"),
        ({"password": "password123"}, "value_invalid"),
        ({"password": "user-someone"}, "value_invalid"),
        ({"organisation_id": 999_999}, "organisation_unknown"),
    ],
)
def test_a_bad_account_is_refused_and_nothing_is_made(change: dict[str, object], code: str) -> None:
    good: dict[str, object] = {"username": "user-someone", "name": "某人", "at": NOON}

    assert refused(lambda: create_staff(actor=SYSTEM, **{**good, **change})) == code  # type: ignore[arg-type]


def test_a_user_name_is_taken_whatever_its_case_and_wherever_it_is(
    east: Organisation, west: Organisation
) -> None:
    user = somebody(east)

    def take() -> object:
        return create_staff(
            actor=staff_of(west, "staff.edit"), username=user.username.upper(), name="某", at=NOON
        )

    assert refused(take) == "username_taken"


def test_people_see_and_change_the_accounts_of_their_part_of_the_tree_only(
    east: Organisation, west: Organisation
) -> None:
    here, there = somebody(east), somebody(west)
    head = somebody(None)
    keeper = staff_of(east, "staff.edit")

    assert [one.id for one in staff(keeper)] == [here.id]
    assert {one.id for one in staff(SYSTEM)} == {here.id, there.id, head.id}
    for user in (there, head):
        assert refused(lambda u=user: staff_by_id(keeper, u.id)) == "staff_unknown"
        assert refused(lambda u=user: staff_by_username(keeper, u.username)) == "staff_unknown"
        assert refused(lambda u=user: grants_of(keeper, u.id)) == "staff_unknown"
        assert refused(lambda u=user: sessions_of(keeper, u.id)) == "staff_unknown"
        assert (
            refused(lambda u=user: update_staff(actor=keeper, user_id=u.id, name="别名"))
            == "staff_unknown"
        )
        assert (
            refused(lambda u=user: set_staff_active(actor=keeper, user_id=u.id, active=False))
            == "staff_unknown"
        )
        assert (
            refused(lambda u=user: reset_password(actor=keeper, user_id=u.id, at=NOON))
            == "staff_unknown"
        )
    assert (
        refused(lambda: update_staff(actor=keeper, user_id=here.id, organisation_id=west.id))
        == "organisation_unknown"
    )


def test_lists_of_accounts_are_bounded_and_searched(east: Organisation) -> None:
    users = [somebody(east) for _ in range(3)]
    by_name = sorted(user.username for user in users)

    first = staff(SYSTEM, limit=2)

    assert [one.username for one in first] == by_name[:2]
    assert [one.username for one in staff(SYSTEM, after_username=by_name[1])] == by_name[2:]
    assert [one.username for one in staff(SYSTEM, containing=by_name[1])] == [by_name[1]]
    assert len(staff(SYSTEM, containing="小明")) == 3
    assert staff(SYSTEM, active=False) == []


def test_nothing_is_seen_or_changed_without_the_permission(east: Organisation) -> None:
    user = somebody(east)
    nobody = staff_of(None, "offers.edit")

    for act in (
        lambda: staff(nobody),
        lambda: roles(nobody),
        lambda: sessions_of(nobody, user.id),
        lambda: create_staff(actor=nobody, username="x", name="x", at=NOON),
        lambda: update_staff(actor=nobody, user_id=user.id, name="x"),
        lambda: set_staff_active(actor=nobody, user_id=user.id, active=False),
        lambda: reset_password(actor=nobody, user_id=user.id, at=NOON),
        lambda: reset_second_factor(actor=nobody, user_id=user.id, at=NOON),
    ):
        assert refused(act) == "permission_denied"


def test_a_disabled_account_is_logged_out_everywhere(east: Organisation) -> None:
    user = somebody(east)
    a_session(user)

    set_staff_active(actor=SYSTEM, user_id=user.id, active=False)

    assert not UserSession.objects.exists()
    change = Change.objects.latest("id")
    assert (change.verb, change.before, change.after) == (
        "staff.disable",
        {"is_active": True},
        {"is_active": False},
    )


def test_nobody_disables_or_resets_themselves() -> None:
    user = somebody(None, "system_administrator")
    own = acting(user)

    for act in (
        lambda: set_staff_active(actor=own, user_id=user.id, active=False),
        lambda: reset_password(actor=own, user_id=user.id, at=NOON),
    ):
        assert refused(act) == "permission_denied"


@pytest.mark.parametrize("role", ["security_administrator", "audit_administrator"])
def test_no_administrator_opens_the_account_of_another_one(role: str) -> None:
    target = somebody(None, role)
    Authenticator.objects.create(user=target, type="totp", data={})
    system = acting(somebody(None, "system_administrator"))
    security = acting(somebody(None, "security_administrator"))

    assert (
        refused(lambda: reset_password(actor=system, user_id=target.id, at=NOON))
        == "permission_denied"
    )
    assert (
        refused(lambda: reset_second_factor(actor=security, user_id=target.id, at=NOON))
        == "permission_denied"
    )
    assert Authenticator.objects.count() == 1


def test_an_account_that_reaches_further_is_not_one_parts_to_stop_or_open(
    east: Organisation, west: Organisation
) -> None:
    keeper = staff_of(east, "staff.edit", "staff.delegate")
    for role, where in (("auditor", None), ("clerk", west)):
        user = somebody(east, "clerk")
        grant_role(
            actor=SYSTEM,
            user_id=user.id,
            role_code=role,
            organisation_id=where.id if where else None,
            at=NOON,
        )
        for act in (
            lambda u=user: set_staff_active(actor=keeper, user_id=u.id, active=False),
            lambda u=user: reset_password(actor=keeper, user_id=u.id, at=NOON),
            lambda u=user: reset_second_factor(actor=keeper, user_id=u.id, at=NOON),
        ):
            assert refused(act) == "permission_denied"
    plain = somebody(east, "clerk")
    assert not set_staff_active(actor=keeper, user_id=plain.id, active=False).is_active


def test_a_new_password_ends_the_sessions_and_must_be_changed(east: Organisation) -> None:
    user = somebody(east)
    a_session(user)

    made = reset_password(
        actor=acting(somebody(None, "system_administrator")), user_id=user.id, at=NOON
    )

    assert made.temporary_password is not None
    user.refresh_from_db()
    assert user.check_password(made.temporary_password)
    assert user.must_change_password
    assert not UserSession.objects.exists()


def test_a_lost_second_factor_is_taken_away(east: Organisation) -> None:
    user = somebody(east)
    Authenticator.objects.create(user=user, type="totp", data={})

    reset_second_factor(
        actor=acting(somebody(None, "security_administrator")), user_id=user.id, at=NOON
    )

    assert not Authenticator.objects.exists()


def test_people_end_their_own_sessions_and_no_one_elses(east: Organisation) -> None:
    user, other = somebody(east, "clerk"), somebody(east, "clerk")
    mine, theirs = a_session(user, "a" * 32), a_session(other, "b" * 32)

    end_session(actor=acting(user), user_id=user.id, session_id=mine.pk)

    for user_id, code in ((user.id, "session_unknown"), (other.id, "permission_denied")):
        assert (
            refused(
                lambda u=user_id: end_session(actor=acting(user), user_id=u, session_id=theirs.pk)
            )
            == code
        )
    assert list(UserSession.objects.values_list("pk", flat=True)) == [theirs.pk]


def test_sessions_that_are_over_and_old_attempts_are_cleared_away(east: Organisation) -> None:
    user = somebody(east)
    over, alive = SessionStore(), SessionStore()
    for store, days in ((over, -1), (alive, 1)):
        store.set_expiry(timedelta(days=days))
        store.save()
        a_session(user, store.session_key)
    cache.set("attempt", 1, timeout=60)

    clear_logins(clock.now())
    clear_logins(clock.now() + timedelta(minutes=2))

    assert list(UserSession.objects.values_list("session_key", flat=True)) == [alive.session_key]
    assert cache.get("attempt") is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM django_session), count(*) FROM staff_cache")
        assert cursor.fetchone() == (1, 0)
