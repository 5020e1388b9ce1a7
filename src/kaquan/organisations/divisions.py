"""China's provinces, cities and districts by their six digits (GB/T 2260), for addresses.

The table comes along in ``data/divisions.csv``; ``python -m tools.divisions`` fetches it anew. A
code's first two digits are its province's, its first four its city's.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from kaquan.organisations.errors import value_invalid

#: Names between a province and its districts that stand for no city.
_NO_CITIES = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})


class Division(NamedTuple):
    """One division: a province, a city or a district."""

    code: str
    name: str


class Place(NamedTuple):
    """The names of a district, of its city and its province, as an address has them."""

    province: str
    city: str
    district: str


def provinces() -> Sequence[Division]:
    """All of them, in the order of their codes."""
    return [one for one in _table().values() if one.code.endswith("0000")]


def cities(province_code: str) -> Sequence[Division]:
    """What stands right below a province; one without cities stands for itself."""
    found = [
        one
        for one in _table().values()
        if one.code[:2] == province_code[:2]
        and one.code.endswith("00")
        and not one.code.endswith("0000")
    ]
    itself = _table().get(province_code)
    return found or ([itself] if itself else [])


def districts(city_code: str) -> Sequence[Division]:
    """What stands right below a city."""
    if city_code not in _table():
        return []
    return [
        one
        for one in _table().values()
        if one.code[:4] == city_code[:4] and not one.code.endswith("00")
    ]


def place_of(code: str) -> Place:
    """The names that a code stands for, of a city alone too; raises `value_invalid`."""
    known = _table()
    if code not in known or (code.endswith("0000") and known[code] not in cities(code)):
        raise value_invalid(
            f"没有行政区划“{code[:12]}”。", f'There is no division "{code[:12]}" of a province.'
        )
    province, city = known[f"{code[:2]}0000"].name, known[f"{code[:4]}00"].name
    district = "" if code.endswith("00") else known[code].name
    if city in _NO_CITIES:
        city = district if district and city not in ("市辖区", "县") else province
    return Place(province, city, district)


@cache
def _table() -> dict[str, Division]:
    text = files("kaquan.organisations").joinpath("data/divisions.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {row["code"]: Division(row["code"], row["name"]) for row in rows}
