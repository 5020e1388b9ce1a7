"""One-time passwords by time, RFC 6238 over RFC 4226: what a wallet shows and a till checks."""

from __future__ import annotations

import hmac
from datetime import datetime

STEP_S = 30
DIGITS = 8
DRIFT_STEPS = 1
"""How many steps before and after the present one still count: a phone's clock is not ours."""


def step_of(at: datetime, step_s: int = STEP_S) -> int:
    """The number of whole steps since 1970; ``at`` is aware."""
    return int(at.timestamp()) // step_s


def password(secret: bytes, step: int, *, digits: int = DIGITS, algorithm: str = "sha256") -> str:
    """The password of a step, RFC 4226 §5.3 with the hash that RFC 6238 leaves open."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), algorithm)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}}"


def is_current(secret: bytes, presented: str, at: datetime, *, drift: int = DRIFT_STEPS) -> bool:
    """Whether a password is that of the present step or of one at most ``drift`` away from it."""
    now = step_of(at)
    # Each is compared, whichever fits first, so that time tells nothing.
    fits = [
        hmac.compare_digest(password(secret, step), presented)
        for step in range(max(now - drift, 0), now + drift + 1)
    ]
    return any(fits)
