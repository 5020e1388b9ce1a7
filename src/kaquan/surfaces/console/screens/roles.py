"""Roles: what each gives, in words, who holds it, and those that people compose themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from kaquan.access.permissions import PERMISSIONS as KEY_PERMISSIONS
from kaquan.foundation import clock
from kaquan.foundation.actor import EVERY_PERMISSION, Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.organisations.searching import written_node
from kaquan.staff import composing, queries
from kaquan.staff.listings import role_page
from kaquan.staff.models import Role
from kaquan.staff.permissions import ADMINISTRATORS_ONLY, DELEGATE, GRANT, PERMISSIONS, VIEW
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    Text,
    badge,
    code,
    count,
    in_brackets,
    last_moment,
    text,
)
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table, last_of
from kaquan.surfaces.console.kit.screens import Call, language_now
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.screens.grants import grant_state, role_name
from kaquan.surfaces.console.screens.node_fields import NODE_HINT, node_id

HOLDERS_SHOWN = 100
_KINDS = [("own", _("Composed here")), ("built_in", _("Built in"))]
_WORDS = {one.name: (one.zh, one.en) for one in (*KEY_PERMISSIONS, *PERMISSIONS)}


def permission_words(name: str) -> str:
    """What a permission lets one do."""
    zh, en = _WORDS.get(name, (name, name))
    return zh if language_now() == "zh" else en


def _kind(role: Role) -> Cell:
    if role.administers:
        return badge(_("Administrator"), "warn")
    return badge(_("Built in"), "muted") if role.built_in else badge(_("Composed here"), "info")


def _owner(role: Role) -> Cell:
    return text(role.organisation.name if role.organisation else _("Whole issuer"))


def _second_factor(role: Role) -> Cell:
    return badge(_("Must"), "good") if role.must_use_second_factor else badge(_("May"), "muted")


def _set_second_factor(*, must: bool, words: Text) -> Action[Role]:
    def run(role: Role, doing: Doing) -> Text:
        composing.set_second_factor(actor=doing.actor, code=role.code, must=must)
        return _("The role “%(role)s” was changed.") % {"role": role_name(role)}

    asks = (
        _("Ask everybody with the role “%(role)s” for a second factor at login?")
        if must
        else _("Let people with the role “%(role)s” log in with a password alone?")
    )
    return Action(
        "must-second-factor" if must else "may-second-factor",
        words,
        DELEGATE,
        lambda role: asks % {"role": role_name(role)},
        run,
        danger=not must,
        offered=lambda role: not role.administers and role.must_use_second_factor is not must,
    )


ROLE_ACTIONS: tuple[Action[Role], ...] = (
    _set_second_factor(must=True, words=_("Ask for a second factor")),
    _set_second_factor(must=False, words=_("Ask for no second factor")),
)


class RoleDetail(DetailScreen[Role]):
    """One role."""

    name = "role"
    path = "roles/<str:key>"
    title = _("Role")
    permission = VIEW
    parent = "roles"
    actions = ROLE_ACTIONS
    links = (("role-edit", _("Edit"), GRANT),)

    def subject(self, actor: Actor, key: str) -> Role:
        """The role; raises `role_unknown`."""
        return queries.role_for(actor, str(key))

    def heading(self, subject: Role) -> str:
        """Its name."""
        return role_name(subject)

    def badges(self, subject: Role) -> Sequence[Cell]:
        """Whose it is."""
        return [_kind(subject)]

    def shows_link(self, name: str, subject: Role) -> bool:
        """Built-in ones are the same everywhere."""
        del name
        return not subject.built_in

    @staticmethod
    def facts(call: Call, role: Role) -> Sequence[Panel]:
        """What it gives."""
        del call
        facts = [
            Fact(_("Code"), code(role.code)),
            Fact(_("Chinese name"), text(role.name_zh)),
            Fact(_("English name"), text(role.name_en)),
            Fact(_("Belongs to"), _owner(role)),
            Fact(_("Second factor"), _second_factor(role)),
        ]
        columns = (
            Column[str]("words", _("Permission"), lambda name: text(permission_words(name))),
            Column[str]("name", _("Code"), code),
        )
        return [
            Facts("", facts),
            Table(_("Permissions"), columns, role.permissions, _("It gives nothing.")),
        ]

    @staticmethod
    def holders(call: Call, role: Role) -> Sequence[Panel]:
        """Who holds it."""
        from kaquan.surfaces.console.screens.staff import STAFF_MEMBER  # noqa: PLC0415  # a circle

        found = queries.role_holders(call.actor, role.code, at=clock.now(), limit=HOLDERS_SHOWN)
        columns = (
            Column[Any]("who", _("Account"), lambda g: text(
                in_brackets(g.user.name, g.user.username),
                href=STAFF_MEMBER.address(key=g.user_id))),
            Column[Any]("where", _("Where"), lambda g: text(
                g.organisation.name if g.organisation else _("Whole issuer"))),
            Column[Any]("state", _("State"), grant_state),
            Column[Any]("until", _("Until"), lambda g: last_moment(g.ends_at), wide=True),
        )  # fmt: skip
        note = last_of(found, HOLDERS_SHOWN)
        return [Table(_("Held by"), columns, found, _("Nobody holds it in your part."), note)]

    tabs = (
        Tab("facts", _("Role"), facts),
        Tab("holders", _("Held by"), holders),
        changes_tab("role"),
    )


class Roles(ListScreen[Role]):
    """The roles that can be held in one's part."""

    name = "roles"
    path = "roles"
    title = _("Roles")
    permission = VIEW
    actions = ROLE_ACTIONS
    creates = ("role-new", _("New role"), GRANT)
    fields = (
        Field("words", _("Name or code")),
        Field("kind", _("Kind"), "choice", options=_KINDS),
    )
    columns = (
        Column[Role]("name", _("Name"), lambda r: text(
            role_name(r), href=ROLE.address(key=r.code))),
        Column[Role]("code", _("Code"), lambda r: code(r.code), sort="code"),
        Column[Role]("kind", _("Kind"), _kind),
        Column[Role]("second", _("Second factor"), _second_factor),
        Column[Role]("count", _("Permissions"), lambda r: count(len(r.permissions)), number=True,
                     wide=True),
        Column[Role]("owner", _("Belongs to"), _owner, wide=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[Role]:
        """The roles."""
        return role_page(actor, values["words"], values["kind"], paging)

    def key(self, row: Role) -> str:
        """Its code."""
        return row.code

    def action_address(self, row: Role, action: Action[Any]) -> str:
        """On the role's own page."""
        return action_address(ROLE, row.code, action)


ROLE: RoleDetail = RoleDetail()
ROLES = Roles()


def _choices(actor: Actor, held: Sequence[str]) -> list[tuple[str, Text]]:
    """What somebody may put into a role, or finds in it."""
    every = EVERY_PERMISSION in actor.permissions or DELEGATE in actor.permissions
    return [
        (one.name, permission_words(one.name))
        for one in PERMISSIONS
        if one.name in held
        or ((every or one.name in actor.permissions) and one.name not in ADMINISTRATORS_ONLY)
    ]


class RoleForm(FormScreen):
    """What may be said of a role."""

    permission = GRANT
    parent = "roles"
    fields: ClassVar[Sequence[Field]] = (
        Field("code", _("Code"), required=True, characters_max=40,
              hint=_("Small letters and digits, such as area_lead; it stays for ever.")),
        Field("name_zh", _("Chinese name"), required=True, characters_max=64),
        Field("name_en", _("English name"), required=True, characters_max=64),
        Field("organisation", _("Belongs to"), "node", hint=NODE_HINT),
        Field("must_use_second_factor", _("Second factor"), "switch",
              hint=_("Whoever holds it must log in with a second factor")),
        Field("permissions", _("Permissions"), "choices", required=True),
    )  # fmt: skip
    hint = _("You can put into a role what you hold yourself.")


class NewRole(RoleForm):
    """A role of one's own."""

    name = "role-new"
    path = "new-role"
    title = _("New role")

    def form_fields(self, actor: Actor, key: Any) -> Sequence[Field]:
        """With what one may put into it."""
        del key
        options = _choices(actor, ())
        return [
            one.with_options(options) if one.name == "permissions" else one for one in self.fields
        ]

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Compose it."""
        del key
        values = doing.values
        role = composing.create_role(
            actor=doing.actor,
            code=values["code"],
            name_zh=values["name_zh"],
            name_en=values["name_en"],
            permissions=values["permissions"],
            must_use_second_factor=bool(values["must_use_second_factor"]),
            organisation_id=node_id(doing.actor, values["organisation"]),
        )
        return _("The role was added."), ROLE.address(key=role.code)

    def home(self, key: Any) -> str:
        """The list."""
        del key
        return ROLES.address()


class EditRole(RoleForm):
    """Other content of a role."""

    name = "role-edit"
    path = "roles/<str:key>/edit"
    title = _("Edit the role")

    def form_fields(self, actor: Actor, key: str) -> Sequence[Field]:
        """All but what stays for ever; with the revision that was seen."""
        role = ROLE.subject(actor, key)
        options = _choices(actor, role.permissions)
        shown = [one for one in self.fields if one.name not in ("code", "organisation")]
        return [
            Field("revision", "", "hidden", required=True),
            *(one.with_options(options) if one.name == "permissions" else one for one in shown),
        ]

    def initial(self, actor: Actor, key: str) -> dict[str, Any]:
        """As it is."""
        role = ROLE.subject(actor, key)
        return {
            "revision": str(role.revision),
            "name_zh": role.name_zh,
            "name_en": role.name_en,
            "must_use_second_factor": role.must_use_second_factor,
            "permissions": role.permissions,
            "organisation": written_node(role.organisation) if role.organisation else "",
        }

    def save(self, doing: Doing, key: str) -> tuple[Text, str]:
        """Change it."""
        values = doing.values
        composing.update_role(
            actor=doing.actor,
            code=key,
            revision=int(values["revision"]) if values["revision"].isdigit() else 0,
            name_zh=values["name_zh"],
            name_en=values["name_en"],
            permissions=values["permissions"],
            must_use_second_factor=bool(values["must_use_second_factor"]),
        )
        return _("The role was changed."), ROLE.address(key=key)

    def home(self, key: str) -> str:
        """Its page."""
        return ROLE.address(key=key)
