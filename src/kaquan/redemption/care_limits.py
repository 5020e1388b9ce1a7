"""Setting how far people of a role may go alone; each change is kept in the change log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction

from kaquan.engine.money import MAX_FEN
from kaquan.foundation.actor import EVERY_PERMISSION, Actor, require
from kaquan.foundation.changes.actions import fields_of, record_row
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.redemption.authority import CARE, EVERYONE_ELSE, REVERSE, Authority
from kaquan.redemption.models import CareLimit
from kaquan.staff.errors import role_unknown
from kaquan.staff.models import Role

VIEW = "approvals.view"
PERMISSION = "approvals.rules"
CHANGE_KIND = "care_limit"
DAYS_MAX = 3_650
NUMBER_MAX = 1_000_000
LIST_MAX = 500
_FIELDS = ("amount_fen_max", "days_after_use_max", "number_a_day_max")


class LimitLine(NamedTuple):
    """A role (an empty code: all others) and its bounds; None: it has those of all others."""

    role_code: str
    name_zh: str
    name_en: str
    authority: Authority | None


def limit_lines(actor: Actor) -> Sequence[LimitLine]:
    """Every role that may look after vouchers, and what holds for those without bounds of their
    own, which comes last."""
    require(actor, VIEW)
    limits = {one.role_code: Authority(*(getattr(one, name) for name in _FIELDS))
              for one in CareLimit.objects.all()[:LIST_MAX]}  # fmt: skip
    roles = Role.objects.filter(permissions__overlap=[CARE, REVERSE, EVERY_PERMISSION])
    lines = [
        LimitLine(role.code, role.name_zh, role.name_en, limits.get(role.code))
        for role in roles.order_by("code")[:LIST_MAX]
    ]
    return [*lines, LimitLine(EVERYONE_ELSE, "其他角色", "All others", limits.get(EVERYONE_ELSE))]


def limit_line(actor: Actor, role_code: str) -> LimitLine:
    """One of them; raises `role_unknown`."""
    found = [line for line in limit_lines(actor) if line.role_code == role_code]
    if not found:
        raise role_unknown(role_code)
    return found[0]


def set_limit(*, actor: Actor, role_code: str, authority: Authority) -> CareLimit:
    """Bound people of a role; raises `role_unknown` and `value_invalid`."""
    require(actor, PERMISSION)
    if actor.organisation_path:  # a role means the same everywhere
        raise _whole_issuer()
    if role_code != EVERYONE_ELSE and not Role.objects.filter(code=role_code).exists():
        raise role_unknown(role_code)
    for value, most in zip(authority, (MAX_FEN, DAYS_MAX, NUMBER_MAX), strict=True):
        if value is not None and not 0 <= value <= most:
            raise KaquanError(
                "value_invalid",
                zh=f"上限应在 0 到 {most:,} 之间。",
                en=f"A bound must lie between 0 and {most:,}.",
                exit_code=ExitCode.USAGE,
            )
    with transaction.atomic():
        limit = CareLimit.objects.select_for_update().filter(role_code=role_code).first()
        before = None if limit is None else fields_of(limit, *_FIELDS)
        limit = limit or CareLimit(role_code=role_code)
        for name, value in zip(_FIELDS, authority, strict=True):
            setattr(limit, name, value)
        limit.save(force_insert=before is None)
        record_row(
            actor=actor,
            verb="care_limits.set",
            kind=CHANGE_KIND,
            row=limit,
            name=role_code or "*",
            fields=_FIELDS,
            before=before,
        )
    return limit


def _whole_issuer() -> KaquanError:
    return KaquanError(
        "permission_denied",
        zh="权限上限对整个发行方有效，只能由管辖全部组织的人设置。",
        en="These bounds hold for the whole issuer; only who acts for all of it sets them.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )
