"""The keys that sign codes: replaced from time to time, and revoked when one fell into wrong hands.

Whoever has such a key can make codes that every till takes. Revoked, it leaves what devices are
told with their next grant, and what it signed is taken nowhere; those vouchers are used by their
plain codes. See docs/decisions/0035.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from kaquan.foundation import keys
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import record_change
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.keys import KeyRing, KeyStanding
from kaquan.ledger.known_keys import know_keys
from kaquan.ledger.sessions import reading_session
from kaquan.offline.errors import signing_key_revoked, signing_key_unknown
from kaquan.redemption.code_files import PERMISSION
from kaquan.redemption.signed_keys import PURPOSE


def signing_keys(actor: Actor) -> tuple[KeyStanding, ...]:
    """The keys without their secrets, the newest first; raises `permission_denied`."""
    require(actor, PERMISSION)
    return keys.load(current_configuration().key_file).standings(PURPOSE)


def replace_signing_key(*, actor: Actor) -> KeyStanding:
    """Sign with a new key from now on; what older ones signed stays good.

    Raises `permission_denied`.
    """
    require(actor, PERMISSION)
    with transaction.atomic():
        ring = keys.rotate(current_configuration().key_file, PURPOSE)
        return _told(ring, actor, "codes.replace_signing_key")


def revoke_signing_key(*, actor: Actor, key_id: int, at: datetime) -> KeyStanding:
    """Believe a key no more, wherever a signed code is read; the key that signs from now on.

    Raises `permission_denied`, `signing_key_unknown`, `signing_key_revoked`.
    """
    require(actor, PERMISSION)
    path = current_configuration().key_file
    known = {one.key_id: one for one in keys.load(path).standings(PURPOSE)}
    if key_id not in known:
        raise signing_key_unknown(key_id)
    if known[key_id].status == "revoked":
        raise signing_key_revoked(key_id)
    with transaction.atomic():
        ring = keys.revoke(path, PURPOSE, key_id, at)
        return _told(ring, actor, "codes.revoke_signing_key", revoked=known[key_id])


def _told(
    ring: KeyRing, actor: Actor, verb: str, *, revoked: KeyStanding | None = None
) -> KeyStanding:
    """Keep what was done, and know a new key as the database's: a backup without it is noticed."""
    know_keys(reading_session(), ring)
    active = next(one for one in ring.standings(PURPOSE) if one.status == "active")
    about = revoked or active
    record_change(
        actor=actor,
        verb=verb,
        kind="signing_key",
        object_id=about.key_id,
        object_name=about.fingerprint,
        before=None if revoked is None else {"status": revoked.status},
        after={"status": "active" if revoked is None else "revoked"},
    )
    return active
