"""A request that the server cuts off leaves no open file behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kaquan.project.django_application import DjangoApplication
from tests.fixtures_database import Database


def scope() -> dict[str, Any]:
    return {
        "type": "http", "method": "POST", "path": "/healthz", "query_string": b"", "headers": [],
        "http_version": "1.1", "scheme": "http", "server": ("localhost", 80), "client": None,
    }  # fmt: skip


def test_a_body_is_closed_when_its_request_is_cut_off(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    del database
    opened: list[Any] = []

    async def cut_off() -> None:
        application = DjangoApplication()
        reached, never = asyncio.Event(), asyncio.Event()
        messages = [{"type": "http.request", "body": b"x", "more_body": False}]

        async def receive() -> Any:
            if messages:
                return messages.pop()
            await never.wait()
            raise AssertionError

        async def answer(request: Any) -> Any:
            opened.append(request._stream)
            reached.set()
            await never.wait()

        monkeypatch.setattr(application, "run_get_response", answer)
        handling = asyncio.create_task(application(scope(), receive, _ignored))
        await reached.wait()
        handling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handling

    asyncio.run(cut_off())

    (body,) = opened
    assert body.closed


async def _ignored(_message: Any) -> None:
    pass
