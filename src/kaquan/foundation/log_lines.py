"""How log lines are written: without the codes, keys and phone numbers of those who called."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import psycopg
from django.db import Error as DjangoDatabaseError

from kaquan.foundation.masking import masked

FORMAT = "{asctime} {levelname} {name} {message}"
_CAUSE = "\nThe above exception was the direct cause of the following exception:\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n"


class LogLine(logging.Formatter):
    """Writes a record as text; what a database's error quotes of a statement is left out, for its
    values are whatever somebody sent: names, codes, phone numbers."""

    def __init__(self) -> None:
        super().__init__(FORMAT, style="{")

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the lines of an exception."""
        return masked(super().format(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's own name
        """The exceptions from the first cause on, each with where it came from."""
        _, error, _ = ei
        return "\n".join(_told(error, set())) if error is not None else ""


def _told(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before, word = error.__cause__, _CAUSE
    if before is None and not error.__suppress_context__:
        before, word = error.__context__, _CONTEXT
    if before is not None and id(before) not in seen:
        yield from _told(before, seen)
        yield word
    yield from _frames(error.__traceback__)
    yield _words(error)


def _frames(where: TracebackType | None) -> Iterator[str]:
    if where is not None:
        yield "Traceback (most recent call last):"
        yield "".join(traceback.format_tb(where)).rstrip("\n")


def _words(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, psycopg.Error):
        place = (error.diag.schema_name, error.diag.table_name, error.diag.constraint_name)
        known = [error.sqlstate, ".".join(part for part in place if part)]
        return f"{kind}: {' '.join(part for part in known if part)}".rstrip(": ")
    if isinstance(error, DjangoDatabaseError):
        return kind  # it repeats what its cause said
    return "".join(traceback.format_exception_only(error)).rstrip("\n")
