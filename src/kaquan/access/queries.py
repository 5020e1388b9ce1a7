"""What others may know of API clients, keys and storms, each within the actor's part of the tree.

No query gives a hash or a secret away.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet

from kaquan.access.errors import client_unknown, key_unknown
from kaquan.access.models import AccessEvent, ApiClient, ApiKey
from kaquan.foundation.actor import Actor, require
from kaquan.organisations.queries import within

PERMISSION = "keys.view"
EDIT = "keys.edit"
LIST_MAX = 500


class KeyLine(NamedTuple):
    """A key as lists show it."""

    id: int
    public_id: str
    client_id: int
    client_name: str
    organisation_id: int | None
    kind: str
    mode: str
    permissions: tuple[str, ...]
    store_ids: tuple[int, ...]
    networks: tuple[str, ...]
    must_sign: bool
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by_id: int | None
    last_used_at: datetime | None

    def has_ended(self, at: datetime) -> bool:
        """Whether the key opens nothing any more."""
        return self.revoked_at is not None or (
            self.expires_at is not None and self.expires_at <= at
        )


def client_by_id(actor: Actor, client_id: int, *, for_update: bool = False) -> ApiClient:
    """The client, locked until the transaction ends if asked; raises `client_unknown`."""
    _require_view(actor)
    rows = within(actor, ApiClient.objects.filter(id=client_id), "organisation")
    if for_update:
        rows = rows.select_for_update(of=("self",))
    client = rows.select_related("organisation").first()
    if client is None:
        raise client_unknown(client_id)
    return client


def client_by_name(actor: Actor, name: str, organisation_id: int | None) -> ApiClient | None:
    """The client of this name in exactly this organisation, None the whole issuer."""
    _require_view(actor)
    rows = ApiClient.objects.filter(name=name, organisation=organisation_id)
    return within(actor, rows, "organisation").first()


def clients(actor: Actor, *, after_id: int = 0, limit: int = LIST_MAX) -> Sequence[ApiClient]:
    """The clients by their ids; the next page begins after the last one's."""
    _require_view(actor)
    rows = within(actor, ApiClient.objects.filter(id__gt=after_id), "organisation")
    return list(rows.select_related("organisation").order_by("id")[: min(limit, LIST_MAX)])


def key_by_id(actor: Actor, key_id: int, *, for_update: bool = False) -> ApiKey:
    """The key, locked until the transaction ends if asked; raises `key_unknown`."""
    _require_view(actor)
    rows = within(actor, ApiKey.objects.filter(id=key_id), "client__organisation")
    if for_update:
        rows = rows.select_for_update(of=("self",))
    key = rows.first()
    if key is None:
        raise key_unknown(key_id)
    return key


def key_line(actor: Actor, key_id: int) -> KeyLine:
    """One key as lists show it; raises `key_unknown`."""
    _require_view(actor)
    lines = _lines(within(actor, ApiKey.objects.filter(id=key_id), "client__organisation"))
    if not lines:
        raise key_unknown(key_id)
    return lines[0]


def key_by_public_id(actor: Actor, public_id: str) -> KeyLine:
    """The key whose text holds this id; raises `key_unknown`."""
    _require_view(actor)
    rows = ApiKey.objects.filter(public_id=public_id)
    lines = _lines(within(actor, rows, "client__organisation"))
    if not lines:
        raise key_unknown(public_id)
    return lines[0]


def keys(
    actor: Actor, *, client_id: int | None = None, after_id: int = 0, limit: int = LIST_MAX
) -> Sequence[KeyLine]:
    """The keys, all or one client's, by their ids; the next page begins after the last one's."""
    _require_view(actor)
    rows = ApiKey.objects.filter(id__gt=after_id)
    if client_id is not None:
        rows = rows.filter(client=client_id)
    rows = within(actor, rows, "client__organisation").order_by("id")
    return _lines(rows[: min(limit, LIST_MAX)])


def storms(actor: Actor, *, before_id: int | None = None, limit: int = 50) -> Sequence[AccessEvent]:
    """The storms of guesses, the newest first; they are the whole issuer's to see."""
    require(actor, PERMISSION)
    if actor.organisation_path:
        return []
    rows = (
        AccessEvent.objects.all()
        if before_id is None
        else (AccessEvent.objects.filter(id__lt=before_id))
    )
    return list(rows.order_by("-id")[: min(limit, LIST_MAX)])


def _require_view(actor: Actor) -> None:
    # Who may change them may look for what to change.
    if EDIT not in actor.permissions:
        require(actor, PERMISSION)


def _lines(rows: QuerySet[ApiKey]) -> list[KeyLine]:
    fields = (
        "id", "public_id", "client_id", "client__name", "client__organisation_id", "kind", "mode",
        "permissions", "store_ids", "networks", "must_sign", "created_at", "created_by",
        "expires_at", "revoked_at", "replaced_by_id", "last_use__last_used_at",
    )  # fmt: skip
    return [
        KeyLine(*row[:7], *map(tuple, row[7:10]), *row[10:]) for row in rows.values_list(*fields)
    ]
