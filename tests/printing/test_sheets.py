"""Printed codes are read by a decoder of another make, on every paper; what is printed repeats."""

from __future__ import annotations

import random
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import msgspec
import pytest
from PIL import Image, ImageDraw, ImageFilter

from kaquan.engine.codes import format_code
from kaquan.engine.crockford import ALPHABET
from kaquan.printing.glyphs import missing_glyphs
from kaquan.printing.layouts import GRIDS, PAPERS, Layout, layout_fault
from kaquan.printing.sheets import Face, Voucher, sheets_pdf
from tests.printing.sheets_read import cells_of, pages_of, symbols_on, text_of

EAN = "6901234567892"
TERMS = ("1. 满100元减20元。", "2. 有效期：2026-11-01 至 2026-12-31。", "3. 全部门店可用。")


def vouchers(number: int, seed: int = 1) -> list[Voucher]:
    source = random.Random(seed)
    return [
        Voucher(1_000_000 + one, "".join(source.choices(ALPHABET, k=20))) for one in range(number)
    ]


def layouts() -> list[Layout]:
    """For each paper and kind of codes the most vouchers a page that it takes."""
    found = []
    for paper in PAPERS:
        for symbols in ("qr", "code128", "both", "qr-ean13"):
            for scratch in (False, True):
                possible = [
                    layout
                    for number in sorted(GRIDS)
                    if layout_fault(
                        layout := Layout(
                            title="国庆满100减20元消费券",
                            paper=paper,
                            per_page=number,
                            symbols=symbols,
                            scratch=scratch,
                            ean=EAN if symbols == "qr-ean13" else "",
                            two_sided=scratch,
                            brand="好邻居超市",
                            note="每单限用一张，不兑现、不找零；本券遗失不补，请妥善保管",
                        )
                    )
                    is None
                ]
                found.append(possible[-1])
    return found


def named(layout: Layout) -> str:
    side = "scratch" if layout.scratch else "plain"
    return f"{layout.paper}-{layout.per_page}-{layout.symbols}-{side}"


@pytest.mark.parametrize("layout", layouts(), ids=named)
def test_every_code_of_a_full_page_is_read(layout: Layout) -> None:
    printed = vouchers(layout.per_page)
    terms = TERMS if layout.terms_fit > 60 else ()

    pages = list(pages_of(sheets_pdf(Face(layout, terms), printed)))

    for one, front in zip(printed, cells_of(pages[0], layout), strict=True):
        assert symbols_on(front) == Counter(
            {("Code 128", f"{one.serial:012d}"): 1} if layout.scratch else _code_of(layout, one)
        )
    if layout.scratch:
        for one, back in zip(printed, _turned(cells_of(pages[1], layout), layout), strict=True):
            assert symbols_on(back) == Counter(_code_of(layout, one))


def _code_of(layout: Layout, voucher: Voucher) -> dict[tuple[str, str], int]:
    kinds = {"qr": ["QR Code"], "code128": ["Code 128"], "both": ["QR Code", "Code 128"]}
    if layout.ean:
        return {("QR Code", voucher.code): 1, ("EAN-13", layout.ean): 1}
    return {(kind, voucher.code): 1 for kind in kinds[layout.symbols]}


@pytest.mark.parametrize(
    "ean", ["", "6901234567891", "690123456789", "69012345678９2", "abcdefghijklm"]
)
def test_an_article_number_that_does_not_prove_itself_cannot_be_printed(ean: str) -> None:
    layout = Layout(title="满减券", per_page=4, symbols="qr-ean13", ean=ean)
    assert layout_fault(layout) is not None
    assert layout_fault(msgspec.structs.replace(layout, ean=EAN)) is None


def test_an_article_number_without_its_bars_is_refused() -> None:
    assert layout_fault(Layout(title="满减券", ean=EAN)) is not None


def _turned(cells: list[Image.Image], layout: Layout) -> list[Image.Image]:
    """The backs in the order of their fronts: the sheet is turned by its long edge."""
    columns = layout.grid[0]
    rows = [cells[at : at + columns] for at in range(0, len(cells), columns)]
    return [cell for row in rows for cell in reversed(row)]


def test_sheets_repeat_byte_for_byte_and_say_what_people_type() -> None:
    face = Face(Layout(title="满减券", two_sided=True), TERMS)
    printed = vouchers(13)
    pdf = sheets_pdf(face, printed)
    assert sheets_pdf(face, printed) == pdf
    words = text_of(pdf)
    for one in printed:
        assert format_code(one.code) in words
        assert f"{one.serial:012d}" in words


def test_black_is_one_ink_and_colours_are_those_of_a_press() -> None:
    drawn = b""
    pdf = sheets_pdf(Face(Layout(title="满减券"), ()), vouchers(1))
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            drawn += zlib.decompress(stream)
    assert re.search(rb"(?<![\d.])0 0 0 1 K\b", drawn)  # the bars: black alone
    assert re.search(rb"(?<![\d.])0 0?\.9\d* 0?\.8\d* 0?\.0\d* k\b", drawn)  # the band
    assert not re.search(rb"\b(rg|RG)\b", drawn)  # nothing in light's colours


def test_nearly_every_worn_voucher_is_still_read() -> None:
    layout = Layout(title="满减券", per_page=10)
    source = random.Random(7)
    pages = pages_of(sheets_pdf(Face(layout, TERMS), vouchers(100)))
    cells = [cell for page in pages for cell in cells_of(page, layout)]
    found = sum([any(map(symbols_on, _looks_at(_worn(cell, source)))) for cell in cells])
    assert len(cells) == 100
    assert found >= 99


def _worn(cell: Image.Image, source: random.Random) -> Image.Image:
    """5 % of it under specks of a quarter of a millimetre, turned any way, and out of focus."""
    worn = cell.copy()
    draw, side = ImageDraw.Draw(worn), 3
    for _ in range(worn.width * worn.height * 5 // 100 // (side * side)):
        x, y = source.randrange(worn.width), source.randrange(worn.height)
        draw.rectangle((x, y, x + side - 1, y + side - 1), fill=source.choice((0, 255)))
    turned = worn.rotate(source.uniform(-180, 180), expand=True, fillcolor=255)
    return turned.filter(ImageFilter.GaussianBlur(1.2))


def _looks_at(worn: Image.Image) -> Iterator[Image.Image]:
    """What a camera sees one after the other: nearer, further away, less sharp."""
    yield worn
    for times in (2, 3):
        yield worn.resize((worn.width // times, worn.height // times), Image.Resampling.BOX)
    yield worn.filter(ImageFilter.MedianFilter(5))
    yield worn.filter(ImageFilter.GaussianBlur(2))


def test_rare_characters_are_noticed_before_they_are_printed() -> None:
    assert missing_glyphs(["国庆满100减20元消费券", "¥20.00 – A&B", "· （）"]) == ""
    assert missing_glyphs(["𠮷野家", "龘"]) == "𠮷" or "𠮷" in missing_glyphs(["𠮷野家"])
