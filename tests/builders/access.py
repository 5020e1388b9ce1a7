"""API clients and keys for tests; made by actions, for calls over HTTP or straight."""

from datetime import datetime
from typing import Any, NamedTuple

from kaquan.access.actions import NewKey, create_client, create_key
from kaquan.access.callers import Caller, CallRefusal, authenticate
from kaquan.foundation.actor import Actor
from kaquan.organisations.models import Organisation
from tests.builders.issuer import NOON, SYSTEM, a_number


class ApiKeyMade(NamedTuple):
    """A key in force: its text, the header that carries it, and who calls with it."""

    new: NewKey
    text: str
    authorization: str
    caller: Caller


def a_key(
    *permissions: str,
    organisation: Organisation | None = None,
    client_id: int | None = None,
    actor: Actor = SYSTEM,
    at: datetime = NOON,
    **bounds: Any,
) -> ApiKeyMade:
    """A key with these permissions, of a client of its own unless one is named."""
    if client_id is None:
        client_id = create_client(
            actor=actor,
            name=a_number("接入方 "),
            at=at,
            organisation_id=organisation.id if organisation else None,
        ).id
    new = create_key(actor=actor, client_id=client_id, permissions=permissions, at=at, **bounds)
    header = f"Bearer {new.text}"
    caller = authenticate_as(header)
    assert isinstance(caller, Caller), caller
    return ApiKeyMade(new, new.text, header, caller)


def authenticate_as(authorization: str | None, source: str = "127.0.0.1") -> Caller | CallRefusal:
    """Who calls with this header and nothing else of note."""
    return authenticate(
        authorization=authorization,
        source=source,
        method="POST",
        path="/api/v1/redemptions",
        body=b"{}",
        signature=None,
        idempotency_key="k-1",
    )
