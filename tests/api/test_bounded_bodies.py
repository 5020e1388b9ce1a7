"""Bodies that never end, or never come, are refused before anything collects them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from kaquan.surfaces.api.bounded_bodies import Message, Receive, Scope, Send, with_bounded_bodies
from kaquan.surfaces.api.operations import UPLOAD_BYTES_MAX

Part = tuple[bytes, bool]


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(len(message.get("body", b""))).encode()})


def ask(parts: Iterable[Part], *, hangs: bool = False) -> tuple[int, bytes, int]:
    """What is answered to these parts, and how many of them were read."""
    coming = iter(parts)
    sent: list[Message] = []
    read = 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        for body, more in coming:
            read += 1
            return {"type": "http.request", "body": body, "more_body": more}
        if hangs:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [(b"accept-language", b"en")]}
    asyncio.run(with_bounded_bodies(echo, body_s_max=0.05)(scope, receive, send))
    return sent[0]["status"], sent[1]["body"], read


def test_a_body_in_parts_comes_whole() -> None:
    assert ask([(b"ab", True), (b"", True), (b"c", False)]) == (200, b"3", 3)


def test_a_body_that_never_ends_is_not_collected() -> None:
    part = b"x" * 65_536

    status, body, read = ask((part, True) for _ in range(100_000))

    assert (status, msgspec.json.decode(body)["code"]) == (413, "body_too_large")
    assert read == UPLOAD_BYTES_MAX // len(part) + 1


@pytest.mark.parametrize("parts", [[], [(b"{", True)]])
def test_a_body_that_does_not_come_is_not_waited_for(parts: list[Part]) -> None:
    status, body, _ = ask(parts, hangs=True)

    assert (status, msgspec.json.decode(body)["code"]) == (408, "body_too_slow")
    assert "took too long" in msgspec.json.decode(body)["title"]


def test_a_caller_who_leaves_before_the_end_is_no_request() -> None:
    status, body, _ = ask([(b"{", True)])

    assert (status, body) == (200, b"0")
