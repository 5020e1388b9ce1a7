"""Where a store is, in millionths of a degree.

Positions are kept in GCJ-02, the datum of maps published in China: what people copy out of 高德,
腾讯 or Apple's map there. A phone tells its own position in WGS-84, up to 700 metres beside that
within China, so whoever measures a distance to a phone brings its position over first (the wallet
does it on the phone). Outside China both are the same. Baidu's BD-09 is neither.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from kaquan.foundation.imports_cells import FULL_WIDTH, BadCellError, Read, Reason, accepted
from kaquan.organisations.errors import value_invalid

UNITS_A_DEGREE = 1_000_000
LATITUDE_MAX, LONGITUDE_MAX = 90 * UNITS_A_DEGREE, 180 * UNITS_A_DEGREE
NOT_DEGREES = Reason(
    "not_degrees",
    "应为十进制度数，例如 31.230416",
    "expected degrees with decimals, such as 31.230416",
)
ONE_ALONE = Reason(
    "coordinate_alone",
    "纬度和经度要么都填，要么都不填",
    "latitude and longitude belong together; give both or neither",
)
_CHARACTERS_MAX = 24


class Position(NamedTuple):
    """A point, GCJ-02."""

    latitude_microdegrees: int
    longitude_microdegrees: int


def _degrees(most: int, zh: str, en: str) -> Read:
    degrees = most // UNITS_A_DEGREE
    outside = Reason(
        "degrees_out_of_range",
        f"{zh}应在 -{degrees} 到 {degrees} 度之间；是否与另一个填反了？",
        f"a {en} lies between -{degrees} and {degrees} degrees; were the two swapped?",
    )

    def read(cell: object) -> int:
        units = cell if type(cell) is int else _units(str(cell))
        if abs(units) > most:
            raise BadCellError(outside)
        return units

    return read


read_latitude = _degrees(LATITUDE_MAX, "纬度", "latitude")
"""Text in degrees, or a program's own whole number in millionths of them."""
read_longitude = _degrees(LONGITUDE_MAX, "经度", "longitude")


def read_position(latitude: str, longitude: str) -> Position | None:
    """Of two texts, None where both are empty; raises `value_invalid`."""
    if not latitude.strip() and not longitude.strip():
        return None
    if not latitude.strip() or not longitude.strip():
        raise value_invalid(f"位置：{ONE_ALONE.zh}。", f"Position: {ONE_ALONE.en}.")
    return Position(
        accepted(read_latitude, latitude, zh="纬度", en="latitude"),
        accepted(read_longitude, longitude, zh="经度", en="longitude"),
    )


def written_degrees(microdegrees: int | None) -> str:
    """As people read it, with six decimals; empty where it is not known."""
    if microdegrees is None:
        return ""
    whole, part = divmod(abs(microdegrees), UNITS_A_DEGREE)
    return f"{'-' if microdegrees < 0 else ''}{whole}.{part:06}"


def _units(text: str) -> int:
    cleaned = text.translate(FULL_WIDTH).strip().rstrip("°")
    if len(cleaned) > _CHARACTERS_MAX:
        raise BadCellError(NOT_DEGREES)
    try:
        value = Decimal(cleaned)
    except InvalidOperation:
        raise BadCellError(NOT_DEGREES) from None
    if not value.is_finite() or abs(value) > 1_000:
        raise BadCellError(NOT_DEGREES)
    return int((value * UNITS_A_DEGREE).to_integral_value())
