"""As whom someone acts: their roles become an actor with permissions in one part of the tree.

A role counts at its node and everywhere below. So at every node someone holds what their roles
there and above it give together, and nothing that a role further down gives. See
docs/decisions/0019.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet

from kaquan.foundation.actor import Actor, ActorKind
from kaquan.organisations.models import Organisation
from kaquan.staff.models import RoleGrant, StaffUser

GRANTS_MAX = 200


class Seat(NamedTuple):
    """A node that someone can act in, with all below it, and what they may do there.

    `organisation_id` None is the whole tree, whose path is empty.
    """

    organisation_id: int | None
    path: str
    name: str
    permissions: frozenset[str]


def grants_in_force(user: StaffUser, at: datetime) -> QuerySet[RoleGrant]:
    """The roles that someone holds now; none for an account that is disabled."""
    if not user.is_active:
        return RoleGrant.objects.none()
    return RoleGrant.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=at),
        user=user,
        revoked_at__isnull=True,
        starts_at__lte=at,
    )


def seats_of(user: StaffUser, *, at: datetime) -> Sequence[Seat]:
    """Where someone can act: the nodes of their roles, the widest first. A node below another seat
    is one of its own only where more is allowed."""
    granted = _granted(user, at)
    seats: list[Seat] = []
    for organisation_id, path, name in sorted(
        {(one.organisation_id, one.path, one.name) for one in granted}, key=lambda node: (
            node[1].count("."), node[1]
        )
    ):  # fmt: skip
        permissions = _permissions_at(granted, path)
        if not any(
            path.startswith(seat.path) and permissions <= seat.permissions for seat in seats
        ):
            seats.append(Seat(organisation_id, path, name, permissions))
    return seats


def actor_of(user: StaffUser, *, at: datetime, organisation_id: int | None = None) -> Actor | None:
    """Someone as the actor of what they do: in the node they chose, if a role of theirs reaches it,
    else in the widest of their seats. None for those who hold no role."""
    seats = seats_of(user, at=at)
    if not seats:
        return None
    chosen = _chosen(user, at, organisation_id) or seats[0]
    return Actor(
        kind=ActorKind.STAFF,
        id=actor_id(user),
        name=user.name,
        permissions=chosen.permissions,
        organisation_path=chosen.path,
    )


def actor_id(user: StaffUser) -> str:
    """How records name someone."""
    return f"staff:{user.pk}"


def must_use_second_factor(user: StaffUser, *, at: datetime) -> bool:
    """Whether one of someone's roles asks for more than a password."""
    return grants_in_force(user, at).filter(role__must_use_second_factor=True).exists()


class _Granted(NamedTuple):
    organisation_id: int | None
    path: str
    name: str
    permissions: frozenset[str]


def _granted(user: StaffUser, at: datetime) -> list[_Granted]:
    rows = grants_in_force(user, at).values_list(
        "organisation_id", "organisation__path", "organisation__name", "role__permissions"
    )
    return [
        _Granted(organisation_id, path or "", name or "", frozenset(permissions))
        for organisation_id, path, name, permissions in rows[:GRANTS_MAX]
    ]


def _permissions_at(granted: Sequence[_Granted], path: str) -> frozenset[str]:
    return frozenset().union(*(one.permissions for one in granted if path.startswith(one.path)))


def _chosen(user: StaffUser, at: datetime, organisation_id: int | None) -> Seat | None:
    if organisation_id is None:
        return None
    node = Organisation.objects.filter(id=organisation_id).first()
    permissions = node and _permissions_at(_granted(user, at), node.path)
    return Seat(node.id, node.path, node.name, permissions) if node and permissions else None
