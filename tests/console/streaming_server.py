"""The console served as it is in earnest, by granian, in a thread of this process: with streams,
and beside the gateway that tills call."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from granian.server.embed import Server

from kaquan.project.django_application import DjangoApplication
from kaquan.surfaces.gateway.application import Gateway, beside
from kaquan.surfaces.gateway.runtime import Runtime

START_S = 20


@contextmanager
def streaming() -> Iterator[str]:
    """The server's address before the paths; it shares this process's database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    ready = threading.Event()
    running: list[tuple[asyncio.AbstractEventLoop, Server]] = []
    runtimes: list[Runtime] = []

    def open_runtime() -> Runtime:
        runtimes.append(Runtime())
        return runtimes[-1]

    async def serve() -> None:
        application = beside(Gateway(open_runtime), DjangoApplication())
        server = Server(
            application, port=port, interface="asginl", websockets=False, log_enabled=False
        )
        running.append((asyncio.get_running_loop(), server))
        ready.set()
        await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="streaming-server")
    thread.start()
    assert ready.wait(START_S)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        for runtime in runtimes:
            runtime.close()
        loop, server = running[0]
        loop.call_soon_threadsafe(server.stop)
        thread.join(START_S)
        assert not thread.is_alive()
