"""Printed codes are read by a decoder of another make, on every paper; what is printed repeats."""

from __future__ import annotations

import io
import random
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from math import pi, sqrt
from typing import Any

import msgspec
import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from kaquan.engine.codes import format_code
from kaquan.engine.crockford import ALPHABET
from kaquan.engine.signed import SIGNED_SYMBOLS
from kaquan.printing.glyphs import missing_glyphs
from kaquan.printing.layouts import GRIDS, PAPERS, Layout, layout_fault
from kaquan.printing.sheets import Face, Voucher, sheets_pdf
from tests.printing.sheets_read import cells_of, lowest_of, pages_of, symbols_on, text_of

EAN = "6901234567892"
TERMS = ("1. 满100元减20元。", "2. 有效期：2026-11-01 至 2026-12-31。", "3. 全部门店可用。")


def vouchers(number: int, *, signed: bool = False) -> list[Voucher]:
    source = random.Random(1)

    def symbols(length: int) -> str:
        return "".join(source.choices(ALPHABET, k=length))

    return [
        Voucher(1_000_000 + one, symbols(20), symbols(SIGNED_SYMBOLS) if signed else "")
        for one in range(number)
    ]


def fullest(paper: str, symbols: str, *, scratch: bool, signed: bool = False) -> Layout | None:
    """With the most vouchers a page; None where there is no room for such codes."""
    possible = []
    for number in sorted(GRIDS):
        layout = msgspec.convert(
            {
                "title": "国庆满100减20元消费券",
                "paper": paper,
                "per_page": number,
                "symbols": symbols,
                "signed": signed,
                "scratch": scratch,
                "ean": EAN if symbols == "qr-ean13" else "",
                "two_sided": scratch,
                "brand": "好邻居超市",
                "note": "每单限用一张，不兑现、不找零；本券遗失不补，请妥善保管",
            },
            Layout,
        )
        if layout_fault(layout) is None:
            possible.append(layout)
    return possible[-1] if possible else None


def layouts() -> list[Layout]:
    """For each paper and kind of codes the most vouchers a page that it takes."""
    found = []
    for paper in PAPERS:
        for symbols in ("qr", "code128", "both", "qr-ean13"):
            found += [fullest(paper, symbols, scratch=scratch) for scratch in (False, True)]
        found.append(fullest(paper, "qr", scratch=False, signed=True))
        found.append(fullest(paper, "both", scratch=True, signed=True))
    return [one for one in found if one is not None]


def test_only_a_card_is_too_small_for_some_codes() -> None:
    assert len(layouts()) == 10 * len(PAPERS) - 1
    assert fullest("card", "both", scratch=True, signed=True) is None
    assert fullest("card", "qr", scratch=True, signed=True) is not None


def named(layout: Layout) -> str:
    side = "scratch" if layout.scratch else "plain"
    signed = "-signed" if layout.signed else ""
    return f"{layout.paper}-{layout.per_page}-{layout.symbols}{signed}-{side}"


@pytest.mark.parametrize("layout", layouts(), ids=named)
def test_every_code_of_a_full_page_is_read(layout: Layout) -> None:
    printed = vouchers(layout.per_page, signed=layout.signed)
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
    scanned = voucher.signed_code or voucher.code
    if layout.ean:
        return {("QR Code", scanned): 1, ("EAN-13", layout.ean): 1}
    return {
        (kind, scanned if kind == "QR Code" else voucher.code): 1 for kind in kinds[layout.symbols]
    }


@pytest.mark.parametrize(
    "ean", ["", "6901234567891", "690123456789", "69012345678９2", "abcdefghijklm"]
)
def test_an_article_number_that_does_not_prove_itself_cannot_be_printed(ean: str) -> None:
    layout = Layout(title="满减券", per_page=4, symbols="qr-ean13", ean=ean)
    assert layout_fault(layout) is not None
    assert layout_fault(msgspec.structs.replace(layout, ean=EAN)) is None


def test_an_article_number_without_its_bars_is_refused() -> None:
    assert layout_fault(Layout(title="满减券", ean=EAN)) is not None


def test_a_signed_code_is_a_qr_code_and_refused_where_its_modules_would_be_too_small() -> None:
    small = Layout(title="满减券", per_page=16, symbols="qr")
    bars = Layout(title="满减券", per_page=4, symbols="code128")
    assert layout_fault(small) is None
    assert layout_fault(bars) is None

    for layout, told in ((small, "69 × 46"), (bars, "二维码")):
        fault = layout_fault(msgspec.structs.replace(layout, signed=True))
        assert fault is not None
        assert told in fault[0]


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


@pytest.mark.parametrize(
    "choices",
    [
        {"paper": "card", "per_page": 1},
        {"symbols": "code128"},
        {"symbols": "qr-ean13", "ean": EAN, "per_page": 8},
        {"symbols": "qr", "signed": True, "per_page": 8},
        {"two_sided": True},
        {"two_sided": True, "scratch": True, "per_page": 8},
        {"two_sided": True, "scratch": True, "symbols": "qr", "signed": True, "per_page": 6},
    ],
    ids=str,
)
def test_terms_that_fill_their_room_are_printed_to_the_last_word(choices: dict[str, Any]) -> None:
    layout = Layout(title="满减券", note="仅限门店使用", **choices)
    terms = ["1. 满100元减20元，特价商品、烟酒和充值卡（含电子卡）除外，不与其他优惠同享。" * 2]
    while layout.terms_lines_of([*terms, "2. 终"]) < layout.terms_lines:
        terms.append("3. 全部门店可用。")
    terms.append("2. 终")
    assert layout.terms_lines_of(terms) == layout.terms_lines

    last, bottom_mm = lowest_of(sheets_pdf(Face(layout, terms), vouchers(1)), "终")

    assert last == int(layout.two_sided)
    assert bottom_mm < layout.margin_mm + layout.cell.height_mm


