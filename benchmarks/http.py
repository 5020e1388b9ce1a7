"""How fast is Kaquan over HTTP? wrk on the same machine calls a real server with an API key, full
rules and durable commits; the peer is pgbench simple-update on the same PostgreSQL, before and
after (the mean of both). Beside our p99 stand pgbench's at half of its rate, and the longest time
for which the machine stops a process while nothing else runs: what the machine lets through.

Bar: redemptions and claims at 128 connections at least as many as pgbench's transactions, hoped
1.5 times; p99 at half of the highest rate at most 25 ms; peak memory of a server process at most
300 MB.

``BENCH_HTTP_WORKERS`` is the number of server processes, 1 unless told. wrk is needed: root on
Debian gets it installed, anybody else is told how.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.http_issuer import Issuer, an_issuer, codes_of
from benchmarks.report import Report
from benchmarks.served import Served, served
from benchmarks.server import Bench, longest_pause_ms
from benchmarks.wrk import Load, http_request, put_load, require_wrk, write_requests
from kaquan.foundation import keys

#: How many requests are prepared for each number of connections; fewer connections need fewer.
REQUESTS = {1: 12_000, 16: 60_000, 64: 80_000, 128: 100_000, 256: 100_000}
BATCHES_OF_COMMANDS = {1: 12, 16: 48}
COMMANDS = 1_000
WORKERS = "BENCH_HTTP_WORKERS"
LONGEST_S = 8
BARRED = 128
#: Requests at half of the highest rate: what p99 is promised for (the name of their level, too).
HALF, HALF_REQUESTS = 0, 12_000
MEMORY_BAR_MB = 300


@dataclass(frozen=True)
class Stand:
    """Everything that a scenario needs."""

    report: Report
    bench: Bench
    issuer: Issuer
    server: Served
    folder: Path

    def load(
        self,
        path: str,
        bodies: Iterable[tuple[bytes, str | None]],
        connections: int,
        per_second: float | None = None,
    ) -> Load:
        """Prepare requests, then send them: as fast as answers come, or so many a second."""
        file = self.folder / "requests"
        write_requests(
            file,
            (
                http_request(path, api_key=self.issuer.api_key, body=body, key=key)
                for body, key in bodies
            ),
        )
        return put_load(
            self.server.url,
            file,
            connections=connections,
            longest_s=LONGEST_S,
            per_second=per_second,
        )


def run(report: Report, bench: Bench) -> None:
    """Measure each scenario at every number of connections, and its ratio to pgbench."""
    require_wrk()
    keys.load_or_create(bench.configuration.key_file)
    bench.prepare_pgbench()
    before = bench.pgbench_simple_update()
    issuer = an_issuer(customers=max(REQUESTS.values()))
    rates: dict[str, float] = {}
    workers = int(os.environ.get(WORKERS, "1"))
    settings = {"KAQUAN_KEY_RATE_PER_S": "1000000", "KAQUAN_KEY_CONCURRENCY": "100000"}
    with (
        tempfile.TemporaryDirectory() as folder,
        served(bench.configuration, workers=workers, **settings) as server,
    ):
        stand = Stand(report, bench, issuer, server, Path(folder))
        for name, scenario in SCENARIOS.items():
            rates |= scenario(stand, name)
        peaks = server.peak_memory_mb()
    report("http server: biggest process, peak memory", peaks[0], "MB", f"≤ {MEMORY_BAR_MB}")
    report("http server: all processes, sum of peaks", sum(peaks), "MB")
    peer = (before + bench.pgbench_simple_update()) / 2
    report("pgbench simple-update beside http, 64 clients, prepared", peer, "transactions/s")
    report("pgbench beside http, half of its rate: p99", bench.pgbench_p99_ms(peer / 2), "ms")
    report("the machine's longest pause, idle", longest_pause_ms(), "ms")
    for name, rate in rates.items():
        barred = name in (f"{one}, {BARRED} connections" for one in ("redeem", "claim"))
        report(f"{name} / pgbench", rate / peer, "×", "≥ 1×, hoped 1.5×" if barred else "")


def _redeem(stand: Stand, name: str) -> dict[str, float]:
    """Distinct untouched vouchers, each on an order of three lines."""
    batch = stand.issuer.batch(sum(REQUESTS.values()) + HALF_REQUESTS, by_code=True)
    with stand.bench.connect() as connection:
        codes = codes_of(connection, batch)
        return _levels(
            stand,
            name,
            "/api/v1/redemptions",
            lambda number, level: _redemptions(stand.issuer, islice(codes, number), level),
        )


def _claim(stand: Stand, name: str) -> dict[str, float]:
    """Customers take vouchers of one hot batch, each at most one."""
    batches = {
        level: stand.issuer.batch(number, by_code=False, one_a_customer=True).id
        for level, number in (REQUESTS | {HALF: HALF_REQUESTS}).items()
    }

    def bodies(number: int, level: int) -> Iterator[tuple[bytes, str | None]]:
        for customer in stand.issuer.customers[:number]:
            body = {"batch_id": batches[level], "customer": customer, "channel": "app"}
            yield _json(body), f"claim-{level}-{customer}"

    return _levels(stand, name, "/api/v1/claims", bodies)


def _validate(stand: Stand, name: str) -> dict[str, float]:
    """A cart of five lines with one voucher; nothing is booked."""
    batch = stand.issuer.batch(max(REQUESTS.values()), by_code=True)

    def bodies(number: int, level: int) -> Iterator[tuple[bytes, str | None]]:
        with stand.bench.connect() as connection:
            codes = list(islice(codes_of(connection, batch), number))
        for body, _ in _redemptions(stand.issuer, codes, level, lines=5):
            yield body, None

    return _levels(stand, name, "/api/v1/validations", bodies)


def _command(stand: Stand, name: str) -> dict[str, float]:
    """Calls of a thousand redemptions each."""
    batch = stand.issuer.batch(COMMANDS * sum(BATCHES_OF_COMMANDS.values()), by_code=True)
    rates = {}
    with stand.bench.connect() as connection:
        codes = codes_of(connection, batch)
        for level, number in BATCHES_OF_COMMANDS.items():
            bodies = [
                (_commands(stand.issuer, islice(codes, COMMANDS), level), f"many-{level}-{one}")
                for one in range(number)
            ]
            load = stand.load("/api/v1/commands", bodies, level)
            what = f"{name}, {level} connections"
            _tell(stand.report, what, load, "calls/s")
            rates[what] = COMMANDS * load.per_second
            stand.report(f"{what}: commands", rates[what], "commands/s")
    return rates


SCENARIOS: dict[str, Callable[[Stand, str], dict[str, float]]] = {
    "redeem": _redeem,
    "claim": _claim,
    "validate five lines": _validate,
    "1,000 commands a call": _command,
}


def _levels(
    stand: Stand,
    name: str,
    path: str,
    bodies: Callable[[int, int], Iterator[tuple[bytes, str | None]]],
) -> dict[str, float]:
    """One scenario at every number of connections, and at half of the best rate; its rates."""
    rates = {}
    for level, number in REQUESTS.items():
        load = stand.load(path, bodies(number, level), level)
        what = f"{name}, {level} connections"
        _tell(stand.report, what, load, "requests/s")
        rates[what] = load.per_second
    half = max(rates.values()) / 2
    load = stand.load(path, bodies(HALF_REQUESTS, HALF), BARRED, per_second=half)
    _tell(stand.report, f"{name}, half of the peak", load, "requests/s", barred=True)
    return rates


def _tell(report: Report, what: str, load: Load, unit: str, *, barred: bool = False) -> None:
    if load.failed:  # shown, not counted, and no reason to lose the other figures
        report(f"{what}: refused, broken or late", load.failed, "requests", "0")
    report(what, load.per_second, unit)
    report(f"{what}: p50", load.p50_us / 1e3, "ms")
    report(f"{what}: p99", load.p99_us / 1e3, "ms", "≤ 25, hoped 10" if barred else "")


def _redemptions(
    issuer: Issuer, codes: Iterable[str], level: int, *, lines: int = 3
) -> Iterator[tuple[bytes, str | None]]:
    chance = random.Random(level)
    for number, code in enumerate(codes):
        body = {"vouchers": [{"code": code}], **_where(issuer, number, lines, chance)}
        yield _json(body), f"till-{level}-{number}"


def _commands(issuer: Issuer, codes: Iterable[str], level: int) -> bytes:
    chance = random.Random(level)
    return _json(
        {
            "commands": [
                {"do": "redeem", "vouchers": [{"code": code}], **_where(issuer, number, 3, chance)}
                for number, code in enumerate(codes)
            ]
        }
    )


def _where(issuer: Issuer, number: int, lines: int, chance: random.Random) -> dict[str, object]:
    """An order at one of the stores."""
    named = [
        {
            "line_id": str(line),
            "sku": f"sku{chance.randrange(5_000)}",
            "quantity": 1,
            "amount_fen": 10_500 // lines + chance.randrange(9_000),
        }
        for line in range(1, lines + 1)
    ]
    order = {"order_no": f"NO{number:08}", "lines": named}
    return {"store": issuer.stores[number % len(issuer.stores)], "order": order}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
