"""What the code that works on a job need not be told: which attempt it is, and whether to stop."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

_attempt: ContextVar[tuple[UUID, int] | None] = ContextVar("job_attempt", default=None)
_stopping = threading.Event()


@contextmanager
def attempt_of(job_id: UUID, attempt: int) -> Iterator[None]:
    """Within the block this thread works on that attempt at the job."""
    token = _attempt.set((job_id, attempt))
    try:
        yield
    finally:
        _attempt.reset(token)


def current_attempt(job_id: UUID) -> int | None:
    """The attempt at this job that the thread works on; None for one that works on none."""
    found = _attempt.get()
    return found[1] if found is not None and found[0] == job_id else None


def stop_soon() -> None:
    """Tell all work of this process to stop at its next progress."""
    _stopping.set()


def go_on() -> None:
    """Take ``stop_soon`` back, once all that work has stopped."""
    _stopping.clear()


def told_to_stop() -> bool:
    """Whether the process is about to end."""
    return _stopping.is_set()
