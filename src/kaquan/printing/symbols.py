"""QR codes, Code128 and EAN-13 as runs of dark modules, which a press prints in pure black.

zxing-cpp draws them. A picture would be printed in four colours on top of each other, blurred by
every misfit of the plates; lines of modules are drawn with one ink.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

import zxingcpp

#: Error correction: 30 % of a code's words may be wrong at H, 15 % at M (ISO/IEC 18004, table 8).
#: Of 20 symbols H makes 25 modules, as Q does; of a signed form 53, where M makes 41.
_QR_PLAIN: Final = {"ec_level": "H"}
_QR_LONG: Final = {"ec_level": "M"}
#: So many symbols fit 25 modules at H.
_PLAIN_SYMBOLS_MAX: Final = 20

Run = list[int]
"""Modules from the left: light ones first (perhaps 0), then dark and light ones in turn."""


def qr_rows(text: str) -> list[Run]:
    """The rows of a QR code, without its quiet zone of four modules; light modules at the end of a
    row are left out."""
    options = _QR_PLAIN if len(text) <= _PLAIN_SYMBOLS_MAX else _QR_LONG
    return [runs_of(row) for row in _dark(text, zxingcpp.BarcodeFormat.QRCode, **options)]


def code128_run(text: str) -> Run:
    """The bars of a Code128, without its quiet zones of ten modules."""
    return runs_of(_dark(text, zxingcpp.BarcodeFormat.Code128)[0])


def ean13_run(digits: str) -> Run:
    """The bars of an EAN-13, 95 modules, without its quiet zones of eleven and seven modules."""
    return runs_of(_dark(digits, zxingcpp.BarcodeFormat.EAN13)[0])


def ean13_fault(digits: str) -> bool:
    """Whether these are not thirteen digits of which the last proves the others (GS1 General
    Specifications, 7.9.1)."""
    if len(digits) != 13 or not (digits.isascii() and digits.isdigit()):
        return True
    weighted = sum(int(one) * (3 if place % 2 else 1) for place, one in enumerate(digits))
    return weighted % 10 != 0


def _dark(text: str, kind: zxingcpp.BarcodeFormat, **options: Any) -> list[list[bool]]:
    """Whether each module is dark, row by row."""
    image: Any = zxingcpp.create_barcode(text, kind, **options).to_image(
        scale=1, add_quiet_zones=False
    )
    rows: Any = memoryview(image).tolist()
    return [[grey < 128 for grey in row] for row in rows]


def runs_of(dark: list[bool]) -> Run:
    """Run lengths, light ones first; light modules at the end are left out."""
    runs = [(is_dark, len(list(group))) for is_dark, group in groupby(dark)]
    if runs and not runs[-1][0]:
        runs.pop()
    lengths = [length for _, length in runs]
    return lengths if runs and not runs[0][0] else [0, *lengths]
