"""Moments as answers tell them: of whatever year the books have, unlike those that callers send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, PlainSerializer

from kaquan.foundation.configuration import current_configuration


def _local(value: datetime) -> str:
    try:
        return value.astimezone(current_configuration().time_zone).isoformat()
    except OverflowError:  # in the last hours of the calendar
        return value.astimezone(UTC).isoformat()


ToldMoment = Annotated[AwareDatetime, PlainSerializer(_local, return_type=str)]
