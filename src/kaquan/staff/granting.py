"""Giving and taking roles: never more than one holds, never to oneself, never two administrators.

The exception is the security administrator's: to give business roles without holding them is what
that office is for. Administrators themselves are made at the machine.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from kaquan.foundation.actor import EVERY_PERMISSION, Actor, require
from kaquan.foundation.changes.actions import record_change
from kaquan.organisations.models import Organisation
from kaquan.organisations.queries import organisation_by_id, within
from kaquan.staff.acting import actor_id
from kaquan.staff.actions import administered_by, organisation_path_of
from kaquan.staff.errors import (
    administrators_are_made_at_the_machine,
    administrators_separated,
    beyond_own_rights,
    grant_exists,
    grant_unknown,
    own_account,
    role_elsewhere,
    role_unknown,
    value_invalid,
)
from kaquan.staff.models import Role, RoleGrant, StaffUser
from kaquan.staff.permissions import DELEGATE, GRANT
from kaquan.staff.queries import role_by_code, staff_by_id

KIND = "role_grant"


def grant_role(
    *,
    actor: Actor,
    user_id: int,
    role_code: str,
    at: datetime,
    organisation_id: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> RoleGrant:
    """Let somebody hold a role at a node and below it, None being the whole tree.

    Raises `staff_unknown`, `role_unknown`, `organisation_unknown`, `grant_exists`,
    `administrators_separated`, `value_invalid`, and `permission_denied` for what is beyond the
    actor's own rights.
    """
    require(actor, GRANT)
    begins = starts_at or at
    if ends_at is not None and ends_at <= max(begins, at):
        raise value_invalid(
            "结束时间须在将来，且晚于开始时间。", "The end must lie in the future, after the start."
        )
    with transaction.atomic():
        # Locked: two grants at once must not make someone two administrators.
        user = staff_by_id(actor, user_id, for_update=True)
        role = role_by_code(role_code)
        organisation = _node(actor, organisation_id)
        _require_place(actor, role, organisation)
        _require_giving(actor, user, role)
        if role.administers and administered_by(user, at) - {role.administers}:
            raise administrators_separated(user.username)
        _end_what_is_over(user, role, organisation, at)
        try:
            with transaction.atomic():
                grant = RoleGrant.objects.create(
                    user=user,
                    role=role,
                    organisation=organisation,
                    starts_at=begins,
                    ends_at=ends_at,
                    granted_by=actor.id,
                )
        except IntegrityError:
            raise grant_exists(user.username, role.name_zh) from None
        _keep(actor, "staff.grant", grant, before=None, after=_written(grant))
        return grant


def revoke_role(*, actor: Actor, grant_id: int, at: datetime) -> RoleGrant:
    """Take a role from somebody, at once. Raises `grant_unknown`, and `permission_denied` for what
    is beyond the actor's own rights."""
    require(actor, GRANT)
    with transaction.atomic():
        rows = RoleGrant.objects.filter(id=grant_id, revoked_at__isnull=True)
        rows = within(actor, within(actor, rows, "organisation"), "user__organisation")
        grant = rows.select_for_update(of=("self",)).select_related("user", "role").first()
        if grant is None:
            raise grant_unknown(grant_id)
        _require_giving(actor, grant.user, grant.role)
        grant.revoked_at, grant.revoked_by = at, actor.id
        grant.save(update_fields=["revoked_at", "revoked_by"])
        _keep(actor, "staff.revoke", grant, before=_written(grant), after=None)
        return grant


def _require_place(actor: Actor, role: Role, organisation: Organisation | None) -> None:
    """A role that somebody composed is held in its own part of the tree, and known there only."""
    if role.organisation is None:
        return
    path = organisation.path if organisation else ""
    if not path.startswith(role.organisation.path):
        visible = not actor.organisation_path or role.organisation.path.startswith(
            actor.organisation_path
        )
        raise role_elsewhere(role.name_zh, role.name_en) if visible else role_unknown(role.code)


def _require_giving(actor: Actor, user: StaffUser, role: Role) -> None:
    if EVERY_PERMISSION in actor.permissions:
        return
    if actor_id(user) == actor.id:
        raise own_account()
    if role.administers:
        raise administrators_are_made_at_the_machine(user.username)
    lacking = set(role.permissions) - actor.permissions
    if lacking and DELEGATE not in actor.permissions:
        raise beyond_own_rights(lacking)


def _node(actor: Actor, organisation_id: int | None) -> Organisation | None:
    """Where the role will count; the whole tree is only theirs to give who hold all of it."""
    if organisation_id is not None:
        return organisation_by_id(actor, organisation_id)
    if actor.organisation_path:
        raise value_invalid(
            "请指定组织：您只能在自己的管辖范围内授权。",
            "Name an organisation: you can grant roles in your part of the tree only.",
        )
    return None


def _end_what_is_over(
    user: StaffUser, role: Role, organisation: Organisation | None, at: datetime
) -> None:
    """A grant whose days are over makes room for a new one."""
    RoleGrant.objects.filter(
        user=user, role=role, organisation=organisation, revoked_at__isnull=True, ends_at__lte=at
    ).update(revoked_at=at, revoked_by="system:over")


def _written(grant: RoleGrant) -> dict[str, object]:
    return {
        "user": grant.user.username,
        "role": grant.role_id,
        "organisation": grant.organisation_id,
        "starts_at": grant.starts_at,
        "ends_at": grant.ends_at,
    }


def _keep(
    actor: Actor,
    verb: str,
    grant: RoleGrant,
    *,
    before: dict[str, object] | None,
    after: dict[str, object] | None,
) -> None:
    record_change(
        actor=actor,
        verb=verb,
        kind=KIND,
        object_id=grant.user_id,
        object_name=f"{grant.user.username} · {grant.role.name_zh}",
        organisation_path=organisation_path_of(grant.organisation),
        before=before,
        after=after,
    )
