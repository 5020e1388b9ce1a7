"""Lists of accounts, roles and announcements for people, within the actor's part of the tree."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.organisations.queries import organisation_by_id, within
from kaquan.staff.models import Announcement, Role, RoleGrant, StaffUser
from kaquan.staff.permissions import ANNOUNCE, VIEW
from kaquan.staff.queries import visible_roles

STAFF_ORDERS = {"username": "username", "newest": "-id"}
ROLE_ORDERS = {"code": "code"}
ANNOUNCEMENT_ORDERS = {"newest": "-id"}
GRANTS_SHOWN_MAX = 1_000


class StaffFilter(NamedTuple):
    """Which accounts; None does not restrict."""

    words: str | None = None
    active: bool | None = None
    role: str | None = None
    under_id: int | None = None
    ids: Collection[int] | None = None


def staff_page(
    actor: Actor, wanted: StaffFilter, paging: Paging, *, at: datetime
) -> Page[StaffUser]:
    """Accounts with where they belong; raises `organisation_unknown`, `cursor_invalid`,
    `sort_invalid`."""
    require(actor, VIEW)
    rows = within(actor, StaffUser.objects.select_related("organisation"), "organisation")
    if wanted.words is not None:
        rows = rows.filter(search_text__contains=wanted.words.lower())
    if wanted.active is not None:
        rows = rows.filter(is_active=wanted.active)
    if wanted.ids is not None:
        rows = rows.filter(id__in=wanted.ids)
    if wanted.role is not None:
        held = RoleGrant.objects.filter(role=wanted.role, revoked_at__isnull=True)
        held = within(actor, held.exclude(ends_at__lte=at), "organisation")
        rows = rows.filter(id__in=held.values("user"))
    if wanted.under_id is not None:
        path = organisation_by_id(actor, wanted.under_id).path
        rows = rows.filter(organisation__path__startswith=path)
    return page_of(rows, paging, STAFF_ORDERS)


def roles_held(
    actor: Actor, user_ids: Collection[int], *, at: datetime
) -> dict[int, list[RoleGrant]]:
    """What each account may do now, as far as it lies in the actor's part of the tree."""
    require(actor, VIEW)
    rows = RoleGrant.objects.filter(user__in=user_ids, revoked_at__isnull=True, starts_at__lte=at)
    rows = within(actor, rows.exclude(ends_at__lte=at), "organisation")
    held: dict[int, list[RoleGrant]] = {user_id: [] for user_id in user_ids}
    for grant in rows.select_related("role", "organisation").order_by("id")[:GRANTS_SHOWN_MAX]:
        held[grant.user_id].append(grant)
    return held


def role_page(actor: Actor, words: str | None, kind: str | None, paging: Paging) -> Page[Role]:
    """Roles that can be held in the actor's part, ``kind``: own or built_in; raises
    `cursor_invalid`, `sort_invalid`."""
    require(actor, VIEW)
    rows = visible_roles(actor)
    if words is not None:
        rows = rows.filter(
            Q(code__icontains=words) | Q(name_zh__icontains=words) | Q(name_en__icontains=words)
        )
    if kind is not None:
        rows = rows.filter(built_in=kind == "built_in")
    return page_of(rows, paging, ROLE_ORDERS)


def announcement_page(
    actor: Actor, state: str | None, paging: Paging, *, at: datetime
) -> Page[Announcement]:
    """Announcements to people in the actor's part, ``state``: coming, shown or over; raises
    `cursor_invalid`, `sort_invalid`."""
    require(actor, ANNOUNCE)
    rows = within(actor, Announcement.objects.select_related("organisation"), "organisation")
    over = Q(withdrawn_at__isnull=False) | Q(ends_at__lte=at)
    if state == "over":
        rows = rows.filter(over)
    elif state == "coming":
        rows = rows.exclude(over).filter(starts_at__gt=at)
    elif state == "shown":
        rows = rows.exclude(over).filter(starts_at__lte=at)
    return page_of(rows, paging, ANNOUNCEMENT_ORDERS)
