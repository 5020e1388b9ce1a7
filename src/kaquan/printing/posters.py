"""Posters to be scanned, as PDF with a font of their own: any printer prints them."""

from __future__ import annotations

import json
import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from msgspec import Struct, to_builtins

from kaquan.printing.sheets import INKS
from kaquan.printing.typesetting import typeset

_TEMPLATE: Final = "poster.typ"
_WORDS: Final = {"scan": "微信扫一扫领取", "scan_en": "Scan to claim"}
_HOME = files("kaquan.printing")


class Poster(Struct, frozen=True):
    """What stands on a page A4; ``symbol`` is what is scanned, an SVG drawing of ``address``."""

    title: str
    campaign: str
    address: str
    symbol: str
    brand: str = ""
    note: str = ""
    colour: str = "red"


def poster_pdf(poster: Poster) -> bytes:
    """The page, the same bytes for the same poster."""
    data = {**to_builtins(poster), "accent": INKS[poster.colour], "words": _WORDS}
    with tempfile.TemporaryDirectory(prefix="kaquan-poster-") as folder:
        root = Path(folder)
        (root / _TEMPLATE).write_text((_HOME / "typst" / _TEMPLATE).read_text("utf-8"), "utf-8")
        (root / "data.json").write_text(json.dumps(data, ensure_ascii=False), "utf-8")
        with as_file(_HOME / "fonts") as fonts:
            return typeset(root, _TEMPLATE, fonts)
