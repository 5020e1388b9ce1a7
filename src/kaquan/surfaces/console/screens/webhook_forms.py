"""Forms about webhooks: a new one, other settings of one, and its secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.integrations import actions, queries
from kaquan.integrations.errors import overlap_invalid
from kaquan.integrations.event_types import EVENT_TYPES
from kaquan.integrations.models import WebhookEndpoint
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.screens import language_now
from kaquan.surfaces.console.kit.secrets import Revealed, Secret, SecretFormScreen
from kaquan.surfaces.console.screens.node_fields import NODE_HINT, node_id
from kaquan.surfaces.console.screens.webhooks import WEBHOOK, WEBHOOKS

OWN_CLIENT = 0
"""The issuer itself, to whom what people set up belongs."""

_ADDRESS = Field("url", _("Address"), required=True, characters_max=500,
                 hint=_("https only; it must be reachable from here."))  # fmt: skip
_OTHERS = (
    Field("description", _("Description"), characters_max=200),
    Field("types", _("Events"), "choices", hint=_("None chosen: all the usual ones.")),
    Field("encrypt", _("Body"), "switch", hint=_("Encrypt what is sent")),
)


def _with_types(fields: Sequence[Field]) -> list[Field]:
    options = [
        (name, f"{name} · {words.zh if language_now() == 'zh' else words.en}")
        for name, words in EVENT_TYPES.items()
    ]
    return [one.with_options(options) if one.name == "types" else one for one in fields]


class NewWebhook(SecretFormScreen):
    """A new webhook; the secret that its deliveries are signed with is shown on the answer."""

    name = "webhook-new"
    path = "new-webhook"
    title = _("New webhook")
    permission = queries.EDIT
    parent = "webhooks"
    save_words = _("Create")
    fields = (
        _ADDRESS,
        Field("organisation", _("Events of"), "node", hint=NODE_HINT),
        *_OTHERS,
    )

    def form_fields(self, actor: Actor, key: Any) -> Sequence[Field]:
        """With the events."""
        del actor, key
        return _with_types(self.fields)

    def reveal(self, doing: Doing, key: Any) -> Revealed:
        """Make it."""
        del key
        values = doing.values
        endpoint = actions.create_endpoint(
            actor=doing.actor,
            client_id=OWN_CLIENT,
            url=values["url"],
            event_types=values["types"],
            organisation_id=node_id(doing.actor, values["organisation"]),
            description=values["description"] or "",
            encrypt_body=bool(values["encrypt"]),
            at=clock.now(),
        )
        return _revealed(_("The webhook was made."), doing.actor, endpoint)

    def home(self, key: Any) -> str:
        """The list."""
        del key
        return WEBHOOKS.address()


class EditWebhook(FormScreen):
    """Other settings of a webhook."""

    name = "webhook-edit"
    path = "webhooks/<int:key>/edit"
    title = _("Edit the webhook")
    permission = queries.EDIT
    parent = "webhooks"
    fields = (_ADDRESS, *_OTHERS)
    hint = _("Customers are named to a new address only if you may see them.")

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """With the events."""
        del actor, key
        return _with_types(self.fields)

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """As it is."""
        endpoint = queries.visible_endpoint(actor, key)
        return {
            "url": endpoint.url,
            "description": endpoint.description,
            "types": endpoint.event_types,
            "encrypt": endpoint.encrypt_body,
        }

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Change it."""
        values = doing.values
        before = queries.visible_endpoint(doing.actor, key)
        actions.update_endpoint(
            actor=doing.actor,
            endpoint_id=key,
            url=values["url"] if values["url"] != before.url else None,
            event_types=values["types"],
            description=values["description"] or "",
            encrypt_body=bool(values["encrypt"]),
        )
        return _("The webhook was changed."), WEBHOOK.address(key=key)

    def home(self, key: int) -> str:
        """Its page."""
        return WEBHOOK.address(key=key)


class RotateWebhookSecret(SecretFormScreen):
    """A new secret, the old one good beside it for a while."""

    name = "webhook-secret"
    path = "webhooks/<int:key>/secret"
    title = _("New secret")
    permission = queries.EDIT
    parent = "webhooks"
    hint = _("Deliveries are signed with both secrets until the overlap ends.")
    save_words = _("Make a new secret")
    fields = (
        Field("overlap", _("Overlap in hours"), required=True, characters_max=5,
              hint=_("0 to 720; 0 ends the old secret at once.")),
    )  # fmt: skip

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """A day."""
        queries.visible_endpoint(actor, key)
        return {"overlap": str(actions.OVERLAP_HOURS)}

    def reveal(self, doing: Doing, key: int) -> Revealed:
        """Make it."""
        typed = str(doing.values["overlap"])
        hours = int(typed) if typed.isascii() and typed.isdigit() else -1
        if not 0 <= hours <= actions.OVERLAP_HOURS_MAX:
            raise overlap_invalid(actions.OVERLAP_HOURS_MAX)
        endpoint = actions.rotate_secret(
            actor=doing.actor, endpoint_id=key, overlap_hours=hours, at=clock.now()
        )
        return _revealed(_("The webhook has a new secret."), doing.actor, endpoint)

    def home(self, key: int) -> str:
        """The webhook's page."""
        return WEBHOOK.address(key=key)


def _revealed(done: Text, actor: Actor, endpoint: WebhookEndpoint) -> Revealed:
    newest = queries.secrets_of(actor, endpoint.id, now=clock.now())[0]
    here = reverse("console:webhook", kwargs={"key": endpoint.id})
    return Revealed(
        done=done,
        secrets=[Secret(_("Secret"), newest.secret)],
        advice=_("Keep it where the receiver checks signatures; it is not shown again here."),
        onward=[(here, _("Open the webhook"))],
    )
