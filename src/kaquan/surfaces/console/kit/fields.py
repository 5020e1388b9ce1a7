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
SEPARATOR = "\n"
"""Between the values of boxes, where they stand in one text."""


class BadFieldError(Exception):
    """What is wrong with one field, in the page's language."""


@dataclass(frozen=True, slots=True)
class Field:
    """``kind``: text, long_text, choice, choices (boxes, read as a tuple), day, moment, switch,
    file, node (an organisation by its name or code) or hidden. ``more``: folded away at first."""

    name: str
    title: Text
    kind: str = "text"
    options: Options = ()
    required: bool = False
    more: bool = False
    hint: Text = ""
    characters_max: int = 100
    narrows: bool = False
    """Other fields' options depend on this one."""

    def with_options(self, options: Options, *, most: int = 0) -> Field:
        """The same field with other options, of which no more than so many are offered."""
        if not most or len(options) < most:
            return replace(self, options=options)
        said = _("Only the newest %(number)s are offered.") % {"number": most}
        return replace(self, options=options, hint=f"{self.hint} {said}".strip())

    def read(self, typed: str) -> Any:
        """The value, or None for an empty one; raises `BadFieldError`."""
        typed = typed.strip()
        if not typed:
            if self.required:
                raise BadFieldError(_("Please fill this in."))
            return () if self.kind == "choices" else None
        if self.kind == "choices":
            return self._read_boxes(typed.split(SEPARATOR))
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

    def _read_boxes(self, typed: Sequence[str]) -> tuple[str, ...]:
        offered = dict(self.options)
        if not all(one in offered for one in typed):
            raise BadFieldError(_("Please choose one of the list."))
        return tuple(dict.fromkeys(typed))

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
        chosen = self.typed.split(SEPARATOR) if self.field.kind == "choices" else [self.typed]
        return [(value, words, value in chosen) for value, words in self.field.options]


def read_all(
    fields: Sequence[Field], typed: Mapping[str, str], files: Mapping[str, Any] | None = None
) -> tuple[Values, list[Filled]]:
    """The values of all fields, and the fields as they are to be shown again. A file's value is
    what came; it is never shown again, for browsers do not let anyone fill it in."""
    values: dict[str, Any] = {}
    filled = []
    for field in fields:
        text, error = _typed(field, typed), ""
        try:
            if field.kind == "file":
                values[field.name] = (files or {}).get(field.name)
                text = field.read("file" if values[field.name] is not None else "") and ""
            else:
                values[field.name] = field.read(text)
        except BadFieldError as fault:
            values[field.name], error = None, str(fault)
        filled.append(Filled(field, text or "", error))
    return values, filled


def _typed(field: Field, typed: Mapping[str, str]) -> str:
    all_of = getattr(typed, "getlist", None)
    if field.kind == "choices" and all_of is not None:
        return SEPARATOR.join(all_of(field.name))
    return typed.get(field.name, "")


def typed_of(value: object) -> str:
    """A value as it stands in an input."""
    if value is None or value is False:
        return ""
    if value is True:
        return "on"
    if isinstance(value, list | tuple):
        return SEPARATOR.join(map(str, value))
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
