"""Charts: numbers as bars or lines, the same numbers as a table for those who do not see them.

The page holds the numbers as data, never as code; our script hands them to ECharts. Without a
script, and for screen readers, there is the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from kaquan.surfaces.console.kit.cells import Cell, Text, count, money
from kaquan.surfaces.console.kit.panels import Panel

Unit = Literal["count", "fen"]
Kind = Literal["bar", "line", "stack"]


@dataclass(frozen=True, slots=True)
class Series:
    """One number for each label; ``fen`` is shown as money."""

    title: Text
    values: Sequence[int]
    unit: Unit = "count"

    def cell(self, place: int) -> Cell:
        """A value as the table shows it."""
        value = self.values[place]
        return money(value) if self.unit == "fen" else count(value)


@dataclass(frozen=True, slots=True)
class Chart(Panel):
    """``name`` is its own on the page; ``label_title`` says what the labels are, such as days.

    All series of a chart have one unit; ``stack`` puts bars on each other.
    """

    template: ClassVar[str] = "console/parts/chart.html"
    is_live: ClassVar[bool] = True
    name: str
    label_title: Text
    labels: Sequence[str]
    series: Sequence[Series]
    kind: Kind = "bar"
    empty: Text = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(value for one in self.series for value in one.values)

    @property
    def data_id(self) -> str:
        """Where the page holds the numbers."""
        return f"chart-{self.name}"

    @property
    def data(self) -> dict[str, Any]:
        """What the script draws."""
        assert all(len(one.values) == len(self.labels) for one in self.series), self.name
        return {
            "kind": self.kind,
            "unit": self.series[0].unit if self.series else "count",
            "labels": list(self.labels),
            "series": [
                {"title": str(one.title), "values": list(one.values)} for one in self.series
            ],
        }

    @property
    def lines(self) -> list[tuple[str, list[Cell]]]:
        """The rows of the table: a label and each series' value."""
        return [
            (label, [one.cell(place) for one in self.series])
            for place, label in enumerate(self.labels)
        ]
