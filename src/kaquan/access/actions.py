"""Changes of API clients and keys; in force in every process within a second."""

import ipaddress
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction

from kaquan.access.bounds import require_no_wider
from kaquan.access.callers import register
from kaquan.access.errors import client_exists, key_ended, permission_not_held, value_invalid
from kaquan.access.key_text import new_key_text, new_signing_secret
from kaquan.access.models import ApiClient, ApiKey, KeyKind, KeyMode
from kaquan.access.peppers import load_peppers
from kaquan.access.permissions import PERMISSION_NAMES, PUBLISHABLE_PERMISSIONS
from kaquan.access.queries import client_by_id, key_by_id
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import EVERY_PERMISSION, Actor, ActorKind, require
from kaquan.foundation.changes.actions import fields_of, record_row
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.ids import draw_ids
from kaquan.organisations.queries import (
    organisation_by_code,
    organisation_by_id,
    own_organisation_id,
)

PERMISSION = "keys.edit"
STORES_MAX = 500
NETWORKS_MAX = 50
OVERLAP_HOURS_MAX = 24 * 90
_CLIENT = ("name", "organisation", "active")
# Neither the hash nor the signing secret.
_KEY = (
    *("client", "public_id", "kind", "mode", "permissions", "store_ids", "networks"),
    *("must_sign", "expires_at", "revoked_at", "replaced_by"),
)

_read_name = cells.text(100)


class NewKey(NamedTuple):
    """A key and its secrets, which can be read here and never again."""

    key: ApiKey
    text: str
    signing_secret: str | None

    def __repr__(self) -> str:
        return f"<new API key {self.key.public_id}>"


def create_client(
    *, actor: Actor, name: str, at: datetime, organisation_id: int | None = None
) -> ApiClient:
    """Add a client, by default to the actor's own part of the tree.

    Raises `client_exists`, `organisation_unknown`, `value_invalid`.
    """
    require(actor, PERMISSION)
    name = cells.accepted(_read_name, name, zh="名称", en="name")
    belongs_to = organisation_id or own_organisation_id(actor)
    client = ApiClient(
        name=name,
        organisation=organisation_by_id(actor, belongs_to) if belongs_to else None,
        created_at=at,
    )
    try:
        with transaction.atomic():
            client.save(force_insert=True)
            _keep_client(actor, "clients.create", client, before=None)
    except IntegrityError:
        raise client_exists(name) from None
    return client


def set_client_active(*, actor: Actor, client_id: int, active: bool) -> ApiClient:
    """Stop all keys of a client, or let them go on; raises `client_unknown`."""
    require(actor, PERMISSION)
    with transaction.atomic():
        client = client_by_id(actor, client_id, for_update=True)
        before = fields_of(client, *_CLIENT)
        client.active = active
        client.save(update_fields=["active"])
        _keep_client(actor, "clients.update", client, before=before)
        transaction.on_commit(register.forget)
        return client


def create_key(
    *,
    actor: Actor,
    client_id: int,
    permissions: Collection[str],
    at: datetime,
    kind: KeyKind = KeyKind.SECRET,
    store_codes: Collection[str] = (),
    networks: Collection[str] = (),
    must_sign: bool = False,
    expires_at: datetime | None = None,
) -> NewKey:
    """Make a key for a client: with no permission that the actor lacks, and where the actor is a
    key itself, bound no less tightly.

    Raises `client_unknown`, `organisation_unknown`, `permission_denied`, `value_invalid`.
    """
    require(actor, PERMISSION)
    kind = KeyKind(kind)
    chosen = _permissions(actor, permissions, kind)
    if must_sign and kind is KeyKind.PUBLISHABLE:
        raise value_invalid("可公开的密钥不能要求签名。", "A publishable key cannot sign requests.")
    if expires_at is not None and expires_at <= at:
        raise value_invalid("到期时间须在将来。", "The time of expiry must lie in the future.")
    with transaction.atomic():
        client = client_by_id(actor, client_id)
        key = ApiKey(
            client=client,
            kind=kind,
            mode=KeyMode(current_configuration().mode),
            permissions=chosen,
            store_ids=_store_ids(actor, client, store_codes),
            networks=_networks(networks),
            must_sign=must_sign,
            expires_at=expires_at,
            created_at=at,
            created_by=actor.id,
        )
        require_no_wider(actor, key)
        made = _save_new(key)
        _keep_key(actor, "keys.create", key, before=None)
        return made


def create_key_with_client(
    *,
    actor: Actor,
    client_id: int | None,
    client_name: str | None,
    permissions: Collection[str],
    at: datetime,
    organisation_id: int | None = None,
    kind: KeyKind = KeyKind.SECRET,
    store_codes: Collection[str] = (),
    networks: Collection[str] = (),
    must_sign: bool = False,
    expires_at: datetime | None = None,
) -> NewKey:
    """Make a key for a client that is there or, without one, for a new one of this name: both or
    neither. Raises what `create_client` and `create_key` raise."""
    with transaction.atomic():
        if client_id is None:
            client_id = create_client(
                actor=actor, name=client_name or "", at=at, organisation_id=organisation_id
            ).id
        return create_key(
            actor=actor,
            client_id=client_id,
            permissions=permissions,
            at=at,
            kind=kind,
            store_codes=store_codes,
            networks=networks,
            must_sign=must_sign,
            expires_at=expires_at,
        )


