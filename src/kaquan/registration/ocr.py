"""Reading text off a picture with rapidocr, where the extra `ocr` is installed; nothing leaves the
machine and nothing is fetched: the models lie in the package."""

from __future__ import annotations

import io
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image

from kaquan.registration.errors import ocr_missing
from kaquan.registration.read_rows import Found

_MODELS = {
    "Det.model_path": "PP-OCRv6_det_small.onnx",
    "Cls.model_path": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec.model_path": "PP-OCRv6_rec_small.onnx",
}
THREADS = 2


def is_installed() -> bool:
    """Whether this machine can read pictures."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def texts_on(jpeg: bytes) -> list[Found]:
    """What stands on a picture, piece by piece, with where it stands; raises `ocr_missing`."""
    import numpy  # noqa: PLC0415  # comes with the extra

    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as picture:
        # It takes the three colours the other way round, as OpenCV does.
        colours = numpy.asarray(picture.convert("RGB"))[:, :, ::-1]
    read = _reader()(colours)
    if read.boxes is None:
        return []
    return [
        Found.of(text, round(float(score) * 100), [(round(x), round(y)) for x, y in box.tolist()])
        for box, text, score in zip(read.boxes, read.txts, read.scores, strict=True)
    ]


@cache
def _reader() -> Any:
    if not is_installed():
        raise ocr_missing()
    import rapidocr  # noqa: PLC0415  # takes seconds, and is not everywhere

    folder = Path(rapidocr.__file__).parent / "models"
    models = {name: folder / file for name, file in _MODELS.items()}
    if not all(path.is_file() for path in models.values()):
        raise ocr_missing()  # another version, which would fetch its own
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "error",
            "EngineConfig.onnxruntime.intra_op_num_threads": THREADS,
            **{name: str(path) for name, path in models.items()},
        }
    )
