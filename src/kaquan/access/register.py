"""All keys in memory, at most a second old, so that a call costs no SQL.

What a key may do changes rarely, so a copy is compared with one number in the database
(`access_revision`, moved by triggers in the transaction of each change) and read anew only when
that moved. The copy is never in a half state: a reload replaces it whole.
"""

from __future__ import annotations

import ipaddress
import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import psycopg

from kaquan.access.sources import Network
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, ActorKind
from kaquan.foundation.encrypted_fields import unseal

AGE_S_MAX: Final = 1.0
"""A copy that is older is not believed: what was revoked stops within this time."""
RETRY_S: Final = 0.25
UNKNOWN_IDS_MAX: Final = 10_000
SOURCES_REMEMBERED: Final = 1_000

Connect = Callable[[], psycopg.Connection[Any]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and within which bounds; one object for all calls of a key.

    `client_id` is the scope of its request keys, `store_ids` the stores it is bound to: none means
    any within the actor's part of the tree.
    """

    actor: Actor
    client_id: int
    key_id: int
    publishable: bool
    store_ids: frozenset[int]
    must_sign: bool


@dataclass
class KeyRecord:
    """A key as it is in the database, with what calls need made ready."""

    caller: Caller
    kind: str
    mode: str
    secret_hash: bytes
    ended: bool
    expires_s: float
    networks: tuple[Network, ...]
    sealed_signing_secret: bytes | None
    _sources: dict[str, bool] = field(default_factory=dict)

    @cached_property
    def signing_secret(self) -> bytes | None:
        """What its requests are signed with."""
        if self.sealed_signing_secret is None:
            return None
        return unseal(
            self.sealed_signing_secret,
            table="access_key",
            column="signing_secret",
            row_id=self.caller.key_id,
        ).encode()

    def allows(self, source: str) -> bool:
        """Whether a call from this address may use the key; no networks allow all."""
        if not self.networks:
            return True
        known = self._sources.get(source)
        if known is None:
            known = _lies_in(source, self.networks)
            if len(self._sources) < SOURCES_REMEMBERED:
                self._sources[source] = known
        return known


def _lies_in(source: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return False
    return any(address in network for network in networks)


_NOBODY = Caller(
    Actor(ActorKind.API_KEY, "key:0", "", frozenset(), ""), 0, 0, False, frozenset(), False
)
NO_KEY = KeyRecord(
    caller=_NOBODY,
    kind="",
    mode="",
    secret_hash=secrets.token_bytes(32),
    ended=True,
    expires_s=0.0,
    networks=(),
    sealed_signing_secret=None,
)
"""Stands in for a key that is not there, so that both take the same steps."""

_KEYS = """
SELECT k.id, k.public_id, k.kind, k.mode, k.secret_hash, k.permissions, k.store_ids, k.networks,
       k.must_sign, k.signing_secret, k.revoked_at IS NOT NULL OR NOT c.active, k.expires_at,
       c.id, c.name, coalesce(o.path, '')
  FROM access_key AS k
  JOIN access_client AS c ON c.id = k.client_id
  LEFT JOIN organisations_organisation AS o ON o.id = c.organisation_id
"""


class RegisterStaleError(Exception):
    """The copy is too old and the database cannot be asked."""


class KeyRegister:
    """The keys by their public ids; safe for threads.

    Where somebody calls `refresh` at least twice a second (`kept_fresh`), no call waits for the
    database. Else a call that finds the copy too old reads it.
    """

    def __init__(
        self, connect: Connect, monotonic_s: Callable[[], float] = clock.monotonic_s
    ) -> None:
        self._connect = connect
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._records: Mapping[str, KeyRecord] = {}
        self._revision: int | None = None
        self._as_of_s = float("-inf")
        self._failed_s = float("-inf")
        self._unknown: set[str] = set()
        self.kept_fresh = False

    def find(self, public_id: str) -> KeyRecord:
        """The key, or `NO_KEY`; raises `RegisterStaleError`."""
        now_s = self._monotonic_s()
        if now_s - self._as_of_s >= AGE_S_MAX:
            self._catch_up(now_s)
        return self._records.get(public_id, NO_KEY)

    def look_again(self, public_id: str) -> KeyRecord:
        """The key, or `NO_KEY`, for one that is known to be ours and may be brand new.

        An unknown id is asked for only once between two refreshes. Raises `RegisterStaleError`.
        """
        record = self._records.get(public_id)
        if record is not None:
            return record
        if public_id not in self._unknown and len(self._unknown) < UNKNOWN_IDS_MAX:
            self._read(self._monotonic_s())
            if public_id not in self._records:
                self._unknown.add(public_id)
        return self._records.get(public_id, NO_KEY)

    def forget(self) -> None:
        """Read anew before the next answer: something was changed in this process."""
        self._as_of_s = float("-inf")

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        """Bring the copy up to the database; raises what psycopg raises."""
        with self._lock:
            asked_s = self._monotonic_s()
            row = connection.execute("SELECT number FROM access_revision").fetchone()
            revision = row[0] if row else None
            if revision != self._revision or self._revision is None:
                # Keys that change after the number was read are read again the next time.
                self._records = {
                    row[1]: _record(row) for row in connection.execute(_KEYS).fetchall()
                }
                self._revision = revision
            self._unknown = set()
            self._as_of_s = asked_s

    def _catch_up(self, now_s: float) -> None:
        is_loaded = self._as_of_s > float("-inf")
        if (self.kept_fresh and is_loaded) or now_s - self._failed_s < RETRY_S:
            raise RegisterStaleError
        self._read(now_s)

    def _read(self, now_s: float) -> None:
        try:
            with self._connect() as connection:
                connection.autocommit = True
                self.refresh(connection)
        except psycopg.Error as error:
            self._failed_s = now_s
            log.warning("API keys cannot be read: %s", type(error).__name__)
            raise RegisterStaleError from None


def _record(row: tuple[Any, ...]) -> KeyRecord:
    (key_id, _, kind, mode, secret_hash, permissions, store_ids, networks) = row[:8]
    (must_sign, signing_secret, ended, expires_at, client_id, name, path) = row[8:]
    expires: datetime | None = expires_at
    return KeyRecord(
        caller=Caller(
            actor=Actor(
                kind=ActorKind.API_KEY,
                id=f"key:{key_id}",
                name=name,
                permissions=frozenset(permissions),
                organisation_path=path,
            ),
            client_id=client_id,
            key_id=key_id,
            publishable=kind == "publishable",
            store_ids=frozenset(store_ids),
            must_sign=must_sign,
        ),
        kind=kind,
        mode=mode,
        secret_hash=bytes(secret_hash),
        ended=ended,
        expires_s=expires.timestamp() if expires else float("inf"),
        networks=tuple(ipaddress.ip_network(network) for network in networks),
        sealed_signing_secret=None if signing_secret is None else bytes(signing_secret),
    )
