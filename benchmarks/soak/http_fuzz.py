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
from tests.fuzz.fuzzing import EVERY_PHASE, Fuzzed, fuzz

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
    coverage_share: float = 1.0,
    same: bool = False,
) -> list[Fuzzed]:
    """So many rounds of requests by design, by chance and in sequences, each of a new seed.

    With ``same`` they are the same requests each time.
    """
    from tests.fuzz.world import an_issuer  # it needs Django, which the bench has set up
    from tests.gateway.site import end_server, start_server

    found: list[Fuzzed] = []
    server, port = start_server(bench.configuration, **SETTINGS)
    try:
        with TemporaryDirectory(prefix="kaquan-soak-") as folder:
            for number in track(range(rounds), "http-fuzz", console=verdict.console):
                seed = None if same else random.SystemRandom().randrange(1 << 32)
                done = fuzz(
                    port=port,
                    world=an_issuer(),
                    folder=Path(folder) / str(number),
                    phases=phases,
                    examples=examples,
                    sequences=sequences,
                    coverage_share=coverage_share,
                    seed=seed,
                )
                found.append(done)
                if done.failures:
                    verdict.console.print(f"seed {seed}", done.text, markup=False)
    finally:
        end_server(server)
    statuses = sum((Counter(one.statuses) for one in found), Counter[str]())
    verdict.note("requests answered", sum(statuses.values()))
    for status, count in sorted(statuses.items()):
        verdict.note(f"of them with status {status}", count)
    verdict.expect("operations left out", sum(one.untested for one in found), 0)
    failures = sum(len(one.failures) for one in found)
    verdict.expect("answers that are not as described", failures, 0)
    verdict.expect("faults that the proof finds", len(faults(bench.connect)), 0)
    return found
