"""Forms about accounts: a new one, its facts, its password, and a role for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.organisations.queries import own_organisation_id
from kaquan.organisations.searching import written_node
from kaquan.staff import actions, granting, queries
from kaquan.staff.permissions import EDIT, GRANT
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field, day_end, day_start
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.secrets import Revealed, Secret, SecretFormScreen
from kaquan.surfaces.console.screens.grants import role_name
from kaquan.surfaces.console.screens.node_fields import NODE_HINT, node_id
from kaquan.surfaces.console.screens.staff import STAFF, STAFF_MEMBER, roles_tab_address

_ONCE = _("Shown here only, and only now. It must be replaced at the first login.")
_PERSON = (
    Field("name", _("Full name"), required=True),
    Field("email", _("E-mail"), characters_max=254),
    Field("phone", _("Phone"), characters_max=32),
    Field("organisation", _("Belongs to"), "node", hint=NODE_HINT),
)


class NewStaff(SecretFormScreen):
    """A new account with a temporary password."""

    name = "staff-new"
    path = "new-staff"
    title = _("New account")
    permission = EDIT
    parent = "staff"
    save_words = _("Create")
    fields = (
        Field("username", _("User name"), required=True, characters_max=64,
              hint=_("For the login; letters, digits and signs.")),
        *_PERSON,
    )  # fmt: skip

    def reveal(self, doing: Doing, key: Any) -> Revealed:
        """Make it; the password is shown once."""
        del key
        values = doing.values
        made = actions.create_staff(
            actor=doing.actor,
            username=values["username"],
            name=values["name"],
            email=values["email"] or "",
            phone=values["phone"],
            organisation_id=node_id(doing.actor, values["organisation"]),
            at=clock.now(),
        )
        return _revealed(_("The account %(name)s was made; it holds no role yet."), made)

    def home(self, key: Any) -> str:
        """The list."""
        del key
        return STAFF.address()


class ResetPassword(SecretFormScreen):
    """A temporary password for somebody who has forgotten theirs."""

    name = "staff-password"
    path = "staff/<int:key>/password"
    title = _("Reset the password")
    permission = EDIT
    parent = "staff"
    hint = _("They are logged out everywhere, and get a temporary password.")
    save_words = _("Reset the password")
    fields = ()

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """Nothing to fill in; but there must be somebody."""
        STAFF_MEMBER.subject(actor, key)
        return {}

    def reveal(self, doing: Doing, key: int) -> Revealed:
        """Give it; it is shown once."""
        made = actions.reset_password(actor=doing.actor, user_id=key, at=clock.now())
        return _revealed(_("The password of %(name)s was reset."), made)

    def home(self, key: int) -> str:
        """The account's page."""
        return STAFF_MEMBER.address(key=key)


def _revealed(done: Text, made: actions.NewAccess) -> Revealed:
    user = made.user
    here = reverse("console:staff-member", kwargs={"key": user.pk})
    return Revealed(
        done=done % {"name": user.username},
        secrets=[
            Secret(_("User name"), user.username),
            Secret(_("Temporary password"), made.temporary_password or ""),
        ],
        advice=_ONCE,
        onward=[
            (here, _("Open the account")),
            (reverse("console:staff-grant", kwargs={"key": user.pk}), _("Grant a role")),
        ],
    )


class EditStaff(FormScreen):
    """Other facts of an account."""

    name = "staff-edit"
    path = "staff/<int:key>/edit"
    title = _("Edit the account")
    permission = EDIT
    parent = "staff"
    fields = (
        *(one for one in _PERSON if one.name != "phone"),
        Field("phone", _("New phone"), characters_max=32, hint=_("Empty: it stays as it is.")),
    )

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """As it is; the phone is not shown."""
        user = STAFF_MEMBER.subject(actor, key)
        where = written_node(user.organisation) if user.organisation else ""
        return {"name": user.name, "email": user.email, "organisation": where}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Change it."""
        values = doing.values
        actions.update_staff(
            actor=doing.actor,
            user_id=key,
            name=values["name"],
            email=values["email"] or "",
            phone=values["phone"],
            organisation_id=node_id(doing.actor, values["organisation"]),
        )
        return _("The account was changed."), STAFF_MEMBER.address(key=key)

    def home(self, key: int) -> str:
        """Its page."""
        return STAFF_MEMBER.address(key=key)


class GrantRole(FormScreen):
    """A role for somebody: which, where, from when until when."""

    name = "staff-grant"
    path = "staff/<int:key>/grant"
    title = _("Grant a role")
    permission = GRANT
    parent = "staff"
    hint = _("A role counts at its node and everywhere below it.")
    save_words = _("Grant")
    fields = (
        Field("role", _("Role"), "choice", required=True),
        Field("organisation", _("Where"), "node", hint=NODE_HINT),
        Field("first", _("From"), "day", hint=_("Empty: from now on.")),
        Field("last", _("Until and including"), "day", hint=_("Empty: until it is revoked.")),
    )

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """The roles that can be held here, but the administrators', who are made at the machine."""
        del key
        options = [
            (one.code, role_name(one)) for one in queries.roles(actor) if not one.administers
        ]
        return [one.with_options(options) if one.name == "role" else one for one in self.fields]

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """Where the person belongs."""
        user = STAFF_MEMBER.subject(actor, key)
        return {"organisation": written_node(user.organisation) if user.organisation else ""}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Grant it."""
        values, at = doing.values, clock.now()
        first: date | None = values["first"]
        where = node_id(doing.actor, values["organisation"])
        granting.grant_role(
            actor=doing.actor,
            user_id=key,
            role_code=values["role"],
            organisation_id=where or own_organisation_id(doing.actor),
            starts_at=day_start(first),
            ends_at=day_end(values["last"]),
            at=at,
        )
        return _("The role was granted."), roles_tab_address(key)

    def home(self, key: int) -> str:
        """The roles of the account."""
        return roles_tab_address(key)
