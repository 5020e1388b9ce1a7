"""Roles that people compose: of what they hold themselves, and never an administrator's power.

The security administrator composes business roles without holding what is in them, as that office
also gives them; but nobody widens a role that they hold themselves.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from django.db import IntegrityError, transaction

from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import EVERY_PERMISSION, Actor, ActorKind, require
from kaquan.foundation.changes.actions import fields_of, record_row
from kaquan.organisations.queries import organisation_by_id, own_organisation_id
from kaquan.staff.acting import grants_in_force
from kaquan.staff.errors import (
    administrators_only,
    beyond_own_rights,
    own_role,
    role_changed_meanwhile,
    role_exists,
    role_fixed,
    value_invalid,
)
from kaquan.staff.models import Role, StaffUser
from kaquan.staff.permissions import ADMINISTRATORS_ONLY, DELEGATE, GRANT, PERMISSION_NAMES
from kaquan.staff.queries import role_for

KIND = "role"
_SHOWN = ("name_zh", "name_en", "permissions", "must_use_second_factor", "organisation")
_CODE = re.compile(r"[a-z][a-z0-9_-]{1,39}")

read_name = cells.text(64)


def create_role(
    *,
    actor: Actor,
    code: str,
    name_zh: str,
    name_en: str,
    permissions: Collection[str],
    must_use_second_factor: bool = False,
    organisation_id: int | None = None,
) -> Role:
    """Compose a role for a part of the tree, by default the actor's own.

    Raises `role_exists`, `organisation_unknown`, `value_invalid`, and `permission_denied` for what
    is beyond the actor's own rights or an administrator's alone.
    """
    require(actor, GRANT)
    belongs_to = organisation_id or own_organisation_id(actor)
    organisation = organisation_by_id(actor, belongs_to) if belongs_to else None
    chosen = _chosen(permissions)
    _require_composing(actor, chosen)
    role = Role(
        code=_accepted_code(code),
        name_zh=cells.accepted(read_name, name_zh, zh="中文名称", en="Chinese name"),
        name_en=cells.accepted(read_name, name_en, zh="英文名称", en="English name"),
        permissions=sorted(chosen),
        must_use_second_factor=must_use_second_factor,
        organisation=organisation,
    )
    try:
        with transaction.atomic():
            role.save(force_insert=True)
            _keep(actor, "roles.create", role, before=None)
    except IntegrityError:
        raise role_exists(role.code) from None
    return role


def update_role(
    *,
    actor: Actor,
    code: str,
    revision: int,
    name_zh: str | None = None,
    name_en: str | None = None,
    permissions: Collection[str] | None = None,
    must_use_second_factor: bool | None = None,
) -> Role:
    """Change what is given of a role that somebody composed; whoever holds it may do the new at
    once. ``revision`` is the one that was seen.

    Raises `role_unknown`, `role_changed`, `role_fixed` for a built-in one, `value_invalid`, and
    `permission_denied` as `create_role` does, and for widening a role that one holds.
    """
    require(actor, GRANT)
    with transaction.atomic():
        role = role_for(actor, code, for_update=True, own_part=True)
        if role.built_in:
            raise role_fixed(role.name_zh, role.name_en)
        if role.revision != revision:
            raise role_changed_meanwhile(role.name_zh, role.name_en)
        before = fields_of(role, *_SHOWN)
        if name_zh is not None:
            role.name_zh = cells.accepted(read_name, name_zh, zh="中文名称", en="Chinese name")
        if name_en is not None:
            role.name_en = cells.accepted(read_name, name_en, zh="英文名称", en="English name")
        if permissions is not None:
            chosen, held = _chosen(permissions), set(role.permissions)
            _require_composing(actor, chosen ^ held)
            if chosen - held - actor.permissions and _holds(actor, role):
                raise own_role(role.name_zh, role.name_en)
            role.permissions = sorted(chosen)
        if must_use_second_factor is not None:
            _require_second_factor_right(actor, role, must_use_second_factor)
            role.must_use_second_factor = must_use_second_factor
        _save(actor, "roles.update", role, before)
        return role


def set_second_factor(*, actor: Actor, code: str, must: bool) -> Role:
    """Say whether those who hold a role must log in with a second factor: of built-in roles too,
    but never of the administrators', who always must.

    Raises `role_unknown`, `role_fixed`, `permission_denied`.
    """
    require(actor, DELEGATE)
    with transaction.atomic():
        role = role_for(actor, code, for_update=True, own_part=True)
        if role.administers:
            raise role_fixed(role.name_zh, role.name_en)
        before = fields_of(role, *_SHOWN)
        role.must_use_second_factor = must
        _save(actor, "roles.second_factor", role, before)
        return role


def _save(actor: Actor, verb: str, role: Role, before: dict[str, object]) -> None:
    role.revision += 1
    role.save()
    _keep(actor, verb, role, before=before)


def _chosen(permissions: Collection[str]) -> set[str]:
    chosen = set(permissions)
    unknown = chosen - PERMISSION_NAMES
    if unknown or not chosen:
        listed = ", ".join(sorted(name[:64] for name in unknown)[:10])
        raise value_invalid(
            f"没有这样的权限：{listed}。" if unknown else "请至少选一项权限。",
            f"There are no such permissions: {listed}." if unknown else "Choose one permission.",
        )
    return chosen


def _require_composing(actor: Actor, names: set[str]) -> None:
    """These permissions may go into a role by the actor's hand, or out of it."""
    if names & ADMINISTRATORS_ONLY:
        raise administrators_only(names & ADMINISTRATORS_ONLY)
    if EVERY_PERMISSION in actor.permissions or DELEGATE in actor.permissions:
        return
    lacking = names - actor.permissions
    if lacking:
        raise beyond_own_rights(lacking)


def _require_second_factor_right(actor: Actor, role: Role, must: bool) -> None:
    # To ask for more is anybody's who may change the role; to ask for less is the office's.
    if role.must_use_second_factor and not must:
        require(actor, DELEGATE)


def _holds(actor: Actor, role: Role) -> bool:
    if actor.kind is not ActorKind.STAFF:
        return False
    user = StaffUser.objects.filter(id=int(actor.id.removeprefix("staff:"))).first()
    return user is not None and grants_in_force(user, clock.now()).filter(role=role).exists()


def _accepted_code(code: str) -> str:
    code = code.strip().lower()
    if not _CODE.fullmatch(code):
        raise value_invalid(
            "编码应为 2 到 40 个小写字母、数字、_ 或 -，以字母开头。",
            "The code must be 2 to 40 small letters, digits, _ or -, a letter first.",
        )
    return code


def _keep(actor: Actor, verb: str, role: Role, *, before: dict[str, object] | None) -> None:
    record_row(
        actor=actor,
        verb=verb,
        kind=KIND,
        row=role,
        name=role.name_zh,
        fields=_SHOWN,
        organisation_path=role.organisation.path if role.organisation else "",
        before=before,
    )