def rotate_key(*, actor: Actor, key_id: int, at: datetime, overlap_hours: int = 24) -> NewKey:
    """Replace a key by a new one that may do the same; the old one ends after the overlap.

    Raises `key_unknown`, `key_ended`, `permission_denied`, `value_invalid`.
    """
    require(actor, PERMISSION)
    if not 0 <= overlap_hours <= OVERLAP_HOURS_MAX:
        raise value_invalid(
            f"重叠时间应为 0 到 {OVERLAP_HOURS_MAX} 小时。",
            f"The overlap must be from 0 to {OVERLAP_HOURS_MAX} hours.",
        )
    with transaction.atomic():
        old = key_by_id(actor, key_id, for_update=True)
        if old.revoked_at or old.replaced_by_id or (old.expires_at and old.expires_at <= at):
            raise key_ended(old.public_id)
        _permissions(actor, old.permissions, KeyKind(old.kind))
        require_no_wider(actor, old)
        made = _save_new(
            ApiKey(
                client_id=old.client_id,
                kind=old.kind,
                mode=old.mode,
                permissions=old.permissions,
                store_ids=old.store_ids,
                networks=old.networks,
                must_sign=old.must_sign,
                expires_at=old.expires_at,
                created_at=at,
                created_by=actor.id,
            )
        )
        before = fields_of(old, *_KEY)
        end = at + timedelta(hours=overlap_hours)
        old.expires_at = min(end, old.expires_at) if old.expires_at else end
        old.replaced_by = made.key
        old.save(update_fields=["expires_at", "replaced_by"])
        _keep_key(actor, "keys.rotate", made.key, before=None)
        _keep_key(actor, "keys.rotate", old, before=before)
        return made


def revoke_key(*, actor: Actor, key_id: int, at: datetime) -> ApiKey:
    """End a key at once; a second time changes nothing. Raises `key_unknown`."""
    require(actor, PERMISSION)
    with transaction.atomic():
        key = key_by_id(actor, key_id, for_update=True)
        if key.revoked_at is None:
            before = fields_of(key, *_KEY)
            key.revoked_at = at
            key.save(update_fields=["revoked_at"])
            _keep_key(actor, "keys.revoke", key, before=before)
            transaction.on_commit(register.forget)
        return key


def _permissions(actor: Actor, wanted: Collection[str], kind: KeyKind) -> list[str]:
    names = set(wanted)
    unknown = names - PERMISSION_NAMES
    if unknown or not names:
        listed = ", ".join(sorted(name[:64] for name in unknown)[:10])
        raise value_invalid(
            f"没有这样的权限：{listed}。" if names else "请至少给一项权限。",
            f"There are no such permissions: {listed}." if names else "Give one permission.",
        )
    if kind is KeyKind.PUBLISHABLE and not names <= set(PUBLISHABLE_PERMISSIONS):
        allowed = ", ".join(PUBLISHABLE_PERMISSIONS)
        raise value_invalid(
            f"可公开的密钥只能有：{allowed}。", f"A publishable key may only hold: {allowed}."
        )
    lacking = names - actor.permissions
    if actor.kind is ActorKind.STAFF:
        lacking -= set(PUBLISHABLE_PERMISSIONS)  # the customer's own, which no role holds
    if lacking and EVERY_PERMISSION not in actor.permissions:
        raise permission_not_held(lacking)
    return sorted(names)


def _store_ids(actor: Actor, client: ApiClient, codes: Collection[str]) -> list[int]:
    """The stores, each within the client's part of the tree and the actor's."""
    if len(codes) > STORES_MAX:
        raise value_invalid(f"最多 {STORES_MAX} 家门店。", f"At most {STORES_MAX} stores.")
    below = client.organisation.path if client.organisation else ""
    found = []
    for code in codes:
        organisation = organisation_by_code(actor, code)
        if organisation.kind != "store" or not organisation.path.startswith(below):
            raise value_invalid(
                f"“{code}”不是该接入方范围内的门店。",
                f'"{code}" is no store in the client\'s part of the tree.',
            )
        found.append(organisation.id)
    return sorted(set(found))


def _networks(texts: Collection[str]) -> list[str]:
    if len(texts) > NETWORKS_MAX:
        raise value_invalid(f"最多 {NETWORKS_MAX} 个网段。", f"At most {NETWORKS_MAX} networks.")
    found = []
    for text in texts:
        try:
            found.append(str(ipaddress.ip_network(text.strip())))
        except ValueError:
            raise value_invalid(
                f"“{text[:64]}”不是网段；应如 10.1.0.0/16。",
                f'"{text[:64]}" is no network; expected something like 10.1.0.0/16.',
            ) from None
    return sorted(set(found))


def _save_new(key: ApiKey) -> NewKey:
    (key.id,) = draw_ids(ApiKey, 1)  # what is sealed is sealed for this row
    written = new_key_text(key.kind, key.mode, load_peppers()[0])
    key.public_id, key.secret_hash = written.public_id, written.secret_hash
    signing_secret = new_signing_secret() if key.must_sign else None
    key.signing_secret = signing_secret
    key.save(force_insert=True)
    transaction.on_commit(register.forget)
    return NewKey(key, written.text, signing_secret)


def _keep_client(
    actor: Actor, verb: str, client: ApiClient, *, before: Mapping[str, Any] | None
) -> None:
    record_row(
        actor=actor,
        verb=verb,
        kind="api_client",
        row=client,
        name=client.name,
        fields=_CLIENT,
        organisation_path=client.organisation.path if client.organisation else "",
        before=before,
    )


def _keep_key(actor: Actor, verb: str, key: ApiKey, *, before: Mapping[str, Any] | None) -> None:
    organisation = key.client.organisation
    record_row(
        actor=actor,
        verb=verb,
        kind="api_key",
        row=key,
        name=key.public_id,
        fields=_KEY,
        organisation_path=organisation.path if organisation else "",
        before=before,
    )
