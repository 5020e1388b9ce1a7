"""Forms about API keys: a new one and its replacement; the secret is shown on the answer alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.access import actions, queries
from kaquan.access.errors import value_invalid
from kaquan.access.models import KeyKind
from kaquan.access.permissions import PERMISSIONS, PUBLISHABLE_PERMISSIONS
from kaquan.foundation import clock
from kaquan.foundation.actor import EVERY_PERMISSION, Actor
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field, day_end
from kaquan.surfaces.console.kit.secrets import Revealed, Secret, SecretFormScreen
from kaquan.surfaces.console.screens.access import KEY, KEYS
from kaquan.surfaces.console.screens.node_fields import NODE_HINT, node_id, typed_wrong
from kaquan.surfaces.console.screens.roles import permission_words
from kaquan.surfaces.console.words import KEY_KINDS

LIST_CHARACTERS_MAX = 4_000
_ONCE = _("Shown here only, and only now: nobody can read it later, we neither.")


class NewKey(SecretFormScreen):
    """A new key, for a client that is there or a new one."""

    name = "key-new"
    path = "new-key"
    title = _("New API key")
    permission = queries.EDIT
    parent = "keys"
    save_words = _("Create")
    fields = (
        Field("client", _("API client"), "choice", hint=_("The program that calls.")),
        Field("new_client", _("Or a new API client"), hint=_("Such as: till system of the east")),
        Field("organisation", _("New client belongs to"), "node", hint=NODE_HINT),
        Field("kind", _("Kind"), "choice", required=True, options=list(KEY_KINDS.items()),
              hint=_("A publishable key may stand in an app and opens the wallet alone.")),
        Field("permissions", _("Permissions"), "choices", required=True),
        Field("stores", _("Stores"), "long_text", characters_max=LIST_CHARACTERS_MAX,
              hint=_("Codes, one a line; empty: every store of its part.")),
        Field("networks", _("Networks"), "long_text", characters_max=LIST_CHARACTERS_MAX,
              hint=_("Such as 203.0.113.0/24, one a line; empty: from everywhere.")),
        Field("last_day", _("Ends after"), "day", hint=_("Empty: until it is revoked.")),
        Field("must_sign", _("Signature"), "switch", hint=_("Every request must be signed")),
    )  # fmt: skip

    def form_fields(self, actor: Actor, key: Any) -> Sequence[Field]:
        """The clients of one's part, and what one holds oneself."""
        del key
        clients = [(str(one.id), one.name) for one in queries.clients(actor) if one.active]
        every = EVERY_PERMISSION in actor.permissions
        held = [
            (one.name, permission_words(one.name))
            for one in PERMISSIONS
            if every or one.name in actor.permissions or one.name in PUBLISHABLE_PERMISSIONS
        ]
        options: dict[str, Sequence[tuple[str, Text]]] = {"client": clients, "permissions": held}
        return [
            one.with_options(options[one.name]) if one.name in options else one
            for one in self.fields
        ]

    def initial(self, actor: Actor, key: Any) -> dict[str, Any]:
        """A secret key, as most are."""
        del actor, key
        return {"kind": str(KeyKind.SECRET)}

    def reveal(self, doing: Doing, key: Any) -> Revealed:
        """Make the client where it is new, and the key."""
        del key
        values, at = doing.values, clock.now()
        if bool(values["client"]) == bool(values["new_client"]):
            raise value_invalid(
                "请选择一个接入方，或填写新接入方的名称（二选一）。",
                "Choose an API client or name a new one: one of both.",
            )
        with typed_wrong("organisation_unknown"):
            made = actions.create_key_with_client(
                actor=doing.actor,
                client_id=int(values["client"]) if values["client"] else None,
                client_name=values["new_client"],
                organisation_id=node_id(doing.actor, values["organisation"]),
                kind=KeyKind(values["kind"]),
                permissions=values["permissions"],
                store_codes=(values["stores"] or "").split(),
                networks=(values["networks"] or "").split(),
                must_sign=bool(values["must_sign"]),
                expires_at=day_end(values["last_day"]),
                at=at,
            )
        return _revealed(_("The key %(key)s was made."), made)

    def home(self, key: Any) -> str:
        """The list."""
        del key
        return KEYS.address()


class RotateKey(SecretFormScreen):
    """A new key in place of one, both good for a while."""

    name = "key-rotate"
    path = "keys/<int:key>/rotate"
    title = _("Replace the key")
    permission = queries.EDIT
    parent = "keys"
    hint = _("The new key may do the same. The old one ends after the overlap.")
    save_words = _("Replace the key")
    fields = (
        Field("overlap", _("Overlap in hours"), required=True, characters_max=5,
              hint=_("0 to 2,160; until then programs can use both.")),
    )  # fmt: skip

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """A day."""
        KEY.subject(actor, key)
        return {"overlap": "24"}

    def reveal(self, doing: Doing, key: int) -> Revealed:
        """Make it."""
        typed = str(doing.values["overlap"])
        hours = int(typed) if typed.isascii() and typed.isdigit() else -1
        made = actions.rotate_key(
            actor=doing.actor, key_id=key, at=clock.now(), overlap_hours=hours
        )
        return _revealed(_("The key %(key)s takes its place."), made)

    def home(self, key: int) -> str:
        """The key's page."""
        return KEY.address(key=key)


def _revealed(done: Text, made: actions.NewKey) -> Revealed:
    secrets = [Secret(_("API key"), made.text)]
    if made.signing_secret is not None:
        secrets.append(Secret(_("Signing secret"), made.signing_secret))
    here = reverse("console:key", kwargs={"key": made.key.id})
    return Revealed(
        done=done % {"key": made.key.public_id},
        secrets=secrets,
        advice=_ONCE,
        onward=[(here, _("Open the key"))],
    )
