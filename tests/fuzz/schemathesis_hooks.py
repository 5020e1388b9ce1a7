"""What schemathesis, in its own process, is told about us: whose keys, what to look at, what to
spare.

It knows nothing of Kaquan but what stands in the folder that ``KAQUAN_FUZZ_FOLDER`` names, and
leaves there how many answers had which status.
"""

from __future__ import annotations

import atexit
import json
import os
import zlib
from collections import Counter
from itertools import count, cycle
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis import AuthContext, Case, CheckContext, GenerationMode, HookContext, Response

FOLDER = Path(os.environ["KAQUAN_FUZZ_FOLDER"])
COVERAGE_SHARE = float(os.environ["KAQUAN_FUZZ_COVERAGE_SHARE"])
KEY_LENGTH_KEPT = 200
#: A file of a batch's codes has a line for each: of a batch of a billion it would fill the disk.
QUANTITY_MAX = 1_000

world: dict[str, Any] = json.loads((FOLDER / "world.json").read_text(encoding="utf-8"))
statuses: Counter[str] = Counter()
_api_keys = cycle(world["keys"])
_requests = count(1)


@schemathesis.auth(refresh_interval=None)
class ApiKeys:
    """Keys of one client, by turns: each may call only so often."""

    def get(self, case: Case, context: AuthContext) -> str:  # noqa: ARG002  # its protocol
        """The next key."""
        return str(next(_api_keys))

    def set(self, case: Case, data: str, context: AuthContext) -> None:  # noqa: ARG002
        """Put it into the request."""
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def filter_case(context: HookContext, case: Case) -> bool:
    """Of the cases by design keep a share, always the same one."""
    if COVERAGE_SHARE >= 1 or case.meta is None or case.meta.phase.name.value != "coverage":
        return True
    content = repr((case.method, case.path, case.path_parameters, case.query, case.body))
    return zlib.crc32(content.encode(errors="replace")) < COVERAGE_SHARE * 2**32


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Give each request a name of its own, and spare what the run itself stands on."""
    key = case.headers.get("Idempotency-Key")
    if isinstance(key, str) and key and key.isascii() and key.isprintable() and " " not in key:
        # Generated ones repeat, and most calls would be refused for that.
        case.headers["Idempotency-Key"] = f"{key[:KEY_LENGTH_KEPT]}-{next(_requests)}"
    names = case.path_parameters
    if case.method != "GET" and str(names.get("client_id")) in world["spared"]["client_id"]:
        names["client_id"] = world["names"]["client_id"][0]
    if case.method != "GET" and str(names.get("key_id")) in world["spared"]["key_id"]:
        names["key_id"] = world["names"]["key_id"][0]
    if case.path.endswith(("/batches", "/mint")) and isinstance(case.body, dict):
        quantity = case.body.get("quantity")
        if isinstance(quantity, int) and quantity > QUANTITY_MAX:
            case.body["quantity"] = quantity % QUANTITY_MAX + 1
    if case.path.endswith("/code-file"):
        names["batch_id"] = world["names"]["batch_id"][0]


@schemathesis.hook
def after_call(context: HookContext, case: Case, response: Response) -> None:
    """Count the answers."""
    statuses[str(response.status_code)] += 1


@schemathesis.check
def refusals_are_problem_documents(
    context: CheckContext, response: Response, case: Case
) -> bool | None:
    """Every refusal is one, whatever the description says."""
    if response.status_code >= 400:
        (media_type,) = response.headers["content-type"]
        assert media_type == "application/problem+json", media_type
        assert response.json()["status"] == response.status_code
    return None


@schemathesis.check
def malformed_commands_are_refused_one_by_one(
    context: CheckContext, response: Response, case: Case
) -> bool | None:
    """Where a list of commands has something wrong in it, one of its answers says so."""
    if case.operation.path.endswith("/commands") and response.status_code == 200:
        mode = case.meta.generation.mode if case.meta else GenerationMode.POSITIVE
        codes = [outcome["code"] for outcome in response.json()["outcomes"]]
        if mode is GenerationMode.NEGATIVE:
            assert "malformed_request" in codes, codes
    return None


@atexit.register
def _keep_statuses() -> None:
    (FOLDER / "statuses.json").write_text(json.dumps(statuses), encoding="utf-8")
