"""Every problem that the API can answer with: ``GET /api/v1/problems`` and one page for each."""

from __future__ import annotations

from functools import cache

import msgspec
from msgspec import Struct

from kaquan.access import errors as access
from kaquan.customers.errors import customer_unknown
from kaquan.engine.outcome_details import DETAILS, Language
from kaquan.engine.outcomes import OutcomeCode
from kaquan.organisations.errors import (
    organisation_unknown,
    store_not_open,
    terminal_blocked,
    terminal_of_other_store,
    terminal_unknown,
)
from kaquan.surfaces.gateway.managed_problems import MANAGED
from kaquan.surfaces.http.problem_codes import CALL_PROBLEMS, OUTCOME_STATUS, error_status
from kaquan.surfaces.http.problems import CATALOGUE

#: Why callers are not let in, or not now.
CALL_REFUSALS = (
    access.KEY_MISSING,
    access.KEY_INVALID,
    access.KEY_OF_OTHER_MODE,
    access.SOURCE_NOT_ALLOWED,
    access.SIGNATURE_MISSING,
    access.SIGNATURE_INVALID,
    access.SIGNATURE_TOO_OLD,
    access.SIGNATURE_REPEATED,
    access.TOO_MANY_AT_ONCE,
    access.OBJECT_BUSY,
    access.too_many_requests(1),
    access.too_many_wrong_codes(1),
)
#: What the facts of a visit may be wrong about.
STORE_ERRORS = (
    organisation_unknown("S001"),
    store_not_open("S001"),
    terminal_unknown("T001"),
    terminal_of_other_store("T001", "S001"),
    terminal_blocked("T001"),
    customer_unknown("M0001"),
    access.value_invalid(
        "一个值不能接受；请按说明更正。", "A value cannot be accepted; correct it as the text says."
    ),
)


class KnownProblem(Struct, frozen=True):
    """A problem in general: what it means, what would help, and whether to try again."""

    code: str
    status: int
    retryable: bool
    text: str
    remedy: str
    type: str


@cache
def known_problems(language: Language) -> dict[str, KnownProblem]:
    """All problems by code: those of calls, then those of the ledger by precedence."""
    english = language == "en"
    found = {
        code: KnownProblem(
            code,
            known.status,
            known.retryable,
            known.en if english else known.zh,
            "",
            f"{CATALOGUE}/{code}",
        )
        for code, known in CALL_PROBLEMS.items()
    }
    for refusal in CALL_REFUSALS:
        text = refusal.en if english else refusal.zh
        found[refusal.code] = KnownProblem(
            refusal.code,
            refusal.status,
            refusal.retry_after_s > 0,
            text.rstrip("。."),
            "",
            f"{CATALOGUE}/{refusal.code}",
        )
    for error in (*STORE_ERRORS, *MANAGED):
        found[error.code] = KnownProblem(
            error.code,
            error_status(error.code),
            False,
            (error.en if english else error.zh).partition("\n")[0].rstrip("。.：:"),
            "",
            f"{CATALOGUE}/{error.code}",
        )
    for outcome, detail in DETAILS.items():
        if outcome is not OutcomeCode.DONE:
            code = outcome.name.lower()
            found[code] = KnownProblem(
                code,
                OUTCOME_STATUS[outcome],
                detail.retryable,
                detail.en if english else detail.zh,
                detail.remedy_en if english else detail.remedy_zh,
                f"{CATALOGUE}/{code}",
            )
    return found


@cache
def _whole(language: Language) -> bytes:
    return msgspec.json.encode({"items": list(known_problems(language).values())})


def catalogue_answer(path: str, language: Language) -> bytes | None:
    """The catalogue, or one problem of it; None where there is no such problem."""
    code = path.removeprefix(CATALOGUE).removeprefix("/")
    if not code:
        return _whole(language)
    problem = known_problems(language).get(code)
    return None if problem is None else msgspec.json.encode(problem)
