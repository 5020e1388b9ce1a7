"""How Chinese words are typed by those who look for them: by the first letters of their sounds."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

WORDS_KEPT = 50_000
#: Places that the library reads as other words.
_PLACES = {
    "朝阳": [["cháo"], ["yáng"]],
    "长治": [["cháng"], ["zhì"]],
    "单县": [["shàn"], ["xiàn"]],
}
_LETTERS = re.compile(r"[a-z0-9]{1,40}")


@lru_cache(WORDS_KEPT)
def initials(text: str) -> str:
    """``bjcyd`` for 北京朝阳店; letters and digits stand for themselves, the rest is left out.

    Words that are known are read as words: 重庆 is cq.
    """
    sounds = _library().lazy_pinyin(text, style=_library().Style.FIRST_LETTER)
    return "".join(_LETTERS.findall("".join(sounds).lower()))


@lru_cache(WORDS_KEPT)
def sounds(text: str) -> str:
    """``beijingchaoyangdian`` for 北京朝阳店."""
    return "".join(_LETTERS.findall("".join(_library().lazy_pinyin(text)).lower()))


def may_be_typed(words: str) -> bool:
    """Whether someone may mean sounds by these words: letters and digits, at least two of them."""
    return len(words) >= 2 and _LETTERS.fullmatch(words.lower()) is not None


@cache
def _library() -> Any:
    # Its dictionary takes a second and 60 MB: only whoever reads Chinese pays for it.
    library = import_module("pypinyin")
    library.load_phrases_dict(_PLACES)
    return library
