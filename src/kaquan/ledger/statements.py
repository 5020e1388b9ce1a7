"""The ledger's SQL by name, read once from the files in ``sql/``."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_LOCKS = {
    "{lock}": "FOR UPDATE",
    "{lock_l}": "FOR UPDATE OF l",
    "{change}": "FOR NO KEY UPDATE",
    "{use}": "FOR KEY SHARE",
}


def bound(values: dict[str, Any]) -> dict[str, Any]:
    """Values ready to bind: lists as the text of an array, which psycopg's own take ten times
    longer for.

    Lists hold numbers, moments, names of our own and None only; nothing in them is quoted.
    """
    return {
        name: _array(value) if isinstance(value, list) else value for name, value in values.items()
    }


def _array(values: list[Any]) -> str:
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


@cache
def statement(name: str, *, lock: bool = True) -> bytes:
    """The door's SQL named ``name``; without ``lock`` it only reads (a dry run)."""
    text = statements_of("hot.sql")[name]
    for mark, clause in _LOCKS.items():
        text = text.replace(mark, clause if lock else "")
    return text.encode()


@cache
def statements_of(file: str) -> dict[str, str]:
    """Every statement of a file, by the name in the ``-- name:`` above it."""
    source = files("kaquan.ledger").joinpath("sql", file).read_text(encoding="utf-8")
    _, *parts = _NAME.split(source)
    return {
        name: text.strip().rstrip(";") for name, text in zip(parts[::2], parts[1::2], strict=True)
    }
