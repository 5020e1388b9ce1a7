"""Accounts: who has one, what they may do and where, and where they are logged in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.customers.phones import masked_phone
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.staff import actions, queries
from kaquan.staff.listings import StaffFilter, roles_held, staff_page
from kaquan.staff.lockouts import locked_accounts, locked_until
from kaquan.staff.models import RoleGrant, StaffUser
from kaquan.staff.permissions import DELEGATE, EDIT, GRANT, VIEW
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    Text,
    badge,
    code,
    in_brackets,
    last_moment,
    listed,
    local_text,
    moment,
    question,
    text,
)
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table, last_of
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.changes import Things, changes_tab
from kaquan.surfaces.console.screens.grants import GRANT_PAGE, SESSION_PAGE, grant_state, role_name
from kaquan.surfaces.console.screens.logins import logins_tab

WHOLE = _("Whole issuer")
GRANTS_SHOWN = 200


def _state(user: StaffUser, until: datetime | None) -> Cell:
    if not user.is_active:
        return badge(_("Stopped"), "bad")
    if until is not None:
        return badge(_("Locked out until %(time)s") % {"time": local_text(until)[11:16]}, "bad")
    if user.must_change_password:
        return badge(_("Temporary password"), "warn")
    return badge(_("In use"), "good")


def _belongs_to(user: StaffUser) -> Cell:
    return text(user.organisation.name if user.organisation else WHOLE)


def _set_active(*, on: bool, words: Text) -> Action[StaffUser]:
    def run(user: StaffUser, doing: Doing) -> Text:
        actions.set_staff_active(actor=doing.actor, user_id=user.id, active=on)
        return _("The account %(name)s was changed.") % {"name": user.username}

    asks = (
        _("Let %(name)s (%(username)s) log in again?")
        if on
        else _("Stop the account of %(name)s (%(username)s)?")
    )
    return Action(
        "enable" if on else "disable",
        words,
        EDIT,
        lambda user: asks % {"name": user.name, "username": user.username},
        run,
        danger=not on,
        bulk=not on,
        offered=lambda user: user.is_active is not on,
        consequence="" if on else _("They are logged out everywhere at once."),
    )


def _reset_second_factor(user: StaffUser, doing: Doing) -> Text:
    actions.reset_second_factor(actor=doing.actor, user_id=user.id, at=clock.now())
    return _("The second factors of %(name)s were taken away.") % {"name": user.username}


def _locked_until(one: StaffUser | StaffLine) -> datetime | None:
    if isinstance(one, StaffLine):
        return one.locked_until
    return locked_until([one], at=clock.now()).get(one.pk)


def _unlock(user: StaffUser, doing: Doing) -> Text:
    reason = doing.values["reason"]
    actions.unlock_login(actor=doing.actor, user_id=user.id, reason=reason, at=clock.now())
    return _("%(name)s may log in again at once.") % {"name": user.username}


STAFF_ACTIONS: tuple[Action[StaffUser], ...] = (
    Action(
        "unlock",
        _("Unlock"),
        DELEGATE,
        lambda user: (
            _("Let %(name)s (%(username)s) try to log in again at once?")
            % {"name": user.name, "username": user.username}
        ),
        _unlock,
        fields=(Field("reason", _("Reason"), required=True, characters_max=200),),
        offered=lambda user: user.is_active and _locked_until(user) is not None,
        consequence=_(
            "Ask the person by another way first: somebody typed five wrong passwords. "
            "The reason is kept in the change log."
        ),
    ),
    _set_active(on=True, words=_("Enable")),
    _set_active(on=False, words=_("Disable")),
    Action(
        "second-factor",
        _("Reset the second factor"),
        DELEGATE,
        lambda user: (
            _("Take the second factors and passkeys of %(name)s (%(username)s) away?")
            % {"name": user.name, "username": user.username}
        ),
        _reset_second_factor,
        danger=True,
        consequence=_("Only when they are lost: ask the person by another way first."),
    ),
)


def _grant_todo(call: Call) -> Any:
    def todo(grant: RoleGrant) -> Cell:
        if grant.revoked_at is not None or not holds(call.actor, GRANT):
            return text("")
        back = f"?back={call.request.path}%3Ftab%3Droles"
        revoke = GRANT_PAGE.actions[0]
        return question(revoke.title, action_address(GRANT_PAGE, grant.id, revoke) + back)

    return todo


def grant_columns(call: Call) -> tuple[Column[Any], ...]:
    """Roles that somebody holds or held."""
    return (
        Column[Any]("role", _("Role"), lambda g: text(
            role_name(g.role), href=GRANT_PAGE.address(key=g.id))),
        Column[Any]("where", _("Where"), lambda g: text(
            g.organisation.name if g.organisation else WHOLE)),
        Column[Any]("state", _("State"), grant_state),
        Column[Any]("from", _("From"), lambda g: moment(g.starts_at), wide=True),
        Column[Any]("until", _("Until"), lambda g: last_moment(g.ends_at), wide=True),
        Column[Any]("do", _("Actions"), _grant_todo(call)),
    )  # fmt: skip


def _session_columns(call: Call) -> tuple[Column[Any], ...]:
    def todo(session: Any) -> Cell:
        back = f"?back={call.request.path}%3Ftab%3Dsessions"
        end = SESSION_PAGE.actions[0]
        return question(end.title, action_address(SESSION_PAGE, session.id, end) + back)

    return (
        Column[Any]("began", _("Logged in"), lambda s: moment(s.began_at)),
        Column[Any]("seen", _("Last seen"), lambda s: moment(s.last_seen_at)),
        Column[Any]("ip", _("From where"), lambda s: code(s.ip)),
        Column[Any]("agent", _("Browser"), lambda s: text(s.user_agent[:120]), wide=True),
        Column[Any]("do", _("Actions"), todo),
    )


def _grants(call: Call, user: StaffUser) -> Things:
    found = queries.grants_of(call.actor, user.id, revoked=True, limit=GRANTS_SHOWN)
    return [("role_grant", one.id) for one in found]


class StaffDetail(DetailScreen[StaffUser]):
    """One account."""

    name = "staff-member"
    path = "staff/<int:key>"
    title = _("Account")
    permission = VIEW
    parent = "staff"
    actions = STAFF_ACTIONS
    links = (
        ("staff-grant", _("Grant a role"), GRANT),
        ("staff-password", _("Reset the password"), EDIT),
        ("staff-edit", _("Edit"), EDIT),
    )

    def subject(self, actor: Actor, key: int) -> StaffUser:
        """The account; raises `staff_unknown`."""
        return queries.staff_by_id(actor, key)

    def heading(self, subject: StaffUser) -> str:
        """Whose it is."""
        return f"{subject.name} · {subject.username}"

    def badges(self, subject: StaffUser) -> Sequence[Cell]:
        """Whether it opens anything."""
        return [_state(subject, _locked_until(subject))]

    @staticmethod
    def facts(call: Call, user: StaffUser) -> Sequence[Panel]:
        """Who it is."""
        del call
        facts = [
            Fact(_("User name"), code(user.username)),
            Fact(_("Full name"), text(user.name)),
            Fact(_("Belongs to"), _belongs_to(user)),
            Fact(_("E-mail"), text(user.email)),
            Fact(_("Phone"), code(masked_phone(user.phone) if user.phone else "")),
            Fact(_("Last logged in"), moment(user.last_login)),
            Fact(_("Made"), moment(user.created_at)),
            Fact(_("Made by"), code(user.created_by)),
        ]
        return [Facts("", facts)]

    @staticmethod
    def held(call: Call, user: StaffUser) -> Sequence[Panel]:
        """What they may do, and where, now and in the past."""
        grants = queries.grants_of(call.actor, user.id, revoked=True, limit=GRANTS_SHOWN)
        note = last_of(grants, GRANTS_SHOWN)
        return [Table(_("Roles"), grant_columns(call), grants, _("They hold no role yet."), note)]

    @staticmethod
    def sessions(call: Call, user: StaffUser) -> Sequence[Panel]:
        """Where they are logged in."""
        found = queries.sessions_of(call.actor, user.id)
        note = last_of(found, queries.SESSIONS_MAX)
        empty = _("They are logged in nowhere.")
        return [Table(_("Sessions"), _session_columns(call), found, empty, note)]

    tabs = (
        Tab("facts", _("Account"), facts),
        Tab("roles", _("Roles"), held),
        Tab("sessions", _("Sessions"), sessions, EDIT),
        logins_tab(),
        changes_tab("staff", _grants),
    )


def _roles_in_words(grants: Sequence[RoleGrant]) -> str:
    return listed(
        in_brackets(role_name(one.role), one.organisation.name) if one.organisation else
        role_name(one.role)
        for one in grants
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StaffLine:
    """An account and what its owner may do now."""

    user: StaffUser
    held: Sequence[RoleGrant]
    locked_until: datetime | None = None

    @property
    def id(self) -> int:
        """The account's."""
        return int(self.user.id)

    @property
    def is_active(self) -> bool:
        """Whether it opens anything."""
        return self.user.is_active


