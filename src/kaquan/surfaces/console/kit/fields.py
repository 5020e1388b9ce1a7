"""What people fill in: in the query form above a list, in forms, and in confirmations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from kaquan.foundation.configuration import current_configuration

Text = str | Promise
Options = Sequence[tuple[str, Text]]
Values = Mapping[str, Any]
"""What was read: text, a date, a moment or None for each field."""

TEXT_CHARACTERS_MAX = 2_000


class BadFieldError(Exception):
    """What is wrong with one field, in the page's language."""


@dataclass(frozen=True, slots=True)
class Field:
    """``kind``: text, long_text, choice, day, moment or switch. ``more``: folded away at first."""

    name: str
    title: Text
    kind: str = "text"
    options: Options = ()
    required: bool = False
    more: bool = False
    hint: Text = ""
    characters_max: int = 100

    def with_options(self, options: Options) -> Field:
        """The same field with other options."""
        return replace(self, options=options)

    def read(self, typed: str) -> Any:
        """The value, or None for an empty one; raises `BadFieldError`."""
        typed = typed.strip()
        if not typed:
            if self.required:
                raise BadFieldError(_("Please fill this in."))
            return None
        if "\0" in typed or len(typed) > self.characters_max:
            raise BadFieldError(
                _("At most %(number)s characters.") % {"number": self.characters_max}
            )
        if self.kind == "choice" and typed not in dict(self.options):
            raise BadFieldError(_("Please choose one of the list."))
        if self.kind == "switch":
            return typed == "on"
        if self.kind in ("day", "moment"):
            return self._read_time(typed)
        return typed

    def _read_time(self, typed: str) -> date | datetime:
        try:
            if self.kind == "day":
                return date.fromisoformat(typed)
            at = datetime.fromisoformat(typed)
        except ValueError:
            raise BadFieldError(_("Please enter a date.")) from None
        return at if at.tzinfo else at.replace(tzinfo=current_configuration().time_zone)


@dataclass(frozen=True, slots=True)
class Filled:
    """A field with what was typed into it and what is wrong with that."""

    field: Field
    typed: str = ""
    error: str = ""

    @property
    def options(self) -> list[tuple[str, Text, bool]]:
        """Value, words and whether it is chosen."""
        return [(value, words, value == self.typed) for value, words in self.field.options]


def read_all(fields: Sequence[Field], typed: Mapping[str, str]) -> tuple[Values, list[Filled]]:
    """The values of all fields, and the fields as they are to be shown again."""
    values: dict[str, Any] = {}
    filled = []
    for field in fields:
        text, error = typed.get(field.name, ""), ""
        try:
            values[field.name] = field.read(text)
        except BadFieldError as fault:
            values[field.name], error = None, str(fault)
        filled.append(Filled(field, text, error))
    return values, filled


def typed_of(value: object) -> str:
    """A value as it stands in an input."""
    if value is None or value is False:
        return ""
    if value is True:
        return "on"
    if isinstance(value, datetime):
        return value.astimezone(current_configuration().time_zone).strftime("%Y-%m-%dT%H:%M")
    return str(value)


def day_start(day: date | None) -> datetime | None:
    """The first moment of a day on the issuer's clock."""
    if day is None:
        return None
    return datetime.combine(day, time(), current_configuration().time_zone)


def day_end(day: date | None) -> datetime | None:
    """The first moment after a day."""
    return None if day is None else day_start(day + timedelta(days=1))
