"""Both clients, driven alike, against a server that a test scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from kaquan.foundation.configuration import Configuration
from kaquan_client import AsyncClient, Client
from kaquan_client.connecting import Settings
from tests.client.scripted import Script, scripted_server
from tests.database_cleaner import Cleaner

if TYPE_CHECKING:  # pytest reads this file before Django is set up
    from tests.gateway.site import Site

API_KEY = "kq_test_0a1b2c3d_c2VjcmV0LW9mLXRlc3Rz"


class Time:
    """A clock that only moves when somebody waits for it."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.waits_s: list[float] = []

    def monotonic_s(self) -> float:
        """The moment."""
        return self.now_s

    def sleep(self, wait_s: float) -> None:
        """Let time go by at once."""
        self.waits_s.append(wait_s)
        self.now_s += wait_s

    async def sleep_async(self, wait_s: float) -> None:
        """The same for an event loop."""
        self.sleep(wait_s)


class Driven:
    """A client, synchronous or not, whose calls a test makes the same way."""

    def __init__(self, *, is_async: bool, url: str, time: Time) -> None:
        self._is_async = is_async
        self.url = url
        self.time = time
        self.settings: Settings = {"monotonic_s": time.monotonic_s, "chance": lambda: 1.0}

    def do(self, name: str, *arguments: Any, **named: Any) -> Any:
        """Call a method of a fresh client."""
        if not self._is_async:
            with Client(self.url, API_KEY, sleep=self.time.sleep, **self.settings) as client:
                return getattr(client, name)(*arguments, **named)

        async def call(client: AsyncClient) -> Any:
            return await getattr(client, name)(*arguments, **named)

        return asyncio.run(self._with_client(call))

    def take(self, number: int, name: str, *arguments: Any, **named: Any) -> list[Any]:
        """The first items of what a method of a fresh client iterates over."""
        if not self._is_async:
            with Client(self.url, API_KEY, sleep=self.time.sleep, **self.settings) as client:
                return list(islice(getattr(client, name)(*arguments, **named), number))

        async def take(client: AsyncClient) -> list[Any]:
            items = getattr(client, name)(*arguments, **named)
            taken: list[Any] = []
            async for item in items:
                taken.append(item)
                if len(taken) == number:
                    break
            await items.aclose()
            return taken

        taken: list[Any] = asyncio.run(self._with_client(take))
        return taken

    async def _with_client(self, use: Callable[[AsyncClient], Awaitable[Any]]) -> Any:
        async with AsyncClient(
            self.url, API_KEY, sleep=self.time.sleep_async, **self.settings
        ) as client:
            return await use(client)


@pytest.fixture(scope="module")
def site(migrated_database: Configuration, cleaner: Cleaner) -> Iterator[Site]:
    """A real server with an issuer."""
    from tests.gateway.site import serving

    with serving(migrated_database, cleaner) as started:
        yield started


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """A server that does what the test says."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # a proxy of the machine's knows no loopback
    with scripted_server() as running:
        yield running


@pytest.fixture
def time() -> Time:
    """A clock of the test's own."""
    return Time()


@pytest.fixture(params=["sync", "async"])
def client(request: pytest.FixtureRequest, script: Script, time: Time) -> Driven:
    """Each of the two clients in turn."""
    return Driven(is_async=request.param == "async", url=script.url, time=time)
