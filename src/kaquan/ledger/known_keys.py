"""Which keys the vouchers out there were made with: a lost key file is noticed, not replaced.

Codes are stored nowhere, so with the keys every printed code is lost. A new installation makes its
keys on first use; one whose key file vanished would do the same, and refuse every code from then
on.
"""

from __future__ import annotations

from typing import Any

import psycopg

from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.keys import PURPOSES, KeyRing

#: The web's session keys may be replaced at any time.
LASTING = tuple(purpose for purpose in PURPOSES if purpose != "web-session")


def know_keys(connection: psycopg.Connection[Any], ring: KeyRing) -> None:
    """Note the fingerprints of new keys; raise ``keys_lost`` where a key known before is not
    there."""
    held = {
        (purpose, key.key_id): key.fingerprint for purpose in LASTING for key in ring.all(purpose)
    }
    known = connection.execute("SELECT purpose, key_id, fingerprint FROM issuer_key").fetchall()
    lost = sorted(purpose for purpose, key_id, mark in known if held.get((purpose, key_id)) != mark)
    if lost:
        raise KaquanError(
            "keys_lost",
            zh=f"密钥文件不是这个数据库的（缺少：{'、'.join(lost)}）；请从备份恢复原来的密钥文件。",
            en="The key file is not this database's (missing: "
            f"{', '.join(lost)}); restore the original one from the backup.",
            exit_code=ExitCode.CONFIGURATION,
        )
    new = [(purpose, key_id, mark) for (purpose, key_id), mark in held.items()]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO issuer_key (purpose, key_id, fingerprint) VALUES (%s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            new,
        )
