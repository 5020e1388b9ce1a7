"""A storm of guesses becomes one event, however many processes and addresses see it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from kaquan.access import failures, limit_table
from kaquan.access.failures import FailureCounts, Minute, Subject

_TURN = 7_313_011  # the advisory lock of those who raise events

Connection = psycopg.Connection[Any]

log = logging.getLogger(__name__)


class _Storm(NamedTuple):
    """What has gone beyond its bound; `here` is how much of it was seen in this process since the
    last time."""

    kind: str
    key_id: int | None
    failures: int
    here: int
    source_scope: str | None


def take_turn(connection: Connection) -> None:
    """Wait until no other process may raise an event; it lasts until the transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [_TURN])


def note(
    connection: Connection, counts: FailureCounts, pending: Mapping[int, Minute], now: datetime
) -> None:
    """Add to the events of the storms that go on, and raise one for each that is new."""
    here: dict[Subject, int] = {}
    for minute in pending.values():
        for subject, count in minute.items():
            here[subject] = here.get(subject, 0) + count
    for storm in _storms(counts, here):
        if not _goes_on(connection, storm, now):
            _begins(connection, storm, now)


def _storms(counts: FailureCounts, here: Mapping[Subject, int]) -> list[_Storm]:
    watched = [
        ("guess_storm", Subject(failures.ALL, ""), limit_table.STORM_PER_MIN, failures.SOURCE),
        (
            "key_storm",
            Subject(failures.BAD_KEY_ALL, ""),
            limit_table.STORM_PER_MIN,
            failures.BAD_KEY_SOURCE,
        ),
        *(
            ("guess_storm", subject, limit_table.KEY_STORM_PER_MIN, None)
            for subject in here
            if subject.scope == failures.KEY
        ),
    ]
    found = []
    for kind, subject, bound, source_scope in watched:
        recent = counts.recent(subject)
        if subject in here and recent >= bound:
            key_id = int(subject.name) if subject.scope == failures.KEY else None
            found.append(_Storm(kind, key_id, recent, here[subject], source_scope))
    return found


def _goes_on(connection: Connection, storm: _Storm, now: datetime) -> bool:
    cursor = connection.execute(
        "UPDATE access_event SET last_at = %s, count = count + %s, sources = greatest(sources, %s) "
        "WHERE kind = %s AND key_id IS NOT DISTINCT FROM %s AND last_at > %s",
        [
            now,
            storm.here,
            _sources(connection, storm, now),
            storm.kind,
            storm.key_id,
            now - timedelta(seconds=limit_table.STORM_COOLDOWN_S),
        ],
    )
    return cursor.rowcount > 0


def _begins(connection: Connection, storm: _Storm, now: datetime) -> None:
    sources = _sources(connection, storm, now)
    summary = (
        f"key {storm.key_id}" if storm.key_id is not None else _network_summary(connection, now)
    )
    connection.execute(
        "INSERT INTO access_event (kind, at, last_at, count, sources, summary, key_id) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [storm.kind, now, now, storm.failures, sources, summary, storm.key_id],
    )
    log.warning(
        "%s: %s failures within a minute, %s addresses, %s",
        storm.kind,
        storm.failures,
        sources,
        summary,
    )


def _sources(connection: Connection, storm: _Storm, now: datetime) -> int:
    if storm.source_scope is None:
        return 0
    row = connection.execute(
        "SELECT count(DISTINCT subject) FROM access_failure_count WHERE minute >= %s "
        "AND scope = %s",
        [_last_minute(now), storm.source_scope],
    ).fetchone()
    return int(row[0]) if row else 0


def _network_summary(connection: Connection, now: datetime) -> str:
    """Where most of it comes from, by network: no whole address stays behind in an event."""
    rows = connection.execute(
        "SELECT subject, sum(count)::bigint FROM access_failure_count WHERE minute >= %s "
        "AND scope = %s GROUP BY subject ORDER BY 2 DESC, 1 LIMIT 3",
        [_last_minute(now), failures.NETWORK],
    ).fetchall()
    return ", ".join(f"{network} ({count})" for network, count in rows)


def _last_minute(now: datetime) -> int:
    return int(now.timestamp()) // failures.MINUTE_S - 1
