"""Accounts and roles for tests; made by actions."""

from __future__ import annotations

from django.test import Client

from kaquan.foundation.actor import Actor
from kaquan.organisations.models import Organisation
from kaquan.staff.acting import actor_of
from kaquan.staff.actions import create_staff
from kaquan.staff.granting import grant_role
from kaquan.staff.models import StaffUser
from tests.builders.issuer import NOON, SYSTEM, a_number

PASSWORD = "a long and quiet river"


def somebody(
    organisation: Organisation | None = None, *roles: str, password: str = PASSWORD
) -> StaffUser:
    """Someone of this part of the tree who holds these roles there."""
    organisation_id = organisation.id if organisation else None
    made = create_staff(
        actor=SYSTEM,
        username=a_number("user-"),
        name="王小明",
        at=NOON,
        organisation_id=organisation_id,
        password=password,
    )
    for role in roles:
        grant_role(
            actor=SYSTEM,
            user_id=made.user.id,
            role_code=role,
            organisation_id=organisation_id,
            at=NOON,
        )
    return made.user


def acting(user: StaffUser, organisation_id: int | None = None) -> Actor:
    """Someone as the actor of what they do."""
    actor = actor_of(user, at=NOON, organisation_id=organisation_id)
    assert actor is not None
    return actor


def a_browser(*, checks_csrf: bool = False) -> Client:
    """One that follows pages and keeps cookies."""
    return Client(
        enforce_csrf_checks=checks_csrf,
        headers={"accept-language": "zh-CN"},
        SERVER_NAME="localhost",
    )
