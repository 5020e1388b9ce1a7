"""A claim link for paper and tags: QR code as SVG and PNG, an NFC tag's bytes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import zxingcpp

from kaquan.engine import ndef

QUIET_MODULES = 4
PNG_MODULE_PIXELS = 16


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


def _dark(matrix: Sequence[Sequence[bool]]) -> list[tuple[int, int]]:
    return [
        (row, column) for row, line in enumerate(matrix) for column, dark in enumerate(line) if dark
    ]


def _bits(row: Sequence[bool]) -> bytes:
    """A line of a picture with a bit for each pixel, white being one."""
    bits = "".join(("0" if dark else "1") * PNG_MODULE_PIXELS for dark in row)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8)
