"""API keys: list and page, rotation apart; a key's secret is shown by no screen but once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from kaquan.access import actions, queries
from kaquan.access.listings import KeyFilter, key_page
from kaquan.access.models import ApiKey
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.organisations.queries import organisation_names
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, badge, code, listed, moment, text
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.words import KEY_KINDS

_KINDS = list(KEY_KINDS.items())
_STATES = [("good", _("Good")), ("ended", _("Over"))]


def _has_ended(key: Any) -> bool:
    expires_at = key.expires_at
    return key.revoked_at is not None or (expires_at is not None and expires_at <= clock.now())


def _state(key: Any) -> Cell:
    if key.revoked_at is not None:
        return badge(_("Revoked"), "bad")
    return badge(_("Over"), "muted") if _has_ended(key) else badge(_("Good"), "good")


def _last_used(key: ApiKey) -> Cell:
    use = getattr(key, "last_use", None)
    return moment(use.last_used_at if use else None)


def _revoke(key: queries.KeyLine, doing: Doing) -> Text:
    actions.revoke_key(actor=doing.actor, key_id=key.id, at=clock.now())
    return _("The key %(key)s was revoked.") % {"key": key.public_id}


KEY_ACTIONS: tuple[Action[Any], ...] = (
    Action(
        "revoke",
        _("Revoke"),
        queries.EDIT,
        lambda key: _("Revoke the key %(key)s for good?") % {"key": key.public_id},
        _revoke,
        danger=True,
        offered=lambda key: key.revoked_at is None,
        consequence=_("Programs that use it are refused within a second."),
    ),
)


class KeyDetail(DetailScreen[queries.KeyLine]):
    """One key, without its secret."""

    name = "key"
    path = "keys/<int:key>"
    title = _("API key")
    permission = queries.PERMISSION
    parent = "keys"
    actions = KEY_ACTIONS
    links = (("key-rotate", _("Replace"), queries.EDIT),)

    def subject(self, actor: Actor, key: int) -> queries.KeyLine:
        """The key; raises `key_unknown`."""
        return queries.key_line(actor, key)

    def heading(self, subject: queries.KeyLine) -> str:
        """Its public id."""
        return f"{subject.client_name} · {subject.public_id}"

    def badges(self, subject: queries.KeyLine) -> Sequence[Cell]:
        """Whether it opens anything."""
        return [_state(subject)]

    def shows_link(self, name: str, subject: queries.KeyLine) -> bool:
        """What has ended or been replaced is replaced no more."""
        del name
        return subject.replaced_by_id is None and not subject.has_ended(clock.now())

    @staticmethod
    def facts(call: Call, key: queries.KeyLine) -> Sequence[Panel]:
        """What it may do, and when it did."""
        stores = organisation_names(call.actor, key.store_ids)
        facts = [
            Fact(_("API client"), text(key.client_name)),
            Fact(_("Public id"), code(key.public_id)),
            Fact(_("Kind"), text(KEY_KINDS.get(key.kind, key.kind))),
            Fact(_("Must sign"), text(_("Yes") if key.must_sign else _("No"))),
            Fact(_("Stores"), text(listed(stores.values()) or _("Any of its part"))),
            Fact(_("Networks"), code(" ".join(key.networks))),
            Fact(_("Made"), moment(key.created_at)),
            Fact(_("Made by"), text(key.created_by)),
            Fact(_("Ends"), moment(key.expires_at)),
            Fact(_("Revoked"), moment(key.revoked_at)),
            Fact(_("Last used"), moment(key.last_used_at)),
            Fact(_("Permissions"), code(" ".join(key.permissions))),
        ]
        return [Facts("", facts)]

    tabs = (Tab("facts", _("API key"), facts), changes_tab("api_key"))


class Keys(ListScreen[ApiKey]):
    """All keys of one's part."""

    name = "keys"
    path = "keys"
    title = _("API keys")
    permission = queries.PERMISSION
    actions = KEY_ACTIONS
    creates = ("key-new", _("New API key"), queries.EDIT)
    empty = _("There are no API keys yet.")
    fields = (
        Field("words", _("API client or public id")),
        Field("state", _("State"), "choice", options=_STATES),
        Field("kind", _("Kind"), "choice", options=_KINDS, more=True),
    )
    columns = (
        Column[ApiKey]("id", _("Public id"), lambda k: code(
            k.public_id, href=KEY.address(key=k.id))),
        Column[ApiKey]("client", _("API client"), lambda k: text(k.client.name), sort="client"),
        Column[ApiKey]("state", _("State"), _state),
        Column[ApiKey]("kind", _("Kind"), lambda k: text(KEY_KINDS.get(k.kind, k.kind)),
                       wide=True),
        Column[ApiKey]("owner", _("Belongs to"), lambda k: text(
            k.client.organisation.name if k.client.organisation else _("Whole issuer")),
            wide=True),
        Column[ApiKey]("made", _("Made"), lambda k: moment(k.created_at), wide=True),
        Column[ApiKey]("used", _("Last used"), _last_used, wide=True),
        Column[ApiKey]("ends", _("Ends"), lambda k: moment(k.expires_at), hidden=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[ApiKey]:
        """The keys."""
        wanted = KeyFilter(values["words"], values["kind"], values["state"])
        return key_page(actor, wanted, paging, at=clock.now())

    def action_address(self, row: ApiKey, action: Action[Any]) -> str:
        """On the key's own page."""
        return action_address(KEY, row.id, action)


KEY: KeyDetail = KeyDetail()
KEYS = Keys()
