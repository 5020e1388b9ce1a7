"""Terms in words, Chinese and English: what an operator approves, what is printed as 使用规则."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from kaquan.engine.rules.terms import Terms
from kaquan.engine.rules.wording import Names, Sentence
from kaquan.engine.rules.wording_en import english
from kaquan.engine.rules.wording_zh import chinese

Language = Literal["zh", "en"]

_TITLES = {"zh": "使用规则", "en": "Terms of use"}
_NO_NAMES: Mapping[str, str] = {}


def explain(
    terms: Terms, language: Language, names: Mapping[str, str] = _NO_NAMES
) -> list[Sentence]:
    """Every rule of the terms as a sentence, most important first.

    ``names`` gives words for what terms know only by key: ``organisation:12``, ``sku:A1``,
    ``category:tea``, ``channel:pos``, ``terminal:kiosk``, ``tag:vip``, ``class:b``, ``funder:3``.
    """
    return (chinese if language == "zh" else english)(terms, Names(names))


def printed_terms(terms: Terms, language: Language, names: Mapping[str, str] = _NO_NAMES) -> str:
    """The terms as printed for the holder: a title and numbered sentences, one a line."""
    printed = [one.text for one in explain(terms, language, names) if one.printed]
    lines = [f"{number}. {text}" for number, text in enumerate(printed, 1)]
    return "\n".join([_TITLES[language], *lines])
