"""Tills that use, reverse and claim all together and go on whatever happens to the server.

Each request is sent again with the same key until its answer is definite, and every attempt is
written down with the moments of its beginning and its end.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

from tests.history.records import Answer as Told
from tests.http_faults.callers import NO_ANSWER, Answer, Connection
from tests.http_faults.issuer import Coded, Issuer
from tests.waiting import soon

#: What says that too little was left of a voucher.
EXHAUSTED = {"voucher_used", "voucher_held", "balance_insufficient", "uses_insufficient"}
#: The answers that leave it open whether anything happened; all may be asked again.
OPEN = {"unavailable", "busy", "object_rate_limited", "rate_limited", "concurrency_limited"}
PAUSE_S = 0.02
_keys = count(1)


@dataclass(frozen=True, slots=True)
class Request:
    """What a till wants; ``asked`` is what it takes from each voucher (what it gives back: below
    zero), nothing for a claim, which takes from ``stock``."""

    key: str
    path: str
    body: bytes
    asked: dict[int, int]
    stock: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time that a request was sent; without ``answer`` nothing came back."""

    process: int
    called_ns: int
    returned_ns: int
    request: Request
    answer: Answer | None

    @property
    def told(self) -> Told:
        """What kind of answer it got."""
        if self.answer is None or (self.answer.status != 200 and self.answer.code in OPEN):
            return Told.UNKNOWN
        if self.answer.status == 200:
            return Told.DONE
        return Told.EXHAUSTED if self.answer.code in EXHAUSTED else Told.REFUSED


@dataclass
class Goods:
    """What the tills of one load use, and nobody else does."""

    issuer: Issuer
    cards: Sequence[Coded]
    singles: Sequence[Coded]
    stocks: Sequence[int]


@dataclass
class Till:
    """One caller, in a thread of its own."""

    number: int
    connections: Sequence[Connection]
    goods: Goods
    stop: threading.Event
    attempts: list[Attempt] = field(default_factory=list)
    answered: int = 0
    error: BaseException | None = None

    def __post_init__(self) -> None:
        """Make up its mind how chance will have it."""
        self._chance = random.Random(self.number)
        self._done: deque[tuple[str, Coded, int]] = deque(maxlen=20)
        self._singles = list(self.goods.singles)

    def run(self) -> None:
        """Ask until told to stop."""
        try:
            while not self.stop.is_set():
                self.settle(self.next_request())
        except BaseException as error:
            self.error = error
        finally:
            self.close()

    def close(self) -> None:
        """Hang up."""
        for connection in self.connections:
            connection.close()

    def settle(self, request: Request) -> None:
        """Send a request until its answer is definite, or there is no more time."""
        while True:
            attempt = self.attempt(request)
            if attempt.told is not Told.UNKNOWN:
                self.answered += 1
                self._note(attempt)
                return
            if self.stop.wait(PAUSE_S):
                return

    def attempt(self, request: Request) -> Attempt:
        """Send a request once."""
        connection = self._chance.choice(self.connections)
        called_ns = time.monotonic_ns()
        answer: Answer | None = None
        with suppress(*NO_ANSWER):
            answer = connection.post(request.path, request.body, request.key)
        made = Attempt(self.number, called_ns, time.monotonic_ns(), request, answer)
        self.attempts.append(made)
        return made

    def _note(self, attempt: Attempt) -> None:
        request = attempt.request
        if attempt.told is Told.DONE and request.path == "redemptions" and not request.stock:
            assert attempt.answer is not None
            ((serial, taken),) = request.asked.items()
            card = next((one for one in self.goods.cards if one.serial == serial), None)
            if card is not None:
                self._done.append((str(attempt.answer.json["redemption"]), card, taken))

    def next_request(self) -> Request:
        """Whatever this till wants next."""
        chance, key = self._chance, f"load-{next(_keys)}"
        kind = chance.random()
        if kind < 0.2 and self._done:
            number, card, taken = self._done.popleft()
            path = f"redemptions/{number}/reversals"
            return Request(key, path, b"{}", {card.serial: -taken})
        if kind < 0.4 and self._singles:
            # All tills come by them in one order: nearly every one is wanted by all at once.
            return self._redeem(key, self._singles.pop(0), 1)
        if kind < 0.5:
            stock = chance.choice(self.goods.stocks)
            customer = chance.choice(self.goods.issuer.customers)
            body = {"batch_id": stock, "customer": customer}
            return Request(key, "claims", json.dumps(body).encode(), {}, stock)
        return self._redeem(key, chance.choice(self.goods.cards), chance.randint(1, 9), part=True)

    def _redeem(self, key: str, voucher: Coded, taken: int, *, part: bool = False) -> Request:
        use = {"code": voucher.code} | ({"amount_fen": taken} if part else {})
        body = {
            "vouchers": [use],
            "store": self.goods.issuer.stores[0],
            "order": {"order_no": key, "amount_fen": 10_000},
        }
        return Request(key, "redemptions", json.dumps(body).encode(), {voucher.serial: taken})


class Load:
    """Tills spread over the servers at these ports, until they are told to stop."""

    def __init__(self, ports: Sequence[int], goods: Goods, *, tills: int = 5) -> None:
        self.goods = goods
        self._stop = threading.Event()
        key = goods.issuer.till_key
        self.tills = [
            Till(number, [Connection(port, key) for port in ports], goods, self._stop)
            for number in range(tills)
        ]
        self._threads = [threading.Thread(target=one.run, daemon=True) for one in self.tills]

    def start(self) -> Load:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def wait_for_progress(self, answers: int = 10) -> None:
        """Until every till has been answered some more."""
        wanted = [one.answered + answers for one in self.tills]

        def have_gone_on() -> bool:
            self._check()
            return all(one.answered >= n for one, n in zip(self.tills, wanted, strict=True))

        assert soon(have_gone_on), "the tills do not go on"

    def stop(self) -> list[Attempt]:
        """End; every attempt that was made."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._check()
        return [attempt for one in self.tills for attempt in one.attempts]

    def _check(self) -> None:
        for one in self.tills:
            if one.error is not None:
                raise one.error


def settle(port: int, api_key: str, attempts: Sequence[Attempt]) -> list[Attempt]:
    """Ask once more what nobody was told the end of; as a till does after its own restart."""
    told = {one.request.key for one in attempts if one.told is not Told.UNKNOWN}
    open_ones = {one.request.key: one.request for one in attempts if one.request.key not in told}
    connection = Connection(port, api_key)
    made: list[Attempt] = []
    for request in open_ones.values():
        while True:
            called_ns = time.monotonic_ns()
            answer = connection.post(request.path, request.body, request.key)
            made.append(Attempt(99, called_ns, time.monotonic_ns(), request, answer))
            if made[-1].told is not Told.UNKNOWN:
                break
            time.sleep(PAUSE_S)
    connection.close()
    return made
