"""Pictures that people bring: of a kind that a press takes, no larger than they seem, and drawn
anew, so that nothing but the picture is kept and printed."""

from __future__ import annotations

import io
from typing import Any, Final

from PIL import Image, ImageOps

from kaquan.printing.errors import image_invalid

IMAGE_BYTES_MAX: Final = 1 << 20
#: A few kilobytes may unpack to gigabytes; 16 million pixels print 30 cm wide at 300 dpi.
PIXELS_MAX: Final = 16_000_000
_KINDS: Final = ("PNG", "JPEG")
_SWELLS: Final = (Image.DecompressionBombWarning, Image.DecompressionBombError)
#: No part of the picture is told from another by it, and the same picture has the same bytes.
_SAVED: Final[dict[str, dict[str, Any]]] = {
    "PNG": {"compress_level": 6},
    "JPEG": {"quality": 95, "subsampling": 0, "optimize": True},
}


def redrawn(content: bytes) -> bytes:
    """The same picture of the same kind, upright, without metadata or anything behind it; the same
    bytes for the same file. Raises `print_image_invalid`."""
    if len(content) > IMAGE_BYTES_MAX:
        raise image_invalid()
    try:
        with Image.open(io.BytesIO(content), formats=_KINDS) as picture:
            if picture.width * picture.height > PIXELS_MAX:
                raise image_invalid()
            kind = "PNG" if picture.format == "PNG" else "JPEG"
            return _drawn(ImageOps.exif_transpose(picture), kind)
    except (OSError, SyntaxError, ValueError, *_SWELLS):
        raise image_invalid() from None


def _drawn(picture: Image.Image, kind: str) -> bytes:
    plain = _in_plain_colours(picture)
    clean = Image.new(plain.mode, plain.size)
    clean.paste(plain)
    file = io.BytesIO()
    clean.save(file, kind, **_SAVED[kind])
    return file.getvalue()


def _in_plain_colours(picture: Image.Image) -> Image.Image:
    """In grey, RGB, with transparency or in a press's four inks, eight bits each."""
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    if picture.mode.startswith("I"):
        # Sixteen bits of grey, which Pillow would cut off and not scale.
        return Image.frombytes("L", picture.size, picture.convert("I;16").tobytes()[1::2])
    if picture.mode in ("L", "RGB", "CMYK"):
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")
