"""A gateway in this process, which a test may spoil or look into."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, TypeVar

from kaquan.surfaces.gateway.application import Gateway
from kaquan.surfaces.gateway.runtime import Runtime
from tests.http_faults.callers import BASE, Answer

Result = TypeVar("Result")
Ask = Callable[..., Awaitable[Answer]]

_keys = count(1)


def with_gateway(api_key: str, use: Callable[[Ask], Awaitable[Result]]) -> Result:
    """What ``use`` gives, which asks by ``await ask(path, body)``; the gateway ends with it."""

    async def run() -> Result:
        opened: list[Runtime] = []

        def open_runtime() -> Runtime:
            opened.append(Runtime())
            return opened[0]

        gateway = Gateway(open_runtime)

        async def ask(
            path: str, body: dict[str, Any], key: str = "", source: str = "127.0.0.1"
        ) -> Answer:
            headers = {
                "authorization": f"Bearer {api_key}",
                "idempotency-key": key or f"in-process-{next(_keys)}",
                "content-type": "application/json",
            }
            return await _ask(gateway, path, body, headers, source)

        try:
            return await use(ask)
        finally:
            for runtime in opened:
                await asyncio.to_thread(runtime.close)

    return asyncio.run(run())


async def _ask(
    gateway: Gateway, path: str, body: dict[str, Any], headers: dict[str, str], source: str
) -> Answer:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode()}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/{BASE.strip('/')}/{path}",
        "query_string": b"",
        "client": (source, 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await gateway(scope, receive, send)
    start, content = sent
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], told, content["body"])
