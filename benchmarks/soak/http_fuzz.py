"""Everything that the served description tells of, asked for at length, each time differently."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.progress import track

from benchmarks.server import Bench
from benchmarks.soak.verdict import Verdict
from tests.builders.books import faults
from tests.fuzz.fuzzing import EVERY_PHASE, fuzz

#: Webhooks may go to this machine alone, where nobody listens.
SETTINGS = {"KAQUAN_WEBHOOK_PRIVATE_TARGETS": "127.0.0.0/8"}


def run(
    verdict: Verdict,
    bench: Bench,
    *,
    rounds: int,
    examples: int,
    sequences: int,
    phases: Sequence[str] = EVERY_PHASE,
    seed_first: int | None = None,
) -> None:
    """So many rounds of requests by design, by chance and in sequences, each of a new seed.

    With ``seed_first`` the rounds are always the same ones.
    """
    from tests.fuzz.world import an_issuer  # it needs Django, which the bench has set up
    from tests.gateway.site import end_server, start_server

    statuses: Counter[str] = Counter()
    failures = untested = 0
    server, port = start_server(bench.configuration, **SETTINGS)
    try:
        with TemporaryDirectory(prefix="kaquan-soak-") as folder:
            for number in track(range(rounds), "http-fuzz", console=verdict.console):
                seed = random.SystemRandom().randrange(1 << 32)
                if seed_first is not None:
                    seed = seed_first + number
                done = fuzz(
                    port=port,
                    world=an_issuer(),
                    folder=Path(folder) / str(number),
                    phases=phases,
                    examples=examples,
                    sequences=sequences,
                    seed=seed,
                )
                statuses.update(done.statuses)
                untested += done.untested
                failures += len(done.failures)
                if done.failures:
                    verdict.console.print(f"seed {seed}", done.text, markup=False)
    finally:
        end_server(server)
    verdict.note("requests answered", sum(statuses.values()))
    for status, count in sorted(statuses.items()):
        verdict.note(f"of them with status {status}", count)
    verdict.expect("operations left out", untested, 0)
    verdict.expect("answers that are not as described", failures, 0)
    verdict.expect("faults that the proof finds", len(faults(bench.connect)), 0)
