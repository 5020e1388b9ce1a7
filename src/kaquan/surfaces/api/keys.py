"""API clients and their keys over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Query
from pydantic import Field

from kaquan.access import actions, queries
from kaquan.access.actions import NewKey
from kaquan.access.models import ApiClient, KeyKind
from kaquan.access.queries import KeyLine
from kaquan.foundation import clock
from kaquan.organisations.queries import store_codes
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.pages import PageQuery, page, page_of
from kaquan.surfaces.api.schemas import (
    Answer,
    Body,
    Code,
    Flag,
    Moment,
    Name,
    NodeId,
    PathNodeId,
    ShortCode,
)

routes = Routes("keys", zh="接入方与密钥", en="API clients and keys")

Kind = Literal["secret", "publishable"]


class ClientAnswer(Answer):
    """A program that calls. Its request keys are its own, whichever of its keys it uses."""

    id: int
    name: str
    organisation_id: int | None
    active: bool
    created_at: Moment


class ClientBody(Body):
    """A new client, by default of the caller's own part of the tree."""

    name: Name
    organisation_id: NodeId | None = None


class ClientChange(Body):
    """`active: false` stops all of its keys within a second."""

    active: Flag


class KeyAnswer(Answer):
    """A key as it may be seen later: never its secret. `stores` are the codes that it is bound to,
    of those that the caller may see."""

    id: int
    public_id: str
    client_id: int
    kind: Kind
    mode: Literal["live", "test"]
    permissions: list[str]
    stores: list[str]
    networks: list[str]
    must_sign: bool
    created_at: Moment
    created_by: str
    expires_at: Moment | None
    revoked_at: Moment | None
    replaced_by_id: int | None
    last_used_at: Moment | None


class NewKeyAnswer(KeyAnswer):
    """A new key. `key` and `signing_secret` are told in this answer and in no other."""

    key: str
    signing_secret: str | None


class KeyBody(Body):
    """A new key: with no permission that the caller's key lacks, and bound no less tightly."""

    client_id: NodeId
    permissions: Annotated[list[ShortCode], Field(min_length=1, max_length=100)]
    kind: Kind = "secret"
    stores: Annotated[list[Code], Field(default_factory=list, max_length=actions.STORES_MAX)]
    networks: Annotated[
        list[ShortCode], Field(default_factory=list, max_length=actions.NETWORKS_MAX)
    ]
    must_sign: Flag = False
    expires_at: Moment | None = None


class RotationBody(Body):
    """How long the old key goes on beside the new one."""

    overlap_hours: Annotated[int, Field(strict=True, ge=0, le=actions.OVERLAP_HOURS_MAX)] = 24


def shown_client(client: ApiClient) -> ClientAnswer:
    """A client as an answer."""
    return ClientAnswer(
        id=client.id,
        name=client.name,
        organisation_id=client.organisation_id,
        active=client.active,
        created_at=client.created_at,
    )


def _facts(request: Request, line: KeyLine) -> dict[str, Any]:
    codes = store_codes(request.call.actor, line.store_ids)
    return line._asdict() | {
        "permissions": list(line.permissions),
        "stores": sorted(codes.values()),
        "networks": list(line.networks),
    }


def _shown(request: Request, line: KeyLine) -> KeyAnswer:
    return KeyAnswer.model_validate(_facts(request, line))


def _told_once(request: Request, made: NewKey) -> NewKeyAnswer:
    line = queries.key_line(request.call.actor, made.key.id)
    secrets = {"key": made.text, "signing_secret": made.signing_secret}
    return NewKeyAnswer.model_validate(_facts(request, line) | secrets)


@routes.get(
    "/clients",
    permission=queries.PERMISSION,
    answer=page_of(ClientAnswer),
    zh="列出接入方",
    en="List API clients",
    problems=("cursor_invalid",),
)
def list_clients(request: Request, paging: Query[PageQuery]) -> dict[str, Any]:
    """The clients of the caller's part of the tree."""
    (after_id,) = paging.after(int) or (0,)
    rows = queries.clients(request.call.actor, after_id=after_id, limit=paging.rows)
    return page(rows, paging, key=lambda client: (client.id,), show=shown_client)


@routes.post(
    "/clients",
    permission=actions.PERMISSION,
    answer=ClientAnswer,
    status=201,
    zh="新建接入方",
    en="Create an API client",
    example={"name": "小程序商城", "organisation_id": 1},
    problems=("client_exists", "organisation_unknown"),
)
def create_client(request: Request, body: ClientBody) -> ClientAnswer:
    """A new client."""
    return shown_client(
        actions.create_client(
            actor=request.call.actor,
            name=body.name,
            organisation_id=body.organisation_id,
            at=clock.now(),
        )
    )


