"""Who calls: from the headers of a request to a `Caller`, or the reason why not.

Nothing here asks the database while keys are kept fresh (`kaquan.access.exchange`).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence

from kaquan.access.errors import (
    KEY_INVALID,
    KEY_MISSING,
    KEY_OF_OTHER_MODE,
    SIGNATURE_MISSING,
    SOURCE_NOT_ALLOWED,
    UNAVAILABLE,
    CallRefusal,
)
from kaquan.access.failures import (
    BAD_KEY_ALL,
    BAD_KEY_NETWORK,
    BAD_KEY_SOURCE,
    FailureCounts,
    Subject,
)
from kaquan.access.key_text import ReadKey, read_key
from kaquan.access.peppers import Peppers
from kaquan.access.register import NO_KEY, Caller, KeyRecord, KeyRegister, RegisterStaleError
from kaquan.access.signatures import SignatureCheck
from kaquan.access.sources import subject_of
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.ledger.connections import connect_default

__all__ = ["CallRefusal", "Caller", "authenticate", "is_within_bounds", "register"]

_SCHEME = "bearer "
_ALL_BAD_KEYS = Subject(BAD_KEY_ALL, "")


class Authentication:
    """Tells callers by their keys; one for a process."""

    def __init__(
        self,
        register: KeyRegister,
        *,
        mode: Callable[[], str],
        peppers: Peppers,
        counts: FailureCounts,
        unix_s: Callable[[], float] = clock.unix_s,
    ) -> None:
        self.register = register
        self._mode = mode
        self._peppers = peppers
        self._unix_s = unix_s
        self._signatures = SignatureCheck(unix_s)
        self.counts = counts
        self.used_key_ids: set[int] = set()

    def authenticate(
        self,
        *,
        authorization: str | None,
        source: str,
        method: str,
        path: str,
        body: bytes,
        signature: str | None,
        idempotency_key: str | None,
    ) -> Caller | CallRefusal:
        """See `authenticate` of this module."""
        if authorization is None or authorization[:7].lower() != _SCHEME:
            return KEY_MISSING
        found = self._find(authorization[7:])
        if isinstance(found, CallRefusal):
            if found is KEY_INVALID:
                self._note_bad_key(source)
            return found
        if found.networks and not found.allows(source):
            return SOURCE_NOT_ALLOWED
        caller = found.caller
        if signature is not None:
            refusal = self._signatures.refusal(
                secret=found.signing_secret,
                key_id=caller.key_id,
                signature=signature,
                method=method,
                path=path,
                idempotency_key=idempotency_key,
                body=body,
            )
            if refusal is not None:
                return refusal
        elif caller.must_sign:
            return SIGNATURE_MISSING
        self.used_key_ids.add(caller.key_id)
        return caller

    def _note_bad_key(self, source: str) -> None:
        address, network = subject_of(source)
        self.counts.add(
            [Subject(BAD_KEY_SOURCE, address), Subject(BAD_KEY_NETWORK, network), _ALL_BAD_KEYS]
        )

    def _find(self, text: str) -> KeyRecord | CallRefusal:
        read = read_key(text)
        if read is None:
            return KEY_INVALID
        if read.mode != self._mode():
            return KEY_OF_OTHER_MODE
        try:
            peppers = self._peppers.known
            record = self.register.find(read.public_id)
            if self._opens(record, read):
                return record
            # Wrong, ended or unknown: all go the same way on, so that none takes another time.
            is_ours = self._is_ours(read)
            if not is_ours or (record is not NO_KEY and self._peppers.known is peppers):
                return KEY_INVALID
            record = self.register.look_again(read.public_id)
        except RegisterStaleError:
            return UNAVAILABLE
        return record if self._opens(record, read) else KEY_INVALID

    def _opens(self, record: KeyRecord, read: ReadKey) -> bool:
        for pepper in self._peppers.known:
            if hmac.compare_digest(record.secret_hash, read.secret_hash(pepper)):
                return not record.ended and self._unix_s() < record.expires_s
        return False

    def _is_ours(self, read: ReadKey) -> bool:
        """Whether we made this key, perhaps in another process and only just now."""
        return any(read.is_ours(pepper) for pepper in self._peppers.known) or (
            self._peppers.read_again()
            and any(read.is_ours(pepper) for pepper in self._peppers.known)
        )


def _mode() -> str:
    return current_configuration().mode


register = KeyRegister(connect_default)
"""The keys that this process knows."""
authentication = Authentication(register, mode=_mode, peppers=Peppers(), counts=FailureCounts())


def authenticate(
    *,
    authorization: str | None,
    source: str,
    method: str,
    path: str,
    body: bytes,
    signature: str | None,
    idempotency_key: str | None,
) -> Caller | CallRefusal:
    """The caller whose key ``authorization`` holds, or why the call is not let in.

    ``source`` is the caller's address (`kaquan.access.sources.source_of`), ``path`` the path as it
    came, with its query. A repeated header must be refused before: it has no one value.
    """
    return authentication.authenticate(
        authorization=authorization,
        source=source,
        method=method,
        path=path,
        body=body,
        signature=signature,
        idempotency_key=idempotency_key,
    )


def is_within_bounds(caller: Caller, store_path: Sequence[int]) -> bool:
    """Whether the caller may act in the store with this path from the root (`StoreFacts`)."""
    if caller.store_ids and store_path[-1] not in caller.store_ids:
        return False
    own = caller.actor.organisation_path
    return not own or "".join(f"{node}." for node in store_path).startswith(own)
