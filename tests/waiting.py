"""Waiting for what other processes do, no longer than it takes."""

from __future__ import annotations

import time
from collections.abc import Callable

WITHIN_S = 60.0


def soon(happens: Callable[[], bool], *, within_s: float = WITHIN_S) -> bool:
    """Whether something comes true before long."""
    deadline_s = time.monotonic() + within_s
    while not happens():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.01)
    return True
