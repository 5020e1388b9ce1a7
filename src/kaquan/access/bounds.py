"""A key that makes keys makes none that is bound less tightly than itself.

A permission to create keys would else be a way out of every other bound: of the stores, the
networks, the expiry, the duty to sign.
"""

import ipaddress
from collections.abc import Iterator

from kaquan.access.errors import narrower_key_needed
from kaquan.access.models import ApiKey
from kaquan.foundation.actor import Actor, ActorKind


def require_no_wider(actor: Actor, key: ApiKey) -> None:
    """Raise `permission_denied` where the actor is a key and ``key`` would be a wider one."""
    if actor.kind is not ActorKind.API_KEY:
        return
    maker = ApiKey.objects.get(id=int(actor.id.removeprefix("key:")))  # keys are never deleted
    for zh, en in _breaches(maker, key):
        raise narrower_key_needed(zh, en)


def _breaches(maker: ApiKey, key: ApiKey) -> Iterator[tuple[str, str]]:
    if maker.store_ids and (not key.store_ids or not set(key.store_ids) <= set(maker.store_ids)):
        yield "门店", "its stores"
    if maker.networks and not (
        key.networks and all(_is_inside(one, maker.networks) for one in key.networks)
    ):
        yield "网段", "its networks"
    if maker.must_sign and not key.must_sign:
        yield "签名", "its signature"
    if maker.expires_at and (key.expires_at is None or key.expires_at > maker.expires_at):
        yield "到期时间", "its expiry"


def _is_inside(network: str, others: list[str]) -> bool:
    inner = ipaddress.ip_network(network)
    for text in others:
        outer = ipaddress.ip_network(text)
        if inner.version == outer.version and inner.subnet_of(outer):  # type: ignore[arg-type]
            return True
    return False
