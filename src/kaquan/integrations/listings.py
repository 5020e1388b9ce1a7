"""Lists of webhooks and deliveries for people, within the actor's part of the organisation."""

from __future__ import annotations

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.integrations.models import WebhookDelivery, WebhookEndpoint
from kaquan.integrations.queries import VIEW, endpoint_by_id
from kaquan.organisations.queries import within

ORDERS = {"newest": "-id"}


def endpoint_page(actor: Actor, active: bool | None, paging: Paging) -> Page[WebhookEndpoint]:
    """Webhooks with their organisations; raises `cursor_invalid`, `sort_invalid`."""
    require(actor, VIEW)
    rows = within(actor, WebhookEndpoint.objects.select_related("organisation"), "organisation")
    if active is not None:
        rows = rows.filter(active=active)
    return page_of(rows, paging, ORDERS)


def delivery_page(
    actor: Actor, endpoint_id: int, state: str | None, paging: Paging
) -> Page[WebhookDelivery]:
    """The deliveries of a webhook; raises `webhook_unknown`, `cursor_invalid`, `sort_invalid`."""
    endpoint = endpoint_by_id(actor, endpoint_id)
    rows = WebhookDelivery.objects.filter(endpoint=endpoint).defer("body")
    if state is not None:
        rows = rows.filter(state=state)
    return page_of(rows, paging, ORDERS)
