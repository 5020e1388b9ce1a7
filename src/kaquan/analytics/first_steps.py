"""How far a new installation has come: what there is already, until a first voucher was used."""

from __future__ import annotations

from typing import NamedTuple

from kaquan.analytics.models import Counter
from kaquan.campaigns.models import Campaign
from kaquan.foundation.actor import Actor
from kaquan.organisations.models import Store
from kaquan.staff.models import Administers, RoleGrant


class FirstSteps(NamedTuple):
    """What is there, in the order in which it comes into being."""

    people: bool
    stores: bool
    campaigns: bool
    issued: bool


def first_steps(actor: Actor) -> FirstSteps | None:
    """How far it has come; None once a voucher was used, and for whoever sees but a part."""
    if actor.organisation_path or Counter.objects.filter(name="redeemed").exists():
        return None
    people = RoleGrant.objects.exclude(role__administers__in=(
        Administers.SYSTEM, Administers.SECURITY, Administers.AUDIT))  # fmt: skip
    return FirstSteps(
        people=people.exists(),
        stores=Store.objects.exists(),
        campaigns=Campaign.objects.exists(),
        issued=Counter.objects.filter(name="minted").exists(),
    )
