"""Webhooks over HTTP: where events are sent, and with which secrets."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Query
from pydantic import Field

from kaquan.foundation import clock
from kaquan.integrations import actions, queries
from kaquan.integrations.models import WebhookEndpoint, WebhookSecret
from kaquan.integrations.signatures import key_id
from kaquan.integrations.targets import URL_CHARACTERS_MAX, Resolve, looked_up
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.pages import PageQuery, page, page_of
from kaquan.surfaces.api.schemas import (
    Answer,
    Body,
    Flag,
    Line,
    Moment,
    NodeId,
    PathNodeId,
    ShortCode,
)

routes = Routes("webhooks", zh="事件推送", en="Webhooks")

Url = Annotated[str, Field(min_length=1, max_length=URL_CHARACTERS_MAX)]
Types = Annotated[list[ShortCode], Field(max_length=50)]
_OF_TARGETS = ("webhook_target_invalid",)


class WebhookAnswer(Answer):
    """Where events are sent. No `event_types`: all but the optional ones. `organisation_id` null:
    the whole issuer's. `names_customers`: the key that gave the address may see customers, so
    their numbers are sent. `disabled_reason`: `gone` after an answer 410. `failures` in a row."""

    id: int
    url: str
    organisation_id: int | None
    event_types: list[str]
    description: str
    encrypt_body: bool
    names_customers: bool
    active: bool
    disabled_reason: str
    failures: int
    retry_at: Moment | None
    created_at: Moment


class WebhookBody(Body):
    """A new webhook, by default for the key's own part of the organisation. Its secret is told by
    `GET /webhooks/{webhook_id}/secrets`."""

    url: Url
    event_types: Types = Field(default_factory=list)
    organisation_id: NodeId | None = None
    description: Line = ""
    encrypt_body: Flag = False


class WebhookChange(Body):
    """What to change; fields that are left out stay as they are. `active: false` stops it."""

    url: Url | None = None
    event_types: Types | None = None
    description: Line | None = None
    encrypt_body: Flag | None = None
    active: Flag | None = None


class SecretAnswer(Answer):
    """A secret that deliveries are signed with; `key_id` names it in sealed bodies. `ends_at` null:
    the current one."""

    secret: str
    key_id: str
    created_at: Moment
    ends_at: Moment | None


class SecretsAnswer(Answer):
    """The secrets that are good now, the newest first."""

    items: list[SecretAnswer]


class RotationBody(Body):
    """For how long the old secret goes on signing beside the new one."""

    overlap_hours: Annotated[int, Field(strict=True, ge=0, le=actions.OVERLAP_HOURS_MAX)] = (
        actions.OVERLAP_HOURS
    )


def _host_of(*, body: WebhookBody | WebhookChange, **_path: int) -> Resolve | None:
    """What is known of the host, asked before the transaction: a name server may take seconds."""
    return looked_up(body.url) if body.url is not None else None


def shown(endpoint: WebhookEndpoint) -> WebhookAnswer:
    """A webhook as an answer."""
    return WebhookAnswer(
        id=endpoint.id,
        url=endpoint.url,
        organisation_id=endpoint.organisation_id,
        event_types=endpoint.event_types,
        description=endpoint.description,
        encrypt_body=endpoint.encrypt_body,
        names_customers=endpoint.names_customers,
        active=endpoint.active,
        disabled_reason=endpoint.disabled_reason,
        failures=endpoint.failures,
        retry_at=endpoint.retry_at,
        created_at=endpoint.created_at,
    )


def _shown_secret(secret: WebhookSecret) -> SecretAnswer:
    return SecretAnswer(
        secret=secret.secret,
        key_id=key_id(secret.secret),
        created_at=secret.created_at,
        ends_at=secret.ends_at,
    )


@routes.get(
    "/webhooks",
    permission=queries.VIEW,
    answer=page_of(WebhookAnswer),
    zh="列出事件推送",
    en="List webhooks",
    problems=("cursor_invalid",),
)
def list_webhooks(request: Request, paging: Query[PageQuery]) -> dict[str, Any]:
    """The webhooks of the key's part of the organisation."""
    (after_id,) = paging.after(int) or (0,)
    rows = queries.endpoints(request.call.actor, after_id=after_id, limit=paging.rows)
    return page(rows, paging, key=lambda one: (one.id,), show=shown)


