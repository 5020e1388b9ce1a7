"""How far somebody may go by hand: by role, so much money at once, so long after a use, so often a
day. What lies beyond asks for an approval.

Only people are bounded so; programs have the permissions and networks of their keys. Who holds
several roles that allow such work has the widest of each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Q

from kaquan.engine.money import format_yuan
from kaquan.foundation.actor import EVERY_PERMISSION, Actor, ActorKind
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import KaquanError
from kaquan.redemption.models import CareLimit
from kaquan.staff.acting import grants_in_force
from kaquan.staff.models import StaffUser

CARE = "voucher.care"
REVERSE = "redemption.reverse"
EVERYONE_ELSE = ""
"""The code under which stands what holds for roles without a limit of their own."""
_OF_PEOPLE = "staff:"


class Authority(NamedTuple):
    """How far somebody may go; None: no bound."""

    amount_fen_max: int | None = None
    days_after_use_max: int | None = None
    number_a_day_max: int | None = None


UNBOUNDED = Authority()
ROWS_MAX = 1_000
"""More vouchers at once ask for an approval, whoever wants it."""


class CareBeyondAuthorityError(KaquanError):
    """Somebody wants to do more than they may alone."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(
            "care_beyond_authority",
            zh=f"超出您的权限：{zh}。请提交审批，或请有权限的同事办理。",
            en=f"Beyond your authority: {en}. Ask for an approval, or a colleague who may.",
        )


def authority_of(actor: Actor, at: datetime) -> Authority:
    """What somebody may do alone."""
    if actor.kind is not ActorKind.STAFF:
        return UNBOUNDED
    codes = _roles(actor, at)
    limits = {one.role_code: one for one in CareLimit.objects.filter(
        role_code__in=[*codes, EVERYONE_ELSE])}  # fmt: skip
    others = limits.get(EVERYONE_ELSE)
    found = [limits.get(code, others) for code in codes] or [others]
    bounds = [_authority(one) for one in found]
    return Authority(*(_widest([one[part] for one in bounds]) for part in range(3)))


def check(authority: Authority, *, amount_fen: int, days_after_use: int) -> None:
    """Raise `care_beyond_authority` for too much money, or too late."""
    most_fen = authority.amount_fen_max
    if most_fen is not None and amount_fen > most_fen:
        zh = f"单次最多 {format_yuan(most_fen)}，这次是 {format_yuan(amount_fen)}"
        en = f"{format_yuan(most_fen)} at once at most, and this is {format_yuan(amount_fen)}"
        raise CareBeyondAuthorityError(zh, en)
    days = authority.days_after_use_max
    if days is not None and days_after_use > days:
        zh = f"核销后 {days} 天内可撤销，现在已过 {days_after_use} 天"
        en = f"within {days} days of a use, and {days_after_use} have passed"
        raise CareBeyondAuthorityError(zh, en)


class Turns:
    """How many of the turns that were taken were of no use after all."""

    def __init__(self) -> None:
        self.unused = 0


@contextmanager
def turns(actor: Actor, authority: Authority, at: datetime, number: int = 1) -> Iterator[Turns]:
    """Count so many of the day's turns, and give back what the block says was not needed.

    Raises `care_beyond_authority` where the day has not so many left. Counted before anything is
    done and given back after: whoever is interrupted between has one less, never one more.
    """
    most = authority.number_a_day_max
    taken = Turns()
    if most is None or not number:
        yield taken
        return
    day = at.astimezone(current_configuration().time_zone).date()
    if not _take(actor.id, day, number, most):
        zh = f"每天最多 {most} 次，今天所剩不足 {number} 次"
        raise CareBeyondAuthorityError(
            zh, f"{most} a day at most, and fewer than {number} are left today"
        )
    try:
        yield taken
    except BaseException:
        _give_back(actor.id, day, number)
        raise
    if taken.unused:
        _give_back(actor.id, day, min(taken.unused, number))


def _take(actor_id: str, day: date, number: int, most: int) -> bool:
    if number > most:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO redemption_careday AS kept (actor_id, day, number) VALUES (%s, %s, %s)"
            " ON CONFLICT (actor_id, day) DO UPDATE SET number = kept.number + excluded.number"
            " WHERE kept.number + excluded.number <= %s RETURNING number",
            [actor_id, day, number, most],
        )
        return cursor.fetchone() is not None


def _give_back(actor_id: str, day: date, number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE redemption_careday SET number = greatest(number - %s, 0)"
            " WHERE actor_id = %s AND day = %s",
            [number, actor_id, day],
        )


def _roles(actor: Actor, at: datetime) -> Collection[str]:
    """The roles by which somebody may look after vouchers where they act."""
    number = actor.id.removeprefix(_OF_PEOPLE)
    user = StaffUser.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    if user is None:
        return ()
    above = [int(one) for one in actor.organisation_path.split(".") if one]
    rows = grants_in_force(user, at).filter(
        Q(organisation__isnull=True) | Q(organisation_id__in=above),
        role__permissions__overlap=[CARE, REVERSE, EVERY_PERMISSION],
    )
    return list(rows.values_list("role_id", flat=True).distinct())


def _authority(limit: CareLimit | None) -> Authority:
    if limit is None:
        return UNBOUNDED
    return Authority(limit.amount_fen_max, limit.days_after_use_max, limit.number_a_day_max)


def _widest(bounds: list[int | None]) -> int | None:
    """The widest of several bounds; None is none at all."""
    known = [one for one in bounds if one is not None]
    return max(known) if len(known) == len(bounds) else None
