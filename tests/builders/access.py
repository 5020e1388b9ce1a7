"""API clients and keys for tests; made by actions."""

from datetime import datetime
from typing import Any, NamedTuple

from kaquan.access.actions import NewKey, create_client, create_key
from kaquan.access.callers import Caller, authenticate
from kaquan.foundation.actor import Actor
from kaquan.organisations.models import Organisation
from tests.builders.issuer import NOON, SYSTEM, a_number


class ApiKeyMade(NamedTuple):
    """A key in force."""

    new: NewKey

    @property
    def text(self) -> str:
        return self.new.text

    @property
    def authorization(self) -> str:
        """The header that carries it."""
        return f"Bearer {self.new.text}"

    @property
    def caller(self) -> Caller:
        """Who calls with it, from this machine and unsigned."""
        caller = authenticate(
            authorization=self.authorization,
            source="127.0.0.1",
            method="POST",
            path="/",
            body=b"",
            signature=None,
            idempotency_key=None,
        )
        assert isinstance(caller, Caller), caller
        return caller


def a_client(
    organisation: Organisation | None = None,
    *,
    actor: Actor = SYSTEM,
    at: datetime = NOON,
    name: str | None = None,
) -> int:
    """The id of a new client in this part of the tree."""
    organisation_id = organisation.id if organisation else None
    name = name or a_number("接入方 ")
    return create_client(actor=actor, name=name, at=at, organisation_id=organisation_id).id


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
        client_id = a_client(organisation, actor=actor, at=at)
    return ApiKeyMade(
        create_key(actor=actor, client_id=client_id, permissions=permissions, at=at, **bounds)
    )
