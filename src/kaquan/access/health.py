"""What ``kaquan doctor`` asks about callers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg

from kaquan.foundation import clock
from kaquan.foundation.doctor import Check
from kaquan.foundation.postgres.safety import Level

DAYS = 7


def check_storms(connection: psycopg.Connection[Any]) -> Iterator[Check]:
    """Whether there were storms of guesses lately; says nothing of a database without the table."""
    known = connection.execute("SELECT to_regclass('access_event')").fetchone()
    if known is None or known[0] is None:
        return
    row = connection.execute(
        "SELECT count(*), coalesce(sum(count), 0)::bigint FROM access_event WHERE last_at > %s",
        [clock.now() - timedelta(days=DAYS)],
    ).fetchone()
    storms, guesses = row or (0, 0)
    yield Check(
        "guess_storms",
        ok=not storms,
        level=Level.WARNING,
        zh=f"{DAYS} 天内有 {storms} 次大量猜码或猜密钥，共 {guesses} 次；猜码者已被限速"
        if storms
        else f"{DAYS} 天内没有大量猜码或猜密钥",
        en=f"{storms} storms of guesses at codes or keys in {DAYS} days, {guesses} guesses in all; "
        "the guessers were slowed down"
        if storms
        else f"no storm of guesses at codes or keys in {DAYS} days",
    )
