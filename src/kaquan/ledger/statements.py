"""The door's SQL by name, read once from ``sql/hot.sql``."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_LOCKS = {"{lock}": "FOR UPDATE", "{lock_l}": "FOR UPDATE OF l", "{share}": "FOR SHARE"}


@cache
def statement(name: str, *, lock: bool = True) -> bytes:
    """The SQL named ``name``; without ``lock`` it only reads (a dry run)."""
    text = _statements()[name]
    for mark, clause in _LOCKS.items():
        text = text.replace(mark, clause if lock else "")
    return text.encode()


@cache
def _statements() -> dict[str, str]:
    source = files("kaquan.ledger").joinpath("sql/hot.sql").read_text(encoding="utf-8")
    _, *parts = _NAME.split(source)
    return {
        name: text.strip().rstrip(";") for name, text in zip(parts[::2], parts[1::2], strict=True)
    }
