"""What others may know of webhooks, each within the actor's part of the organisation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from kaquan.foundation.actor import Actor, require
from kaquan.integrations.errors import delivery_unknown, endpoint_unknown
from kaquan.integrations.models import (
    DeliveryState,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
)
from kaquan.integrations.telling import may_name_customers, without_customers
from kaquan.organisations.queries import within

VIEW = "webhooks.view"
EDIT = "webhooks.edit"
LIST_MAX = 201
ATTEMPTS_SHOWN_MAX = 50


def endpoint_by_id(actor: Actor, endpoint_id: int) -> WebhookEndpoint:
    """The webhook; raises `webhook_unknown`, `permission_denied`."""
    require(actor, VIEW)
    return visible_endpoint(actor, endpoint_id)


def visible_endpoint(
    actor: Actor, endpoint_id: int, *, for_update: bool = False
) -> WebhookEndpoint:
    """The same for those who were asked for their permission before."""
    rows = within(actor, WebhookEndpoint.objects.filter(id=endpoint_id), "organisation")
    rows = rows.select_related("organisation")
    endpoint = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if endpoint is None:
        raise endpoint_unknown(endpoint_id)
    return endpoint


def endpoints(
    actor: Actor, *, after_id: int = 0, limit: int = LIST_MAX
) -> Sequence[WebhookEndpoint]:
    """Webhooks in the order of their ids."""
    require(actor, VIEW)
    rows = within(actor, WebhookEndpoint.objects.filter(id__gt=after_id), "organisation")
    return list(rows.select_related("organisation").order_by("id")[: min(limit, LIST_MAX)])


def secrets_of(actor: Actor, endpoint_id: int, *, now: datetime) -> Sequence[WebhookSecret]:
    """The secrets of a webhook that are good now, the newest first; for those who may change it.

    Raises `webhook_unknown`, `permission_denied`.
    """
    require(actor, EDIT)
    endpoint = visible_endpoint(actor, endpoint_id)
    rows = endpoint.secrets.filter(Q(ends_at=None) | Q(ends_at__gt=now))
    return list(rows.order_by("-id")[:LIST_MAX])


def deliveries(
    actor: Actor,
    endpoint_id: int,
    *,
    state: DeliveryState | None = None,
    event_type: str | None = None,
    before_id: int | None = None,
    limit: int = LIST_MAX,
) -> Sequence[WebhookDelivery]:
    """The deliveries of a webhook, the newest first; raises `webhook_unknown`."""
    rows = WebhookDelivery.objects.filter(endpoint=endpoint_by_id(actor, endpoint_id))
    if state is not None:
        rows = rows.filter(state=state)
    if event_type is not None:
        rows = rows.filter(event_type=event_type)
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return list(rows.order_by("-id")[: min(limit, LIST_MAX)])


def delivery_by_id(actor: Actor, endpoint_id: int, delivery_id: int) -> WebhookDelivery:
    """One delivery; raises `webhook_unknown`, `delivery_unknown`."""
    delivery = _of_endpoint(endpoint_by_id(actor, endpoint_id), delivery_id).first()
    if delivery is None:
        raise delivery_unknown(delivery_id)
    return delivery


def count_dead(actor: Actor, *, at_most: int) -> int:
    """How many deliveries of the actor's webhooks were given up, counted up to a bound."""
    require(actor, VIEW)
    rows = WebhookDelivery.objects.filter(state=DeliveryState.DEAD, endpoint__active=True)
    rows = within(actor, rows, "endpoint__organisation")
    return rows.order_by().values("pk")[:at_most].count()


def body_for(actor: Actor, delivery: WebhookDelivery) -> str:
    """The document of a delivery that was found before, as far as the actor may see it."""
    if may_name_customers(actor):
        return delivery.body
    return without_customers(delivery.body.encode()).decode()


def attempts_of(delivery: WebhookDelivery) -> Sequence[WebhookAttempt]:
    """The last attempts of a delivery that was found before, the newest first."""
    return list(delivery.tries.order_by("-id")[:ATTEMPTS_SHOWN_MAX])


def _of_endpoint(endpoint: WebhookEndpoint, delivery_id: int) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(endpoint=endpoint, id=delivery_id)
