"""A storm of guesses becomes one event, however many processes and addresses see it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from kaquan.access import failures, limit_table
from kaquan.access.failures import FailureCounts, Minute, Subject

_TURN = 7_313_011  # the advisory lock of those who raise events
_NETWORKS_NAMED = 3

Connection = psycopg.Connection[Any]

log = logging.getLogger(__name__)


class _Storm(NamedTuple):
    """What has gone beyond its bound; `here` is how much of it this process saw since last time.

    `source_scope` and `network_scope` say where it comes from; a key's own storm has none.
    """

    kind: str
    key_id: int | None
    failed: int
    here: int
    source_scope: str = ""
    network_scope: str = ""


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
        sources = _sources(connection, storm, now)
        if not _goes_on(connection, storm, sources, now):
            _begins(connection, storm, sources, now)


def _storms(counts: FailureCounts, here: Mapping[Subject, int]) -> Iterator[_Storm]:
    for kind, scope, *where in (
        ("guess_storm", failures.ALL, failures.SOURCE, failures.NETWORK),
        ("key_storm", failures.BAD_KEY_ALL, failures.BAD_KEY_SOURCE, failures.BAD_KEY_NETWORK),
    ):
        everybody = Subject(scope, "")
        recent = counts.recent(everybody)
        if everybody in here and recent >= limit_table.STORM_PER_MIN:
            yield _Storm(kind, None, recent, here[everybody], *where)
    for subject, count in here.items():
        if subject.scope == failures.KEY:
            recent = counts.recent(subject)
            if recent >= limit_table.KEY_STORM_PER_MIN:
                yield _Storm("guess_storm", int(subject.name), recent, count)


def _goes_on(connection: Connection, storm: _Storm, sources: int, now: datetime) -> bool:
    cursor = connection.execute(
        "UPDATE access_event SET last_at = %s, count = count + %s, sources = greatest(sources, %s) "
        "WHERE kind = %s AND key_id IS NOT DISTINCT FROM %s AND last_at > %s",
        [
            now,
            storm.here,
            sources,
            storm.kind,
            storm.key_id,
            now - timedelta(seconds=limit_table.STORM_COOLDOWN_S),
        ],
    )
    return cursor.rowcount > 0


def _begins(connection: Connection, storm: _Storm, sources: int, now: datetime) -> None:
    summary = (
        _networks(connection, storm, now) if storm.key_id is None else f"API key {storm.key_id}"
    )
    connection.execute(
        "INSERT INTO access_event (kind, at, last_at, count, sources, summary, key_id) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [storm.kind, now, now, storm.failed, sources, summary, storm.key_id],
    )
    log.warning(
        "%s: %s failures within a minute from %s addresses: %s",
        storm.kind,
        storm.failed,
        sources,
        summary,
    )


def _sources(connection: Connection, storm: _Storm, now: datetime) -> int:
    row = connection.execute(
        "SELECT count(DISTINCT subject) FROM access_failure_count WHERE minute >= %s "
        "AND scope = %s",
        [_last_minute(now), storm.source_scope],
    ).fetchone()
    return int(row[0]) if row else 0


def _networks(connection: Connection, storm: _Storm, now: datetime) -> str:
    """Where most of it comes from, by network: no whole address stays behind in an event."""
    rows = connection.execute(
        "SELECT subject, sum(count)::bigint FROM access_failure_count WHERE minute >= %s "
        "AND scope = %s GROUP BY subject ORDER BY 2 DESC, 1 LIMIT %s",
        [_last_minute(now), storm.network_scope, _NETWORKS_NAMED],
    ).fetchall()
    return ", ".join(f"{network} ({count})" for network, count in rows)


def _last_minute(now: datetime) -> int:
    return int(now.timestamp()) // failures.MINUTE_S - 1
