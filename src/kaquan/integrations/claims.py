"""Deliveries that are due, and what became of their attempts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q
from msgspec import Struct

from kaquan.integrations.models import (
    DeliveryState,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
)
from kaquan.integrations.retries import GIVE_UP_AFTER, next_attempt, rest_until
from kaquan.integrations.sending import Reply

LEASE_S = 120
GONE = 410
DELIVERED_KEPT = timedelta(days=7)
DEAD_KEPT = timedelta(days=30)
ROWS_AT_ONCE = 5_000


class Claim(Struct, frozen=True):
    """One attempt that is ours to make; ``number`` tells it from another's that came later.

    ``after_failures``: how many attempts in a row the webhook had failed by then.
    """

    delivery_id: int
    endpoint_id: int
    event_id: str
    body: str
    number: int
    due_since: datetime
    after_failures: int
    url: str
    encrypt_body: bool
    names_customers: bool
    secrets_newest_first: tuple[str, ...]


#: Of each stream only the first that is pending; so one voucher's events go one after another.
#: It is asked for one by one: a join would be planned by statistics, which a new backlog has not.
_CLAIM = """
UPDATE integrations_webhookdelivery SET attempts = attempts + 1, next_attempt_at = %(lease)s
WHERE id IN (
    SELECT due.id
    FROM unnest(%(endpoints)s::int[], %(slots)s::int[]) AS e (id, slots)
    CROSS JOIN LATERAL (
        SELECT d.id FROM integrations_webhookdelivery d
        WHERE d.endpoint_id = e.id AND d.state = 'pending' AND d.next_attempt_at <= %(now)s
        AND d.id = (
            SELECT b.id FROM integrations_webhookdelivery b
            WHERE b.endpoint_id = d.endpoint_id AND b.stream = d.stream AND b.state = 'pending'
            ORDER BY b.endpoint_id, b.stream, b.id LIMIT 1
        )
        ORDER BY d.next_attempt_at, d.id LIMIT e.slots FOR UPDATE SKIP LOCKED
    ) AS due
)
RETURNING id, endpoint_id, event_id, body, attempts, due_since
"""


def claim_due(*, now: datetime, slots: Callable[[int, int], int]) -> list[Claim]:
    """Claim deliveries that are due, as many of each webhook as ``slots`` (of its id and its
    failures in a row) says; the caller makes one attempt of each and records it."""
    endpoints = {
        one.id: one
        for one in WebhookEndpoint.objects.filter(
            Q(retry_at=None) | Q(retry_at__lte=now), active=True
        )
    }
    free = {one.id: slots(one.id, one.failures) for one in endpoints.values()}
    if not any(free.values()):
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "lease": now + timedelta(seconds=LEASE_S),
                "endpoints": list(free),
                "slots": list(free.values()),
                "now": now,
            },
        )
        rows: list[tuple[int, int, str, str, int, datetime]] = sorted(cursor.fetchall())
    secrets = _secrets_of({endpoint_id for _, endpoint_id, *_ in rows}, now)
    claims = []
    for delivery_id, endpoint_id, event_id, body, number, due_since in rows:
        endpoint = endpoints[endpoint_id]
        claims.append(
            Claim(
                delivery_id=delivery_id,
                endpoint_id=endpoint_id,
                event_id=event_id,
                body=body,
                number=number,
                due_since=due_since,
                after_failures=endpoint.failures,
                url=endpoint.url,
                encrypt_body=endpoint.encrypt_body,
                names_customers=endpoint.names_customers,
                secrets_newest_first=secrets[endpoint_id],
            )
        )
    return claims


def give_back(claims: Sequence[Claim], *, now: datetime) -> None:
    """Let deliveries that were claimed and not tried be claimed again."""
    if claims:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE integrations_webhookdelivery d "
                "SET attempts = attempts - 1, next_attempt_at = %s "
                "FROM unnest(%s::bigint[], %s::int[]) AS u (id, number) "
                "WHERE d.id = u.id AND d.attempts = u.number AND d.state = 'pending'",
                [now, [one.delivery_id for one in claims], [one.number for one in claims]],
            )


def record_results(
    results: Sequence[tuple[Claim, datetime, Reply]], *, now: datetime, jitter: Callable[[], float]
) -> None:
    """Keep what attempts brought, and when those that failed are due again. What was removed
    meanwhile with its webhook is forgotten."""
    with transaction.atomic():
        there = _kept({claim.endpoint_id for claim, _, _ in results})
        results = [one for one in results if one[0].endpoint_id in there]
        WebhookAttempt.objects.bulk_create(
            WebhookAttempt(
                delivery_id=claim.delivery_id,
                number=claim.number,
                at=at,
                status=reply.status,
                error=reply.error,
                latency_ms=reply.latency_ms,
            )
            for claim, at, reply in results
        )
        # In one order, so that two senders never wait for each other.
        in_order = sorted(results, key=lambda one: one[0].delivery_id)
        _record_delivered([(claim, reply) for claim, _, reply in in_order if reply.delivered], now)
        for claim, _, reply in in_order:
            if not reply.delivered:
                _record_failure(claim, reply, now, jitter())
        by_endpoint: dict[int, list[tuple[Claim, Reply]]] = {}
        for claim, _, reply in in_order:
            by_endpoint.setdefault(claim.endpoint_id, []).append((claim, reply))
        for endpoint_id, some in sorted(by_endpoint.items()):
            _record_endpoint(endpoint_id, some, now)


def _kept(endpoint_ids: set[int]) -> set[int]:
    """Which of the webhooks are still there; none is removed while we write.

    Webhooks are locked before their deliveries, by whoever removes one as well; and not for update:
    the outbox, too, has many of them referred to at once, in another order.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM integrations_webhookendpoint WHERE id = any(%s) "
            "ORDER BY id FOR KEY SHARE",
            [sorted(endpoint_ids)],
        )
        return {id_ for (id_,) in cursor.fetchall()}


