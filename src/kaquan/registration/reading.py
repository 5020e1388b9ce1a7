"""What people type from a slip: the voucher's number, and a time as short as it can be."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from kaquan.engine.codes import CodeBook, Presented
from kaquan.engine.crockford import fold
from kaquan.engine.outcomes import Outcome
from kaquan.engine.shards import SERIAL_END
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.imports_cells import FULL_WIDTH, NOT_A_MOMENT, BadCellError
from kaquan.foundation.refusals import RefusedError
from kaquan.redemption.codes import code_book, presented
from kaquan.registration.errors import last_symbols_differ

LAST_SYMBOLS = 4
_SERIAL = re.compile(r"[0-9]{1,12}")
_SHORT_TIMES = {4: "%H%M", 8: "%m%d%H%M", 12: "%Y%m%d%H%M"}
#: A day and a time without a year: 1003 1425, 10-03 14:25, 10月3日 14:25.
_DAYS_AND_TIMES = (
    re.compile(r"([0-9]{2})([0-9]{2})\s+([0-9]{2}):?([0-9]{2})"),
    re.compile(r"([0-9]{1,2})[-/.月]([0-9]{1,2})(?:日\s*|\s+)([0-9]{1,2}):([0-9]{2})"),
)
_LEAP_YEAR = 2000


def read_number(number: str, last_symbols: str) -> Presented:
    """What a code stands for, or a serial with the last symbols of its printed code.

    Raises `slip_number_mistyped` and what a text deserves that is no code.
    """
    typed = number.translate(FULL_WIDTH).strip()
    if _SERIAL.fullmatch(typed):
        serial = int(typed)
        if serial >= SERIAL_END or not _ends_with(code_book(), serial, fold(last_symbols)):
            raise last_symbols_differ()
        return Presented(serial)
    found = presented(number)
    if isinstance(found, Outcome):
        raise RefusedError(found)
    return found


def read_time(cell: object) -> datetime:
    """1425 today, 10031425 or 10-03 14:25 this year (or the last, where that is still to come),
    202610031425, or a time as imports understand it; raises `BadCellError`."""
    typed = _together(str(cell).translate(FULL_WIDTH).strip())
    form = _SHORT_TIMES.get(len(typed)) if typed.isascii() and typed.isdigit() else None
    if form is None:
        return cells.moment(cell)
    zone = current_configuration().time_zone
    now = clock.now().astimezone(zone)
    try:
        if form == "%H%M":
            at = datetime.strptime(typed, form)  # noqa: DTZ007  # it gets the zone below
            return now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
        if form == "%m%d%H%M":
            # A leap year first, so that 29 February is a day of some year.
            at = datetime.strptime(f"{_LEAP_YEAR}{typed}", "%Y%m%d%H%M").replace(tzinfo=zone)
            this_year = at.replace(year=now.year)
            is_to_come = this_year > now + timedelta(days=1)
            return this_year.replace(year=now.year - 1) if is_to_come else this_year
        return datetime.strptime(typed, form).replace(tzinfo=zone)
    except ValueError:
        raise BadCellError(NOT_A_MOMENT) from None


def _together(typed: str) -> str:
    """A day and a time without a year as eight digits; anything else as it is."""
    for form in _DAYS_AND_TIMES:
        found = form.fullmatch(typed)
        if found:
            return "".join([part.zfill(2) for part in found.groups()])
    return typed


def _ends_with(book: CodeBook, serial: int, end: str | None) -> bool:
    """Whether one of the codes that a voucher may have been printed with ends so."""
    if end is None or len(end) != LAST_SYMBOLS:
        return False
    return any(book.encode(serial, key_id=key_id).endswith(end) for key_id in book.key_ids)
