"""What became of each event that a webhook was sent, over HTTP; and sending again."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Query

from kaquan.foundation import clock
from kaquan.integrations import actions, queries
from kaquan.integrations.models import DeliveryState, WebhookDelivery
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.pages import PageQuery, page, page_of
from kaquan.surfaces.api.schemas import Answer, Body, Moment, PathId, PathNodeId, ShortCode

routes = Routes("deliveries", zh="投递", en="Deliveries")

State = Literal["pending", "delivered", "dead"]


class DeliveryAnswer(Answer):
    """One event on its way. `attempts` since it was last sent; `last_error` is empty after 2xx."""

    id: int
    event_id: str
    event_type: str
    state: State
    attempts: int
    created_at: Moment
    next_attempt_at: Moment | None
    delivered_at: Moment | None
    last_status: int | None
    last_error: str
    latency_ms: int | None


class AttemptAnswer(Answer):
    """One try. `status` null: there was no answer, and `error` says why."""

    number: int
    at: Moment
    status: int | None
    error: str
    latency_ms: int


class DeliveryDetailAnswer(DeliveryAnswer):
    """A delivery with its document and its last tries, the newest first."""

    body: str
    tries: list[AttemptAnswer]


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    state: State | None = None
    event_type: ShortCode | None = None


class ResendBody(Body):
    """Send again what was given up and was made since this moment."""

    since: Moment


class ResentAnswer(Answer):
    """How many are sent again. As many as may be at once: ask again for the rest."""

    resent: int


def _facts(delivery: WebhookDelivery) -> dict[str, Any]:
    waits = delivery.state == DeliveryState.PENDING
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "created_at": delivery.created_at,
        "next_attempt_at": delivery.next_attempt_at if waits else None,
        "delivered_at": delivery.delivered_at,
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
        "latency_ms": delivery.latency_ms,
    }


def shown_delivery(delivery: WebhookDelivery) -> DeliveryAnswer:
    """A delivery as an answer."""
    return DeliveryAnswer(**_facts(delivery))


@routes.post(
    "/webhooks/{webhook_id}/test",
    permission=queries.EDIT,
    answer=DeliveryAnswer,
    status=201,
    zh="发送测试事件",
    en="Send a test event",
    about="An event `webhook.test` that means nothing, to see whether deliveries arrive.",
    problems=("webhook_unknown", "webhook_inactive"),
)
def test_webhook(request: Request, webhook_id: PathNodeId) -> DeliveryAnswer:
    """A delivery that means nothing."""
    return shown_delivery(
        actions.send_test_event(actor=request.call.actor, endpoint_id=webhook_id, at=clock.now())
    )


@routes.get(
    "/webhooks/{webhook_id}/deliveries",
    permission=queries.VIEW,
    answer=page_of(DeliveryAnswer),
    zh="列出投递记录",
    en="List a webhook's deliveries",
    about="The newest first. Delivered ones are kept for 7 days, given-up ones for 30.",
    query={"state": "dead", "event_type": "voucher.redeemed"},
    problems=("webhook_unknown", "cursor_invalid"),
)
def list_deliveries(
    request: Request, webhook_id: PathNodeId, paging: Query[DeliveryQuery]
) -> dict[str, Any]:
    """What was sent, and how it fared."""
    (before_id,) = paging.after(int) or (None,)
    rows = queries.deliveries(
        request.call.actor,
        webhook_id,
        state=DeliveryState(paging.state) if paging.state else None,
        event_type=paging.event_type,
        before_id=before_id,
        limit=paging.rows,
    )
    return page(rows, paging, key=lambda one: (one.id,), show=shown_delivery)


@routes.get(
    "/webhooks/{webhook_id}/deliveries/{delivery_id}",
    permission=queries.VIEW,
    answer=DeliveryDetailAnswer,
    zh="查看投递记录",
    en="Get a delivery",
    problems=("webhook_unknown", "delivery_unknown"),
)
def get_delivery(
    request: Request, webhook_id: PathNodeId, delivery_id: PathId
) -> DeliveryDetailAnswer:
    """One delivery with its tries."""
    delivery = queries.delivery_by_id(request.call.actor, webhook_id, delivery_id)
    tries = [
        AttemptAnswer(
            number=one.number,
            at=one.at,
            status=one.status,
            error=one.error,
            latency_ms=one.latency_ms,
        )
        for one in queries.attempts_of(delivery)
    ]
    body = queries.body_for(request.call.actor, delivery)
    return DeliveryDetailAnswer(**_facts(delivery), body=body, tries=tries)


@routes.post(
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/resend",
    permission=queries.EDIT,
    answer=DeliveryAnswer,
    zh="重新投递",
    en="Send a delivery again",
    about="Whatever became of it; the event keeps its id, so the receiver can tell.",
    problems=("webhook_unknown", "delivery_unknown", "webhook_inactive"),
)
def resend_delivery(
    request: Request, webhook_id: PathNodeId, delivery_id: PathId
) -> DeliveryAnswer:
    """A delivery once more."""
    return shown_delivery(
        actions.resend(
            actor=request.call.actor,
            endpoint_id=webhook_id,
            delivery_id=delivery_id,
            at=clock.now(),
        )
    )


@routes.post(
    "/webhooks/{webhook_id}/resend-dead",
    permission=queries.EDIT,
    answer=ResentAnswer,
    zh="重新投递已放弃的",
    en="Send again what was given up",
    example={"since": "2026-06-01T00:00:00+08:00"},
    problems=("webhook_unknown", "webhook_inactive"),
)
def resend_dead_deliveries(
    request: Request, webhook_id: PathNodeId, body: ResendBody
) -> ResentAnswer:
    """Given-up deliveries once more, oldest first."""
    return ResentAnswer(
        resent=actions.resend_dead(
            actor=request.call.actor, endpoint_id=webhook_id, since=body.since, at=clock.now()
        )
    )
