"""Processes and servers killed again and again: nothing answered is lost, nothing is done twice."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.progress import track

from benchmarks.server import Bench
from benchmarks.soak.verdict import Verdict
from kaquan.foundation.postgres.urls import connection_urls
from kaquan.ledger.door import Door, open_door
from tests.builders.books import faults
from tests.builders.ledger import a_key, a_sold_card, redeem
from tests.crash.clients import Client, read_journal
from tests.crash.load import Load, kept_promises
from tests.fixtures_cluster import OwnCluster
from tests.races.racing import Call, Runner

PLACES = ("ledger.before_write", "ledger.before_commit", "ledger.after_commit")
VERBS = ("kill", "exit")
CALLS = 12
KILLS_A_ROUND = 25


def processes(verdict: Verdict, bench: Bench, *, kills: int) -> None:
    """kill -9 of the booking process at random places; each retries what it was not answered."""
    chance = random.Random(5)
    door = open_door()
    found = 0
    with TemporaryDirectory(prefix="kaquan-soak-") as folder:
        for first in track(range(0, kills, KILLS_A_ROUND), "processes", console=verdict.console):
            count = min(KILLS_A_ROUND, kills - first)
            found += _kill_processes(bench, door, Path(folder) / str(first), count, chance)
    door.close()
    verdict.note("processes killed", kills)
    verdict.expect("broken promises", found, 0)
    verdict.expect("faults that the proof finds", len(faults(bench.connect)), 0)


def _kill_processes(
    bench: Bench, door: Door, folder: Path, kills: int, chance: random.Random
) -> int:
    folder.mkdir()
    cards = [a_sold_card(door) for _ in range(2)]
    answered: list[Call] = []
    unanswered: list[Call] = []
    url = connection_urls(bench.configuration).app
    for number in range(kills):
        calls = [
            [redeem(chance.choice(cards), key=a_key(), amount_fen=chance.randint(1, 20))]
            for _ in range(CALLS)
        ]
        where = f"{chance.choice(PLACES)}={chance.choice(VERBS)}@{chance.randint(1, CALLS)}"
        for name, failpoints in (("killed", where), ("again", "")):
            journal = folder / f"{number}-{name}"
            runner = Runner(url, Client(journal, calls, failpoints), number)
            assert (runner.result() is None) == bool(failpoints)
            runner.close()
            some, others = read_journal(journal, calls)
            answered += some
            unanswered += others
    with bench.connect() as connection:
        return len(kept_promises(connection, cards, answered, unanswered))


def servers(verdict: Verdict, bench: Bench, *, kills: int) -> None:
    """kill -9 of PostgreSQL under load, and its restart."""
    cluster = OwnCluster(bench.configuration)
    door = open_door()
    answers = found = 0
    with TemporaryDirectory(prefix="kaquan-soak-") as folder:
        for first in track(range(0, kills, KILLS_A_ROUND), "servers", console=verdict.console):
            cards = [a_sold_card(door) for _ in range(3)]
            place = Path(folder) / str(first)
            place.mkdir()
            with Load(cluster.urls.app, place, cards) as load:
                for _ in range(min(KILLS_A_ROUND, kills - first)):
                    load.wait_for_progress()
                    cluster.kill()
                    cluster.server.start()
                load.wait_for_progress()
                answered, unanswered = load.stop()
            answers += len(answered)
            with bench.connect() as connection:
                found += len(kept_promises(connection, cards, answered, unanswered))
    door.close()
    verdict.note("servers killed", kills)
    verdict.note("calls answered meanwhile", answers)
    verdict.expect("broken promises", found, 0)
    verdict.expect("faults that the proof finds", len(faults(bench.connect)), 0)
