"""Changes of webhooks. What is sent is the outbox's, how it fares the sender's."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import connection, transaction

from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import fields_of, record_change
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.ids import draw_ids
from kaquan.integrations.errors import (
    delivery_unknown,
    endpoint_inactive,
    too_many_endpoints,
)
from kaquan.integrations.event_types import TEST_TYPE
from kaquan.integrations.models import (
    DeliveryState,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
)
from kaquan.integrations.queries import EDIT, visible_endpoint
from kaquan.integrations.signatures import new_secret
from kaquan.integrations.targets import Resolve, check_target, resolve_name
from kaquan.integrations.telling import encoded_document, known_types, may_name_customers
from kaquan.organisations.queries import organisation_by_id, own_organisation_id

ENDPOINTS_MAX = 50
RESENT_AT_ONCE_MAX = 10_000
OVERLAP_HOURS = 24
OVERLAP_HOURS_MAX = 24 * 30

read_description = cells.text(200)
_ENDPOINT = (
    *("client_id", "organisation", "event_types", "description"),
    *("encrypt_body", "names_customers", "active"),
)


def create_endpoint(
    *,
    actor: Actor,
    client_id: int,
    url: str,
    event_types: Collection[str] = (),
    organisation_id: int | None = None,
    description: str = "",
    encrypt_body: bool = False,
    at: datetime,
    resolve: Resolve = resolve_name,
) -> WebhookEndpoint:
    """Add a webhook for a part of the organisation, by default the actor's own, with a secret.

    It gets what is booked from now on. Raises `webhook_target_invalid`, `webhook_limit_reached`,
    `organisation_unknown`, `value_invalid`.
    """
    require(actor, EDIT)
    _checked_url(url, resolve)
    known_types(event_types)
    belongs_to = organisation_id or own_organisation_id(actor)
    organisation = organisation_by_id(actor, belongs_to) if belongs_to else None
    with transaction.atomic():
        if WebhookEndpoint.objects.filter(client_id=client_id).count() >= ENDPOINTS_MAX:
            raise too_many_endpoints(ENDPOINTS_MAX)
        endpoint = WebhookEndpoint.objects.create(
            client_id=client_id,
            organisation=organisation,
            url=url,
            event_types=sorted(set(event_types)),
            description=_read_description(description),
            encrypt_body=encrypt_body,
            names_customers=may_name_customers(actor),
            created_at=at,
        )
        _add_secret(endpoint, at)
        _keep(actor, "webhooks.create", endpoint)
    return endpoint


def update_endpoint(
    *,
    actor: Actor,
    endpoint_id: int,
    url: str | None = None,
    event_types: Collection[str] | None = None,
    description: str | None = None,
    encrypt_body: bool | None = None,
    active: bool | None = None,
    resolve: Resolve = resolve_name,
) -> WebhookEndpoint:
    """Change what is given. Made active again, it goes on with what was not delivered. Customers
    are named to a new address only if the actor may see them.

    Raises `webhook_unknown`, `webhook_target_invalid`, `value_invalid`.
    """
    require(actor, EDIT)
    if url is not None:
        _checked_url(url, resolve)
    with transaction.atomic():
        endpoint = visible_endpoint(actor, endpoint_id, for_update=True)
        before = _shown(endpoint)
        if url is not None:
            endpoint.url = url
            endpoint.names_customers = may_name_customers(actor)
        if event_types is not None:
            known_types(event_types)
            endpoint.event_types = sorted(set(event_types))
        if description is not None:
            endpoint.description = _read_description(description)
        if encrypt_body is not None:
            endpoint.encrypt_body = encrypt_body
        if active is not None:
            endpoint.active, endpoint.disabled_reason = active, ""
        # What was wrong may be mended by this.
        endpoint.failures, endpoint.retry_at = 0, None
        endpoint.save()
        _keep(actor, "webhooks.update", endpoint, before=before)
    return endpoint


def remove_endpoint(*, actor: Actor, endpoint_id: int) -> WebhookEndpoint:
    """Remove a webhook with all that it has been sent; returns what it was.

    Raises `webhook_unknown`.
    """
    require(actor, EDIT)
    with transaction.atomic():
        endpoint = visible_endpoint(actor, endpoint_id, for_update=True)
        _keep(actor, "webhooks.remove", endpoint, gone=True)
        with connection.cursor() as cursor:
            # In the database itself: there may be millions.
            cursor.execute(
                "DELETE FROM integrations_webhookattempt t USING integrations_webhookdelivery d "
                "WHERE t.delivery_id = d.id AND d.endpoint_id = %s",
                [endpoint_id],
            )
            cursor.execute(
                "DELETE FROM integrations_webhookdelivery WHERE endpoint_id = %s", [endpoint_id]
            )
        endpoint.delete()
        endpoint.id = endpoint_id
    return endpoint


def rotate_secret(
    *, actor: Actor, endpoint_id: int, overlap_hours: int = OVERLAP_HOURS, at: datetime
) -> WebhookEndpoint:
    """Give a webhook a new secret; the old one is good beside it for some hours more (0: not).

    Raises `webhook_unknown`.
    """
    require(actor, EDIT)
    assert 0 <= overlap_hours <= OVERLAP_HOURS_MAX, overlap_hours
    with transaction.atomic():
        endpoint = visible_endpoint(actor, endpoint_id, for_update=True)
        endpoint.secrets.filter(ends_at=None).update(ends_at=at + timedelta(hours=overlap_hours))
        _add_secret(endpoint, at)
        record_change(
            actor=actor,
            verb="webhooks.rotate_secret",
            kind="webhook",
            object_id=endpoint.pk,
            object_name=_shown(endpoint)["url"],
            organisation_path=_path(endpoint),
            before={},
            after={"done": True},
        )
    return endpoint


def send_test_event(*, actor: Actor, endpoint_id: int, at: datetime) -> WebhookDelivery:
    """Send an event that means nothing; raises `webhook_unknown`, `webhook_inactive`."""
    require(actor, EDIT)
    with transaction.atomic():
        endpoint = _active(actor, endpoint_id)
        event_id = f"test-{secrets.token_hex(8)}"
        body = encoded_document(id_=event_id, type_=TEST_TYPE, at=at)
        return WebhookDelivery.objects.create(
            endpoint=endpoint,
            event_id=event_id,
            event_type=TEST_TYPE,
            stream=_stream_of_its_own(),
            body=body.decode(),
            created_at=at,
            due_since=at,
            next_attempt_at=at,
        )


def resend(*, actor: Actor, endpoint_id: int, delivery_id: int, at: datetime) -> WebhookDelivery:
    """Send one delivery again, whatever became of it; its event keeps its id.

    Raises `webhook_unknown`, `delivery_unknown`, `webhook_inactive`.
    """
    require(actor, EDIT)
    with transaction.atomic():
        endpoint = _active(actor, endpoint_id)
        rows = WebhookDelivery.objects.select_for_update().filter(endpoint=endpoint)
        delivery = rows.filter(id=delivery_id).first()
        if delivery is None:
            raise delivery_unknown(delivery_id)
        if delivery.state != DeliveryState.PENDING:
            delivery.state = DeliveryState.PENDING
            delivery.due_since = delivery.next_attempt_at = at
            delivery.attempts = 0
            delivery.save(update_fields=["state", "due_since", "next_attempt_at", "attempts"])
    return delivery


def resend_dead(*, actor: Actor, endpoint_id: int, since: datetime, at: datetime) -> int:
    """Send again what was given up and was made since a moment, oldest first, so many at once;
    returns how many. Raises `webhook_unknown`, `webhook_inactive`."""
    require(actor, EDIT)
    with transaction.atomic():
        endpoint = _active(actor, endpoint_id)
        dead = WebhookDelivery.objects.filter(
            endpoint=endpoint, state=DeliveryState.DEAD, created_at__gte=since
        )
        ids = list(dead.order_by("id").values_list("id", flat=True)[:RESENT_AT_ONCE_MAX])
        return WebhookDelivery.objects.filter(id__in=ids, state=DeliveryState.DEAD).update(
            state=DeliveryState.PENDING, due_since=at, next_attempt_at=at, attempts=0
        )


def _keep(
    actor: Actor,
    verb: str,
    endpoint: WebhookEndpoint,
    *,
    before: Mapping[str, Any] | None = None,
    gone: bool = False,
) -> None:
    values = _shown(endpoint)
    record_change(
        actor=actor,
        verb=verb,
        kind="webhook",
        object_id=endpoint.pk,
        object_name=values["url"],
        organisation_path=_path(endpoint),
        before=values if gone else before,
        after=None if gone else values,
    )


def _shown(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """What the change log may hold: an address's query is often a secret."""
    address = urlsplit(endpoint.url)
    return {
        **fields_of(endpoint, *_ENDPOINT),
        "url": f"{address.scheme}://{address.hostname}{address.path}",
        "url_sha256": hashlib.sha256(endpoint.url.encode()).hexdigest()[:16],
    }


def _path(endpoint: WebhookEndpoint) -> str:
    return endpoint.organisation.path if endpoint.organisation else ""


def _active(actor: Actor, endpoint_id: int) -> WebhookEndpoint:
    endpoint = visible_endpoint(actor, endpoint_id)
    if not endpoint.active:
        raise endpoint_inactive()
    return endpoint


def _checked_url(url: str, resolve: Resolve) -> None:
    private = current_configuration().webhook_private_targets
    check_target(url, resolve=resolve, private=private)


def _add_secret(endpoint: WebhookEndpoint, at: datetime) -> None:
    (secret_id,) = draw_ids(WebhookSecret, 1)
    WebhookSecret.objects.create(
        id=secret_id, endpoint=endpoint, secret=new_secret(), created_at=at
    )


def _read_description(text: str) -> str:
    return str(cells.accepted(read_description, text, zh="说明", en="description")) if text else ""


def _stream_of_its_own() -> int:
    """A number that no voucher, batch or budget has: a test waits for nothing."""
    return -(1 << 62) - secrets.randbits(61)
