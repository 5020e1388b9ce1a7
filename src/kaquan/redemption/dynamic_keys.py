"""Codes that a phone shows and renews: made for their holder, and read.

The keys derive from those of the codes, so nothing of them is stored and a stolen database shows
no voucher to a till. See docs/decisions/0036.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from kaquan.engine.codes import CodeFault, Presented
from kaquan.engine.dynamic_codes import MEMBER_PROFILE, PROFILE, DynamicKey, read_dynamic
from kaquan.engine.totp import DIGITS, STEP_S
from kaquan.foundation import keys
from kaquan.foundation.configuration import current_configuration


class ShownCode(NamedTuple):
    """What a holder's phone needs to show a voucher without a network."""

    prefix: str
    secret: bytes
    step_s: int = STEP_S
    digits: int = DIGITS

    def __repr__(self) -> str:
        return "<a code that renews>"


def shown_code(serial: int, hand: int = 0) -> ShownCode:
    """For the voucher's holder alone, under the newest key; good in that hand."""
    return _shown(_keys(PROFILE)[0], serial, hand)


def shown_member(customer_id: int) -> ShownCode:
    """What says who somebody is, for their own phone alone."""
    return _shown(_keys(MEMBER_PROFILE)[0], customer_id, 0)


def dynamic_code(text: str, at: datetime) -> Presented | CodeFault:
    """What stands behind a dynamic form that is of now; no database is asked."""
    return read_dynamic(_keys(PROFILE), text, at)


def dynamic_member(text: str, at: datetime) -> int | CodeFault:
    """The id of the member behind such a form; no database is asked."""
    found = read_dynamic(_keys(MEMBER_PROFILE), text, at)
    return found if isinstance(found, CodeFault) else found.serial


def _shown(key: DynamicKey, number: int, hand: int) -> ShownCode:
    return ShownCode(key.profile + key.handle_of(number, hand), key.secret_of(number, hand))


def _keys(profile: str) -> tuple[DynamicKey, ...]:
    path = current_configuration().key_file
    return _keys_of(path, path.stat().st_mtime_ns, profile)


@lru_cache(maxsize=4)
def _keys_of(
    path: Path,
    changed_at: int,  # noqa: ARG001  # part of the key
    profile: str,
) -> tuple[DynamicKey, ...]:
    return tuple(DynamicKey(key.secret, profile) for key in keys.load(path).all("code-tag"))
