"""Decoders, made by one thread at a time.

msgspec (0.22) prepares a type when it is first used, and a second thread that comes by meanwhile
ends the whole process by a segmentation fault. A decoder that is ready is safe to share.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_lock = threading.Lock()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def decode(data: bytes | str, type: type[T]) -> T:
    """What JSON says, as a value of ``type``; raises `msgspec.MsgspecError`."""
    decoder = _decoders.get(type)
    if decoder is None:
        with _lock:
            decoder = _decoders.setdefault(type, msgspec.json.Decoder(type))
    value: T = decoder.decode(data)
    return value
