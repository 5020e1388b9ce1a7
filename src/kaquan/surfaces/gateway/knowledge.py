"""What commands need to know and no request says: from memory, or read by a thread first.

A request is prepared from what is known; what turns out to be missing is read in one go, whatever
it is and for however many commands, and then the request is prepared again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import psycopg

from kaquan.engine.codes import Presented
from kaquan.engine.commands import Redeem
from kaquan.engine.facts import Facts
from kaquan.engine.outcomes import Outcome
from kaquan.engine.places import Place
from kaquan.engine.rules.opening import Window
from kaquan.foundation import clock
from kaquan.ledger.trace import batches_of, record_at
from kaquan.ledger.windows import validity_windows
from kaquan.redemption.codes import ledger_session, presented
from kaquan.redemption.facts_cache import FactsCache, Names
from kaquan.surfaces.gateway.answers import Windows
from kaquan.surfaces.gateway.loop_threads import DatabaseAwayError, Readers
from kaquan.surfaces.http.problems import Problem

Prepared = TypeVar("Prepared")
ROUNDS_MAX = 5
WINDOWS_AGE_S_MAX = 10.0
"""For so long answers may tell a batch's old days after better terms moved them."""


@dataclass(slots=True)
class Wanted:
    """What is to be read before a request can be prepared."""

    names: Names = field(default_factory=Names)
    codes: set[str] = field(default_factory=set)
    places: set[Place] = field(default_factory=set)
    serials: set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.names or self.codes or self.places or self.serials)

    def __ior__(self, other: Wanted) -> Wanted:
        self.names |= other.names
        self.codes |= other.codes
        self.places |= other.places
        self.serials |= other.serials
        return self


class WantedError(Exception):
    """A request cannot be prepared before something is read."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        self.wanted = wanted


@dataclass(slots=True)
class Known:
    """What was read for one request: codes made elsewhere, where redemptions and holds happened
    (the path of the store, None: there is no such thing), and the batches of vouchers.

    ``judged_codes`` and ``judged`` hold what became of each code and batch, so that a second
    attempt counts nothing twice.
    """

    codes: dict[str, Presented | Outcome] = field(default_factory=dict)
    judged_codes: dict[str, Presented | Problem] = field(default_factory=dict)
    judged: dict[int, int | Problem] = field(default_factory=dict)
    places: dict[Place, tuple[int, ...] | None] = field(default_factory=dict)
    batches: dict[int, int] = field(default_factory=dict)


class Librarian:
    """Reads what requests want; one at a time for names, which many requests want at once."""

    def __init__(self, cache: FactsCache, readers: Readers) -> None:
        self.cache = cache
        self._readers = readers
        self.windows: dict[int, Window | None] = {}
        self._windows_since_s = clock.monotonic_s()
        self._names = Names()
        self._round: asyncio.Future[None] | None = None
        self._reading: asyncio.Task[None] | None = None

    async def prepare(self, attempt: Callable[[Known], Prepared]) -> Prepared:
        """What ``attempt`` gives once all that it wants is known."""
        known = Known()
        for _round in range(ROUNDS_MAX):
            try:
                return attempt(known)
            except WantedError as missing:
                await self._read(missing.wanted, known)
        raise DatabaseAwayError  # it answers so slowly that what it told is old already

    async def learn_windows(self, outcomes: Iterable[Outcome]) -> Windows:
        """When the vouchers of these outcomes are good, as far as that is their batches' to say."""
        now_s = clock.monotonic_s()
        if now_s - self._windows_since_s > WINDOWS_AGE_S_MAX:
            self.windows, self._windows_since_s = {}, now_s
        known = self.windows
        unknown = {
            one.batch_id
            for outcome in outcomes
            for one in outcome.vouchers
            if (one.valid_until is None or one.valid_from is None) and one.batch_id not in known
        }
        if unknown:
            known |= await self._readers.call(partial(_read_windows, unknown))
        return known

    def refresh(self) -> None:
        """Have what grows old read again, without waiting for it."""
        self._names |= self.cache.growing_old
        self.cache.growing_old = Names()
        self._begin_round()

    async def _read(self, wanted: Wanted, known: Known) -> None:
        if wanted.names:
            self._names |= wanted.names
            await asyncio.shield(self._begin_round())
        if wanted.codes or wanted.places or wanted.serials:
            await self._readers.call(partial(_read_books, wanted, known))

    def _begin_round(self) -> asyncio.Future[None]:
        """The reading that the names gathered so far will be part of."""
        if self._round is None:
            self._round = asyncio.get_running_loop().create_future()
        awaited = self._round
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_rounds())
        return awaited

    async def _read_rounds(self) -> None:
        while self._round is not None:
            names, waiting = self._names, self._round
            self._names, self._round = Names(), None
            try:
                await self._readers.call(partial(self.cache.load, names))
            except Exception as error:  # those who wait for it get it
                waiting.set_exception(error)
                waiting.exception()  # perhaps nobody waits
            else:
                waiting.set_result(None)
        self._reading = None


def _read_windows(batch_ids: set[int]) -> dict[int, Window | None]:
    return validity_windows(ledger_session(), batch_ids)


def _read_books(wanted: Wanted, known: Known) -> None:
    """Runs in a reader's thread."""
    for text in wanted.codes:
        known.codes[text] = presented(text)
    session = ledger_session()
    for place in wanted.places:
        known.places[place] = _store_path_at(session, place)
    if wanted.serials:
        batches = batches_of(session, wanted.serials)
        known.batches |= {serial: batches.get(serial, 0) for serial in wanted.serials}


def _store_path_at(session: psycopg.Connection[Any], place: Place) -> tuple[int, ...] | None:
    """Where a redemption or hold happened; a hold that was settled knows it for its redemption."""
    found = record_at(session, place)
    command = found[1].command if found else None
    if isinstance(command, Redeem) and command.hold is not None:
        return _store_path_at(session, command.hold)
    facts: Facts | None = getattr(command, "facts", None)
    return None if facts is None else facts.store_path
