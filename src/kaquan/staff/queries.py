"""What others may know of accounts, roles and sessions, within the actor's part of the tree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from allauth.usersessions.models import UserSession
from django.db.models import Q, QuerySet

from kaquan.foundation.actor import Actor, require
from kaquan.organisations.queries import within
from kaquan.staff.acting import actor_id
from kaquan.staff.errors import grant_unknown, role_unknown, session_unknown, staff_unknown
from kaquan.staff.models import Role, RoleGrant, StaffUser
from kaquan.staff.permissions import DELEGATE, EDIT, GRANT, VIEW

LIST_MAX = 500
SESSIONS_MAX = 100


class SessionLine(NamedTuple):
    """Someone logged in somewhere; the key of the session itself is nobody's to see."""

    id: int
    user_id: int
    began_at: datetime
    last_seen_at: datetime
    ip: str
    user_agent: str


def staff_by_id(actor: Actor, user_id: int, *, for_update: bool = False) -> StaffUser:
    """The account, locked until the transaction ends if asked; raises `staff_unknown`."""
    _require_view(actor)
    rows = within(actor, StaffUser.objects.filter(id=user_id), "organisation")
    if for_update:
        rows = rows.select_for_update(of=("self",))
    user = rows.select_related("organisation").first()
    if user is None:
        raise staff_unknown(user_id)
    return user


def staff_by_username(actor: Actor, username: str) -> StaffUser:
    """The account; raises `staff_unknown`."""
    _require_view(actor)
    rows = StaffUser.objects.filter(username=username.strip().lower())
    user = within(actor, rows, "organisation").select_related("organisation").first()
    if user is None:
        raise staff_unknown(username[:64])
    return user


def staff(
    actor: Actor,
    *,
    containing: str = "",
    active: bool | None = None,
    after_username: str = "",
    limit: int = LIST_MAX,
) -> Sequence[StaffUser]:
    """Accounts by their user names; the next page begins after the last one's."""
    _require_view(actor)
    rows = StaffUser.objects.filter(username__gt=after_username)
    if containing:
        rows = rows.filter(Q(username__icontains=containing) | Q(name__icontains=containing))
    if active is not None:
        rows = rows.filter(is_active=active)
    rows = within(actor, rows, "organisation").select_related("organisation")
    return list(rows.order_by("username")[: max(0, min(limit, LIST_MAX))])


def visible_roles(actor: Actor) -> QuerySet[Role]:
    """The roles that can be held in the actor's part of the tree: the whole issuer's, those of the
    nodes above and of the nodes below."""
    rows = Role.objects.select_related("organisation")
    if not actor.organisation_path:
        return rows
    above = [int(part) for part in actor.organisation_path.split(".")[:-1]]
    return rows.filter(
        Q(organisation__isnull=True)
        | Q(organisation__in=above)
        | Q(organisation__path__startswith=actor.organisation_path)
    )


def roles(actor: Actor) -> Sequence[Role]:
    """Every role that can be held in the actor's part; there are not many."""
    _require_view(actor)
    return list(visible_roles(actor).order_by("administers", "code")[:LIST_MAX])


def role_by_code(code: str) -> Role:
    """The role; raises `role_unknown`."""
    role = Role.objects.filter(code=code).first()
    if role is None:
        raise role_unknown(code[:64])
    return role


def role_for(actor: Actor, code: str, *, for_update: bool = False, own_part: bool = False) -> Role:
    """The role; with ``own_part`` only one that belongs to the actor's own part of the tree, and
    so counts nowhere else. Raises `role_unknown`."""
    _require_view(actor)
    rows = visible_roles(actor).filter(code=code)
    if own_part:
        rows = within(actor, rows, "organisation")
    role = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if role is None:
        raise role_unknown(code[:64])
    return role


def role_holders(actor: Actor, code: str, *, at: datetime, limit: int = 100) -> Sequence[RoleGrant]:
    """Who holds a role, and where, as far as that lies in the actor's part of the tree."""
    role = role_for(actor, code)
    rows = RoleGrant.objects.filter(role=role, revoked_at__isnull=True).exclude(ends_at__lte=at)
    rows = within(actor, rows, "organisation").select_related("user", "organisation")
    return list(rows.order_by("-id")[: max(0, min(limit, LIST_MAX))])


def grant_by_id(actor: Actor, grant_id: int) -> RoleGrant:
    """One grant, in force or not, of an account that the actor sees; raises `grant_unknown`."""
    _require_view(actor)
    rows = within(actor, RoleGrant.objects.filter(id=grant_id), "organisation")
    rows = within(actor, rows, "user__organisation").select_related("user", "role", "organisation")
    grant = rows.first()
    if grant is None:
        raise grant_unknown(grant_id)
    return grant


def grants_of(
    actor: Actor, user_id: int, *, revoked: bool = False, limit: int = LIST_MAX
) -> Sequence[RoleGrant]:
    """Someone's roles, the newest first, as far as they lie in the actor's part of the tree.

    Raises `staff_unknown`.
    """
    user = staff_by_id(actor, user_id)
    rows = RoleGrant.objects.filter(user=user)
    if not revoked:
        rows = rows.filter(revoked_at__isnull=True)
    rows = within(actor, rows, "organisation").select_related("role", "organisation")
    return list(rows.order_by("-id")[: max(0, min(limit, LIST_MAX))])


def sessions_of(actor: Actor, user_id: int) -> Sequence[SessionLine]:
    """Where someone is logged in, the newest first: one's own, or those of accounts one keeps.

    Raises `staff_unknown`, `permission_denied`.
    """
    user = keepable(actor, user_id)
    alive = UserSession.objects.purge_and_list(user)
    alive.sort(key=lambda session: (session.created_at, session.pk), reverse=True)
    return [
        SessionLine(one.pk, user.id, one.created_at, one.last_seen_at, one.ip, one.user_agent)
        for one in alive[:SESSIONS_MAX]
    ]


def session_by_id(actor: Actor, session_id: int) -> SessionLine:
    """One place where somebody is logged in; raises `session_unknown`, `permission_denied`."""
    _require_keeping(actor)
    rows = within(actor, UserSession.objects.filter(pk=session_id), "user__organisation")
    one = rows.first()
    if one is None:
        raise session_unknown(session_id)
    return SessionLine(
        one.pk, one.user_id, one.created_at, one.last_seen_at, one.ip, one.user_agent
    )


def keepable(actor: Actor, user_id: int) -> StaffUser:
    """The account, if it is the actor's own or one whose sessions the actor may end."""
    own = StaffUser.objects.filter(id=user_id).first()
    if own is not None and actor_id(own) == actor.id:
        return own
    _require_keeping(actor)
    return staff_by_id(actor, user_id)


def _require_keeping(actor: Actor) -> None:
    if DELEGATE not in actor.permissions:
        require(actor, EDIT)


def _require_view(actor: Actor) -> None:
    # Who may change them may look for what to change.
    if not {EDIT, GRANT, DELEGATE} & actor.permissions:
        require(actor, VIEW)
