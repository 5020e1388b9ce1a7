"""A made-up run that kept every promise, for planting faults in."""

import random
from collections import defaultdict
from dataclasses import replace

from tests.history.records import Answer, Attempt, Change, History, Read

STEP_NS = 1_000
OPENING = 6


class ImaginedRun:
    """Some processes use some vouchers, one or two at a time, retry, fail, read and are killed.

    Commands take effect one after another at instants of their own, each inside its call.
    """

    def __init__(
        self, seed: int, *, processes: int = 4, vouchers: int = 3, steps: int = 60
    ) -> None:
        self._random = random.Random(seed)
        self._left = dict.fromkeys(range(1, vouchers + 1), OPENING)
        self._version: dict[int, int] = defaultdict(int)
        self._spent: set[str] = set()
        self._free_at_ns = [0] * processes
        self._attempts: list[Attempt] = []
        self._changes: list[Change] = []
        self._reads: list[Read] = []
        self._effect_ns = 0
        for number in range(steps):
            self._step(number)

    @property
    def history(self) -> History:
        """What would have been recorded."""
        opening = dict.fromkeys(self._left, OPENING)
        return History(opening, tuple(self._attempts), tuple(self._changes), tuple(self._reads))

    def _step(self, number: int) -> None:
        # The next instant of effect; a process is chosen that is free by then.
        self._effect_ns += self._random.randint(1, STEP_NS)
        free = [one for one, at in enumerate(self._free_at_ns) if at < self._effect_ns]
        if not free:
            self._effect_ns = min(self._free_at_ns) + 1
            free = [self._free_at_ns.index(min(self._free_at_ns))]
        process = self._random.choice(free)
        called_ns = self._random.randint(self._free_at_ns[process] + 1, self._effect_ns)
        returned_ns = self._effect_ns + self._random.randint(0, 3 * STEP_NS)
        self._free_at_ns[process] = returned_ns
        if self._random.random() < 0.25:
            self._read(f"read-{number}", process, called_ns, returned_ns)
        else:
            self._use(f"use-{number}", process, called_ns, returned_ns)

    def _read(self, name: str, process: int, called_ns: int, returned_ns: int) -> None:
        versions = {voucher: self._version[voucher] for voucher in self._left}
        self._reads.append(
            Read(
                name,
                process,
                called_ns,
                returned_ns,
                versions,
                dict(self._left),
                frozenset(self._spent),
            )
        )

    def _use(self, key: str, process: int, called_ns: int, returned_ns: int) -> None:
        count = self._random.choice((1, 1, 2))
        asked = dict.fromkeys(self._random.sample(sorted(self._left), count), 1)
        lost = Attempt(key, process, called_ns, None, Answer.UNKNOWN, asked)
        fate = self._random.random()
        if any(self._left[voucher] < 1 for voucher in asked):
            self._answer(lost, returned_ns, Answer.EXHAUSTED)
        elif fate < 0.08:
            self._answer(lost, returned_ns, Answer.REFUSED)
        elif fate < 0.16:
            self._attempts.append(lost)
        else:
            versions = self._take(key, asked)
            if fate < 0.3:  # the answer was lost, and a retry brought it
                self._attempts.append(lost)
                lost = replace(lost, called_ns=returned_ns)
                self._free_at_ns[process] = returned_ns = returned_ns + STEP_NS
            self._answer(replace(lost, versions=versions), returned_ns, Answer.DONE)

    def _take(self, key: str, asked: dict[int, int]) -> dict[int, int]:
        for voucher in asked:
            self._version[voucher] += 1
            self._left[voucher] -= 1
            change = Change(voucher, self._version[voucher], 1, self._left[voucher], key)
            self._changes.append(change)
        self._spent.add(key)
        return {voucher: self._version[voucher] for voucher in asked}

    def _answer(self, attempt: Attempt, returned_ns: int, answer: Answer) -> None:
        text = f"{answer} {attempt.key}".encode()
        told = replace(attempt, returned_ns=returned_ns, answer=answer, text=text)
        self._attempts.append(told)
