"""What others may know of accounts, roles and sessions, within the actor's part of the tree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from allauth.usersessions.models import UserSession
from django.db.models import Q

from kaquan.foundation.actor import Actor, require
from kaquan.organisations.queries import within
from kaquan.staff.acting import actor_id
from kaquan.staff.errors import role_unknown, staff_unknown
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


def roles(actor: Actor) -> Sequence[Role]:
    """Every role; there are not many."""
    _require_view(actor)
    return list(Role.objects.order_by("administers", "code")[:LIST_MAX])


def role_by_code(code: str) -> Role:
    """The role; raises `role_unknown`."""
    role = Role.objects.filter(code=code).first()
    if role is None:
        raise role_unknown(code[:64])
    return role


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


def keepable(actor: Actor, user_id: int) -> StaffUser:
    """The account, if it is the actor's own or one whose sessions the actor may end."""
    own = StaffUser.objects.filter(id=user_id).first()
    if own is not None and actor_id(own) == actor.id:
        return own
    if DELEGATE not in actor.permissions:
        require(actor, EDIT)
    return staff_by_id(actor, user_id)


def _require_view(actor: Actor) -> None:
    # Who may change them may look for what to change.
    if not {EDIT, GRANT, DELEGATE} & actor.permissions:
        require(actor, VIEW)
