"""Sheets as somebody with a camera sees them: drawn by PDFium, read by ZXing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pypdfium2
import zxingcpp
from PIL import Image

from kaquan.printing.layouts import Layout

DPI = 300


def pages_of(pdf: bytes, dpi: int = DPI) -> Iterator[Image.Image]:
    """The pages in grey."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            yield page.render(scale=dpi / 72).to_pil().convert("L")
    finally:
        document.close()


def cells_of(page: Image.Image, layout: Layout) -> list[Image.Image]:
    """The vouchers of a page, cut along its marks, row by row."""
    width, height = (side * DPI / 25.4 for side in layout.cell)
    edge = layout.margin_mm * DPI / 25.4
    columns, rows = layout.grid
    return [
        page.crop(
            (
                round(edge + column * width),
                round(edge + row * height),
                round(edge + (column + 1) * width),
                round(edge + (row + 1) * height),
            )
        )
        for row in range(rows)
        for column in range(columns)
    ]


def symbols_on(page: Image.Image) -> Counter[tuple[str, str]]:
    """Kind and text of every symbol that is found."""
    return Counter((str(one.format), one.text) for one in zxingcpp.read_barcodes(page))


def text_of(pdf: bytes) -> str:
    """The words of all pages."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def lowest_of(pdf: bytes, character: str) -> tuple[int, float]:
    """On which page a character stands last, and how far below the page's upper edge it ends."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        found = [
            (number, (page.get_height() - page.get_textpage().get_charbox(at)[1]) * 25.4 / 72)
            for number, page in enumerate(document)
            for at in [page.get_textpage().get_text_range().find(character)]
            if at >= 0
        ]
    finally:
        document.close()
    return found[-1]
