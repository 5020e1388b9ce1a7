"""Which of the two languages a caller reads."""

from __future__ import annotations

from functools import lru_cache

from kaquan.engine.outcome_details import Language

HEADER_MAX = 500


@lru_cache(maxsize=256)
def preferred_language(accept_language: str | None) -> Language:
    """Chinese, unless the ``Accept-Language`` header prefers English (RFC 9110, 12.5.4).

    A header that is none, or far too long, prefers nothing.
    """
    if not accept_language or len(accept_language) > HEADER_MAX:
        return "zh"
    best: dict[str, float] = {}
    for part in accept_language.split(","):
        name, _, parameters = part.strip().partition(";")
        tag = name.partition("-")[0].strip().lower()
        if tag in ("zh", "en"):
            best[tag] = max(best.get(tag, 0.0), _weight(parameters))
    return "en" if best.get("en", 0.0) > best.get("zh", 0.0) else "zh"


def _weight(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
