"""What a table or a list of facts shows in one place: plain text, and how it looks.

The text alone goes into exports, so nothing that matters may be said by the look.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext
from msgspec import Struct

from kaquan.engine.money import format_yuan
from kaquan.foundation.configuration import current_configuration

Text = str | Promise
"""Words, translated where they are shown."""

TONES = ("good", "bad", "warn", "info", "muted")


@dataclass(frozen=True, slots=True)
class Cell:
    """``kind``: text, number, code, badge, moment or question (a link that opens a question over
    the page); ``note`` stands below in small letters."""

    text: Text
    kind: str = "text"
    href: str = ""
    tone: str = ""
    note: Text = ""

    @property
    def plain(self) -> str:
        """For exports."""
        return str(self.text)


class Fact(Struct, frozen=True):
    """A named cell."""

    name: Text
    cell: Cell


def text(value: Text, *, href: str = "", note: Text = "") -> Cell:
    """Words."""
    return Cell(value, href=href, note=note)


def question(value: Text, href: str) -> Cell:
    """Something to do."""
    return Cell(value, "question", href)


def count(number: int | None, *, href: str = "") -> Cell:
    """``1,234``; nothing where there is no number."""
    return Cell("" if number is None else f"{number:,}", "number", href)


def money(amount_fen: int | None) -> Cell:
    """``¥1,234.50``; nothing where there is no amount."""
    return Cell("" if amount_fen is None else format_yuan(amount_fen), "number")


def code(value: str, *, href: str = "", note: Text = "") -> Cell:
    """What is read letter by letter."""
    return Cell(value, "code", href, note=note)


def badge(value: Text, tone: str) -> Cell:
    """A state; its word says all, its colour repeats it."""
    assert tone in TONES, tone
    return Cell(value, "badge", tone=tone)


def listed(parts: Iterable[Text]) -> str:
    """Parts one after the other, as the page's language sets them apart."""
    return gettext(", ").join(map(str, parts))


def in_brackets(name: Text, what: Text) -> str:
    """A name and, in brackets, whose or what it is."""
    return gettext("%(name)s (%(what)s)") % {"name": name, "what": what}


def moment(at: datetime | None) -> Cell:
    """A moment on the issuer's clock; nothing where there is none."""
    return Cell(local_text(at), "moment")


def last_moment(end: datetime | None) -> Cell:
    """The last moment before an end: what ends at 0:00 was good until 23:59 of the day before."""
    return moment(end and end - timedelta(seconds=1))


def local_text(at: datetime | None) -> str:
    """``2026-11-27 08:30:00`` on the issuer's clock."""
    if at is None:
        return ""
    return at.astimezone(current_configuration().time_zone).strftime("%Y-%m-%d %H:%M:%S")
