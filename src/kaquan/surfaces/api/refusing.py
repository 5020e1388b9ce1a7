"""From what goes wrong to the answer that says so, in the caller's language."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from msgspec import structs

from kaquan.engine.outcome_details import Language
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.refusals import RefusedError
from kaquan.surfaces.http.fault_words import fault_words, named_fault
from kaquan.surfaces.http.language import preferred_language
from kaquan.surfaces.http.problem_codes import CALL_PROBLEMS, OUTCOME_STATUS
from kaquan.surfaces.http.problems import (
    Problem,
    Refused,
    call_problem,
    error_problem,
    outcome_problem,
    refusal_problem,
)

FAULTS_MAX = 20
OUTCOMES = {code.name.lower(): code for code in OutcomeCode}
_UNSURE = (OutcomeCode.BUSY, OutcomeCode.UNAVAILABLE)

log = logging.getLogger(__name__)


class CallRefusedError(Exception):
    """The call ends with one of ``CALL_PROBLEMS``; ``remedy`` names the fault."""

    def __init__(
        self,
        code: str,
        *,
        remedy: str = "",
        data: Mapping[str, Any] | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(code)
        self.code = code
        self.remedy = remedy
        self.data = dict(data or {})
        self.headers = headers


class CallerRefusedError(Exception):
    """The caller is not let in, or not now."""

    def __init__(self, refusal: Refused, headers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.headers = headers


class OutcomeRefusedError(Exception):
    """The ledger refused; its outcome is the answer."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code.name)
        self.outcome = outcome


def raise_unless_done(outcome: Outcome) -> Outcome:
    """The outcome of what happened; raises `OutcomeRefusedError` for a refusal."""
    if not outcome.done:
        raise OutcomeRefusedError(outcome)
    return outcome


def language_of(request: HttpRequest) -> Language:
    """Which language the caller reads."""
    return preferred_language(request.headers.get("accept-language"))


def problem_of(error: Exception, language: Language) -> Problem | None:
    """The document for an error that is an answer; None for any other."""
    match error:
        case CallRefusedError():
            remedy = fault_words(error.remedy, language)
            return call_problem(error.code, language, error.data, remedy=remedy)
        case CallerRefusedError():
            return refusal_problem(error.refusal, language)
        case OutcomeRefusedError() | RefusedError():
            return outcome_problem(error.outcome, language)
        case KaquanError():
            return _of_kaquan_error(error, language)
    return None


def is_final(error: Exception) -> bool:
    """Whether the same request would be answered the same for ever: what the action decided.

    What is asked of the caller first (a permission), and what may pass, is decided anew.
    """
    match error:
        case OutcomeRefusedError() | RefusedError():
            return error.outcome.code not in _UNSURE
        case KaquanError():
            return error.code != "permission_denied" and OUTCOMES.get(error.code) not in _UNSURE
    return False


def problem_response(problem: Problem) -> HttpResponse:
    """The document as an answer."""
    response = HttpResponse(problem.encoded(), status=problem.status)
    for name, value in problem.headers():
        response.headers[name] = value
    return response


def validation_problem(faults: Sequence[Mapping[str, Any]], language: Language) -> Problem:
    """The document for content that is not as described: which fields, and what was expected.

    What was sent is not repeated: it may be personal.
    """
    told = [_field(fault["loc"]) for fault in faults[:FAULTS_MAX]]
    named = [
        named_fault(_field(fault["loc"]), _expected(fault), language)
        for fault in faults[:FAULTS_MAX]
    ]
    remedy = ("；" if language == "zh" else "; ").join(named)
    return call_problem("malformed_request", language, {"fields": told}, remedy=remedy)


def _of_kaquan_error(error: KaquanError, language: Language) -> Problem:
    if error.code in CALL_PROBLEMS:
        return call_problem(error.code, language)
    problem = error_problem(error, language)
    outcome = OUTCOMES.get(error.code)
    if outcome is None:
        return problem
    return structs.replace(
        problem,
        status=OUTCOME_STATUS[outcome],
        retryable=outcome in _UNSURE,
        **({"retry_after_s": 1} if OUTCOME_STATUS[outcome] == 503 else {}),
    )


def _field(where: Sequence[object]) -> str:
    """``("body", "body", "lines", 0, "sku")`` reads ``lines.0.sku``."""
    names = [str(part) for part in where]
    while len(names) > 1 and names[0] in ("body", "query", "path", "header", "page", "filters"):
        names = names[1:]
    return ".".join(names)


def _expected(fault: Mapping[str, Any]) -> str:
    message = str(fault["msg"])
    return message.removeprefix("Value error, ")[:200]
