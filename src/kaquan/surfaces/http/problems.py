"""Problem documents (RFC 9457): every answer that is not what was asked for, in one shape."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

import msgspec
from msgspec import UNSET, Struct, UnsetType

from kaquan.engine.outcome_details import DETAILS, Language, public_code, remedy, sentence
from kaquan.engine.outcomes import Data, Outcome, OutcomeCode
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.masking import masked
from kaquan.surfaces.http.problem_codes import (
    CALL_PROBLEMS,
    OUTCOME_STATUS,
    RETRY_AFTER_S,
    error_status,
)

CATALOGUE = "/api/v1/problems"
MEDIA_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="kaquan"'

_encoder = msgspec.json.Encoder()


class Problem(Struct, frozen=True, kw_only=True, gc=False):
    """A problem document. ``code`` is stable; ``detail`` is one whole sentence for people.

    ``retryable``: whether the very same request may succeed later. ``remedy`` says what would help
    if that can be told, else it is empty; ``data`` are the numbers behind it.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    remedy: str = ""
    data: Data = {}
    retry_after_s: int | UnsetType = UNSET

    def encoded(self) -> bytes:
        """The document as JSON."""
        return _encoder.encode(self)

    def headers(self) -> list[tuple[str, str]]:
        """The headers that such an answer has besides its length."""
        headers = [("content-type", MEDIA_TYPE)]
        if self.status == 401:
            headers.append(("www-authenticate", CHALLENGE))
        if isinstance(self.retry_after_s, int):
            headers.append(("retry-after", str(self.retry_after_s)))
        return headers


class Refused(Protocol):
    """Why a caller is not let in (`kaquan.access.callers.CallRefusal`)."""

    @property
    def code(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def zh(self) -> str: ...
    @property
    def en(self) -> str: ...
    @property
    def retry_after_s(self) -> int: ...


def outcome_problem(outcome: Outcome, language: Language, *, public: bool = False) -> Problem:
    """The document of a refusal of the ledger.

    ``public``: for a stranger who may only hold a code; all that is no good looks alike then, and
    there are no data.
    """
    assert not outcome.done, outcome
    code, data = outcome.code, outcome.data
    if public and code is not OutcomeCode.MALFORMED_COMMAND:
        code, data = public_code(code), {}
    if not data:
        return _plain_outcome(code, language)
    return _outcome(code, data, language)


def error_problem(error: KaquanError, language: Language) -> Problem:
    """The document of an error that an action raised; it may name what was asked for."""
    text = masked(error.zh if language == "zh" else error.en)
    return Problem(
        type=f"{CATALOGUE}/{error.code}",
        title=_title(text, language),
        status=error_status(error.code),
        detail=text,
        code=error.code,
        retryable=False,
    )


def refusal_problem(refusal: Refused, language: Language) -> Problem:
    """The document for a caller who is not let in, or not now."""
    text = refusal.zh if language == "zh" else refusal.en
    waits = refusal.retry_after_s or (RETRY_AFTER_S if refusal.status in (429, 503) else 0)
    return Problem(
        type=f"{CATALOGUE}/{refusal.code}",
        title=_title(text, language),
        status=refusal.status,
        detail=text,
        code=refusal.code,
        retryable=waits > 0,
        retry_after_s=waits or UNSET,
    )


def call_problem(
    code: str, language: Language, data: Data | None = None, *, remedy: str = ""
) -> Problem:
    """The document of one of ``CALL_PROBLEMS``, with what is known about it."""
    known = CALL_PROBLEMS[code]
    text = known.zh if language == "zh" else known.en
    remedy = masked(remedy)
    filled = f"（{remedy}）" if language == "zh" else f" ({remedy})"
    detail = text + (filled if remedy else "")
    return Problem(
        type=f"{CATALOGUE}/{code}",
        title=_title(text, language),
        status=known.status,
        detail=detail + ("。" if language == "zh" else "."),
        code=code,
        retryable=known.retryable,
        remedy=remedy,
        data={name: _masked(value) for name, value in data.items()} if data else {},
        retry_after_s=RETRY_AFTER_S if known.status in (429, 503) else UNSET,
    )


def _masked(value: Any) -> Any:
    """What a request calls its fields may be anything."""
    if isinstance(value, list):
        return [_masked(part) for part in value]
    return masked(value) if isinstance(value, str) else value


@lru_cache(maxsize=4 * len(OutcomeCode))
def _plain_outcome(code: OutcomeCode, language: Language) -> Problem:
    return _outcome(code, {}, language)


def _outcome(code: OutcomeCode, data: Mapping[str, object], language: Language) -> Problem:
    detail, status, name = DETAILS[code], OUTCOME_STATUS[code], code.name.lower()
    return Problem(
        type=f"{CATALOGUE}/{name}",
        title=_title(detail.zh if language == "zh" else detail.en, language),
        status=status,
        detail=sentence(code, data, language),
        code=name,
        retryable=detail.retryable,
        remedy=remedy(code, data, language),
        data=data,  # type: ignore[arg-type]  # read only from here on
        retry_after_s=RETRY_AFTER_S if status == 503 else UNSET,
    )


def _title(text: str, language: Language) -> str:
    """What is wrong, without what to do about it."""
    separators = "，；。" if language == "zh" else ":;."
    ends = [position for one in separators if (position := text.find(one)) > 0]
    return text[: min(ends)] if ends else text
