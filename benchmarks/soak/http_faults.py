"""Databases and servers lost under load over HTTP, and guesses from a thousand addresses."""

from __future__ import annotations

import math
import os
import random
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rich.progress import track

from benchmarks.server import Bench
from benchmarks.soak.verdict import Verdict
from tests.builders.books import faults, number, records
from tests.fixtures_cluster import OwnCluster
from tests.http_faults.callers import Connection
from tests.http_faults.issuer import Issuer, make_issuer
from tests.http_faults.judging import effects_of_unanswered, judge
from tests.http_faults.load import Attempt, Goods, Load, settle
from tests.http_faults.servers import ServerProcess, soon
from tests.http_faults.storm import FORGED, Counters, Storm, forged_code

SETTINGS = {"KAQUAN_KEY_RATE_PER_S": "100000", "KAQUAN_POSTGRES_KEEP_RUNNING": "1"}
EVENTS_A_ROUND = 10
CARDS, SINGLES = 24, 120
CALM_S = 60
TILLS, TILL_PAUSE_S = 4, 0.05
WARNED_WITHIN_S = 60
GUESSERS = 64
ALIKE_S = 0.001


class Stand(NamedTuple):
    """What a part works with: two servers on one database, and an issuer."""

    cluster: OwnCluster
    servers: tuple[ServerProcess, ServerProcess]
    issuer: Issuer


@contextmanager
def _stand(bench: Bench, *, cards: int, singles: int) -> Iterator[Stand]:
    cluster = OwnCluster(bench.configuration)
    environment = {**os.environ, **bench.configuration.environment(), **SETTINGS}
    issuer = make_issuer(environment, cards=cards, singles=singles)
    with TemporaryDirectory(prefix="kaquan-soak-") as folder:
        first, second = [
            ServerProcess(environment, Path(folder) / name, workers=2) for name in ("a", "b")
        ]
        try:
            first.start()
            yield Stand(cluster, (first, second), issuer)
        finally:
            first.end()
            second.end()


