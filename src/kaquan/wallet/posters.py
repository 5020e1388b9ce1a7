"""A claim link for paper and tags: QR code as SVG and PNG, poster as PDF, an NFC tag's bytes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import zxingcpp

from kaquan.engine import ndef

QUIET_MODULES = 4
PNG_MODULE_PIXELS = 16
_A4_WIDTH, _A4_HEIGHT = 595, 842
_QR_POINTS = 360
_PAGES = (b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
_FONT = (
    (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H "
        b"/DescendantFonts [6 0 R] >>"
    ),
    (
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 /W [1 95 500] "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> "
        b"/FontDescriptor 7 0 R >>"
    ),
    (
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 4 /Ascent 880 /Descent -120 "
        b"/FontBBox [-25 -254 1000 880] /ItalicAngle 0 /CapHeight 880 /StemV 93 >>"
    ),
)


def link_matrix(address: str) -> list[list[bool]]:
    """The modules of the QR code, dark ones true; a quarter of it may be lost (level Q)."""
    barcode = zxingcpp.create_barcode(address, zxingcpp.BarcodeFormat.QRCode, ec_level="Q")
    drawn: Any = barcode.to_image(scale=1, add_quiet_zones=False)  # a buffer, say its types or not
    image = memoryview(drawn)
    assert image.shape is not None
    height, width = image.shape
    return [[image[row, column] == 0 for column in range(width)] for row in range(height)]


def link_svg(address: str) -> bytes:
    """As a drawing, for printers."""
    matrix = link_matrix(address)
    size = len(matrix) + 2 * QUIET_MODULES
    squares = "".join(
        f"M{column + QUIET_MODULES} {row + QUIET_MODULES}h1v1h-1z" for row, column in _dark(matrix)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/>'
        f'<path d="{squares}"/></svg>\n'
    ).encode()


def link_png(address: str) -> bytes:
    """As a picture of black and white."""
    matrix = link_matrix(address)
    size = len(matrix) + 2 * QUIET_MODULES
    light = [False] * QUIET_MODULES
    empty = [[False] * size] * QUIET_MODULES
    rows = [*empty, *([*light, *row, *light] for row in matrix), *empty]
    pixels = size * PNG_MODULE_PIXELS
    lines = b"".join((b"\0" + _bits(row)) * PNG_MODULE_PIXELS for row in rows)
    head = struct.pack(">IIBBBBB", pixels, pixels, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def link_tag(address: str) -> bytes:
    """What an NFC tag holds: the link as an NDEF message."""
    return ndef.encode([ndef.uri_record(address)])


def poster_pdf(address: str, *, title: str, campaign: str) -> bytes:
    """A page A4 with the offer's title and the code, drawn; printed in the reader's Song font."""
    matrix = link_matrix(address)
    step = _QR_POINTS / len(matrix)
    left, top = (_A4_WIDTH - _QR_POINTS) // 2, 560
    squares = "\n".join(
        f"{left + column * step:.3f} {top - (row + 1) * step:.3f} {step:.3f} {step:.3f} re"
        for row, column in _dark(matrix)
    )
    words = "\n".join(
        (
            _centred(title[:16], 34, 720),
            _centred(campaign[:30], 18, 670),
            _centred("微信扫一扫领取", 24, 140),
            _centred("Scan to claim", 16, 110),
        )
    )
    drawn = f"0 g\n{squares}\nf\nBT\n{words}\nET\n".encode("ascii")
    page = (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_A4_WIDTH} {_A4_HEIGHT}] "
        "/Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>"
    ).encode()
    stream = b"<< /Length %d >>\nstream\n%sendstream" % (len(drawn), drawn)
    return _pdf((*_PAGES, page, stream, *_FONT))


def _dark(matrix: Sequence[Sequence[bool]]) -> list[tuple[int, int]]:
    return [
        (row, column) for row, line in enumerate(matrix) for column, dark in enumerate(line) if dark
    ]


def _bits(row: Sequence[bool]) -> bytes:
    """A line of a picture with a bit for each pixel, white being one."""
    bits = "".join(("0" if dark else "1") * PNG_MODULE_PIXELS for dark in row)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8)


def _centred(text: str, size: int, height: int) -> str:
    wide = sum(2 if ord(one) > 0xFF else 1 for one in text)
    left = max(20, (_A4_WIDTH - wide * size // 2) // 2)
    return f"/F1 {size} Tf 1 0 0 1 {left} {height} Tm <{text.encode('utf-16-be').hex()}> Tj"


def _pdf(objects: Sequence[bytes]) -> bytes:
    content, places = b"%PDF-1.5\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return content + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (size, table, size, len(content))
    )
