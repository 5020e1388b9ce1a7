"""What Chromium's fake camera sees: a code, as tests and pictures of the counter need it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import zxingcpp

WIDTH, HEIGHT = 640, 480
_FRAMES = 3


def feed(path: Path, text: str, form: Any = zxingcpp.BarcodeFormat.QRCode) -> None:
    """Write a film of a code, as Chromium's fake device plays it."""
    is_square = form == zxingcpp.BarcodeFormat.QRCode
    code = zxingcpp.create_barcode(text, form, **({"ec_level": "M"} if is_square else {}))
    # A buffer, say its types or not.
    drawn: Any = code.to_image(scale=8 if is_square else 2)
    picture = memoryview(drawn)
    height, width = picture.shape or (0, 0)
    top, left = (HEIGHT - height) // 2, (WIDTH - width) // 2
    rows = [bytearray([200] * WIDTH) for _ in range(HEIGHT)]
    for line in range(height):
        rows[top + line][left : left + width] = bytes(picture[line : line + 1])
    head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F15:1 Ip A1:1 C420mpeg2\n".encode()
    frame = b"FRAME\n" + b"".join(rows) + bytes([128] * (WIDTH * HEIGHT // 2))
    path.write_bytes(head + frame * _FRAMES)


def arguments(path: Path) -> list[str]:
    """What makes Chromium play it."""
    return [
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={path}",
    ]