def remove_old(*, now: datetime) -> int:
    """Remove deliveries that nobody asks about any more, some thousands at a time."""
    old = WebhookDelivery.objects.filter(
        Q(state=DeliveryState.DELIVERED, created_at__lt=now - DELIVERED_KEPT)
        | Q(state=DeliveryState.DEAD, created_at__lt=now - DEAD_KEPT)
    )
    ids = list(old.order_by("id").values_list("id", flat=True)[:ROWS_AT_ONCE])
    WebhookDelivery.objects.filter(id__in=ids).delete()
    return len(ids)


def _record_delivered(results: Sequence[tuple[Claim, Reply]], now: datetime) -> None:
    if not results:
        return
    with connection.cursor() as cursor:
        # Not where somebody else has claimed it meanwhile: then theirs is the word that counts.
        cursor.execute(
            "UPDATE integrations_webhookdelivery d SET state = 'delivered', delivered_at = %s, "
            "last_status = u.status, last_error = '', latency_ms = u.latency_ms "
            "FROM unnest(%s::bigint[], %s::int[], %s::smallint[], %s::int[]) "
            "AS u (id, number, status, latency_ms) "
            "WHERE d.id = u.id AND d.attempts = u.number AND d.state = 'pending'",
            [
                now,
                [claim.delivery_id for claim, _ in results],
                [claim.number for claim, _ in results],
                [reply.status for _, reply in results],
                [reply.latency_ms for _, reply in results],
            ],
        )


def _record_failure(claim: Claim, reply: Reply, now: datetime, jitter: float) -> None:
    again = next_attempt(
        now=now,
        due_since=claim.due_since,
        attempt=claim.number,
        jitter=jitter,
        retry_after_s=reply.retry_after_s,
    )
    then = {"state": DeliveryState.DEAD} if again is None else {"next_attempt_at": again}
    WebhookDelivery.objects.filter(
        id=claim.delivery_id, attempts=claim.number, state=DeliveryState.PENDING
    ).update(last_status=reply.status, last_error=reply.error, latency_ms=reply.latency_ms, **then)


def _record_endpoint(
    endpoint_id: int, results: Sequence[tuple[Claim, Reply]], now: datetime
) -> None:
    delivered = any(reply.delivered for _, reply in results)
    if delivered and not any(claim.after_failures for claim, _ in results):
        return
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).filter(id=endpoint_id).first()
    if endpoint is None:
        return
    if delivered:
        endpoint.failures, endpoint.retry_at = 0, None
        endpoint.save(update_fields=["failures", "retry_at"])
        return
    endpoint.failures += len(results)
    endpoint.retry_at = rest_until(now=now, failures=endpoint.failures)
    if any(reply.status == GONE for _, reply in results):
        endpoint.active, endpoint.disabled_reason = False, "gone"
    endpoint.save(update_fields=["failures", "retry_at", "active", "disabled_reason"])
    _give_up_old(endpoint_id, results[-1][1], now)


def _give_up_old(endpoint_id: int, reply: Reply, now: datetime) -> None:
    """What has waited for 72 hours behind a webhook that fails is given up with it."""
    late = WebhookDelivery.objects.filter(
        endpoint_id=endpoint_id,
        state=DeliveryState.PENDING,
        next_attempt_at__lte=now,
        due_since__lte=now - GIVE_UP_AFTER,
    )
    ids = late.order_by("next_attempt_at", "id").values_list("id", flat=True)[:ROWS_AT_ONCE]
    WebhookDelivery.objects.filter(id__in=list(ids)).update(
        state=DeliveryState.DEAD,
        last_status=reply.status,
        last_error=reply.error,
    )


def _secrets_of(endpoint_ids: set[int], now: datetime) -> dict[int, tuple[str, ...]]:
    rows = WebhookSecret.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=now), endpoint_id__in=endpoint_ids
    )
    secrets: dict[int, tuple[str, ...]] = {}
    for row in rows.order_by(F("ends_at").desc(nulls_first=True), "-id"):
        secrets[row.endpoint_id] = (*secrets.get(row.endpoint_id, ()), str(row.secret))
    return secrets
