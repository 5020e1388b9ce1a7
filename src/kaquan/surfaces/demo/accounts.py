"""Somebody for each role of the demo issuer, so that the console can be looked at as each of them.

Their passwords are made up anew and temporary: whoever starts the demo reads them in the terminal,
once. They are written into no file and no log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction

from kaquan.foundation import clock
from kaquan.foundation.actor import system_actor
from kaquan.organisations.models import OrganisationKind
from kaquan.organisations.queries import nodes_below, stores
from kaquan.staff.actions import create_staff, reset_password
from kaquan.staff.granting import grant_role
from kaquan.staff.models import StaffUser
from kaquan.staff.queries import staff
from kaquan.staff.roles import BUILT_IN_ROLES

ACTOR = system_actor("demo")
PREFIX = "demo-"
#: Where the roles of a part of the tree are held; all others are held at the top.
_PLACES = {
    "regional_operations": OrganisationKind.REGION,
    "store_manager": OrganisationKind.STORE,
    "clerk": OrganisationKind.STORE,
}


class DemoAccess(NamedTuple):
    """An account, and its password where it was made up just now; None: somebody uses it."""

    username: str
    role: str
    password: str | None

    def __repr__(self) -> str:
        return f"<access to {self.username}>"


def demo_accounts() -> Sequence[DemoAccess]:
    """One account a role, made where it is missing. One that nobody has logged in with yet gets a
    new password, for nobody may have read the last one."""
    known = {one.username: one for one in staff(ACTOR, containing=PREFIX)}
    return [
        _access(built_in.code, built_in.name_zh, known.get(_username(built_in.code)))
        for built_in in BUILT_IN_ROLES
    ]


def _access(role: str, role_name: str, known: StaffUser | None) -> DemoAccess:
    at = clock.now()
    if known is not None and known.last_login is not None:
        return DemoAccess(known.username, role_name, None)
    if known is not None:
        made = reset_password(actor=ACTOR, user_id=known.pk, at=at)
        return DemoAccess(known.username, role_name, made.temporary_password)
    organisation_id = _organisation_id(role)
    with transaction.atomic():
        made = create_staff(
            actor=ACTOR,
            username=_username(role),
            name=f"演示{role_name}",
            at=at,
            organisation_id=organisation_id,
        )
        grant_role(
            actor=ACTOR,
            user_id=made.user.pk,
            role_code=role,
            organisation_id=organisation_id,
            at=at,
        )
    return DemoAccess(made.user.username, role_name, made.temporary_password)


def _username(role: str) -> str:
    return f"{PREFIX}{role.replace('_', '-')}"


def _organisation_id(role: str) -> int | None:
    kind = _PLACES.get(role)
    if kind is OrganisationKind.STORE:
        return int(stores(ACTOR, limit=1)[0].pk)
    if kind is OrganisationKind.REGION:
        top = nodes_below(ACTOR, None)[0]
        return int(nodes_below(ACTOR, top.id)[0].id)
    return None
