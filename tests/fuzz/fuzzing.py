"""Runs schemathesis, a program of its own, against a running server, and reads what it found.

It asks each operation of the served description for what is right, for what is nearly right and for
what is wrong, then for sequences along the description's links. Values that stand for something are
mostly names of what is there (see `world`), so that not every answer is 404.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KNOWN_NAME_CHANCE = 0.8
RUN_S = 3_600
MADE_WITHIN_S = 120
EVERY_PHASE = ("examples", "coverage", "fuzzing", "stateful")

#: 400, 409 and 422 for what is right by its form: rules of the business are no part of a schema.
#: 401 and 403 are not among them, for the keys may do everything.
ACCEPTED = ["2xx", "400", "404", "409", "422"]
#: As it is by default, but for refusals of the media type.
REFUSED = ["400", "401", "403", "404", "405", "409", "413", "415", "422"]
#: Whatever bytes there are, they are some text of the type CSV.
OF_ANY_TEXT = ("upload_pool_file", "assign_to_list")
#: A list is answered command by command; `schemathesis_hooks` looks at each of its answers.
ANSWERED_ONE_BY_ONE = ("command",)


@dataclass(frozen=True)
class Fuzzed:
    """What a run did, and what it found; `text` is for people."""

    requests: int
    operations: int
    untested: int
    failures: Sequence[str]
    statuses: Mapping[str, int]
    text: str


def fuzz(
    *,
    port: int,
    world: Mapping[str, Any],
    folder: Path,
    phases: Sequence[str],
    examples: int,
    sequences: int,
    coverage_share: float = 1.0,
    seed: int | None = None,
) -> Fuzzed:
    """Ask for everything that the description at this port tells of.

    `examples` for each operation by chance, `sequences` along links; of the cases by design
    ("coverage") a share, chosen by their content. Without a seed it is always the same run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    address = f"http://127.0.0.1:{port}/api/v1/openapi.json"
    # The server makes it when first asked, on a busy machine for longer than the fuzzer waits.
    urllib.request.urlopen(address, timeout=MADE_WITHIN_S).close()
    (folder / "world.json").write_text(json.dumps(world), encoding="utf-8")
    configuration = folder / "schemathesis.toml"
    configuration.write_text(
        "\n".join(_settings(world["names"], examples, sequences, seed)), encoding="utf-8"
    )
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", configuration, "run"),
            address,
            *("--phases", ",".join(phases)),
            *("--report", "json", "--report-json-path", folder / "report.json"),
        ],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.fuzz.schemathesis_hooks",
            "KAQUAN_FUZZ_FOLDER": str(folder),
            "KAQUAN_FUZZ_COVERAGE_SHARE": str(coverage_share),
            "NO_COLOR": "1",
        },
        capture_output=True,
        encoding="utf-8",
        timeout=RUN_S,
        check=False,
    )
    return _read(folder, done.stdout + done.stderr)


def _read(folder: Path, text: str) -> Fuzzed:
    path = folder / "report.json"
    assert path.exists(), text
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["complete"], text
    found = [
        f"{failure['title']}: {operation}"
        for failure in report["failures"]
        for operation in failure["operations"]
    ]
    found += [str(error) for error in report["errors"]]
    return Fuzzed(
        requests=report["test_cases"]["generated"],
        operations=report["operations"]["tested"],
        untested=report["operations"]["total"] - report["operations"]["tested"],
        failures=found,
        statuses=json.loads((folder / "statuses.json").read_text(encoding="utf-8")),
        text=text,
    )


def _settings(
    names: Mapping[str, Sequence[Any]], examples: int, sequences: int, seed: int | None
) -> list[str]:
    lines = [
        "generation.deterministic = true" if seed is None else f"seed = {seed}",
        "continue-on-failure = true",
        "cache.enabled = false",
        'generation.database = "none"',
        "generation.no-shrink = true",
        f"generation.max-examples = {examples}",
        "generation.with-security-parameters = false",
        f"phases.stateful.generation.max-examples = {max(1, sequences)}",
        "phases.stateful.max-steps = 8",
        "output.sanitization.enabled = true",
        "output.truncation.max-payload-size = 4000",
        f"checks.positive_data_acceptance.expected-statuses = {json.dumps(ACCEPTED)}",
        f"checks.negative_data_rejection.expected-statuses = {json.dumps(REFUSED)}",
        *(f"dictionaries.{name}.values = {json.dumps(names[name])}" for name in names),
        "[parameters]",
        *(
            f'"{place}.{name}" = {{ dictionary = "{name}", probability = {KNOWN_NAME_CHANCE} }}'
            for name in names
            for place in ("path", "query", "body")
        ),
    ]
    for operation in (*OF_ANY_TEXT, *ANSWERED_ONE_BY_ONE):
        statuses = json.dumps([*REFUSED, "2xx"])
        lines += [
            "[[operations]]",
            f'include-operation-id = "{operation}"',
            f"checks.negative_data_rejection.expected-statuses = {statuses}",
        ]
    return lines
