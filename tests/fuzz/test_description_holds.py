"""The served description holds for whatever is asked: chance, design and sequences (schemathesis).

No 5xx, no status, type or shape of an answer that is not described; what is wrong is refused, what
is right is taken unless the business forbids it; what was created is there. `./dev soak http-fuzz`
asks for much more, each time for something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kaquan.foundation.configuration import Configuration
from kaquan.project.description import document
from kaquan.project.description_links import NAMED
from tests.builders.books import faults
from tests.database_cleaner import Cleaner
from tests.fuzz.fuzzing import Fuzzed, fuzz

if TYPE_CHECKING:
    from tests.gateway.site import Site

EXAMPLES = 3
SEQUENCES = 12
COVERAGE_SHARE = 0.1


@pytest.fixture(scope="module")
def site(migrated_database: Configuration, cleaner: Cleaner) -> Iterator[Site]:
    """``kaquan up`` with an issuer; webhooks may go to this machine alone, where nobody listens."""
    from tests.gateway.site import serving

    allowed = {"KAQUAN_WEBHOOK_PRIVATE_TARGETS": "127.0.0.0/8"}
    with serving(migrated_database, cleaner, **allowed) as started:
        yield started


@pytest.fixture(scope="module")
def fuzzed(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Fuzzed:
    """The same run for all tests, always of the same requests."""
    from tests.fuzz.world import an_issuer

    folder: Path = tmp_path_factory.mktemp("fuzz")
    return fuzz(
        port=site.port,
        world=an_issuer(),
        folder=folder,
        phases=("coverage", "fuzzing", "stateful"),
        examples=EXAMPLES,
        sequences=SEQUENCES,
        coverage_share=COVERAGE_SHARE,
    )


def test_every_answer_to_every_operation_is_as_described(fuzzed: Fuzzed) -> None:
    assert not fuzzed.failures, fuzzed.text
    assert fuzzed.untested == 0, fuzzed.text


def test_the_run_gets_past_the_door_and_finds_things(fuzzed: Fuzzed) -> None:
    statuses = fuzzed.statuses

    assert statuses.get("200", 0) > fuzzed.operations, statuses
    assert statuses.get("201", 0) > 10, statuses
    assert statuses.get("400", 0) > fuzzed.operations, statuses
    # What it needs is there, and no limit holds it up.
    assert statuses.get("404", 0) < fuzzed.requests / 3, statuses
    assert not {"401", "403", "429", "503"} & statuses.keys(), statuses


def test_the_books_prove_after_it(fuzzed: Fuzzed, site: Site) -> None:
    assert faults(site.connect) == []


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
