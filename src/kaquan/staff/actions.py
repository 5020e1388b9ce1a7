"""Changes of accounts: made, changed, stopped; whose sessions end. Each is kept in the change log.

Nobody gets further by an account that they keep: an administrator's password and second factor are
dealt with at the machine only.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q

from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import EVERY_PERMISSION, Actor, require
from kaquan.foundation.changes.actions import fields_of, record_change
from kaquan.foundation.ids import draw_ids
from kaquan.organisations.models import Organisation
from kaquan.organisations.queries import organisation_by_id, own_organisation_id
from kaquan.organisations.searching import search_text_of
from kaquan.staff.acting import actor_id
from kaquan.staff.errors import (
    account_not_locked,
    account_reaches_further,
    administrators_are_made_at_the_machine,
    own_account,
    session_unknown,
    username_taken,
    value_invalid,
)
from kaquan.staff.lockouts import forget_attempts, locked_until
from kaquan.staff.models import Administers, RoleGrant, StaffUser
from kaquan.staff.passwords import set_password, temporary_password
from kaquan.staff.permissions import DELEGATE, EDIT
from kaquan.staff.queries import keepable, staff_by_id

KIND = "staff"
_SHOWN = ("username", "name", "email", "organisation", "is_active")

read_username = cells.code(64)
read_name = cells.text(100)
read_phone = cells.code(32)
read_reason = cells.text(200)


class NewAccess(NamedTuple):
    """An account and the password that opens it once, which can be read here and never again."""

    user: StaffUser
    temporary_password: str | None

    def __repr__(self) -> str:
        return f"<access to {self.user.username}>"


def create_staff(
    *,
    actor: Actor,
    username: str,
    name: str,
    at: datetime,
    email: str = "",
    phone: str | None = None,
    organisation_id: int | None = None,
    password: str | None = None,
) -> NewAccess:
    """Make an account, by default in the actor's own part of the tree; it may do nothing yet.

    Without a password it gets a temporary one, to be replaced at the first login. Raises
    `username_taken`, `organisation_unknown`, `value_invalid`.
    """
    require(actor, EDIT)
    belongs_to = organisation_id or own_organisation_id(actor)
    with transaction.atomic():
        (user_id,) = draw_ids(StaffUser, 1)  # what is sealed is sealed for this row
        user = StaffUser(
            id=user_id,
            username=_accepted_username(username),
            name=cells.accepted(read_name, name, zh="姓名", en="name"),
            email=_accepted_email(email),
            phone=cells.accepted(read_phone, phone, zh="手机号", en="phone") if phone else None,
            organisation=organisation_by_id(actor, belongs_to) if belongs_to else None,
            created_at=at,
            created_by=actor.id,
        )
        user.search_text = search_text_of(user.name, user.username)
        temporary = _give_password(user, password)
        try:
            with transaction.atomic():
                user.save(force_insert=True)
        except IntegrityError:
            raise username_taken(user.username) from None
        _keep(actor, "staff.create", user, before=None)
    return NewAccess(user, temporary)


def update_staff(
    *,
    actor: Actor,
    user_id: int,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    organisation_id: int | None = None,
) -> StaffUser:
    """Change what is given of an account; raises `staff_unknown`, `organisation_unknown`,
    `value_invalid`."""
    require(actor, EDIT)
    with transaction.atomic():
        user = staff_by_id(actor, user_id, for_update=True)
        before = fields_of(user, *_SHOWN)
        if name is not None:
            user.name = cells.accepted(read_name, name, zh="姓名", en="name")
        if email is not None:
            user.email = _accepted_email(email)
        if phone is not None:
            accepted = cells.accepted(read_phone, phone, zh="手机号", en="phone") if phone else None
            user.phone = accepted
        if organisation_id is not None:
            user.organisation = organisation_by_id(actor, organisation_id)
        user.search_text = search_text_of(user.name, user.username)
        user.save(update_fields=["name", "email", "phone", "organisation", "search_text"])
        _keep(actor, "staff.update", user, before=before, phone_changed=phone is not None)
        return user


def set_staff_active(*, actor: Actor, user_id: int, active: bool) -> StaffUser:
    """Stop an account, wherever it is logged in, or let it go on. Raises `staff_unknown`, and
    `permission_denied` for one's own and for those that reach beyond the actor's part of the tree.
    """
    require(actor, EDIT)
    with transaction.atomic():
        user = staff_by_id(actor, user_id, for_update=True)
        _not_oneself(actor, user)
        _within_reach(actor, user, clock.now())
        before = fields_of(user, *_SHOWN)
        user.is_active = active
        user.save(update_fields=["is_active"])
        if not active:
            _end_all_sessions(user)
        _keep(actor, "staff.enable" if active else "staff.disable", user, before=before)
        return user


def reset_password(
    *, actor: Actor, user_id: int, at: datetime, password: str | None = None
) -> NewAccess:
    """Give somebody a password, by default a temporary one, and end their sessions.

    Raises `staff_unknown`, `value_invalid`, and `permission_denied` for one's own, for
    administrators', and for those that reach beyond the actor's part of the tree.
    """
    require(actor, EDIT)
    with transaction.atomic():
        user = staff_by_id(actor, user_id, for_update=True)
        _not_oneself(actor, user)
        _no_administrator(actor, user, at)
        _within_reach(actor, user, at)
        temporary = _give_password(user, password)
        user.save(update_fields=["password", "must_change_password"])
        _end_all_sessions(user)
        _note(actor, "staff.reset_password", user)
    return NewAccess(user, temporary)


def note_password_changed(*, user: StaffUser) -> None:
    """Somebody chose a new password for themselves."""
    with transaction.atomic():
        StaffUser.objects.filter(id=user.pk).update(must_change_password=False)
        user.must_change_password = False


def reset_second_factor(*, actor: Actor, user_id: int, at: datetime) -> StaffUser:
    """Take somebody's second factors and passkeys away, when they are lost, and end the sessions.

    Raises `staff_unknown`, and `permission_denied` as `reset_password` does.
    """
    require(actor, DELEGATE)
    with transaction.atomic():
        user = staff_by_id(actor, user_id, for_update=True)
        _not_oneself(actor, user)
        _no_administrator(actor, user, at)
        _within_reach(actor, user, at)
        Authenticator.objects.filter(user=user).delete()
        _end_all_sessions(user)
        _note(actor, "staff.reset_second_factor", user)
        return user


def unlock_login(*, actor: Actor, user_id: int, reason: str, at: datetime) -> StaffUser:
    """Let somebody try again at once who typed too many wrong passwords; nothing else is given.

    Raises `staff_unknown`, `account_not_locked`, `value_invalid`, and `permission_denied` for
    one's own and for those that reach beyond the actor's part of the tree.
    """
    require(actor, DELEGATE)
    reason = str(cells.accepted(read_reason, reason, zh="原因", en="reason"))
    with transaction.atomic():
        user = staff_by_id(actor, user_id, for_update=True)
        _not_oneself(actor, user)
        _within_reach(actor, user, at)
        until = locked_until([user], at=at).get(user.pk)
        if until is None:
            raise account_not_locked(user.username)
        forget_attempts(user)
        record_change(
            actor=actor,
            verb="staff.unlock",
            kind=KIND,
            object_id=user.pk,
            object_name=user.username,
            organisation_path=organisation_path_of(user.organisation),
            before={"locked_until": until.replace(microsecond=0), "reason": None},
            after={"locked_until": None, "reason": reason},
        )
        return user


def end_session(*, actor: Actor, user_id: int, session_id: int) -> None:
    """Log someone out in one place: oneself, or an account that one keeps.

    Raises `staff_unknown`, `session_unknown`, `permission_denied`.
    """
    user = keepable(actor, user_id)
    with transaction.atomic():
        session = UserSession.objects.filter(pk=session_id, user=user).first()
        if session is None:
            raise session_unknown(session_id)
        session.end()
        if actor_id(user) != actor.id:
            _note(actor, "staff.end_session", user)


def is_administrator(user: StaffUser, at: datetime) -> bool:
    """Whether somebody holds, or will hold, a role of the three administrators."""
    return administered_by(user, at) != set()


def administered_by(user: StaffUser, at: datetime) -> set[str]:
    """Which administrator somebody is or will be."""
    grants = RoleGrant.objects.filter(user=user, revoked_at__isnull=True)
    rows = grants.exclude(role__administers=Administers.NOTHING).exclude(ends_at__lte=at)
    return set(rows.values_list("role__administers", flat=True))


def organisation_path_of(organisation: Organisation | None) -> str:
    """Whose it is, as the change log wants it."""
    return organisation.path if organisation else ""


def _within_reach(actor: Actor, user: StaffUser, at: datetime) -> None:
    """A home below somebody does not put what its owner may do elsewhere into their hands."""
    if not actor.organisation_path:
        return
    grants = RoleGrant.objects.filter(user=user, revoked_at__isnull=True).exclude(ends_at__lte=at)
    below = Q(organisation__path__startswith=actor.organisation_path)
    if grants.exclude(below, organisation__isnull=False).exists():
        raise account_reaches_further(user.username)


def _no_administrator(actor: Actor, user: StaffUser, at: datetime) -> None:
    if EVERY_PERMISSION not in actor.permissions and is_administrator(user, at):
        raise administrators_are_made_at_the_machine(user.username)


def _not_oneself(actor: Actor, user: StaffUser) -> None:
    if actor_id(user) == actor.id:
        raise own_account()


def _accepted_username(username: str) -> str:
    return str(cells.accepted(read_username, username, zh="用户名", en="user name")).lower()


def _accepted_email(email: str) -> str:
    email = email.strip()
    try:
        if email:
            validate_email(email)
    except ValidationError:
        raise value_invalid("邮箱格式不对。", "This is no e-mail address.") from None
    return email


def _give_password(user: StaffUser, password: str | None) -> str | None:
    temporary = temporary_password() if password is None else None
    set_password(user, temporary or password or "")
    user.must_change_password = temporary is not None
    return temporary


def _end_all_sessions(user: StaffUser) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()


def _keep(
    actor: Actor,
    verb: str,
    user: StaffUser,
    *,
    before: dict[str, object] | None,
    phone_changed: bool = False,
) -> None:
    after = fields_of(user, *_SHOWN)
    if phone_changed and before is not None:  # that it changed, not what it is
        before, after = {**before, "phone": "…"}, {**after, "phone": "……"}
    record_change(
        actor=actor,
        verb=verb,
        kind=KIND,
        object_id=user.pk,
        object_name=user.username,
        organisation_path=organisation_path_of(user.organisation),
        before=before,
        after=after,
    )


def _note(actor: Actor, verb: str, user: StaffUser) -> None:
    """Keep that something was done which has no value to show."""
    record_change(
        actor=actor,
        verb=verb,
        kind=KIND,
        object_id=user.pk,
        object_name=user.username,
        organisation_path=organisation_path_of(user.organisation),
        before={},
        after={"done": True},
    )