@routes.get(
    "/clients/{client_id}",
    permission=queries.PERMISSION,
    answer=ClientAnswer,
    zh="查看接入方",
    en="Get an API client",
    problems=("client_unknown",),
)
def get_client(request: Request, client_id: PathNodeId) -> ClientAnswer:
    """One client."""
    return shown_client(queries.client_by_id(request.call.actor, client_id))


@routes.patch(
    "/clients/{client_id}",
    permission=actions.PERMISSION,
    answer=ClientAnswer,
    zh="停用或启用接入方",
    en="Stop an API client, or let it go on",
    example={"active": False},
    problems=("client_unknown",),
)
def change_client(request: Request, client_id: PathNodeId, body: ClientChange) -> ClientAnswer:
    """A client stopped, or let go on."""
    return shown_client(
        actions.set_client_active(actor=request.call.actor, client_id=client_id, active=body.active)
    )


@routes.get(
    "/keys",
    permission=queries.PERMISSION,
    answer=page_of(KeyAnswer),
    zh="列出密钥",
    en="List keys",
    query={"client_id": 101},
    problems=("client_unknown", "cursor_invalid"),
)
def list_keys(
    request: Request, paging: Query[PageQuery], client_id: PathNodeId | None = None
) -> dict[str, Any]:
    """The keys of a client, or of all."""
    (after_id,) = paging.after(int) or (0,)
    actor = request.call.actor
    if client_id is not None:
        queries.client_by_id(actor, client_id)
    rows = queries.keys(actor, client_id=client_id, after_id=after_id, limit=paging.rows)
    return page(rows, paging, key=lambda line: (line.id,), show=lambda line: _shown(request, line))


@routes.post(
    "/keys",
    permission=actions.PERMISSION,
    answer=NewKeyAnswer,
    status=201,
    zh="新建密钥",
    en="Create a key",
    about="The answer holds the key itself, this once. It is kept sealed for the same request.",
    example={"client_id": 101, "permissions": ["organisations.view"],
             "networks": ["10.1.0.0/16"], "must_sign": False},
    problems=("client_unknown", "organisation_unknown"),
)  # fmt: skip
def create_key(request: Request, body: KeyBody) -> NewKeyAnswer:
    """A new key."""
    made = actions.create_key(
        actor=request.call.actor,
        client_id=body.client_id,
        permissions=body.permissions,
        kind=KeyKind(body.kind),
        store_codes=body.stores,
        networks=body.networks,
        must_sign=body.must_sign,
        expires_at=body.expires_at,
        at=clock.now(),
    )
    return _told_once(request, made)


@routes.get(
    "/keys/{key_id}",
    permission=queries.PERMISSION,
    answer=KeyAnswer,
    zh="查看密钥",
    en="Get a key",
    problems=("key_unknown",),
)
def get_key(request: Request, key_id: PathNodeId) -> KeyAnswer:
    """One key, without its secret."""
    return _shown(request, queries.key_line(request.call.actor, key_id))


@routes.post(
    "/keys/{key_id}/rotate",
    permission=actions.PERMISSION,
    answer=NewKeyAnswer,
    status=201,
    zh="更换密钥",
    en="Replace a key",
    about="The new key may do what the old one may; the old one ends after the overlap.",
    example={"overlap_hours": 24},
    problems=("key_unknown", "key_ended"),
)
def rotate_key(request: Request, key_id: PathNodeId, body: RotationBody) -> NewKeyAnswer:
    """A key replaced."""
    made = actions.rotate_key(
        actor=request.call.actor,
        key_id=key_id,
        overlap_hours=body.overlap_hours,
        at=clock.now(),
    )
    return _told_once(request, made)


@routes.post(
    "/keys/{key_id}/revoke",
    permission=actions.PERMISSION,
    answer=KeyAnswer,
    zh="撤销密钥",
    en="Revoke a key",
    about="The key opens nothing any more, in every process within a second.",
    example={},
    problems=("key_unknown",),
)
def revoke_key(request: Request, key_id: PathNodeId) -> KeyAnswer:
    """A key ended."""
    actions.revoke_key(actor=request.call.actor, key_id=key_id, at=clock.now())
    return _shown(request, queries.key_line(request.call.actor, key_id))
