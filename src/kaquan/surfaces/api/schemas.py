"""What bodies and answers are made of: the field types and the two base classes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)

from kaquan.engine.money import MAX_FEN
from kaquan.foundation.configuration import current_configuration

ID_MAX = 2**63 - 1
NODE_ID_MAX = 2**31 - 1
FIRST_YEAR, YEAR_END = 2000, 2200
INTEGER_MAX = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact."""


class Body(Schema):
    """What a caller sends: nothing but the fields described."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class Answer(Schema):
    """What a caller is sent; fields may be added in time, none are taken away."""

    model_config = ConfigDict(extra="ignore")


def _spelled(value: Any) -> Any:
    """A moment comes as text: a bare number would be seconds to some and milliseconds to others."""
    if not isinstance(value, str | datetime):
        raise ValueError("expected an RFC 3339 moment with an offset")
    return value


def _reckoned(value: datetime) -> datetime:
    """Within the years that the ledger reckons with; beyond, offsets and durations overflow."""
    if not FIRST_YEAR <= value.year < YEAR_END:
        raise ValueError(f"expected a moment from {FIRST_YEAR} to {YEAR_END - 1}")
    return value.astimezone(UTC)


def _digits(value: Any) -> Any:
    """A number in an address is written in one way: no sign, no blanks, no underscores."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("expected a whole number")
    return value


def _local(value: datetime) -> str:
    return value.astimezone(current_configuration().time_zone).isoformat()


Fen = Annotated[int, Field(strict=True, ge=0, le=MAX_FEN)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=INTEGER_MAX)]
Id = Annotated[int, Field(strict=True, ge=1, le=ID_MAX)]
NodeId = Annotated[int, Field(strict=True, ge=1, le=NODE_ID_MAX)]
PLAIN_DIGITS = BeforeValidator(_digits)
PathId = Annotated[int, Field(ge=1, le=ID_MAX), PLAIN_DIGITS]
PathNodeId = Annotated[int, Field(ge=1, le=NODE_ID_MAX), PLAIN_DIGITS]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_spelled),
    AfterValidator(_reckoned),
    PlainSerializer(_local, return_type=str),
]
Code = Annotated[str, Field(min_length=1, max_length=200)]
ShortCode = Annotated[str, Field(min_length=1, max_length=64)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Line = Annotated[str, Field(max_length=200)]
"""A line of text that may be empty."""
