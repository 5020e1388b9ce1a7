"""Roles that people compose: of what they hold, for their part, and never an administrator's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.changes.models import Change
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.models import Organisation
from kaquan.staff.acting import actor_of, must_use_second_factor
from kaquan.staff.composing import create_role, set_second_factor, update_role
from kaquan.staff.granting import grant_role
from kaquan.staff.models import Role
from kaquan.staff.permissions import ADMINISTRATORS_ONLY
from kaquan.staff.queries import role_for, role_holders, roles
from tests.builders.issuer import NOON, SYSTEM, a_number, an_organisation, staff_of
from tests.fixtures_database import Database
from tests.staff.people import acting, somebody

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def east(database: Database) -> Organisation:
    return an_organisation("华东", None)


@pytest.fixture
def shanghai(east: Organisation) -> Organisation:
    return an_organisation("上海", east)


@pytest.fixture
def west(database: Database) -> Organisation:
    return an_organisation("华西", None)


def a_role(where: Organisation | None, *permissions: str) -> Role:
    return create_role(
        actor=SYSTEM,
        code=a_number("own-"),
        name_zh="督导",
        name_en="Supervisor",
        permissions=permissions or ["ledger.view"],
        organisation_id=where.id if where else None,
    )


def refused(act: Callable[[], object]) -> str:
    """The code with which it is refused; no role changed, and nothing was written down."""

    def kept() -> tuple[list[object], int]:
        return list(Role.objects.order_by("code").values_list()), Change.objects.count()

    before = kept()
    with pytest.raises(KaquanError) as error:
        act()
    assert kept() == before
    return error.value.code


def test_somebody_composes_a_role_of_what_they_hold(east: Organisation) -> None:
    actor = staff_of(east, "staff.grant", "ledger.view", "reports.view")

    role = create_role(
        actor=actor, code="area_lead", name_zh="片区负责人", name_en="Area lead",
        permissions=["reports.view", "ledger.view"],
    )  # fmt: skip

    assert role.organisation == east
    assert role.permissions == ["ledger.view", "reports.view"]
    change = Change.objects.get(verb="roles.create")
    assert (change.kind, change.object_id, change.organisation_path) == (
        "role", "area_lead", east.path,
    )  # fmt: skip


def test_nobody_composes_what_they_do_not_hold_or_what_makes_an_administrator(
    east: Organisation,
) -> None:
    lead = staff_of(east, "staff.grant", "ledger.view")
    tried: list[tuple[Actor, str]] = [(lead, "budgets.edit")]
    for name in sorted(ADMINISTRATORS_ONLY):
        security = staff_of(None, "staff.grant", "staff.delegate", name)
        tried += [(lead, name), (security, name), (SYSTEM, name)]

    for actor, name in tried:
        code = refused(
            lambda actor=actor, name=name: create_role(
                actor=actor, code="more", name_zh="甲", name_en="A", permissions=[name]
            )
        )
        assert code == "permission_denied"


def test_the_security_administrator_composes_business_roles_without_holding_them() -> None:
    actor = acting(somebody(None, "security_administrator"))

    role = create_role(
        actor=actor, code="spender", name_zh="预算员", name_en="Spender",
        permissions=["budgets.edit"],
    )  # fmt: skip

    assert role.permissions == ["budgets.edit"]


def test_nobody_widens_a_role_that_they_hold_themselves(east: Organisation) -> None:
    user = somebody(None, "security_administrator")
    role = a_role(None)
    grant_role(actor=SYSTEM, user_id=user.id, role_code=role.code, at=NOON)
    actor = actor_of(user, at=clock.now())
    assert actor is not None

    code = refused(
        lambda: update_role(
            actor=actor, code=role.code, revision=1, permissions=["ledger.view", "budgets.edit"]
        )
    )

    assert code == "permission_denied"


def test_a_role_of_nothing_or_of_unknown_permissions_is_refused() -> None:
    nothing: list[list[str]] = [[], ["no.such"], ["wallet.claim"]]

    for permissions in nothing:
        code = refused(
            lambda permissions=permissions: create_role(
                actor=SYSTEM, code="odd", name_zh="甲", name_en="A", permissions=permissions
            )
        )
        assert code == "value_invalid"


def test_a_code_that_cannot_stand_in_an_address_is_refused() -> None:
    for odd in ("", "A b", "1st", "x" * 41, "角色", "a/b"):
        code = refused(
            lambda odd=odd: create_role(
                actor=SYSTEM, code=odd, name_zh="甲", name_en="A", permissions=["ledger.view"]
            )
        )
        assert code == "value_invalid"


def test_a_code_is_taken_once_for_the_whole_issuer(east: Organisation) -> None:
    role = a_role(east)

    assert (
        refused(
            lambda: create_role(
                actor=SYSTEM, code=role.code, name_zh="乙", name_en="B",
                permissions=["ledger.view"],
            )
        )
        == "role_exists"
    )  # fmt: skip


def test_a_role_is_held_in_its_own_part_only(
    east: Organisation, shanghai: Organisation, west: Organisation
) -> None:
    role = a_role(east)
    user = somebody(east)

    grant_role(
        actor=SYSTEM, user_id=user.id, role_code=role.code, organisation_id=shanghai.id, at=NOON
    )

    for where in (west.id, None):
        with pytest.raises(KaquanError, match="只能在它所属") as error:
            grant_role(
                actor=SYSTEM, user_id=user.id, role_code=role.code, organisation_id=where, at=NOON
            )
        assert error.value.code == "role_elsewhere"
    with pytest.raises(KaquanError) as hidden:
        grant_role(
            actor=staff_of(west), user_id=somebody(west).id, role_code=role.code,
            organisation_id=west.id, at=NOON,
        )  # fmt: skip
    assert hidden.value.code == "role_unknown"


def test_roles_of_the_nodes_above_are_seen_below_and_those_elsewhere_are_not(
    east: Organisation, shanghai: Organisation, west: Organisation
) -> None:
    ours, theirs, below = a_role(east), a_role(west), a_role(shanghai)

    seen = {role.code for role in roles(staff_of(shanghai, "staff.view"))}

    assert {ours.code, below.code, "clerk"} <= seen
    assert theirs.code not in seen
    with pytest.raises(KaquanError, match="没有角色"):
        role_for(staff_of(shanghai, "staff.view"), theirs.code)
    above = staff_of(shanghai, "staff.grant", "ledger.view")
    assert (
        refused(lambda: update_role(actor=above, code=ours.code, revision=1, name_zh="改"))
        == "role_unknown"
    )


def test_what_a_role_gives_counts_for_its_holders_at_once(east: Organisation) -> None:
    role = a_role(east)
    user = somebody(east, role.code)

    update_role(
        actor=staff_of(east), code=role.code, revision=1,
        permissions=["ledger.view", "reports.view"],
    )  # fmt: skip

    assert acting(user).permissions == {"ledger.view", "reports.view"}
    assert [one.user for one in role_holders(SYSTEM, role.code, at=NOON)] == [user]


def test_of_two_who_change_a_role_the_second_is_told(east: Organisation) -> None:
    role = a_role(east)
    update_role(actor=SYSTEM, code=role.code, revision=1, name_zh="巡店督导")

    assert (
        refused(lambda: update_role(actor=SYSTEM, code=role.code, revision=1, name_zh="别的"))
        == "role_changed"
    )
    assert Role.objects.get(code=role.code).revision == 2


def test_built_in_roles_stay_as_they_are_but_for_the_second_factor(east: Organisation) -> None:
    security = acting(somebody(None, "security_administrator"))
    user = somebody(east, "clerk")

    assert (
        refused(lambda: update_role(actor=SYSTEM, code="clerk", revision=1, name_zh="改"))
        == "role_fixed"
    )
    set_second_factor(actor=security, code="clerk", must=True)

    assert must_use_second_factor(user, at=NOON)
    for administrator in ("system_administrator", "audit_administrator"):
        assert (
            refused(
                lambda code=administrator: set_second_factor(actor=security, code=code, must=False)
            )
            == "role_fixed"
        )


def test_to_ask_for_less_than_before_is_the_security_administrators_alone(
    east: Organisation,
) -> None:
    role = a_role(east)
    lead = staff_of(east, "staff.grant", "ledger.view")

    update_role(actor=lead, code=role.code, revision=1, must_use_second_factor=True)

    assert (
        refused(
            lambda: update_role(
                actor=lead, code=role.code, revision=2, must_use_second_factor=False
            )
        )
        == "permission_denied"
    )
