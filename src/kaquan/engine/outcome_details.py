"""What every answer says to people, in Chinese and English: what is wrong and what would help.

``sentence`` makes one text of a code and its data. Data fields that end in ``_fen`` are written as
yuan, moments and lists as people read them; a remedy whose fields are missing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from kaquan.engine.money import format_yuan
from kaquan.engine.outcome_texts import OPEN, OTHER_REMEDIES, RETRYABLE, TEXTS
from kaquan.engine.outcomes import OutcomeCode

Language = Literal["zh", "en"]


class OutcomeDetail(Struct, frozen=True):
    """An answer in words. ``precedence``: of several true reasons the lowest is told.

    ``remedy_zh`` and ``remedy_en`` say what would make it work; ``{fields}`` are filled from the
    data. ``retryable``: whether the very same request may succeed later. ``public``: what a
    stranger who merely holds a code is told instead.
    """

    precedence: int
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str
    retryable: bool
    public: OutcomeCode


DETAILS: dict[OutcomeCode, OutcomeDetail] = {
    code: OutcomeDetail(
        precedence=int(code),
        zh=text[0],
        en=text[1],
        remedy_zh=remedy[0],
        remedy_en=remedy[1],
        retryable=code in RETRYABLE,
        public=code if code in OPEN else OutcomeCode.VOUCHER_UNKNOWN,
    )
    for code, (text, remedy) in TEXTS.items()
}

#: Moments are told on the clock they come with. What ends at 0:00 is good until 23:59.
_MOMENTS = {
    "valid_from": timedelta(),
    "valid_until": timedelta(minutes=1),
    "next_opens_at": timedelta(),
}

_FIELD = re.compile(r"\{(\w+)\}")


def public_code(code: OutcomeCode) -> OutcomeCode:
    """What a stranger who holds a code is told: a code that is no good looks like any other."""
    return DETAILS[code].public


def sentence(code: OutcomeCode, data: Mapping[str, object], language: Language) -> str:
    """One sentence for people: what is wrong, and with the data's numbers what would help."""
    detail = DETAILS[code]
    text = detail.en if language == "en" else detail.zh
    helps = remedy(code, data, language)
    if helps:
        return f"{text}（{helps}）。" if language == "zh" else f"{text} ({helps})."
    return f"{text}。" if language == "zh" else f"{text}."


def remedy(code: OutcomeCode, data: Mapping[str, object], language: Language) -> str:
    """What would help, with the data's numbers; empty where they do not tell."""
    if not data:
        return ""
    detail = DETAILS[code]
    others = [pair[language == "en"] for pair in OTHER_REMEDIES.get(code, ())]
    for template in (detail.remedy_en if language == "en" else detail.remedy_zh, *others):
        fields = _FIELD.findall(template)
        if fields and all(field in data for field in fields):
            return _FIELD.sub(lambda match: _said(match[1], data[match[1]]), template)
    return ""


def _said(field: str, value: object) -> str:
    """A data field as people read it."""
    if field.endswith("_fen") and isinstance(value, int):
        return format_yuan(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if field in _MOMENTS:
        moment = datetime.fromisoformat(str(value)) - _MOMENTS[field]
        return moment.strftime("%Y-%m-%d %H:%M")
    return str(value)
