"""Roles: what they give and where, and that nobody gets further by giving them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections

import kaquan
from kaquan.access.permissions import PUBLISHABLE_PERMISSIONS
from kaquan.foundation.actor import Actor
from kaquan.foundation.changes.models import Change
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.models import Organisation
from kaquan.staff.acting import actor_of, must_use_second_factor, seats_of
from kaquan.staff.actions import set_staff_active
from kaquan.staff.granting import grant_role, revoke_role
from kaquan.staff.models import Role, RoleGrant
from kaquan.staff.permissions import PERMISSION_NAMES
from kaquan.staff.queries import grants_of, roles
from kaquan.staff.roles import BUILT_IN_ROLES
from tests.builders.issuer import NOON, SYSTEM, an_organisation
from tests.fixtures_database import Database
from tests.staff.people import acting, somebody

pytestmark = pytest.mark.usefixtures("database")

ADMINISTRATORS = ("system_administrator", "security_administrator", "audit_administrator")


@pytest.fixture
def east(database: Database) -> Organisation:
    return an_organisation("华东", None)


@pytest.fixture
def shanghai(east: Organisation) -> Organisation:
    return an_organisation("上海", east)


@pytest.fixture
def west(database: Database) -> Organisation:
    return an_organisation("华西", None)


def refused(act: Callable[[], object]) -> str:
    """The code with which it is refused; no role was given or taken, and nothing written down."""
    before = (list(RoleGrant.objects.order_by("id").values()), Change.objects.count())
    with pytest.raises(KaquanError) as error:
        act()
    assert (list(RoleGrant.objects.order_by("id").values()), Change.objects.count()) == before
    return error.value.code


def granting(
    actor: Actor, user_id: int, role: str, where: Organisation | None
) -> Callable[[], object]:
    return lambda: grant_role(
        actor=actor,
        user_id=user_id,
        role_code=role,
        organisation_id=where.id if where else None,
        at=NOON,
    )


def test_the_built_in_roles_are_those_of_the_code_and_hold_known_permissions() -> None:
    found = {role.code: role for role in roles(SYSTEM)}

    assert set(found) == {role.code for role in BUILT_IN_ROLES}
    for built_in in BUILT_IN_ROLES:
        role = found[built_in.code]
        assert tuple(role.permissions) == built_in.permissions
        assert (role.administers, role.must_use_second_factor) == (
            built_in.administers,
            built_in.must_use_second_factor,
        )
        assert set(role.permissions) <= PERMISSION_NAMES
        assert len(set(role.permissions)) == len(role.permissions)


def test_whatever_the_code_asks_for_somebody_can_be_allowed_to_do() -> None:
    named = re.compile(
        r'(?:PERMISSION|VIEW|EDIT|GRANT|DELEGATE|permission) ?= ?"([a-z_]+[.][a-z_]+)"'
    )
    sources = Path(kaquan.__file__).parent.rglob("*.py")
    asked = {name for one in sources for name in named.findall(one.read_text(encoding="utf-8"))}

    assert len(asked) > 10
    assert asked - PERMISSION_NAMES - set(PUBLISHABLE_PERMISSIONS) == set()


def test_the_administrators_share_no_power() -> None:
    system, security, audit = (
        set(Role.objects.get(code=one).permissions) for one in ADMINISTRATORS
    )

    assert "staff.edit" in system - security - audit
    assert {"staff.grant", "staff.delegate"} <= security - system - audit
    assert "changes.view" in audit - system - security
    assert not any(name.endswith((".edit", ".grant", ".delegate")) for name in audit)


def test_a_role_counts_at_its_node_and_below(
    east: Organisation, shanghai: Organisation, west: Organisation
) -> None:
    user = somebody(east, "store_manager")
    grant_role(
        actor=SYSTEM, user_id=user.id, role_code="finance", organisation_id=shanghai.id, at=NOON
    )

    wide, narrow = acting(user), acting(user, shanghai.id)

    assert wide.organisation_path == east.path
    assert "budgets.edit" not in wide.permissions
    assert narrow.organisation_path == shanghai.path
    assert wide.permissions < narrow.permissions
    assert "budgets.edit" in narrow.permissions
    assert acting(user, west.id) == wide  # not theirs: the widest of their own
    assert acting(user, 999_999) == wide
    assert [seat.organisation_id for seat in seats_of(user, at=NOON)] == [east.id, shanghai.id]


def test_a_role_below_that_gives_nothing_more_is_no_seat(
    east: Organisation, shanghai: Organisation
) -> None:
    user = somebody(east, "store_manager")
    grant_role(
        actor=SYSTEM, user_id=user.id, role_code="clerk", organisation_id=shanghai.id, at=NOON
    )

    assert [seat.path for seat in seats_of(user, at=NOON)] == [east.path]
    assert acting(user, shanghai.id).organisation_path == shanghai.path


def test_without_a_role_in_force_there_is_no_actor(east: Organisation) -> None:
    nobody = somebody(east)
    grant_role(
        actor=SYSTEM,
        user_id=nobody.id,
        role_code="clerk",
        organisation_id=east.id,
        at=NOON,
        starts_at=NOON + timedelta(days=1),
        ends_at=NOON + timedelta(days=2),
    )

    assert actor_of(nobody, at=NOON) is None
    assert actor_of(nobody, at=NOON + timedelta(days=1)) is not None
    assert actor_of(nobody, at=NOON + timedelta(days=2)) is None


def test_a_disabled_account_is_no_actor(east: Organisation) -> None:
    user = somebody(east, "store_manager")

    user = set_staff_active(actor=SYSTEM, user_id=user.id, active=False)

    assert actor_of(user, at=NOON) is None


def test_a_revoked_role_ends_at_once(east: Organisation) -> None:
    user = somebody(east, "store_manager")
    (grant,) = grants_of(SYSTEM, user.id)

    revoke_role(actor=SYSTEM, grant_id=grant.id, at=NOON)

    assert actor_of(user, at=NOON) is None
    assert grants_of(SYSTEM, user.id) == []
    assert len(grants_of(SYSTEM, user.id, revoked=True)) == 1
    assert refused(lambda: revoke_role(actor=SYSTEM, grant_id=grant.id, at=NOON)) == "grant_unknown"


def test_people_grant_what_they_hold_within_their_part_of_the_tree(
    east: Organisation, shanghai: Organisation
) -> None:
    manager, clerk = somebody(east, "regional_operations"), somebody(shanghai)

    grant_role(
        actor=acting(manager),
        user_id=clerk.id,
        role_code="clerk",
        organisation_id=shanghai.id,
        at=NOON,
    )

    assert acting(clerk).organisation_path == shanghai.path


def test_nobody_grants_more_than_they_hold(east: Organisation) -> None:
    manager, other = somebody(east, "store_manager"), somebody(east)

    for role in ("finance", "regional_operations", "head_operations", "auditor"):
        assert refused(granting(acting(manager), other.id, role, east)) == "permission_denied"


def test_nobody_grants_outside_their_part_of_the_tree(
    east: Organisation, shanghai: Organisation, west: Organisation
) -> None:
    manager = somebody(shanghai, "store_manager")
    inside, outside = somebody(shanghai), somebody(west)

    give = acting(manager)
    assert refused(granting(give, inside.id, "clerk", east)) == "organisation_unknown"
    assert refused(granting(give, inside.id, "clerk", west)) == "organisation_unknown"
    assert refused(granting(give, inside.id, "clerk", None)) == "value_invalid"
    assert refused(granting(give, outside.id, "clerk", shanghai)) == "staff_unknown"


def test_nobody_revokes_outside_their_part_of_the_tree_or_beyond_their_rights(
    east: Organisation, shanghai: Organisation, west: Organisation
) -> None:
    manager = acting(somebody(shanghai, "store_manager"))
    (far,) = grants_of(SYSTEM, somebody(west, "clerk").id)
    (above,) = grants_of(SYSTEM, somebody(east, "clerk").id)
    (stronger,) = grants_of(SYSTEM, somebody(shanghai, "finance").id)

    for grant, code in ((far, "grant_unknown"), (above, "grant_unknown")):
        assert refused(lambda g=grant: revoke_role(actor=manager, grant_id=g.id, at=NOON)) == code
    assert (
        refused(lambda: revoke_role(actor=manager, grant_id=stronger.id, at=NOON))
        == "permission_denied"
    )


def test_nobody_grants_to_themselves_or_takes_from_themselves(east: Organisation) -> None:
    manager = somebody(east, "regional_operations")
    security = somebody(None, "security_administrator")
    (own,) = grants_of(SYSTEM, manager.id)

    assert refused(granting(acting(manager), manager.id, "clerk", east)) == "permission_denied"
    assert refused(granting(acting(security), security.id, "clerk", east)) == "permission_denied"
    assert (
        refused(lambda: revoke_role(actor=acting(manager), grant_id=own.id, at=NOON))
        == "permission_denied"
    )


def test_those_without_the_right_to_grant_grant_nothing(east: Organisation) -> None:
    system = somebody(None, "system_administrator")
    other = somebody(east)

    for user in (system, somebody(east, "finance"), somebody(east, "clerk")):
        assert refused(granting(acting(user), other.id, "clerk", east)) == "permission_denied"


def test_the_security_administrator_gives_business_roles_and_makes_no_administrator(
    east: Organisation,
) -> None:
    security, other = acting(somebody(None, "security_administrator")), somebody(east)

    grant_role(
        actor=security, user_id=other.id, role_code="finance", organisation_id=east.id, at=NOON
    )

    assert "budgets.edit" in acting(other).permissions
    for role in ADMINISTRATORS:
        assert refused(granting(security, other.id, role, None)) == "permission_denied"


@pytest.mark.parametrize("second", ADMINISTRATORS)
@pytest.mark.parametrize("first", ADMINISTRATORS)
def test_nobody_is_two_of_the_three_administrators(
    east: Organisation, first: str, second: str
) -> None:
    user = somebody(None, first)

    give = granting(SYSTEM, user.id, second, east)

    if first == second:
        give()
    else:
        assert refused(give) == "administrators_separated"


def test_two_grants_at_once_make_no_double_administrator(database: Database) -> None:
    user = somebody()
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def give(role: str) -> None:
        start.wait()
        try:
            granting(SYSTEM, user.id, role, None)()
            outcomes.append("done")
        except KaquanError as error:
            outcomes.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=give, args=[role]) for role in ADMINISTRATORS[:2]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["administrators_separated", "done"]


def test_the_same_role_at_the_same_node_is_held_once_until_it_is_over(east: Organisation) -> None:
    user = somebody(east)
    end = NOON + timedelta(days=1)
    again = granting(SYSTEM, user.id, "clerk", east)
    grant_role(
        actor=SYSTEM,
        user_id=user.id,
        role_code="clerk",
        organisation_id=east.id,
        at=NOON,
        ends_at=end,
    )

    assert refused(again) == "grant_exists"
    grant_role(actor=SYSTEM, user_id=user.id, role_code="clerk", organisation_id=east.id, at=end)
    assert len(grants_of(SYSTEM, user.id)) == 1


def test_a_grant_that_ends_before_it_begins_is_refused(east: Organisation) -> None:
    user = somebody(east)

    def give() -> object:
        return grant_role(
            actor=SYSTEM,
            user_id=user.id,
            role_code="clerk",
            organisation_id=east.id,
            at=NOON,
            ends_at=NOON,
        )

    assert refused(give) == "value_invalid"


def test_some_roles_ask_for_a_second_factor(east: Organisation) -> None:
    assert must_use_second_factor(somebody(east, "finance"), at=NOON)
    assert not must_use_second_factor(somebody(east, "clerk"), at=NOON)


def test_what_is_granted_and_revoked_is_kept(east: Organisation) -> None:
    manager, clerk = somebody(east, "regional_operations"), somebody(east)
    before = Change.objects.count()

    grant = granting(acting(manager), clerk.id, "clerk", east)()
    assert isinstance(grant, RoleGrant)
    revoke_role(actor=acting(manager), grant_id=grant.id, at=NOON)

    given, taken = Change.objects.order_by("id")[before:]
    assert (given.verb, given.actor_id, given.organisation_path) == (
        "staff.grant",
        f"staff:{manager.id}",
        east.path,
    )
    assert given.before is None
    assert given.after["role"] == "clerk"
    assert (taken.verb, taken.after) == ("staff.revoke", None)
