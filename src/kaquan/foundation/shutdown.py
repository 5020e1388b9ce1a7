"""Processes that end in order: first what never ends by itself, and children with their parent.

The mark lies in memory shared with processes that are forked later; others never see it set.
"""

import mmap
import os
import signal
import threading
import time

CHECK_S = 1.0
GRACE_S = 10.0

_mark = mmap.mmap(-1, 1)


def announce_shutdown() -> None:
    """Set the mark for good; safe in a signal handler."""
    _mark[0] = 1


def is_shutting_down() -> bool:
    """Whether this process will be told to end shortly."""
    return _mark[0] == 1


def end_with_parent(parent: int) -> None:
    """End this process soon after the one that started it, which may be killed and end nobody.

    ``parent`` is its process id, as it told it: by now it may be gone already.
    """
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(CHECK_S)
    announce_shutdown()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)
