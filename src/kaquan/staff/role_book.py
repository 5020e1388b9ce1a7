"""The book of roles as approvals read it: who holds what, where, and how it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from kaquan.approvals.holders import HeldRole
from kaquan.staff.acting import GRANTS_MAX, grants_in_force
from kaquan.staff.models import Role, StaffUser

ROLES_MAX = 500
_ACTORS = "staff:"


class StaffRoles:
    """Accounts' roles; nobody but people holds any."""

    def held_by(self, actor_id: str, at: datetime) -> Sequence[HeldRole]:
        """The roles that someone holds now."""
        number = actor_id.removeprefix(_ACTORS)
        if number == actor_id or not number.isdigit():
            return ()
        user = StaffUser.objects.filter(id=int(number)).first()
        if user is None:
            return ()
        rows = grants_in_force(user, at).values_list("role_id", "organisation__path")
        return [HeldRole(code, path or "") for code, path in rows[:GRANTS_MAX]]

    def names(self) -> Mapping[str, tuple[str, str]]:
        """Every role's Chinese and English name, by its code."""
        rows = Role.objects.order_by("code").values_list("code", "name_zh", "name_en")
        return {code: (zh, en) for code, zh, en in rows[:ROLES_MAX]}
