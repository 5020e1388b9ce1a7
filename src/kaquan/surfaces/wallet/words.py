"""Three languages: 简体 and English are written, 繁體 is 简体 converted character by character.

The table in ``data/hant.txt`` is OpenCC's (Apache-2.0). It knows no words, so a rare character
with two forms may come out as the other one; see docs/decisions/0037.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from django.http import HttpRequest
from msgspec import Struct

from kaquan.engine.rules.explain import Language
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.models import Store

LANGUAGES = {"zh-hans": "简体", "zh-hant": "繁體", "en": "English"}
LOOK_COOKIE = "kaquan_wallet_look"
LARGE = "large"


class Look(Struct, frozen=True):
    """How somebody wants to read."""

    language: str = "zh-hans"
    large: bool = False

    def say(self, zh: str, en: str) -> str:
        """The text in this language."""
        if self.language == "en":
            return en
        return in_traditional(zh) if self.language == "zh-hant" else zh

    def issuers(self, zh: str) -> str:
        """A text of the issuer's, which stands in one language."""
        return in_traditional(zh) if self.language == "zh-hant" else zh

    def error(self, error: KaquanError) -> str:
        """An error in this language."""
        return self.say(error.zh, error.en)

    @property
    def terms_language(self) -> Language:
        """That in which terms are explained."""
        return "en" if self.language == "en" else "zh"

    @property
    def cookie(self) -> str:
        """As the browser keeps it."""
        return f"{self.language}.{LARGE}" if self.large else self.language


def look_of(request: HttpRequest) -> Look:
    """What the browser was told before, else what it asks for."""
    language, _dot, size = request.COOKIES.get(LOOK_COOKIE, "").partition(".")
    if language in LANGUAGES:
        return Look(language, size == LARGE)
    return Look(_asked(request.headers.get("accept-language", "")))


def _asked(header: str) -> str:
    first = header.split(",", maxsplit=1)[0].split(";", maxsplit=1)[0].strip().lower()
    if first.startswith(("zh-hant", "zh-tw", "zh-hk", "zh-mo")):
        return "zh-hant"
    return "en" if first.startswith("en") else "zh-hans"


def place_of(store: Store) -> str:
    """Where a store is, as an address: what the address itself says is not said again."""
    words = store.address
    for part in (store.district, store.city, store.province):
        if part and part not in words:
            words = f"{part}{words}"
    return words


def in_traditional(text: str) -> str:
    """The text in traditional characters."""
    return text.translate(_table())


@cache
def _table() -> dict[int, int]:
    kept = files("kaquan.surfaces.wallet").joinpath("data", "hant.txt").read_text(encoding="utf-8")
    simplified, traditional = kept.splitlines()
    return dict(zip(map(ord, simplified), map(ord, traditional), strict=True))
