"""Typst at work, in a process that ends with its document.

Within one process typst keeps what it laid out for the last ten documents: 150 MB for 500 vouchers
each, and nothing of it is given back. A picture that swells when it is unpacked, or one that typst
stumbles over, ends that process as well, and neither a worker nor the server.
"""

from __future__ import annotations

import io
import resource
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from PIL import Image

TIMEOUT_S: Final = 120
MEMORY_BYTES_MAX: Final = 1 << 30
_RESULT: Final = "result"
_LINE_PX: Final = 4
_LINE_COLOUR: Final = (160, 160, 160)


class TypesettingError(Exception):
    """A document that could not be made, for instance because a picture is none."""


def typeset(folder: Path, template: str, fonts: Path, *, png_ppi: int | None = None) -> bytes:
    """A template of a folder, as a PDF, or its pages one below the other as a PNG. Nothing outside
    the folder is read but the fonts. Raises `TypesettingError`."""
    command = [sys.executable, "-m", __name__, str(folder), template, str(fonts), str(png_ppi or 0)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise TypesettingError(f"typst took more than {TIMEOUT_S} s") from None
    if done.returncode:
        raise TypesettingError(done.stderr.decode("utf-8", "replace")[-500:])
    return (folder / _RESULT).read_bytes()


def _main(folder: str, template: str, fonts: str, png_ppi: str) -> None:
    typst = import_module("typst")  # here alone: a server has no use for its 80 MB
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    kind = {"format": "png", "ppi": float(png_ppi)} if int(png_ppi) else {"format": "pdf"}
    made: Any = typst.compile(  # a PNG of each page is a list
        str(Path(folder, template)),
        root=folder,
        font_paths=[fonts],
        ignore_system_fonts=True,
        **kind,
    )
    Path(folder, _RESULT).write_bytes(_below_each_other(made) if isinstance(made, list) else made)


def _below_each_other(pages: list[bytes]) -> bytes:
    """Pages as one picture, with a grey line between them."""
    drawn = [Image.open(io.BytesIO(one)).convert("RGB") for one in pages]
    width = max(one.width for one in drawn)
    height = sum(one.height + _LINE_PX for one in drawn) - _LINE_PX
    whole = Image.new("RGB", (width, height), _LINE_COLOUR)
    top = 0
    for one in drawn:
        whole.paste(one, (0, top))
        top += one.height + _LINE_PX
    made = io.BytesIO()
    whole.save(made, "PNG")
    return made.getvalue()


if __name__ == "__main__":
    _main(*sys.argv[1:])
