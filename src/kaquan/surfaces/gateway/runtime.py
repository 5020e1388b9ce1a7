"""What the gateway of one process keeps open: writers, readers, memory; and how it ends."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.shutdown import is_shutting_down
from kaquan.ledger.batcher import Batcher
from kaquan.redemption.facts_cache import FactsCache
from kaquan.surfaces.gateway.booking import Bookings
from kaquan.surfaces.gateway.calls import SWEEP_S, BodyReader
from kaquan.surfaces.gateway.commanding import Commands
from kaquan.surfaces.gateway.knowledge import Librarian
from kaquan.surfaces.gateway.linked_writers import LinkedWriters
from kaquan.surfaces.gateway.loop_threads import Readers, Writers
from kaquan.surfaces.gateway.routes import Handle
from kaquan.surfaces.gateway.validating import Dry
from kaquan.surfaces.gateway.writer_process import WriterProcess

END_CHECK_S = 0.2
#: Names that grow old are gathered for so long and read together: one by one, as requests meet
#: them, their readings cost as much as deciding does.
GATHER_S = 0.1
READER_THREADS = 2


class Runtime:
    """Opened by the first request, on its event loop."""

    def __init__(self, writer_process: WriterProcess | None = None) -> None:
        configuration = current_configuration()
        loop = asyncio.get_running_loop()
        self._loop = loop
        self.bodies = BodyReader()

        def threads() -> Writers:
            return Writers(Batcher(writers=configuration.writer_threads), loop)

        self._writers: Writers | LinkedWriters = (
            threads() if writer_process is None else LinkedWriters(writer_process, loop, threads)
        )
        self._rehearsers = Readers(loop, name="rehearsal", threads=READER_THREADS)
        self._fact_readers = Readers(loop, name="facts")
        self._librarian = Librarian(FactsCache(), self._fact_readers)
        bookings = Bookings(self._writers, self._librarian, self._fact_readers)
        dry = Dry(self._librarian, self._rehearsers)
        self.handlers: dict[str, Handle] = {
            "redeem": bookings.redeem,
            "hold": bookings.hold,
            "settle": bookings.settle,
            "release": bookings.release,
            "reverse": bookings.reverse,
            "claim": bookings.claim,
            "command": Commands(self._writers, self._librarian, bookings).command,
            "validate": dry.validate,
            "look_up": dry.look_up,
        }
        self._is_gathering = False
        loop.call_later(SWEEP_S, self._sweep)
        self._closing = threading.Event()
        # Not a daemon: the process waits for it, and so for what is queued.
        self._end = threading.Thread(target=self._end_in_order, name="kaquan-gateway-end")
        self._end.start()

    def keep_warm(self) -> None:
        """Have facts that are about to grow old read again."""
        if not self._is_gathering and self._librarian.cache.growing_old:
            self._is_gathering = True
            self._loop.call_later(GATHER_S, self._refresh)

    def close(self) -> None:
        """Book what is queued, then close every connection; as the end of the server does."""
        self._closing.set()
        self._end.join()

    def _refresh(self) -> None:
        self._is_gathering = False
        if not self._closing.is_set():
            self._librarian.refresh()

    def _sweep(self) -> None:
        if not self._closing.is_set():
            self.bodies.sweep()
            self._loop.call_later(SWEEP_S, self._sweep)

    def _end_in_order(self) -> None:
        main: Any = threading.main_thread()
        while not self._closing.wait(END_CHECK_S):
            if is_shutting_down() or not main.is_alive():
                break
        self._closing.set()
        self._writers.close()
        self._rehearsers.close()
        self._fact_readers.close()
