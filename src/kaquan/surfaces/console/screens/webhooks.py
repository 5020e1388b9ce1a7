"""Webhooks and what became of their deliveries."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.integrations import actions, queries
from kaquan.integrations.listings import delivery_page, endpoint_page
from kaquan.integrations.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, badge, code, count, moment, text
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values, day_start
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.words import DELIVERY_STATES, state

DELIVERIES_SHOWN = 100


def _state(endpoint: WebhookEndpoint) -> Cell:
    if not endpoint.active:
        return badge(_("Off"), "muted")
    return badge(_("Failing"), "warn") if endpoint.failures else badge(_("On"), "good")


def _switch(*, on: bool, words: Text) -> Action[WebhookEndpoint]:
    def run(endpoint: WebhookEndpoint, doing: Doing) -> Text:
        actions.update_endpoint(actor=doing.actor, endpoint_id=endpoint.id, active=on)
        return _("The webhook %(id)s was changed.") % {"id": endpoint.id}

    asks = _("Switch the webhook %(id)s to %(url)s on?") if on else (
        _("Switch the webhook %(id)s to %(url)s off?"))  # fmt: skip
    return Action(
        "on" if on else "off",
        words,
        queries.EDIT,
        lambda endpoint: asks % {"id": endpoint.id, "url": endpoint.url},
        run,
        danger=not on,
        offered=lambda endpoint: endpoint.active is not on,
    )


def _send_test(endpoint: WebhookEndpoint, doing: Doing) -> Text:
    actions.send_test_event(actor=doing.actor, endpoint_id=endpoint.id, at=clock.now())
    return _("A test event is on its way.")


def _resend(endpoint: WebhookEndpoint, doing: Doing) -> Text:
    since = day_start(doing.values["since"])
    assert since is not None, "the field is required"
    number = actions.resend_dead(
        actor=doing.actor, endpoint_id=endpoint.id, since=since, at=clock.now()
    )
    return _("%(number)s deliveries are on their way again.") % {"number": number}


def _remove(endpoint: WebhookEndpoint, doing: Doing) -> Text:
    actions.remove_endpoint(actor=doing.actor, endpoint_id=endpoint.id)
    return _("The webhook was removed.")


WEBHOOK_ACTIONS: tuple[Action[WebhookEndpoint], ...] = (
    Action(
        "test",
        _("Send a test event"),
        queries.EDIT,
        lambda endpoint: _("Send a test event to %(url)s?") % {"url": endpoint.url},
        _send_test,
        offered=lambda endpoint: endpoint.active,
    ),
    Action(
        "resend",
        _("Send again"),
        queries.EDIT,
        lambda endpoint: _("Send again to %(url)s what was given up?") % {"url": endpoint.url},
        _resend,
        fields=(Field("since", _("Made since"), "day", required=True),),
        offered=lambda endpoint: endpoint.active,
    ),
    _switch(on=True, words=_("Switch on")),
    _switch(on=False, words=_("Switch off")),
    Action(
        "remove",
        _("Remove"),
        queries.EDIT,
        lambda endpoint: _("Remove the webhook to %(url)s for good?") % {"url": endpoint.url},
        _remove,
        danger=True,
        offered=lambda endpoint: not endpoint.active,
        consequence=_("What was sent, and what waits to be sent, is forgotten with it."),
        leads_to="webhooks",
    ),
)

DELIVERY_COLUMNS = (
    Column[WebhookDelivery]("id", _("Number"), lambda d: code(str(d.id))),
    Column[WebhookDelivery]("type", _("Event"), lambda d: code(d.event_type)),
    Column[WebhookDelivery]("state", _("State"), lambda d: state(DELIVERY_STATES, d.state)),
    Column[WebhookDelivery]("attempts", _("Attempts"), lambda d: count(d.attempts), number=True),
    Column[WebhookDelivery]("status", _("Last answer"), lambda d: text(
        str(d.last_status or d.last_error or "")), wide=True),
    Column[WebhookDelivery]("made", _("Made"), lambda d: moment(d.created_at), wide=True),
    Column[WebhookDelivery]("delivered", _("Delivered"), lambda d: moment(d.delivered_at),
                            wide=True),
)  # fmt: skip


def _deliveries(
    call: Call, endpoint: WebhookEndpoint, wanted: str | None, title: Text, empty: Text
) -> Panel:
    paging = Paging(limit=DELIVERIES_SHOWN, counts=False)
    found = delivery_page(call.actor, endpoint.id, wanted, paging)
    note = _("The last %(number)s.") % {"number": DELIVERIES_SHOWN}
    return Table(title, DELIVERY_COLUMNS, found.rows, empty, note if found.after else "")


class WebhookDetail(DetailScreen[WebhookEndpoint]):
    """One webhook with its last deliveries."""

    name = "webhook"
    path = "webhooks/<int:key>"
    title = _("Webhook")
    permission = queries.VIEW
    parent = "webhooks"
    actions = WEBHOOK_ACTIONS
    links = (
        ("webhook-edit", _("Edit"), queries.EDIT),
        ("webhook-secret", _("New secret"), queries.EDIT),
    )

    def subject(self, actor: Actor, key: int) -> WebhookEndpoint:
        """The webhook; raises `webhook_unknown`."""
        return queries.endpoint_by_id(actor, key)

    def heading(self, subject: WebhookEndpoint) -> str:
        """Where it goes."""
        return subject.url

    def badges(self, subject: WebhookEndpoint) -> Sequence[Cell]:
        """Whether it works."""
        return [_state(subject)]

    @staticmethod
    def facts(_call: Call, endpoint: WebhookEndpoint) -> Sequence[Panel]:
        """How it is set up."""
        owner = endpoint.organisation
        facts = [
            Fact(_("Description"), text(endpoint.description)),
            Fact(_("Events"), code(" ".join(endpoint.event_types)) if endpoint.event_types
                 else text(_("All the usual ones"))),
            Fact(_("Belongs to"), text(owner.name if owner else _("Whole issuer"))),
            Fact(_("Body encrypted"), text(_("Yes") if endpoint.encrypt_body else _("No"))),
            Fact(_("Names customers"), text(_("Yes") if endpoint.names_customers else _("No"))),
            Fact(_("Failed in a row"), count(endpoint.failures)),
            Fact(_("Tried again"), moment(endpoint.retry_at)),
            Fact(_("Switched off because"), text(endpoint.disabled_reason)),
            Fact(_("Made"), moment(endpoint.created_at)),
        ]  # fmt: skip
        return [Facts("", facts)]

    @staticmethod
    def deliveries(call: Call, endpoint: WebhookEndpoint) -> Sequence[Panel]:
        """The last ones."""
        return [_deliveries(call, endpoint, None, _("Deliveries"), _("Nothing was sent yet."))]

    @staticmethod
    def dead(call: Call, endpoint: WebhookEndpoint) -> Sequence[Panel]:
        """The last of those that were given up."""
        state_name = DeliveryState.DEAD.value
        return [_deliveries(call, endpoint, state_name, _("Given up"), _("Nothing was given up."))]

    tabs = (
        Tab("facts", _("Webhook"), facts),
        Tab("deliveries", _("Deliveries"), deliveries),
        Tab("dead", _("Given up"), dead),
        changes_tab("webhook"),
    )


class Webhooks(ListScreen[WebhookEndpoint]):
    """All webhooks of one's part."""

    name = "webhooks"
    path = "webhooks"
    title = _("Webhooks")
    permission = queries.VIEW
    actions = WEBHOOK_ACTIONS
    creates = ("webhook-new", _("New webhook"), queries.EDIT)
    empty = _("There are no webhooks yet.")
    fields = (Field("active", _("State"), "choice", options=[("on", _("On")), ("off", _("Off"))]),)
    columns = (
        Column[WebhookEndpoint]("url", _("Address"), lambda e: text(
            e.url, href=WEBHOOK.address(key=e.id))),
        Column[WebhookEndpoint]("state", _("State"), _state),
        Column[WebhookEndpoint]("owner", _("Belongs to"), lambda e: text(
            e.organisation.name if e.organisation else _("Whole issuer")), wide=True),
        Column[WebhookEndpoint]("description", _("Description"), lambda e: text(e.description),
                                wide=True),
        Column[WebhookEndpoint]("made", _("Made"), lambda e: moment(e.created_at), wide=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[WebhookEndpoint]:
        """The webhooks."""
        active = None if values["active"] is None else values["active"] == "on"
        return endpoint_page(actor, active, paging)

    def action_address(self, row: WebhookEndpoint, action: Action[WebhookEndpoint]) -> str:
        """On the webhook's own page."""
        return action_address(WEBHOOK, row.id, action)


WEBHOOK: WebhookDetail = WebhookDetail()
WEBHOOKS = Webhooks()
