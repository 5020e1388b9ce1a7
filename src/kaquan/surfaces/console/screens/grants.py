"""One role that somebody holds, and one place where somebody is logged in: each a page of its own,
so that what is done about it names it."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.staff import granting, queries
from kaquan.staff.actions import end_session
from kaquan.staff.models import Role, RoleGrant
from kaquan.staff.permissions import EDIT, GRANT, VIEW
from kaquan.staff.queries import SessionLine
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    Text,
    badge,
    code,
    in_brackets,
    last_moment,
    local_text,
    moment,
    text,
)
from kaquan.surfaces.console.kit.details import DetailScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab
from kaquan.surfaces.console.kit.screens import Call, language_now


def role_name(role: Role) -> str:
    """A role in the page's language."""
    return role.name_zh if language_now() == "zh" else role.name_en


def grant_state(grant: RoleGrant) -> Cell:
    """Whether a role counts now."""
    now = clock.now()
    if grant.revoked_at is not None:
        return badge(_("No longer held"), "bad")
    if grant.ends_at is not None and grant.ends_at <= now:
        return badge(_("Over"), "muted")
    return badge(_("Coming"), "info") if grant.starts_at > now else badge(_("Counts"), "good")


def _where(grant: RoleGrant) -> str:
    return grant.organisation.name if grant.organisation else str(_("Whole issuer"))


def _revoke(grant: RoleGrant, doing: Doing) -> Text:
    granting.revoke_role(actor=doing.actor, grant_id=grant.id, at=clock.now())
    return _("The role was revoked.")


class GrantPage(DetailScreen[RoleGrant]):
    """A role that somebody holds somewhere."""

    name = "grant"
    path = "grants/<int:key>"
    title = _("Granted role")
    permission = VIEW
    parent = "staff"
    actions = (
        Action(
            "revoke",
            _("Take back"),
            GRANT,
            lambda grant: (
                _("Take the role “%(role)s” at %(where)s from %(name)s (%(username)s)?")
                % {
                    "role": role_name(grant.role),
                    "where": _where(grant),
                    "name": grant.user.name,
                    "username": grant.user.username,
                }
            ),
            _revoke,
            danger=True,
            offered=lambda grant: grant.revoked_at is None,
            consequence=_("It counts no more at once, also where they are logged in."),
        ),
    )

    def subject(self, actor: Actor, key: int) -> RoleGrant:
        """The grant; raises `grant_unknown`."""
        return queries.grant_by_id(actor, key)

    def heading(self, subject: RoleGrant) -> str:
        """Whose, and which."""
        return f"{subject.user.name} · {role_name(subject.role)}"

    def badges(self, subject: RoleGrant) -> Sequence[Cell]:
        """Whether it counts."""
        return [grant_state(subject)]

    @staticmethod
    def facts(call: Call, grant: RoleGrant) -> Sequence[Panel]:
        """Who holds what, where, until when, by whom."""

        del call
        person = reverse("console:staff-member", kwargs={"key": grant.user_id})
        role = reverse("console:role", kwargs={"key": grant.role_id})
        facts = [
            Fact(
                _("Account"), text(in_brackets(grant.user.name, grant.user.username), href=person)
            ),
            Fact(_("Role"), text(role_name(grant.role), href=role)),
            Fact(_("Where"), text(_where(grant))),
            Fact(_("From"), moment(grant.starts_at)),
            Fact(_("Until"), last_moment(grant.ends_at)),
            Fact(_("Granted by"), code(grant.granted_by)),
            Fact(_("No longer held"), moment(grant.revoked_at)),
            Fact(_("Revoked by"), code(grant.revoked_by)),
        ]
        return [Facts("", facts)]

    tabs = (Tab("facts", _("Granted role"), facts),)


def _end(session: SessionLine, doing: Doing) -> Text:
    end_session(actor=doing.actor, user_id=session.user_id, session_id=session.id)
    return _("The session was ended.")


class SessionPage(DetailScreen[SessionLine]):
    """One place where somebody is logged in."""

    name = "session"
    path = "sessions/<int:key>"
    title = _("Session")
    permission = EDIT
    parent = "staff"
    actions = (
        Action(
            "end",
            _("Log out there"),
            EDIT,
            lambda session: (
                _("End the session from %(ip)s that began at %(at)s?")
                % {"ip": session.ip, "at": local_text(session.began_at)}
            ),
            _end,
            danger=True,
        ),
    )

    def subject(self, actor: Actor, key: int) -> SessionLine:
        """The session; raises `session_unknown`."""
        return queries.session_by_id(actor, key)

    def heading(self, subject: SessionLine) -> str:
        """From where."""
        return subject.ip

    @staticmethod
    def facts(call: Call, session: SessionLine) -> Sequence[Panel]:
        """When and with what."""

        del call
        person = reverse("console:staff-member", kwargs={"key": session.user_id})
        facts = [
            Fact(_("Account"), text(_("Open the account"), href=person)),
            Fact(_("Logged in"), moment(session.began_at)),
            Fact(_("Last seen"), moment(session.last_seen_at)),
            Fact(_("From where"), code(session.ip)),
            Fact(_("Browser"), text(session.user_agent)),
        ]
        return [Facts("", facts)]

    tabs = (Tab("facts", _("Session"), facts),)


GRANT_PAGE: GrantPage = GrantPage()
SESSION_PAGE: SessionPage = SessionPage()
