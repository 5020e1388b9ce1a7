"""Guesses at codes from a thousand addresses of this machine, and tills that work meanwhile."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, cycle, repeat

from kaquan.engine.crockford import ALPHABET, check_symbol
from tests.http_faults.callers import Answer, Connection
from tests.http_faults.issuer import Coded, Issuer

ADDRESSES = [f"127.0.{1 + number // 250}.{number % 250 + 1}" for number in range(1_000)]
#: An API key of the right form that nobody has.
BAD_KEY = "kq_live_aaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
FORGED = "forged"


def forged_code(chance: random.Random) -> str:
    """A code with a right check symbol that nobody issued."""
    symbols = "".join(chance.choices(ALPHABET, k=19))
    return symbols + check_symbol(symbols)


@dataclass
class Storm:
    """So many guesses, from each address in turn, by so many threads; ``per_s`` 0: no pause.

    Most are forged; every tenth is a code of ours that is no good. ``others`` is how many of a
    hundred go to redemptions, half of them with a key of nobody's. ``told`` says by (door, reason)
    what was answered how often.
    """

    port: int
    issuer: Issuer
    guesses: int
    threads: int = 24
    per_s: int = 0
    others: int = 20
    told: dict[tuple[str, str], Counter[tuple[int, bytes]]] = field(default_factory=dict)

    def run(self) -> Storm:
        """All of it; returns itself, for who sent it to another process."""
        self.start().wait()
        del self._dealing, self._threads, self._bad, self._addresses, self._left
        return self

    def start(self) -> Storm:
        """Begin: the work is dealt to the threads one by one."""
        bad = [(reason, code) for reason, codes in self.issuer.bad.items() for code in codes]
        self._bad = cycle(bad)
        self._chance = random.Random(20_170_321)
        self._addresses = cycle(ADDRESSES)
        self._left = iter(range(self.guesses))
        self._dealing = threading.Lock()
        self._began_s = time.monotonic()
        self._threads = [
            threading.Thread(target=self._guess, daemon=True) for _ in range(self.threads)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def wait(self) -> None:
        """Until all guesses were made."""
        for thread in self._threads:
            thread.join()
        assert sum(map(Counter.total, self.told.values())) == self.guesses, "a guesser gave up"

    @property
    def hits(self) -> int:
        """How many guesses were right."""
        return sum(
            number
            for some in self.told.values()
            for (status, _), number in some.items()
            if status == 200
        )

    def differing(self) -> list[str]:
        """What was answered to a code of ours and not to one of nobody's, as text."""
        return [
            f"{door}, {reason}: {answer}"
            for (door, reason), some in self.told.items()
            for answer in some.keys() - self.told[door, FORGED].keys()
        ]

    def _guess(self) -> None:
        while (dealt := self._deal()) is not None:
            number, address, door, reason, code = dealt
            if self.per_s:
                due_s = self._began_s + number / self.per_s
                time.sleep(max(0.0, due_s - time.monotonic()))
            answer = self._ask(address, door, code)
            with self._dealing:
                counter = self.told.setdefault((door, reason), Counter())
                counter[answer.status, answer.body] += 1

    def _deal(self) -> tuple[int, str, str, str, str] | None:
        with self._dealing:
            number = next(self._left, None)
            if number is None:
                return None
            chance = self._chance
            reason, code = FORGED, forged_code(chance)
            if number % 10 == 0:
                reason, code = next(self._bad)
            door = "lookups"
            if chance.randrange(100) < self.others:
                door = chance.choice(("redemptions", "redemptions by nobody"))
            return number, next(self._addresses), door, reason, code

    def _ask(self, address: str, door: str, code: str) -> Answer:
        key = BAD_KEY if door == "redemptions by nobody" else self.issuer.public_key
        body: dict[str, object] = {"code": code}
        if door != "lookups":
            body = {"vouchers": [{"code": code}], "store": self.issuer.stores[0]}
        connection = Connection(self.port, key, source=address)
        answer = connection.post(door.partition(" ")[0], json.dumps(body).encode(), "a-guess")
        connection.close()
        return answer


class Counters:
    """Tills that redeem good codes one after the other until they are told to stop."""

    def __init__(
        self,
        port: int,
        issuer: Issuer,
        codes: Iterable[Coded],
        *,
        tills: int = 2,
        pause_s: float = 0,
    ) -> None:
        self._port = port
        self._issuer = issuer
        self._codes = iter([one.code for one in codes])
        self._pause_s = pause_s
        self._stop = threading.Event()
        self.statuses: Counter[int] = Counter()
        self.took_s: list[float] = []
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(tills)]

    def start(self) -> Counters:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """End."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait(self) -> None:
        """Until every code is used."""
        for thread in self._threads:
            thread.join()

    @property
    def p99_ms(self) -> float:
        """How long all but one of a hundred took at most."""
        return sorted(self.took_s)[int(len(self.took_s) * 0.99)] * 1_000

    def _work(self) -> None:
        connection = Connection(self._port, self._issuer.till_key)
        for code in chain(self._codes, repeat(None)):
            if code is None or self._stop.is_set():
                break
            order = {"order_no": code, "amount_fen": 10_000}
            body = {"vouchers": [{"code": code}], "store": self._issuer.stores[0], "order": order}
            began_s = time.monotonic()
            answer = connection.post("redemptions", json.dumps(body).encode(), f"till-{code}")
            self.took_s.append(time.monotonic() - began_s)
            self.statuses[answer.status] += 1
            self._stop.wait(self._pause_s)
        connection.close()
