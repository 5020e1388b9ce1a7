"""Is the background work being done? For `kaquan doctor`, which asks without Django."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg

from kaquan.foundation import clock
from kaquan.foundation.doctor import Check
from kaquan.foundation.postgres.safety import Level

WAIT_MAX = timedelta(minutes=10)
SILENCE_MAX = timedelta(minutes=1)

_BACKLOG = """
    select count(*) filter (where state = 'queued'),
           count(*) filter (where state = 'running'),
           count(*) filter (where state = 'running' and heartbeat_at < %(silent_since)s),
           min(created_at) filter (where state = 'queued')
      from jobs_job
     where state not in ('done', 'failed', 'cancelled')
"""


def check_jobs(connection: psycopg.Connection) -> Iterator[Check]:
    """How many jobs wait, run, and show no sign of life; nothing where there are no tables yet."""
    found = connection.execute("select to_regclass('jobs_job') is not null").fetchone()
    if found != (True,):
        return
    now = clock.now()
    queued, running, stalled, oldest = connection.execute(
        _BACKLOG, {"silent_since": now - SILENCE_MAX}
    ).fetchone() or (0, 0, 0, None)
    waited_s = int((now - oldest).total_seconds()) if oldest else 0
    yield Check(
        "jobs",
        stalled == 0 and waited_s <= WAIT_MAX.total_seconds(),
        Level.WARNING,
        f"后台任务：排队 {queued} 个（最久 {waited_s} 秒），进行中 {running} 个，"
        f"其中无响应 {stalled} 个"
        "（若不正常，请确认 kaquan up 在运行并查看其日志）",
        f"jobs: {queued} queued (for {waited_s} s at most), {running} running, "
        f"{stalled} of them silent (if it stays so, see that kaquan up runs, and its log)",
    )