def losses(verdict: Verdict, bench: Bench, *, databases: int, servers: int, endings: int) -> None:
    """Whatever can be lost is, again and again; then two servers do the same work at once."""
    rounds = sum(-(-one // EVENTS_A_ROUND) for one in (databases, servers, endings)) + 1
    with _stand(bench, cards=rounds * CARDS, singles=rounds * SINGLES) as stand:
        goods = _Goods(stand.issuer)
        for what, times, happen in (
            ("databases lost", databases, _lose_database),
            ("servers lost", servers, _lose_server),
        ):
            found = answers = 0
            for count in track(_rounds(times), what, console=verdict.console):
                some = goods.take()
                load = Load([stand.servers[0].port], some).start()
                for turn in range(count):
                    load.wait_for_progress(3)
                    happen(stand, turn)
                load.wait_for_progress(3)
                attempts = load.stop()
                answers += len(attempts)
                found += _broken(stand, some, attempts)
            _tell(verdict, what, times, answers, found)
        _end(verdict, stand, goods, endings)
        _use_both(verdict, stand, goods)
    verdict.expect("faults that the proof finds", len(faults(bench.connect)), 0)


class _Goods:
    """An issuer's vouchers, dealt out load by load."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._cards, self._singles = iter(issuer.cards), iter(issuer.singles)
        self._stocks = iter(issuer.stocks)

    def take(self) -> Goods:
        """Enough for one load, and nobody else's."""
        cards, singles = [*islice(self._cards, CARDS)], [*islice(self._singles, SINGLES)]
        return Goods(self._issuer, cards, singles, [next(self._stocks)])


def _rounds(times: int) -> list[int]:
    """So many events in rounds."""
    return [min(EVENTS_A_ROUND, times - first) for first in range(0, times, EVENTS_A_ROUND)]


def _lose_database(stand: Stand, turn: int) -> None:
    if turn % 2:
        stand.cluster.server.restart()
    else:
        stand.cluster.kill()
        stand.cluster.server.start()


def _lose_server(stand: Stand, turn: int) -> None:
    server = stand.servers[0]
    if turn % 2:
        server.kill_workers()
    else:
        server.kill()
        server.start()


def _broken(stand: Stand, goods: Goods, attempts: list[Attempt]) -> int:
    """How many promises a load found broken."""
    attempts += settle(stand.servers[0].port, stand.issuer.till_key, attempts)
    with stand.cluster.connect() as connection:
        return len(judge(connection, goods, attempts))


def _tell(verdict: Verdict, what: str, times: int, answers: int, found: int) -> None:
    verdict.note(what, times)
    verdict.note(f"{what}: requests sent meanwhile", answers)
    verdict.expect(f"{what}: broken promises", found, 0)


def _end(verdict: Verdict, stand: Stand, goods: _Goods, times: int) -> None:
    """SIGTERM under load: what was booked was answered."""
    server = stand.servers[0]
    found = answers = unanswered = 0
    for count in track(_rounds(times), "servers ended", console=verdict.console):
        some, attempts = goods.take(), list[Attempt]()
        for _ in range(count):
            load = Load([server.port], some).start()
            load.wait_for_progress(3)
            server.tell_to_end()
            assert server.wait() == 0
            attempts += load.stop()
            with stand.cluster.connect() as connection:
                unanswered += len(effects_of_unanswered(records(connection), attempts))
            server.start()
            attempts += settle(server.port, stand.issuer.till_key, attempts)
        answers += len(attempts)
        found += _broken(stand, some, attempts)
    _tell(verdict, "servers ended", times, answers, found)
    verdict.expect("servers ended: booked and not answered", unanswered, 0)


def _use_both(verdict: Verdict, stand: Stand, goods: _Goods) -> None:
    some = goods.take()
    stand.servers[1].start()
    load = Load([one.port for one in stand.servers], some, tills=8).start()
    load.wait_for_progress(200)
    attempts = load.stop()
    _tell(verdict, "two servers at once", 1, len(attempts), _broken(stand, some, attempts))


def guesses(verdict: Verdict, bench: Bench, *, rates: dict[int, int], lookups: int) -> None:
    """Storms of so many guesses a second for so many seconds, and whether silence is kept."""
    seconds = CALM_S + sum(rates.values()) if sum(rates.values()) > CALM_S else 20
    singles = int(seconds * TILLS / TILL_PAUSE_S * 1.2)
    with _stand(bench, cards=1, singles=singles) as stand:
        codes = iter(stand.issuer.singles)
        server = stand.servers[0]

        def tills() -> Counters:
            share = [*islice(codes, singles // (len(rates) + 1))]
            return Counters(
                server.port, stand.issuer, share, tills=TILLS, pause_s=TILL_PAUSE_S
            ).start()

        calm = tills()
        assert soon(lambda: len(calm.took_s) > min(1_000, singles // 20))
        calm.stop()
        verdict.note("tills' p99 in peace (ms)", calm.p99_ms)
        for rate, for_s in rates.items():
            _storm(verdict, stand, tills, rate, for_s)
        _listen(verdict, stand, lookups)


def _storm(
    verdict: Verdict, stand: Stand, tills: Callable[[], Counters], rate: int, for_s: int
) -> None:
    name = f"{rate} guesses/s"
    storm = Storm(
        stand.servers[0].port, stand.issuer, rate * for_s, threads=GUESSERS, per_s=rate, others=5
    )
    # In a process of its own, so that tills and guessers do not wait for each other here.
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as elsewhere,
        stand.cluster.connect() as connection,
    ):
        working = tills()
        query = "SELECT count(*) FROM access_event WHERE last_at > now() - interval '5 seconds'"
        began_s = time.monotonic()
        guessing = elsewhere.submit(storm.run)
        is_told = soon(lambda: number(connection, query) > 0, within_s=WARNED_WITHIN_S)
        verdict.note(f"{name}: told of after (s)", time.monotonic() - began_s)
        storm = guessing.result()
        took_s = time.monotonic() - began_s
        working.stop()
    verdict.note(f"{name}: guesses made a second", storm.guesses / took_s)
    verdict.expect(f"{name}: told of within a minute", is_told, 1)
    verdict.expect(f"{name}: hits", storm.hits, 0)
    verdict.expect(f"{name}: answers that tell of a code", len(storm.differing()), 0)
    refused = sum(count for status, count in working.statuses.items() if status != 200)
    verdict.note(f"{name}: redemptions of tills meanwhile", working.statuses.total())
    verdict.expect(f"{name}: refusals of tills", refused, 0)
    verdict.note(f"{name}: tills' p99 (ms)", working.p99_ms)


def _listen(verdict: Verdict, stand: Stand, lookups: int) -> None:
    """Ask for codes that are no good for different reasons in turn, and compare the times."""
    took_s: dict[str, list[float]] = defaultdict(list)
    chance = random.Random(6)
    told: Counter[tuple[int, bytes]] = Counter()
    for turn in range(lookups):
        address = f"127.{100 + turn // 250}.{turn % 250}.9"  # from a network that is not suspected
        connection = Connection(stand.servers[0].port, stand.issuer.public_key, source=address)
        reasons = [*stand.issuer.bad, FORGED]
        chance.shuffle(reasons)
        connection.ask("GET", "problems")
        for reason in reasons[:3]:
            code = (
                forged_code(chance) if reason == FORGED else chance.choice(stand.issuer.bad[reason])
            )
            began_s = time.perf_counter()
            answer = connection.post("lookups", b'{"code":"%s"}' % code.encode())
            took_s[reason].append(time.perf_counter() - began_s)
            told[answer.status, answer.body] += 1
        connection.close()
    verdict.expect("different answers to codes that are no good", len(told), 1)
    medians = {reason: statistics.median(some) for reason, some in took_s.items()}
    for reason, median_s in medians.items():
        verdict.note(f"median to a code that is {reason} (µs)", median_s * 1_000_000)
    apart_s = max(medians.values()) - min(medians.values())
    verdict.note("they lie apart (µs)", apart_s * 1_000_000)
    bound_s = ALIKE_S + 3 * max(_error_s(some) for some in took_s.values())
    verdict.expect("medians lie within a millisecond, but for chance", apart_s < bound_s, 1)


def _error_s(some: list[float]) -> float:
    """The standard error of a median, from the quartiles."""
    quarter, _, three_quarters = statistics.quantiles(some)
    return 0.93 * (three_quarters - quarter) / math.sqrt(len(some))
