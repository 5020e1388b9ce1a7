"""Pictures that people bring of paper: bounded, drawn anew, so that nothing but the picture stays.

A phone writes into its photos where and when and by whom they were taken; what is kept here is a
JPEG of our own making, without any of that.
"""

from __future__ import annotations

import io
import warnings
from typing import Final

from PIL import Image, ImageOps

from kaquan.registration.errors import picture_invalid, picture_too_large

BYTES_MAX: Final = 12 << 20
#: A few kilobytes may unpack to gigabytes; phones make up to 50 million pixels at most.
PIXELS_MAX: Final = 64_000_000
_QUALITY: Final = 82


def redrawn(content: bytes, *, side_max: int) -> bytes:
    """A JPEG or PNG as a JPEG, upright, no side longer than ``side_max``, without its metadata.

    Raises `picture_too_large`, `picture_invalid`.
    """
    if len(content) > BYTES_MAX:
        raise picture_too_large(BYTES_MAX)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # bounded right below
            with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as picture:
                if picture.width * picture.height > PIXELS_MAX:
                    raise picture_too_large(BYTES_MAX)
                picture.draft("RGB", (2 * side_max, 2 * side_max))  # a JPEG is read no larger
                upright = ImageOps.exif_transpose(picture)
                return _jpeg(_on_white(upright), side_max)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise picture_invalid() from None


def part_of(jpeg: bytes, box: tuple[int, int, int, int]) -> bytes:
    """A rectangle (left, top, right, bottom) of a picture that was drawn here, as far as it lies
    within it."""
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as picture:
        left, top, right, bottom = box
        left, top = max(0, left), max(0, top)
        within = (left, top, max(left + 1, right), max(top + 1, bottom))
        return _jpeg(picture.crop(within), max(picture.size))


def _on_white(picture: Image.Image) -> Image.Image:
    """Without transparency, which a JPEG has none of."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layers = picture.convert("RGBA")
        ground = Image.new("RGBA", layers.size, "white")
        return Image.alpha_composite(ground, layers).convert("RGB")
    return picture.convert("RGB")


def _jpeg(picture: Image.Image, side_max: int) -> bytes:
    picture.thumbnail((side_max, side_max), Image.Resampling.LANCZOS)
    clean = Image.new("RGB", picture.size)
    clean.paste(picture)
    file = io.BytesIO()
    clean.save(file, "JPEG", quality=_QUALITY, optimize=True)
    return file.getvalue()
