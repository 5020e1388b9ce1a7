"""What customers are found by besides their number: keyed numbers that stand for the end of a phone
number, a name and the initials of its sounds.

A stolen table tells who is called alike and nothing else. A name has few initials, so many share
them: these help somebody who looks, and never decide anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from kaquan.foundation.encrypted_fields import blind_index, blind_indexes
from kaquan.foundation.pinyin import initials

TAIL_DIGITS = 4
TAIL, NAME, INITIALS = "phone-tail", "name", "name-initials"
_BYTES = 8


def finders_of(*, name: str | None, phone: str | None) -> list[int]:
    """What a customer with this name and phone (E.164) is filed under."""
    found = []
    if phone is not None:
        found.append(_number(blind_index(TAIL, phone[-TAIL_DIGITS:])))
    if name:
        found.append(_number(blind_index(NAME, name)))
        typed = initials(name)
        if typed:
            found.append(_number(blind_index(INITIALS, typed)))
    return sorted(set(found))


def finders_for(kind: str, value: str) -> Sequence[int]:
    """What a value may be filed under, whichever key was active then."""
    return [_number(index) for index in blind_indexes(kind, value)]


class FindersField(ArrayField):
    """Filled from the row's own name and phone whenever it is saved."""

    def __init__(self, **options: Any) -> None:
        options = {"base_field": models.BigIntegerField(), "default": list, **options}
        super().__init__(**options)

    def pre_save(self, model_instance: models.Model, add: bool) -> list[int]:  # noqa: ARG002
        """What to store."""
        row: Any = model_instance
        found = finders_of(name=row.name, phone=row.phone)
        setattr(row, self.attname, found)
        return found


def _number(index: bytes) -> int:
    return int.from_bytes(index[:_BYTES], "big", signed=True)
