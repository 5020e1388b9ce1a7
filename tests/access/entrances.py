"""A process's way in, with clocks that a test moves: as many of them as it wants processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

from kaquan.access.callers import Authentication, Caller
from kaquan.access.errors import CallRefusal
from kaquan.access.exchange import Exchange
from kaquan.access.failures import FailureCounts
from kaquan.access.limits import Limiter
from kaquan.access.peppers import Peppers
from kaquan.access.register import KeyRegister
from tests.fixtures_database import Database

NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)  # the builders' own, who need Django set up


@dataclass
class Clocks:
    """Both clocks of one machine."""

    unix: float = field(default_factory=NOON.timestamp)

    def pass_s(self, seconds: float) -> None:
        self.unix += seconds

    def unix_s(self) -> float:
        return self.unix

    def monotonic_s(self) -> float:
        return self.unix

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.unix, UTC)


class Entrance:
    """What one process lets in; it asks the database through ``connect``."""

    def __init__(
        self,
        database: Database,
        clocks: Clocks,
        *,
        mode: str = "live",
        key_rate_per_s: int = 10,
        key_concurrency: int = 3,
    ) -> None:
        self.connections = 0
        self.is_database_away = False
        self._database = database
        self.authentication = Authentication(
            KeyRegister(self._connect, clocks.monotonic_s),
            mode=lambda: mode,
            peppers=Peppers(monotonic_s=clocks.monotonic_s),
            counts=FailureCounts(clocks.unix_s),
            unix_s=clocks.unix_s,
        )
        self.limits = Limiter(
            self.authentication.counts,
            key_rate_per_s=key_rate_per_s,
            key_concurrency=key_concurrency,
            monotonic_s=clocks.monotonic_s,
        )
        self._exchange = Exchange(
            self.authentication, now=clocks.now, monotonic_s=clocks.monotonic_s
        )
        self._session: psycopg.Connection[Any] | None = None

    def _connect(self) -> psycopg.Connection[Any]:
        if self.is_database_away:
            raise psycopg.OperationalError("the database is away")
        self.connections += 1
        return self._database.connect()

    def exchange(self) -> None:
        """What the exchange's thread does two or three times a second."""
        if self._session is None:
            self._session = self._database.connect()
        self._exchange.tick(self._session)
        self.authentication.register.kept_fresh = True

    def call(
        self,
        authorization: str | None,
        *,
        source: str = "192.0.2.1",
        method: str = "POST",
        path: str = "/api/v1/redemptions",
        body: bytes = b"{}",
        signature: str | None = None,
        idempotency_key: str | None = "k-1",
    ) -> Caller | CallRefusal:
        return self.authentication.authenticate(
            authorization=authorization,
            source=source,
            method=method,
            path=path,
            body=body,
            signature=signature,
            idempotency_key=idempotency_key,
        )

    def answer(self, authorization: str | None, **call: Any) -> str:
        """The refusal's code, or "in"."""
        found = self.call(authorization, **call)
        return "in" if isinstance(found, Caller) else found.code
