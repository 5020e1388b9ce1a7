"""Which function does which kind of job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from kaquan.foundation.jobs.models import Job

ATTEMPTS_MAX = 3

Work = Callable[[Job], Mapping[str, Any] | None]
"""Does the job; what it returns becomes the result, unless it finished the job itself."""


class Task(NamedTuple):
    """A kind of job; it is begun `attempts` times at most."""

    kind: str
    work: Work
    attempts: int


TASKS: dict[str, Task] = {}


def task(kind: str, *, attempts: int = ATTEMPTS_MAX) -> Callable[[Work], Work]:
    """Register a function as the one that does this kind of job.

    A process may be killed at any line and the job is begun again: the function must bear that, or
    say ``attempts=1``. It calls ``actions.progress`` at least every few seconds, acts as
    ``actors.from_json(job.actor)``, and raises a `KaquanError` to fail for good with its words; any
    other error is tried again.
    """

    def register(work: Work) -> Work:
        assert kind not in TASKS, f"two functions do {kind}"
        TASKS[kind] = Task(kind, work, attempts)
        return work

    return register