@routes.post(
    "/webhooks",
    permission=queries.EDIT,
    answer=WebhookAnswer,
    status=201,
    zh="新建事件推送",
    en="Create a webhook",
    about="It gets what is booked from now on, at least once, each voucher's events in order, with "
    "Standard Webhooks signatures. Answer 2xx within 10 seconds; anything else is tried again for "
    "72 hours, and 410 stops it for good. The address must be public and https, unless the "
    "operator has named a network.",
    example={"url": "https://203.0.114.10/kaquan", "event_types": ["voucher.redeemed"],
             "organisation_id": 1, "description": "收银对账", "encrypt_body": False},
    problems=(*_OF_TARGETS, "organisation_unknown", "webhook_limit_reached"),
    ahead=_host_of,
)  # fmt: skip
def create_webhook(request: Request, body: WebhookBody) -> WebhookAnswer:
    """A new webhook."""
    return shown(
        actions.create_endpoint(
            actor=request.call.actor,
            client_id=request.call.caller.client_id,
            at=clock.now(),
            resolve=request.ahead,
            **body.model_dump(),
        )
    )


@routes.get(
    "/webhooks/{webhook_id}",
    permission=queries.VIEW,
    answer=WebhookAnswer,
    zh="查看事件推送",
    en="Get a webhook",
    problems=("webhook_unknown",),
)
def get_webhook(request: Request, webhook_id: PathNodeId) -> WebhookAnswer:
    """One webhook."""
    return shown(queries.endpoint_by_id(request.call.actor, webhook_id))


@routes.patch(
    "/webhooks/{webhook_id}",
    permission=queries.EDIT,
    answer=WebhookAnswer,
    zh="修改事件推送",
    en="Change a webhook",
    example={"description": "收银对账（新）", "active": True},
    problems=(*_OF_TARGETS, "webhook_unknown"),
    ahead=_host_of,
)
def change_webhook(request: Request, webhook_id: PathNodeId, body: WebhookChange) -> WebhookAnswer:
    """A webhook's facts."""
    changes = body.model_dump(exclude_unset=True)
    if request.ahead is not None:
        changes["resolve"] = request.ahead
    return shown(
        actions.update_endpoint(actor=request.call.actor, endpoint_id=webhook_id, **changes)
    )


@routes.delete(
    "/webhooks/{webhook_id}",
    permission=queries.EDIT,
    answer=WebhookAnswer,
    zh="删除事件推送",
    en="Remove a webhook",
    about="With everything that it was sent. The answer is what it was.",
    problems=("webhook_unknown",),
)
def remove_webhook(request: Request, webhook_id: PathNodeId) -> WebhookAnswer:
    """A webhook's end."""
    return shown(actions.remove_endpoint(actor=request.call.actor, endpoint_id=webhook_id))


@routes.get(
    "/webhooks/{webhook_id}/secrets",
    permission=queries.EDIT,
    answer=SecretsAnswer,
    zh="查看事件推送的签名密钥",
    en="Get a webhook's secrets",
    about="Those that are good now, the newest first; for keys that may change webhooks.",
    problems=("webhook_unknown",),
)
def list_webhook_secrets(request: Request, webhook_id: PathNodeId) -> SecretsAnswer:
    """What deliveries are signed with."""
    secrets = queries.secrets_of(request.call.actor, webhook_id, now=clock.now())
    return SecretsAnswer(items=[_shown_secret(one) for one in secrets])


@routes.post(
    "/webhooks/{webhook_id}/secrets",
    permission=queries.EDIT,
    answer=WebhookAnswer,
    zh="更换事件推送的签名密钥",
    en="Give a webhook a new secret",
    about="The old one goes on signing beside it for `overlap_hours`, and sealing bodies alone. "
    "`GET` tells the new one.",
    example={"overlap_hours": 24},
    problems=("webhook_unknown",),
)
def rotate_webhook_secret(
    request: Request, webhook_id: PathNodeId, body: RotationBody
) -> WebhookAnswer:
    """A new secret beside the old one."""
    return shown(
        actions.rotate_secret(
            actor=request.call.actor,
            endpoint_id=webhook_id,
            overlap_hours=body.overlap_hours,
            at=clock.now(),
        )
    )
