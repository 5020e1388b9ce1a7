"""What runs beside the web server: ``python -m kaquan.project.background PARENT_PID [PER_SECOND]``.

Consumers catch up after whatever happened, so an error is told and then tried again. The second
number is that of simulated redemptions and claims, for a demo.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence

from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.django_setup import setup
from kaquan.foundation.shutdown import end_with_parent

RETRY_S = 1.0

log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> None:
    """Run everything until SIGTERM, or until the process that started us is gone."""
    end_with_parent(int(arguments[0]))
    per_second = float(arguments[1]) if len(arguments) > 1 else 0
    configuration = current_configuration()
    setup(configuration)
    from kaquan.surfaces.demo.traffic import run_traffic  # noqa: PLC0415  # needs Django set up
    from kaquan.surfaces.jobs.worker import run_worker  # noqa: PLC0415  # the same
    from kaquan.wiring import consumers  # noqa: PLC0415  # the same

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    running = {consumer.name: consumer.run for consumer in consumers(configuration)}
    running["jobs"] = run_worker
    if per_second:
        running["traffic"] = lambda stop: run_traffic(stop, per_second)
    threads = [
        threading.Thread(target=_keep_running, args=(name, run, stop), name=f"kaquan-{name}")
        for name, run in running.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _keep_running(name: str, run: Callable[[threading.Event], None], stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            run(stop)
        except Exception:
            log.exception("%s failed and is started again", name)
            stop.wait(RETRY_S)


if __name__ == "__main__":
    main(sys.argv[1:])
