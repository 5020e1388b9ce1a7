"""Pictures that people bring: of a kind that a press takes, and no larger than they seem."""

from __future__ import annotations

from typing import Final

IMAGE_BYTES_MAX: Final = 1 << 20
#: A few kilobytes may unpack to gigabytes; 16 million pixels print 30 cm wide at 300 dpi.
PIXELS_MAX: Final = 16_000_000
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8"
#: Segments of a JPEG that begin a frame: all of 0xC0 to 0xCF but three (ITU-T T.81, table B.1).
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def is_picture(content: bytes) -> bool:
    """Whether it says of itself that it is a PNG or JPEG of a size we draw."""
    size = _png_size(content) or _jpeg_size(content)
    return (
        size is not None and len(content) <= IMAGE_BYTES_MAX and 0 < size[0] * size[1] <= PIXELS_MAX
    )


def _png_size(content: bytes) -> tuple[int, int] | None:
    if not content.startswith(_PNG) or content[12:16] != b"IHDR" or len(content) < 24:
        return None
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    if not content.startswith(_JPEG):
        return None
    at = len(_JPEG)
    while at + 9 <= len(content) and content[at] == 0xFF:
        if content[at + 1] in _FRAMES:
            height, width = content[at + 5 : at + 7], content[at + 7 : at + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None
