"""Clients that use a few cards all together and go on whatever happens to the server."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from kaquan.engine.commands import AnyCommand
from tests.builders.ledger import a_key, redeem
from tests.crash.clients import Client, read_journal
from tests.history.checker import check
from tests.history.recording import recorded
from tests.history.records import Violation
from tests.races.racing import Call, Runner, new_event

CLIENTS = 4
CALLS = 4_000
CARD_FEN = 20_000
SOLD = 1  # the version of a card that was sold and not used yet
PROGRESS_BYTES = 3_000
WITHIN_S = 60.0
LOOK_S = 0.002


def _calls(cards: Sequence[int], seed: int) -> list[list[AnyCommand]]:
    """Small uses of cards that everybody uses, one to three in a call."""
    chance = random.Random(seed)
    return [
        [
            redeem(chance.choice(cards), key=a_key(), amount_fen=chance.randint(1, 9))
            for _ in range(chance.randint(1, 3))
        ]
        for _ in range(CALLS)
    ]


class Load:
    """Clients in processes of their own, until they are told to stop or their block ends."""

    def __init__(self, url: str, folder: Path, cards: Sequence[int]) -> None:
        self._journals = [folder / f"client-{number}" for number in range(CLIENTS)]
        self._scripts = [_calls(cards, number) for number in range(CLIENTS)]
        self._stop = new_event()
        self._runners = [
            Runner(url, Client(journal, calls, stop=self._stop), number)
            for number, (journal, calls) in enumerate(
                zip(self._journals, self._scripts, strict=True)
            )
        ]

    def __enter__(self) -> Load:
        """Itself, at work."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nobody goes on, also when a test has failed."""
        for runner in self._runners:
            runner.close()

    def wait_for_progress(self) -> None:
        """Until every client has been answered some more."""
        wanted = [size + PROGRESS_BYTES for size in self._sizes()]
        deadline_s = time.monotonic() + WITHIN_S
        while any(size < enough for size, enough in zip(self._sizes(), wanted, strict=True)):
            assert time.monotonic() < deadline_s, "the clients do not go on"
            time.sleep(LOOK_S)

    def stop(self) -> tuple[list[Call], list[Call]]:
        """End; what was answered, and what was not."""
        self._stop.set()
        answered, unanswered = [], []
        for runner, journal, calls in zip(
            self._runners, self._journals, self._scripts, strict=True
        ):
            assert runner.result() is not None
            some, others = read_journal(journal, calls)
            answered += some
            unanswered += others
        return answered, unanswered

    def _sizes(self) -> list[int]:
        return [journal.stat().st_size if journal.exists() else 0 for journal in self._journals]


def kept_promises(
    connection: psycopg.Connection[Any],
    cards: Sequence[int],
    answered: Sequence[Call],
    unanswered: Sequence[Call],
) -> list[Violation]:
    """What the history checker says about such a run; empty when all is well."""
    opening = dict.fromkeys(cards, CARD_FEN)
    return check(
        recorded(connection, opening=opening, calls=answered, unanswered=unanswered, before=SOLD)
    )
