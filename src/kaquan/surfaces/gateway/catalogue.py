"""Every problem that the API can answer with: ``GET /api/v1/problems`` and one page for each."""

from __future__ import annotations

from functools import cache

import msgspec
from msgspec import Struct

from kaquan.engine.outcome_details import DETAILS, Language
from kaquan.engine.outcomes import OutcomeCode
from kaquan.surfaces.http.problem_codes import CALL_PROBLEMS, OUTCOME_STATUS
from kaquan.surfaces.http.problems import CATALOGUE


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
