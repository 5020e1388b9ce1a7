"""What a paper voucher looks like: its paper, what stands on it and where, as data."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from kaquan.offers.faces import Colour, Line, Note
from kaquan.printing.symbols import ean13_fault

Paper = Literal["a4", "a4-landscape", "a5", "card"]
Symbols = Literal["qr", "code128", "both", "qr-ean13"]


class Size(NamedTuple):
    """Width and height in mm."""

    width_mm: int
    height_mm: int

    def __str__(self) -> str:
        return f"{self.width_mm} × {self.height_mm}"


PAPERS: Final[dict[str, Size]] = {
    "a4": Size(210, 297),
    "a4-landscape": Size(297, 210),
    "a5": Size(148, 210),
    "card": Size(90, 54),
}
#: Columns and rows for so many vouchers on a page that stands upright.
GRIDS: Final[dict[int, tuple[int, int]]] = {
    1: (1, 1), 2: (1, 2), 3: (1, 3), 4: (1, 4), 5: (1, 5), 6: (2, 3), 8: (2, 4), 10: (2, 5),
    12: (2, 6), 14: (2, 7), 15: (3, 5), 16: (2, 8), 18: (3, 6), 21: (3, 7), 24: (3, 8),
}  # fmt: skip
MARGIN_MM: Final = 10
CARD_MARGIN_MM: Final = 0
#: The least room, also with a scratch-off panel: a QR code of 21 modules at 0.76 mm with its quiet
#: zone of four; 20 symbols of Code128 (255 modules and two quiet zones of ten) at 0.2 mm, which
#: 300 dpi still tells apart.
LEAST: Final[dict[tuple[str, bool], Size]] = {
    ("qr", False): Size(55, 34),
    ("code128", False): Size(63, 29),
    ("both", False): Size(63, 43),
    ("qr-ean13", False): Size(55, 45),
    ("qr", True): Size(55, 40),
    ("code128", True): Size(70, 34),
    ("both", True): Size(70, 48),
    ("qr-ean13", True): Size(55, 50),
}
TERMS_LEAST_HEIGHT_MM: Final = 50
#: Characters of Chinese that fit on a square millimetre at 5.5 pt, with room between the lines.
TERMS_CHARACTERS_PER_MM2: Final = 0.16


class Layout(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One kind of paper voucher.

    ``scratch``: the code stands apart from the serial, on the back, under a layer to be scratched
    off. ``two_sided``: terms stand on the back, mirrored so that sheets are turned by the long
    edge. ``ean``: the article that tills know the offer by, the same on every voucher; only for
    ``qr-ean13``, where the QR code says which voucher it is.
    """

    title: Annotated[str, Meta(min_length=1, max_length=40)]
    paper: Paper = "a4"
    per_page: int = 10
    symbols: Symbols = "both"
    two_sided: bool = False
    scratch: bool = False
    cut_marks: bool = True
    brand: Line = ""
    note: Note = ""
    colour: Colour = "red"
    ean: Annotated[str, Meta(max_length=13)] = ""

    @property
    def grid(self) -> tuple[int, int]:
        """Columns and rows."""
        columns, rows = GRIDS[self.per_page]
        return (rows, columns) if self.paper == "a4-landscape" else (columns, rows)

    @property
    def cell(self) -> Size:
        """The room for one voucher, in whole mm."""
        page, margin = PAPERS[self.paper], self.margin_mm
        columns, rows = self.grid
        return Size((page.width_mm - 2 * margin) // columns, (page.height_mm - 2 * margin) // rows)

    @property
    def margin_mm(self) -> int:
        """Around the vouchers of a page."""
        return CARD_MARGIN_MM if self.paper == "card" else MARGIN_MM

    @property
    def terms_fit(self) -> int:
        """How many characters of terms there is room for; 0 where none are printed."""
        width_mm, height_mm = self.cell
        if not self.two_sided:
            if height_mm < TERMS_LEAST_HEIGHT_MM:
                return 0
            height_mm //= 3
        elif self.scratch:
            height_mm //= 2
        return int(width_mm * height_mm * TERMS_CHARACTERS_PER_MM2)


def layout_fault(layout: Layout) -> tuple[str, str] | None:
    """Why such a voucher cannot be printed, in Chinese and English; None: it can."""
    if layout.per_page not in GRIDS:
        choices = ", ".join(map(str, GRIDS))
        return f"每页张数须为 {choices} 之一", f"vouchers a page: one of {choices}"
    if layout.paper == "card" and layout.per_page != 1:
        return "卡片纸每页只能放 1 张", "a card holds one voucher"
    if layout.scratch and not layout.two_sided:
        return "刮刮券须双面印制", "a scratch-off voucher has two sides"
    if layout.symbols == "qr-ean13" and ean13_fault(layout.ean):
        return (
            "请填写 13 位商品条码（EAN-13），最后一位为校验码",
            "an EAN-13 has 13 digits, the last of which proves the others",
        )
    if layout.symbols != "qr-ean13" and layout.ean:
        return (
            "只有选择“二维码和商品条码”时才能填写商品条码",
            "an EAN-13 stands only on vouchers with “QR code and article's bar code”",
        )
    least, cell = LEAST[layout.symbols, layout.scratch], layout.cell
    if cell.width_mm < least.width_mm or cell.height_mm < least.height_mm:
        return (
            f"每张只有 {cell} 毫米，所选的码至少要 {least} 毫米；请减少每页张数或换码",
            f"a voucher has {cell} mm, and such codes need {least}: fewer a page, or other codes",
        )
    return None


def layout_json(layout: Layout) -> dict[str, Any]:
    """As it is kept."""
    return dict(msgspec.to_builtins(layout))


def layout_of(kept: dict[str, Any]) -> Layout:
    """What was kept."""
    return msgspec.convert(kept, Layout)