@pytest.mark.parametrize(("paper", "per_page"), [("a4", 24), ("a5", 12)])
def test_a_brand_image_leaves_the_code_to_be_read_on_the_lowest_vouchers(
    paper: str, per_page: int
) -> None:
    drawn = io.BytesIO()
    Image.new("L", (300, 120), 90).save(drawn, "PNG")
    layout = fullest(paper, "code128", scratch=False)
    assert layout is not None
    assert layout.per_page == per_page
    printed = vouchers(1)

    pdf = sheets_pdf(Face(layout, (), drawn.getvalue()), printed)

    _page, bottom_mm = lowest_of(pdf, format_code(printed[0].code))
    assert bottom_mm < layout.margin_mm + layout.cell.height_mm


def test_black_is_one_ink_and_colours_are_those_of_a_press() -> None:
    drawn = b""
    pdf = sheets_pdf(Face(Layout(title="满减券"), ()), vouchers(1))
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            drawn += zlib.decompress(stream)
    assert re.search(rb"(?<![\d.])0 0 0 1 K\b", drawn)  # the bars: black alone
    assert re.search(rb"(?<![\d.])0 0?\.9\d* 0?\.8\d* 0?\.0\d* k\b", drawn)  # the band
    assert not re.search(rb"\b(rg|RG)\b", drawn)  # nothing in light's colours


@pytest.mark.parametrize("signed", [False, True], ids=["plain", "signed"])
def test_nearly_every_worn_voucher_is_still_read(signed: bool) -> None:
    """Of plain ones the QR code, and beside its bar code one of both under a stain."""
    layout = Layout(title="满减券", per_page=10, symbols="qr" if signed else "both", signed=signed)
    source = random.Random(7)
    pages = pages_of(sheets_pdf(Face(layout, TERMS), vouchers(100, signed=signed)))
    cells = [cell for page in pages for cell in cells_of(page, layout)][:100]
    found = sum([any(map(symbols_on, _looks_at(_worn(_qr_part(one), source)))) for one in cells])
    assert len(cells) == 100
    assert found >= 99
    if not signed:
        edges = _edges_of(cells[0])
        stained = [_stained(one, edges, source) for one in cells]
        assert sum([any(map(symbols_on, _looks_at(one))) for one in stained]) >= 99


def _qr_part(cell: Image.Image) -> Image.Image:
    """The part of a voucher where the QR code stands; the rest costs time."""
    return cell.crop((0, 0, cell.width * 2 // 5, cell.height * 9 // 10))


def _worn(cell: Image.Image, source: random.Random) -> Image.Image:
    """5 % of it under specks of a quarter of a millimetre, turned any way, and out of focus."""
    worn = cell.copy()
    draw, side = ImageDraw.Draw(worn), 3
    for _ in range(worn.width * worn.height * 5 // 100 // (side * side)):
        x, y = source.randrange(worn.width), source.randrange(worn.height)
        draw.rectangle((x, y, x + side - 1, y + side - 1), fill=source.choice((0, 255)))
    turned = worn.rotate(source.uniform(-180, 180), expand=True, fillcolor=255)
    return turned.filter(ImageFilter.GaussianBlur(1.2))


def _edges_of(cell: Image.Image) -> tuple[int, int, int, int]:
    """Around all codes of a voucher: left, top, right, bottom."""
    corners = [
        (corner.x, corner.y)
        for one in zxingcpp.read_barcodes(cell)
        for corner in (one.position.top_left, one.position.bottom_right)
    ]
    across, down = zip(*corners, strict=True)
    return min(across), min(down), max(across), max(down)


def _stained(
    cell: Image.Image, edges: tuple[int, int, int, int], source: random.Random
) -> Image.Image:
    """5 % of the room of its codes under one spot, held nearly upright, and out of focus."""
    left, top, right, bottom = edges
    across = 2 * sqrt((right - left) * (bottom - top) * 0.05 / pi)
    x, y = source.uniform(left, right - across), source.uniform(top, bottom - across)
    stained = cell.copy()
    grey = source.choice((0, 128, 255))
    ImageDraw.Draw(stained).ellipse((x, y, x + across, y + across), fill=grey)
    codes = stained.crop((left - 30, top - 30, right + 30, bottom + 30))
    turned = codes.rotate(source.uniform(-4, 4), expand=True, fillcolor=255)
    return turned.filter(ImageFilter.GaussianBlur(1.2))


def _looks_at(worn: Image.Image) -> Iterator[Image.Image]:
    """What a camera sees one after the other: nearer, further away, less sharp."""
    yield worn
    for times in (2, 3):
        yield worn.resize((worn.width // times, worn.height // times), Image.Resampling.BOX)
    for size in (3, 5):
        yield worn.filter(ImageFilter.MedianFilter(size))
    yield worn.filter(ImageFilter.GaussianBlur(2))


def test_rare_characters_are_noticed_before_they_are_printed() -> None:
    assert missing_glyphs(["国庆满100减20元消费券", "¥20.00 – A&B", "· （）"]) == ""
    assert missing_glyphs(["𠮷野家", "龘"]) == "𠮷" or "𠮷" in missing_glyphs(["𠮷野家"])
