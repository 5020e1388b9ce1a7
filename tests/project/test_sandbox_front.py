"""One address for live and test keys: who gets whom, and what goes over unchanged."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kaquan.foundation.configuration import Configuration, load_configuration
from kaquan.foundation.postgres.sandbox import sandbox_home, sandbox_socket
from kaquan.project import sandbox
from kaquan.project.sandbox import with_sandbox

TEST_KEY = (b"authorization", b"Bearer kq_test_abcdefgh_secret")
LIVE_KEY = (b"authorization", b"Bearer kq_live_abcdefgh_secret")
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@pytest.fixture
def live() -> Iterator[Configuration]:
    """A live installation with a sandbox, of which only the socket matters here."""
    home = Path(tempfile.mkdtemp(prefix="kq-"))
    configuration = load_configuration({"KAQUAN_HOME": str(home), "KAQUAN_SANDBOX": "1"})
    sandbox_socket(sandbox_home(configuration)).parent.mkdir(parents=True)
    yield configuration
    shutil.rmtree(home)


class Call:
    """One call to an application, as a server would make it."""

    def __init__(
        self,
        *headers: tuple[bytes, bytes],
        body: tuple[bytes, ...] = (),
        method: str = "POST",
        client: str = "203.0.113.5",
        path: bytes = b"/api/v1/redemptions",
        query: bytes = b"",
    ) -> None:
        self.scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": path.decode(),
            "raw_path": path,
            "query_string": query,
            "headers": [(b"host", b"kaquan.example"), *headers],
            "client": (client, 40_000),
        }
        self.sent: list[dict[str, Any]] = []
        self.started = asyncio.Event()
        self.got_part = asyncio.Event()
        self.hang_up = asyncio.Event()
        self._parts = list(body)
        self._body_over = False

    async def receive(self) -> dict[str, Any]:
        """The body part by part, then nothing until the caller hangs up."""
        if self._parts:
            part = self._parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": True}
        if not self._body_over:
            self._body_over = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.hang_up.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Keep what is answered."""
        self.sent.append(message)
        self.started.set()
        if message.get("body"):
            self.got_part.set()

    @property
    def status(self) -> int:
        """The answer's status."""
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The answer's headers."""
        return list(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        """The answer's whole body."""
        return b"".join(message.get("body", b"") for message in self.sent[1:])


async def application(scope: Any, receive: Any, send: Any) -> None:
    """The live side: says whom it takes a call to come from."""
    source = scope["client"][0] if scope["client"] else ""
    told = json.dumps({"live": True, "source": source, "headers": len(scope["headers"])})
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": told.encode()})


@asynccontextmanager
async def a_sandbox(live: Configuration, handle: Handler) -> AsyncIterator[None]:
    """Something that answers on the sandbox's socket."""
    path = sandbox_socket(sandbox_home(live))
    async with await asyncio.start_unix_server(handle, path):
        yield


def echo(heard: list[bytes]) -> Handler:
    """Answers 201 and keeps the raw request."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = b""
        if b"chunked" in head.lower():
            while (size := int(await reader.readline(), 16)) > 0:
                body += await reader.readexactly(size)
                await reader.readexactly(2)
            await reader.readexactly(2)
        elif b"content-length" in head.lower():
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
        heard.append(head + body)
        writer.write(
            b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
            b"Connection: close, X-Hop\r\nX-Hop: no\r\n\r\nbody"
        )
        await writer.drain()
        writer.close()

    return handle


def test_a_call_with_a_test_key_goes_over_unchanged_and_tells_its_source(
    live: Configuration,
) -> None:
    heard: list[bytes] = []
    call = Call(
        TEST_KEY,
        (b"content-length", b"8"),
        (b"idempotency-key", b"a-1"),
        (b"x-twice", b"1"),
        (b"x-twice", b"2"),
        (b"connection", b"keep-alive, x-private"),
        (b"x-private", b"1"),
        (b"te", b"trailers"),
        (b"x-forwarded-for", b"127.0.0.1"),
        (b"kaquan-source", b"127.0.0.1"),
        body=(b'{"a"', b": 12"),
        path=b"/api/v1/%E5%88%B8",
        query=b"a=%20b&c",
    )

    async def run() -> None:
        async with a_sandbox(live, echo(heard)):
            await with_sandbox(application, live)(call.scope, call.receive, call.send)

    asyncio.run(run())
    head, _, body = heard[0].partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    assert first == b"POST /api/v1/%E5%88%B8?a=%20b&c HTTP/1.1"
    assert body == b'{"a": 12'
    assert sorted(line.lower() for line in headers) == [
        b"authorization: bearer kq_test_abcdefgh_secret",
        b"content-length: 8",
        b"host: kaquan.example",
        b"idempotency-key: a-1",
        b"kaquan-source: 203.0.113.5",
        b"x-twice: 1",
        b"x-twice: 2",
    ]
    assert (call.status, call.body) == (201, b"body")
    assert call.headers == [
        (b"content-length", b"4"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
    ]


def test_a_body_of_unknown_length_and_no_body_go_over_as_such(live: Configuration) -> None:
    heard: list[bytes] = []
    chunked = Call(TEST_KEY, (b"transfer-encoding", b"chunked"), body=(b"one", b"two"))
    empty = Call(TEST_KEY, method="GET")

    async def run() -> None:
        async with a_sandbox(live, echo(heard)):
            for call in (chunked, empty):
                await with_sandbox(application, live)(call.scope, call.receive, call.send)

    asyncio.run(run())
    assert heard[0].endswith(b"\r\n\r\nonetwo")
    assert b"transfer-encoding" not in heard[1].lower()
    assert b"content-length" not in heard[1].lower()
    assert [chunked.status, empty.status] == [201, 201]


@pytest.mark.parametrize("headers", [(), (LIVE_KEY,), ((b"authorization", b"Basic kq_test_"),)])
def test_every_other_call_stays_here(
    live: Configuration, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    call = Call(*headers)

    async def fail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise AssertionError("the sandbox was asked")

    async def run() -> None:
        async with a_sandbox(live, fail):
            await with_sandbox(application, live)(call.scope, call.receive, call.send)

    asyncio.run(run())
    assert json.loads(call.body)["live"]


def test_while_the_sandbox_is_down_callers_are_told_when_to_come_back(live: Configuration) -> None:
    call = Call(TEST_KEY)
    asyncio.run(_call(with_sandbox(application, live), call))
    problem = json.loads(call.body)
    assert (call.status, problem["code"]) == (503, "sandbox_unavailable")
    assert problem["retryable"]
    assert dict(call.headers)[b"retry-after"].isdigit()


def test_a_sandbox_that_ends_before_it_answers_is_as_one_that_is_down(live: Configuration) -> None:
    call = Call(TEST_KEY)

    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def run() -> None:
        async with a_sandbox(live, end):
            await _call(with_sandbox(application, live), call)

    asyncio.run(run())
    assert (call.status, json.loads(call.body)["code"]) == (503, "sandbox_unavailable")


def test_without_a_sandbox_a_test_key_is_told_so(live: Configuration) -> None:
    call = Call(TEST_KEY, (b"accept-language", b"en"))
    asyncio.run(_call(with_sandbox(application, replace(live, sandbox=False)), call))
    problem = json.loads(call.body)
    assert (call.status, problem["code"]) == (401, "sandbox_not_running")
    assert "KAQUAN_SANDBOX=1" in problem["detail"]
    assert b"www-authenticate" in dict(call.headers)


def test_an_answer_comes_as_it_is_made_and_ends_with_whoever_hears_it(live: Configuration) -> None:
    call = Call(TEST_KEY, method="GET")
    left = asyncio.Event()

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await reader.read()  # until the other side hangs up: the second part never comes
        left.set()
        writer.close()

    async def run() -> None:
        async with a_sandbox(live, stream):
            calling = asyncio.create_task(_call(with_sandbox(application, live), call))
            async with asyncio.timeout(10):
                await call.got_part.wait()
                assert not calling.done()
                call.hang_up.set()
                await calling
                await left.wait()

    asyncio.run(run())
    assert call.body == b"first"
    assert not any(name == b"transfer-encoding" for name, _ in call.headers)


def test_a_body_that_never_ends_is_given_up(
    live: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "BODY_S", 0.05)
    call = Call(TEST_KEY, (b"content-length", b"100"), body=(b"a",))
    call._body_over = True  # and nothing more comes

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def run() -> None:
        async with a_sandbox(live, listen):
            await _call(with_sandbox(application, live), call)

    asyncio.run(run())
    assert (call.status, json.loads(call.body)["code"]) == (408, "body_too_slow")


def test_in_the_sandbox_only_the_front_tells_where_a_call_comes_from(live: Configuration) -> None:
    behind = with_sandbox(application, replace(live, mode="test", sandbox=False))
    told = (b"kaquan-source", b"198.51.100.7")
    from_front = Call(told, client="")
    from_network = Call(told, client="203.0.113.5")
    unclear = Call(told, told, client="")
    for call in (from_front, from_network, unclear):
        asyncio.run(_call(behind, call))
    sources = [json.loads(call.body)["source"] for call in (from_front, from_network, unclear)]
    assert sources == ["198.51.100.7", "203.0.113.5", ""]
    assert json.loads(from_front.body)["headers"] == 1


async def _call(asked: sandbox.Application, call: Call) -> None:
    await asked(call.scope, call.receive, call.send)