class Staff(ListScreen[StaffLine]):
    """The accounts of one's part, with what each may do."""

    name = "staff"
    path = "staff"
    title = _("Accounts")
    permission = VIEW
    actions = STAFF_ACTIONS[:3]
    creates = ("staff-new", _("New account"), EDIT)
    empty = _("There are no accounts yet.")
    fields = (
        Field("words", _("Name or user name"), hint=_("Pinyin too")),
        Field("role", _("Role"), "choice"),
        Field("state", _("State"), "choice",
              options=[("on", _("In use")), ("off", _("Stopped")),
                       ("locked", _("Locked out"))]),
    )  # fmt: skip
    columns = (
        Column[StaffLine]("name", _("Full name"), lambda line: text(
            line.user.name, href=STAFF_MEMBER.address(key=line.id))),
        Column[StaffLine]("username", _("User name"), lambda line: code(line.user.username),
                          sort="username"),
        Column[StaffLine]("state", _("State"), lambda line: _state(
            line.user, line.locked_until)),
        Column[StaffLine]("roles", _("Roles"), lambda line: text(_roles_in_words(line.held))),
        Column[StaffLine]("owner", _("Belongs to"), lambda line: _belongs_to(line.user),
                          wide=True),
        Column[StaffLine]("login", _("Last logged in"), lambda line: moment(line.user.last_login),
                          wide=True),
        Column[StaffLine]("made", _("Made"), lambda line: moment(line.user.created_at),
                          sort="newest", hidden=True),
    )  # fmt: skip

    def query_fields(self, actor: Actor) -> Sequence[Field]:
        """With the roles that can be held here."""
        options = [(one.code, role_name(one)) for one in queries.roles(actor)]
        return [one.with_options(options) if one.name == "role" else one for one in self.fields]

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[StaffLine]:
        """The accounts."""
        at = clock.now()
        active = {"on": True, "off": False}.get(values["state"] or "")
        ids = locked_accounts(actor, at=at).keys() if values["state"] == "locked" else None
        wanted = StaffFilter(values["words"], active, values["role"], ids=ids)
        found = staff_page(actor, wanted, paging, at=at)
        held = roles_held(actor, [one.id for one in found.rows], at=at)
        until = locked_until(found.rows, at=at)
        return found.mapped(
            lambda rows: [StaffLine(one, held[one.id], until.get(one.id)) for one in rows]
        )

    def action_address(self, row: StaffLine, action: Action[Any]) -> str:
        """On the account's own page."""
        return action_address(STAFF_MEMBER, row.id, action)


STAFF_MEMBER: StaffDetail = StaffDetail()
STAFF = Staff()


def roles_tab_address(user_id: int) -> str:
    """Where somebody's roles are."""
    return f"{reverse('console:staff-member', kwargs={'key': user_id})}?tab=roles"
