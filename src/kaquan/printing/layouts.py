"""What a paper voucher looks like: its paper, what stands on it and where, as data."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
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
#: The least room, also with a scratch-off panel: a QR code of 25 modules at 0.64 mm with its quiet
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
#: How much more room a signed code takes: a QR code of 41 modules at 0.73 mm.
SIGNED_MORE: Final = Size(14, 12)
QR_MM: Final = 16
QR_MM_ROOMY: Final = 18
ROOMY_MM: Final = 50
#: A signed code has 41 modules, here of 0.73 mm. At 0.63 mm three in a hundred worn ones were not
#: read, at 0.54 mm ten, at 0.44 mm twenty.
QR_SIGNED_MM: Final = 30
BAR_HEIGHT_MM: Final = 7
EAN_DIGITS_MM: Final = 3
CODE128_ALONE_MM: Final = 25
BACK_SERIAL_MM: Final = 4
#: Terms stand in 5.5 pt: as wide and as high is one character of Chinese with its line.
TERMS_CHARACTER_MM: Final = 1.95
TERMS_LINE_MM: Final = 2.6
TERMS_BETWEEN: Final = "　"
#: Fewer lines hold no terms worth printing.
TERMS_LINES_MIN: Final = 3
_FRONT_MM: Final = 11  # the band, and room above what proves the voucher and below it
_EDGES_MM: Final = 6
_SCRATCH_MM: Final = 6  # the dashed line's own room


class Layout(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One kind of paper voucher.

    ``scratch``: the code stands apart from the serial, on the back, under a layer to be scratched
    off. ``two_sided``: terms stand on the back, mirrored so that sheets are turned by the long
    edge. ``ean``: the article that tills know the offer by, the same on every voucher; only for
    ``qr-ean13``, where the QR code says which voucher it is. ``signed``: the QR code holds the
    voucher's signed form, which a till can check without a network; people read its plain code.
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
    signed: bool = False

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
    def qr_mm(self) -> int:
        """How wide a QR code is; 0 where there is none."""
        if self.symbols == "code128":
            return 0
        if self.signed:
            return QR_SIGNED_MM
        return QR_MM_ROOMY if self.cell.height_mm >= ROOMY_MM else QR_MM

    @property
    def terms_lines(self) -> int:
        """How many lines of terms there is room for; 0 where none are printed."""
        if not self.two_sided:
            room_mm = self.cell.height_mm - _FRONT_MM - self._proof_mm
        else:
            panel_mm = _SCRATCH_MM + self._proof_mm if self.scratch else BACK_SERIAL_MM
            room_mm = self.cell.height_mm - _EDGES_MM - panel_mm
        lines = int(room_mm // TERMS_LINE_MM)
        return lines if lines >= TERMS_LINES_MIN else 0

    @property
    def terms_fit(self) -> int:
        """About how many characters of terms there is room for."""
        used = 3 if self.two_sided else 4  # of four: where each has lines of its own, ends are lost
        return self.terms_lines * self._terms_characters_a_line * used // 4

    def terms_lines_of(self, sentences: Sequence[str]) -> int:
        """How many lines some sentences take: each its own on the back, one after the other on the
        front, where room is dear."""
        texts = sentences if self.two_sided else [TERMS_BETWEEN.join(sentences)]
        return sum([ceil(_characters_wide(one) / self._terms_characters_a_line) for one in texts])

    @property
    def _terms_characters_a_line(self) -> int:
        # No line begins with a comma or ends with an opening bracket: two characters move on.
        return int((self.cell.width_mm - _EDGES_MM) // TERMS_CHARACTER_MM) - 2

    @property
    def _proof_mm(self) -> int:
        """How high what proves the voucher is: codes, and words beside or around them."""
        if self.symbols == "code128":
            return CODE128_ALONE_MM
        bars_mm = 0 if self.symbols == "qr" else BAR_HEIGHT_MM + 1
        return self.qr_mm + 7 + bars_mm + (EAN_DIGITS_MM if self.ean else 0)


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
    if layout.signed and layout.symbols == "code128":
        return (
            "离线核销用的签名码只能印成二维码；请选带二维码的码型",
            "a signed code for tills without a network is a QR code: choose codes that have one",
        )
    least, cell = _least_of(layout), layout.cell
    if cell.width_mm < least.width_mm or cell.height_mm < least.height_mm:
        return (
            f"每张只有 {cell} 毫米，所选的码至少要 {least} 毫米；请减少每页张数或换码",
            f"a voucher has {cell} mm, and such codes need {least}: fewer a page, or other codes",
        )
    return None


def _characters_wide(text: str) -> float:
    """In characters of Chinese, of which Latin ones take about 0.6."""
    return sum([1.0 if ord(one) > 0x2000 else 0.6 for one in text])


def _least_of(layout: Layout) -> Size:
    """The least room that the codes of a layout need."""
    width_mm, height_mm = LEAST[layout.symbols, layout.scratch]
    wider_mm, higher_mm = SIGNED_MORE if layout.signed else (0, 0)
    return Size(width_mm + wider_mm, height_mm + higher_mm)


def layout_json(layout: Layout) -> dict[str, Any]:
    """As it is kept."""
    return dict(msgspec.to_builtins(layout))


def layout_of(kept: dict[str, Any]) -> Layout:
    """What was kept."""
    return msgspec.convert(kept, Layout)
