"""Press-ready sheets: vouchers on PDF pages by typst, the same bytes for the same vouchers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final, NamedTuple

from kaquan.engine.codes import format_code
from kaquan.printing.layouts import BAR_HEIGHT_MM, PAPERS, TERMS_BETWEEN, Layout
from kaquan.printing.symbols import Run, code128_run, ean13_run, qr_rows
from kaquan.printing.typesetting import typeset

CODE128_MODULE_MM_MAX: Final = 0.25
#: The size that scanners at tills are made for (GS1 General Specifications, 5.2.1.2).
EAN13_MODULE_MM: Final = 0.33
QUIET_MODULES: Final = 10
SERIAL_DIGITS: Final = 12
PREVIEW_PPI: Final = 110
TITLE_PT: Final = (5.5, 11.0)
MM_PER_POINT: Final = 25.4 / 72
_EDGE_MM: Final = 6
_PANEL_MM: Final = 4
_BRAND_CHARACTER_MM: Final = 7 * MM_PER_POINT
#: Ink in per cent of cyan, magenta, yellow, black, no more than 300 together.
INKS: Final[dict[str, tuple[int, int, int, int]]] = {
    "red": (0, 95, 85, 5),
    "orange": (0, 65, 95, 0),
    "gold": (10, 30, 90, 15),
    "green": (80, 15, 90, 10),
    "teal": (85, 25, 40, 10),
    "blue": (95, 60, 0, 5),
    "purple": (65, 85, 0, 5),
    "black": (0, 0, 0, 90),
}
_FONTS = files("kaquan.printing") / "fonts"
_TEMPLATES = files("kaquan.printing") / "typst"


class Voucher(NamedTuple):
    """One voucher to print; ``code`` has 20 symbols without dashes, ``signed_code`` is its other
    form where the QR code is to hold that."""

    serial: int
    code: str
    signed_code: str = ""


class Face(NamedTuple):
    """What is the same on every voucher; ``image`` is a PNG or JPEG, empty for none."""

    layout: Layout
    terms: Sequence[str]
    image: bytes = b""


def sheets_pdf(face: Face, vouchers: Sequence[Voucher]) -> bytes:
    """The pages of some vouchers. Raises `TypesettingError` for an image that is none."""
    return _compiled("sheet.typ", _sheet_data(face, vouchers), face.image)


def preview_png(face: Face, vouchers: Sequence[Voucher]) -> bytes:
    """The pages as a picture for the screen, back below front; raises what `sheets_pdf` raises."""
    return _compiled("sheet.typ", _sheet_data(face, vouchers), face.image, PREVIEW_PPI)


def note_pdf(data: Mapping[str, Any]) -> bytes:
    """A delivery note."""
    return _compiled("note.typ", data, b"")


def _sheet_data(face: Face, vouchers: Sequence[Voucher]) -> dict[str, Any]:
    layout = face.layout
    page = PAPERS[layout.paper]
    cell = layout.cell
    printed = [_voucher_data(layout, one) for one in vouchers]
    room_mm = cell.width_mm - _EDGE_MM - (_PANEL_MM if layout.scratch else 0)
    side = max((len(one["qr"]) for one in printed), default=0) or 1
    return {
        "title": layout.title,
        "title_size": _title_size_pt(layout),
        "brand": layout.brand,
        "note": layout.note,
        "accent": INKS[layout.colour],
        "page": [page.width_mm, page.height_mm],
        "margin": layout.margin_mm,
        "cell": list(cell),
        "grid": list(layout.grid),
        "cut_marks": layout.cut_marks and layout.margin_mm > 0,
        "two_sided": layout.two_sided,
        "scratch": layout.scratch,
        "terms": list(face.terms),
        "terms_between": TERMS_BETWEEN,
        "image": _image_name(face.image) if face.image else "",
        "qr_module": layout.qr_mm / side,
        "bar_module": EAN13_MODULE_MM
        if layout.ean
        else _bar_module_mm(printed, "bar_modules", room_mm),
        "bar_digits": _ean13_digits(layout.ean),
        "serial_module": _bar_module_mm(printed, "serial_bar_modules", room_mm),
        "bar_height": BAR_HEIGHT_MM,
        "words": {"scratch": "刮开此处 · Scratch here"},
        "vouchers": printed,
    }


def _bar_module_mm(printed: Sequence[Mapping[str, Any]], name: str, room_mm: float) -> float:
    """How wide a module of the bar codes is, so that all fit with their quiet zones."""
    modules = max((one[name] for one in printed), default=0)
    return min(CODE128_MODULE_MM_MAX, room_mm / (modules + 2 * QUIET_MODULES))


def _title_size_pt(layout: Layout) -> float:
    """As large as fits on one line beside the brand; a Chinese character is as wide as it is
    high."""
    room_mm = layout.cell.width_mm - _EDGE_MM - _BRAND_CHARACTER_MM * len(layout.brand) - 2
    fits = room_mm / len(layout.title) / MM_PER_POINT
    return max(TITLE_PT[0], min(TITLE_PT[1], fits))


def _voucher_data(layout: Layout, voucher: Voucher) -> dict[str, Any]:
    serial = f"{voucher.serial:0{SERIAL_DIGITS}d}"
    bar: Run = _bar(layout, voucher)
    serial_bar: Run = code128_run(serial) if layout.scratch else []
    return {
        "serial": serial,
        "code": format_code(voucher.code),
        "qr": qr_rows(voucher.signed_code or voucher.code) if layout.symbols != "code128" else [],
        "bar": bar,
        "bar_modules": sum(bar),
        "serial_bar": serial_bar,
        "serial_bar_modules": sum(serial_bar),
    }


def _bar(layout: Layout, voucher: Voucher) -> Run:
    if layout.ean:
        return ean13_run(layout.ean)
    return code128_run(voucher.code) if layout.symbols != "qr" else []


def _ean13_digits(ean: str) -> str:
    """As they stand below the bars."""
    return f"{ean[0]} {ean[1:7]} {ean[7:]}" if ean else ""


def _image_name(image: bytes) -> str:
    return "brand.png" if image.startswith(b"\x89PNG") else "brand.jpg"


def _compiled(
    template: str, data: Mapping[str, Any], image: bytes, png_ppi: int | None = None
) -> bytes:
    with tempfile.TemporaryDirectory(prefix="kaquan-print-") as folder, as_file(_FONTS) as fonts:
        root = Path(folder)
        (root / template).write_text((_TEMPLATES / template).read_text("utf-8"), "utf-8")
        (root / "data.json").write_text(json.dumps(data, ensure_ascii=False), "utf-8")
        if image:
            (root / _image_name(image)).write_bytes(image)
        return typeset(root, template, fonts, png_ppi=png_ppi)
