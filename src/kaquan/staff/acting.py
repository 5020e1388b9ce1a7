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


class _Granted(NamedTuple):
    organisation_id: int | None
    path: str
    name: str
    role_code: str
    permissions: frozenset[str]
    must_use_second_factor: bool


class Standing(NamedTuple):
    """The roles that someone holds at a moment, read at once."""

    granted: Sequence[_Granted]

    @property
    def role_codes(self) -> frozenset[str]:
        """The roles."""
        return frozenset(one.role_code for one in self.granted)

    @property
    def must_use_second_factor(self) -> bool:
        """Whether one of them asks for more than a password."""
        return any(one.must_use_second_factor for one in self.granted)

    def seats(self) -> Sequence[Seat]:
        """Where they can act: the nodes of their roles, the widest first. A node below another
        seat is one of its own only where more is allowed."""
        seats: list[Seat] = []
        for organisation_id, path, name in sorted(
            {(one.organisation_id, one.path, one.name) for one in self.granted},
            key=lambda node: (node[1].count("."), node[1]),
        ):
            permissions = self._permissions_at(path)
            if not any(
                path.startswith(seat.path) and permissions <= seat.permissions for seat in seats
            ):
                seats.append(Seat(organisation_id, path, name, permissions))
        return seats

    def seat_at(self, organisation_id: int | None) -> Seat | None:
        """The node that they chose, if a role of theirs reaches it, else the widest of the seats;
        None for those who hold no role."""
        seats = self.seats()
        chosen = next((one for one in seats if one.organisation_id == organisation_id), None)
        if chosen is not None or organisation_id is None:
            return chosen or next(iter(seats), None)
        node = Organisation.objects.filter(id=organisation_id).first()
        permissions = node and self._permissions_at(node.path)
        if node and permissions:
            return Seat(node.id, node.path, node.name, permissions)
        return next(iter(seats), None)

    def _permissions_at(self, path: str) -> frozenset[str]:
        reaching = (one.permissions for one in self.granted if path.startswith(one.path))
        return frozenset().union(*reaching)


def standing_of(user: StaffUser, *, at: datetime) -> Standing:
    """What someone may do, and where; what asks for a second factor is never among those that are
    left out."""
    rows = grants_in_force(user, at).order_by("-role__must_use_second_factor", "id")
    columns = rows.values_list(
        *("organisation_id", "organisation__path", "organisation__name", "role_id"),
        *("role__permissions", "role__must_use_second_factor"),
    )
    return Standing([
        _Granted(organisation_id, path or "", name or "", code, frozenset(permissions), must)
        for organisation_id, path, name, code, permissions, must in columns[:GRANTS_MAX]
    ])  # fmt: skip


def seats_of(user: StaffUser, *, at: datetime) -> Sequence[Seat]:
    """Where someone can act; see `Standing`."""
    return standing_of(user, at=at).seats()


def actor_of(user: StaffUser, *, at: datetime, organisation_id: int | None = None) -> Actor | None:
    """Someone as the actor of what they do; None for those who hold no role."""
    return acting_in(user, standing_of(user, at=at), organisation_id)


def acting_in(user: StaffUser, standing: Standing, organisation_id: int | None) -> Actor | None:
    """The same of someone whose roles have been read."""
    seat = standing.seat_at(organisation_id)
    if seat is None:
        return None
    return Actor(
        kind=ActorKind.STAFF,
        id=actor_id(user),
        name=user.name,
        permissions=seat.permissions,
        organisation_path=seat.path,
    )


def actor_id(user: StaffUser) -> str:
    """How records name someone."""
    return f"staff:{user.pk}"


def must_use_second_factor(user: StaffUser, *, at: datetime) -> bool:
    """Whether one of someone's roles asks for more than a password."""
    return standing_of(user, at=at).must_use_second_factor
