"""The worker: polls for jobs, does a few at once, and takes up what dead workers left.

Procrastinate carries the jobs. What it does not see, the tending does: a job that it believes to be
done here and that nobody here does any more, because a broken connection lost its end.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import threading
from contextlib import suppress
from typing import Any
from uuid import UUID

import procrastinate
from django.db import connections
from procrastinate import exceptions, jobs
from procrastinate.job_context import JobContext
from procrastinate.psycopg_connector import PsycopgConnector
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker

from kaquan.foundation import clock
from kaquan.foundation.jobs import actions
from kaquan.foundation.jobs.clearing import clear_old
from kaquan.foundation.jobs.queue import QUEUE, TASK
from kaquan.foundation.jobs.running import go_on, stop_soon
from kaquan.staff.clearing import clear_logins
from kaquan.surfaces.jobs.doing import RETRY_S, AgainError, do

AT_ONCE = 2
POLL_S = 0.5
TEND_S = 5.0
STALLED_S = 20.0
CLEAR_S = 600.0
STOP_S = 3.0
STOP_CHECK_S = 0.1
CONNECTIONS_MAX = 4

log = logging.getLogger(__name__)


def run_worker(stop: threading.Event) -> None:
    """Do jobs as they come, until told to stop; raises what the database raises."""
    try:
        asyncio.run(_JobWorker(wait=True).run(stop))
    finally:
        go_on()  # whoever was told to stop has


def run_queued() -> None:
    """Do what is in the queue now and come back: for tests, and for installations without us."""
    asyncio.run(_JobWorker(wait=False).run(threading.Event()))


class _Retry(BaseRetryStrategy):
    """As the attempt says; the record bounds how often."""

    def get_retry_decision(self, *, exception: BaseException, job: jobs.Job) -> RetryDecision:  # noqa: ARG002
        after_s = exception.after_s if isinstance(exception, AgainError) else RETRY_S
        return RetryDecision(retry_in={"seconds": after_s})


class _JobWorker:
    """One worker; its record in the database tells others that it lives."""

    def __init__(self, *, wait: bool) -> None:
        importlib.import_module("kaquan.surfaces.jobs.tasks")
        self._wait = wait
        self._doing: dict[int, UUID] = {}
        self._lost: set[int] = set()
        self._cleared_s = float("-inf")
        self._app = procrastinate.App(
            connector=PsycopgConnector(
                kwargs=_connection_parameters(), min_size=1, max_size=CONNECTIONS_MAX
            )
        )
        self._app.task(name=TASK, queue=QUEUE, pass_context=True, retry=_Retry())(self._do)

    async def run(self, stop: threading.Event) -> None:
        """Until stopped or, when it does not wait, until the queue is empty."""
        async with self._app.open_async():
            worker = Worker(
                self._app,
                queues=[QUEUE],
                name="kaquan",
                concurrency=AT_ONCE,
                wait=self._wait,
                fetch_job_polling_interval=POLL_S,
                listen_notify=False,
                delete_jobs="always",  # the record is what is kept
                install_signal_handlers=False,
                update_heartbeat_interval=TEND_S,
                stalled_worker_timeout=STALLED_S,
                shutdown_graceful_timeout=STOP_S,
            )
            working = asyncio.create_task(worker.run())
            beside = [
                asyncio.create_task(self._stop_when_told(stop, worker)),
                asyncio.create_task(self._tend_again_and_again(worker)),
            ]
            try:
                await asyncio.wait([working, beside[1]], return_when=asyncio.FIRST_COMPLETED)
                worker.stop()
                await working
            finally:
                for one in beside:
                    one.cancel()
                with suppress(asyncio.CancelledError):
                    await asyncio.gather(*beside)

    def _do(self, context: JobContext, job_id: str) -> None:
        carrier_id = context.job.id
        assert carrier_id is not None
        self._doing[carrier_id] = UUID(job_id)
        try:
            do(UUID(job_id))
        finally:
            del self._doing[carrier_id]

    async def _stop_when_told(self, stop: threading.Event, worker: Worker) -> None:
        while not stop.is_set():
            await asyncio.sleep(STOP_CHECK_S)
        stop_soon()
        worker.stop()

    async def _tend_again_and_again(self, worker: Worker) -> None:
        while True:
            await self._tend(worker)
            await asyncio.sleep(TEND_S)

    async def _tend(self, worker: Worker) -> None:
        """Tell of the living, take up what the dead left, and now and then clear old files."""
        manager = self._app.job_manager
        await asyncio.to_thread(_in_thread, actions.still_at_work, list(self._doing.values()))
        left = {
            job.id
            for job in await manager.get_stalled_jobs(
                queue=QUEUE, seconds_since_heartbeat=STALLED_S
            )
        }
        mine = {
            job.id
            for job in await manager.list_jobs_async(queue=QUEUE, status="doing")
            if job.worker_id == worker.worker_id
        }
        idle = mine - self._doing.keys()
        left |= idle & self._lost  # idle twice: it is not just being fetched or put away
        self._lost = {one for one in idle - left if one is not None}
        for carrier_id in left:
            assert carrier_id is not None
            log.warning("a job whose worker is gone is taken up again (%d)", carrier_id)
            with suppress(exceptions.ConnectorException):  # others were faster
                await manager.retry_job_by_id_async(carrier_id, retry_at=clock.now())
        if clock.monotonic_s() - self._cleared_s >= CLEAR_S:
            self._cleared_s = clock.monotonic_s()
            await asyncio.to_thread(_in_thread, clear_old, clock.now())
            await asyncio.to_thread(_in_thread, clear_logins, clock.now())


def _in_thread(act: Any, argument: Any) -> None:
    """Something that asks the database, in a thread of a pool: its connection is not kept."""
    try:
        act(argument)
    finally:
        connections.close_all()


def _connection_parameters() -> dict[str, Any]:
    default: Any = connections["default"]
    parameters: dict[str, Any] = default.get_connection_params()
    for name in ("cursor_factory", "context", "server_side_binding", "prepare_threshold"):
        parameters.pop(name, None)
    return parameters
