"""What runs beside the web server, as real processes; two on one database share the work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kaquan.analytics.models import Counter
from kaquan.analytics.queries import funnels
from kaquan.foundation.jobs.models import Job
from tests.builders.books import number
from tests.builders.ledger import a_batch, done, redeem
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor
from tests.jobs.test_records import a_job, queued

SOON_S = 60.0
JOBS = 20
VOUCHERS = 120


@contextmanager
def backgrounds(database: Database, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Background processes, which end in order when the block does."""
    command = [sys.executable, "-m", "kaquan.project.background", str(os.getpid())]
    processes = [subprocess.Popen(command, env=database.child_environment()) for _ in range(count)]
    try:
        yield processes
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        endings = [process.wait(SOON_S) for process in processes]
    assert endings == [0] * count


def test_two_on_one_database_count_each_block_and_do_each_job_once(
    database: Database, new_door: OpenDoor
) -> None:
    door = new_door()
    with backgrounds(database, 2), database.connect() as connection:
        assert soon(lambda: number(connection, "SELECT count(*) FROM procrastinate_workers") == 2)
        batch = a_batch(door, quantity=VOUCHERS)
        for first in range(0, VOUCHERS, 10):
            done(door, *[redeem(serial) for serial in batch.serials[first : first + 10]])
            if first < 10 * JOBS:
                for _ in range(JOBS // 10):
                    a_job()
        assert soon(lambda: _redeemed(batch.batch_id) >= VOUCHERS and queued(database) == 0)
    assert _redeemed(batch.batch_id) == VOUCHERS
    # This kind is unknown to them, which is found once a job, by whoever took it.
    endings = set(Job.objects.values_list("state", "attempt", "error_code"))
    assert endings == {("failed", 1, "job_kind_unknown")}
    assert sum(Counter.objects.filter(name="minted").values_list("value", flat=True)) == VOUCHERS


def _redeemed(batch_id: int) -> int:
    return funnels([batch_id]).get(batch_id, {}).get("redeemed", 0)


def soon(happens: Callable[[], bool]) -> bool:
    """Whether something comes true before long."""
    deadline_s = time.monotonic() + SOON_S
    while not happens():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.05)
    return True
