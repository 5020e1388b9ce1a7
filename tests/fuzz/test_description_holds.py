"""The served description holds for whatever is asked: chance, design and sequences (schemathesis).

No 5xx, no status, type or shape of an answer that is not described; what is wrong is refused, what
is right is taken unless the business forbids it; what was created is there. It is the part of the
soak: `./dev soak http-fuzz` asks for much more, each time for something else.
"""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import pytest
from django.db import connections
from rich.console import Console

from benchmarks.server import Bench
from benchmarks.soak import http_fuzz
from benchmarks.soak.verdict import Verdict
from kaquan.foundation.configuration import Configuration
from kaquan.project.description import document
from kaquan.project.description_links import NAMED
from tests.database_cleaner import Cleaner
from tests.fuzz.fuzzing import Fuzzed

EXAMPLES = 3
SEQUENCES = 12
COVERAGE_SHARE = 0.1


class Ran(NamedTuple):
    verdict: Verdict
    fuzzed: Fuzzed


@pytest.fixture(scope="module")
def ran(migrated_database: Configuration, cleaner: Cleaner) -> Ran:
    """The same run for all tests, always of the same requests."""
    cleaner.clean()
    verdict = Verdict(Console(file=io.StringIO()))
    verdict.begin("http-fuzz")
    (fuzzed,) = http_fuzz.run(
        verdict,
        Bench(migrated_database),
        rounds=1,
        phases=("coverage", "fuzzing", "stateful"),
        examples=EXAMPLES,
        sequences=SEQUENCES,
        coverage_share=COVERAGE_SHARE,
        same=True,
    )
    connections.close_all()
    return Ran(verdict, fuzzed)


def test_every_answer_to_every_operation_is_as_described(ran: Ran) -> None:
    fuzzed = ran.fuzzed

    assert not fuzzed.failures, fuzzed.text
    assert fuzzed.untested == 0, fuzzed.text


def test_the_run_gets_past_the_door_and_finds_things(ran: Ran) -> None:
    fuzzed, statuses = ran.fuzzed, ran.fuzzed.statuses

    assert statuses.get("200", 0) > fuzzed.operations, statuses
    assert statuses.get("201", 0) > 10, statuses
    assert statuses.get("400", 0) > fuzzed.operations, statuses
    # What it needs is there, and no limit holds it up.
    assert statuses.get("404", 0) < fuzzed.requests / 3, statuses
    assert not {"401", "403", "429", "503"} & statuses.keys(), statuses


def test_the_books_prove_after_it_and_the_soak_says_so(ran: Ran) -> None:
    found = {line.what: line.value for line in ran.verdict.lines}

    assert found["faults that the proof finds"] == 0
    assert found["requests answered"] == sum(ran.fuzzed.statuses.values()) > 0
    assert ran.verdict.holds


def test_links_lead_from_what_an_answer_has_to_what_a_path_needs() -> None:
    described = document()
    operations: dict[str, tuple[str, dict[str, Any]]] = {
        operation["operationId"]: (path, operation)
        for path, methods in described["paths"].items()
        for operation in methods.values()
    }
    reached: dict[str, set[str]] = {}
    for path, operation in operations.values():
        for answer in operation["responses"].values():
            for link in answer.get("links", {}).values():
                target, _ = operations[link["operationId"]]
                assert set(link["parameters"]) == names_in(target)
                assert names_in(path) >= {
                    value.rpartition(".")[2]
                    for value in link["parameters"].values()
                    if value.startswith("$request.path.")
                }
                reached.setdefault(link["operationId"], set()).update(link["parameters"])

    needing = {name for name, (path, _) in operations.items() if names_in(path)}
    assert needing == reached.keys()
    assert NAMED.keys() == {name for path, _ in operations.values() for name in names_in(path)}


def names_in(path: str) -> set[str]:
    """The parameters of a path."""
    return {part[1:-1] for part in path.split("/") if part.startswith("{")}
