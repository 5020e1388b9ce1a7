"""What stands on a page about one thing: facts, tables, funnels, timelines, texts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from kaquan.surfaces.console.kit.cells import Cell, Fact, Text
from kaquan.surfaces.console.kit.lists import Column


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a page, drawn by its template; ``title`` may be empty."""

    template: ClassVar[str]
    is_live: ClassVar[bool] = False
    """Whether it may be drawn anew while somebody looks at it; not what holds a form."""
    title: Text


@dataclass(frozen=True, slots=True)
class Facts(Panel):
    """Named values."""

    template: ClassVar[str] = "console/parts/facts.html"
    is_live: ClassVar[bool] = True
    facts: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Table(Panel):
    """Rows, all of them; ``empty`` says what it means that there are none."""

    template: ClassVar[str] = "console/parts/table.html"
    is_live: ClassVar[bool] = True
    columns: Sequence[Column[Any]]
    rows: Sequence[Any]
    empty: Text
    note: Text = ""

    @property
    def lines(self) -> list[list[tuple[Cell, bool, bool]]]:
        """The cells of each row."""
        return [
            [(column.cell(row), column.number, column.wide) for column in self.columns]
            for row in self.rows
        ]


def first_of(rows: Sequence[Any], most: int, note: Text = "") -> Text:
    """What stands below rows of which no more than so many are read: nobody takes a part for the
    whole."""
    return _("The first %(number)s.") % {"number": most} if len(rows) >= most else note


def last_of(rows: Sequence[Any], most: int, note: Text = "") -> Text:
    """The same of rows whose newest stand first."""
    return _("The last %(number)s.") % {"number": most} if len(rows) >= most else note


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a funnel; ``width`` in percent of the widest."""

    title: Text
    number: int
    width: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Funnel(Panel):
    """How many came how far; ``aside`` are those who left it."""

    template: ClassVar[str] = "console/parts/funnel.html"
    is_live: ClassVar[bool] = True
    stages: Sequence[Stage]
    aside: Sequence[Fact] = ()


def funnel(title: Text, numbers: Sequence[tuple[Text, int]], aside: Sequence[Fact] = ()) -> Funnel:
    """A funnel of these numbers."""
    widest = max((number for _, number in numbers), default=0)
    return Funnel(
        title,
        [
            Stage(name, number, f"{number * 100 // widest if widest else 0}%")
            for name, number in numbers
        ],
        aside,
    )


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing on a timeline."""

    at: str
    title: Text
    tone: str = "info"
    facts: Sequence[Fact] = ()
    lines: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True)
class Timeline(Panel):
    """What happened, in the order given."""

    template: ClassVar[str] = "console/parts/timeline.html"
    happenings: Sequence[Happening]
    empty: Text = ""
    heads: Sequence[Text] = ()
    unfolded: Text = ""
    """What the lines are, where they are few enough to be open from the start."""
    note: Text = ""


@dataclass(frozen=True, slots=True)
class Sentences(Panel):
    """A numbered text, such as the printed terms; ``aside`` stands below it without numbers."""

    template: ClassVar[str] = "console/parts/sentences.html"
    sentences: Sequence[str]
    aside: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Tab:
    """Panels that are read only when their tab is open."""

    name: str
    title: Text
    panels: Callable[[Any, Any], Sequence[Panel]] = field(repr=False)
    """Takes the call and the subject."""
    permission: str = ""
    """What one needs besides the screen's own permission."""
    follows: Callable[[Any], Collection[int]] | None = field(default=None, repr=False)
    """For a tab whose panels are told live: takes the subject, gives the batches that move it."""
