"""A bar chart as plain numbers for SVG: places along the width in percent, heights in pixels.

So the text in it keeps its size on every screen, and nothing needs a script or an inline style.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

HEIGHT = 220
_TOP, _BOTTOM = 12, 24
_PLOT = HEIGHT - _TOP - _BOTTOM
AXIS_WIDTH = 60
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; ``x`` and ``width`` in percent, ``y`` and ``height`` in pixels."""

    x: str
    width: str
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class ChartDay:
    """A day with its two bars, and where its label stands."""

    day: date
    label_x: str
    issued_count: int
    redeemed_count: int
    issued: Bar
    redeemed: Bar


@dataclass(frozen=True, slots=True)
class GridLine:
    """A line across the chart and the number that it stands for."""

    y: int
    value: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the template draws."""

    days: list[ChartDay]
    grid: list[GridLine]
    axis_width: int
    label_y: int
    height: int


def bar_chart(days: Sequence[tuple[date, int, int]]) -> Chart:
    """A chart of (day, issued, redeemed)."""
    step = axis_step(max((max(issued, redeemed) for _, issued, redeemed in days), default=0))
    top = 4 * step
    slot = 100 / max(len(days), 1)

    def bar(place: int, number: int, offset: float) -> Bar:
        height = number * _PLOT // top
        if number and not height:
            height = 1  # something is never drawn as nothing
        x = slot * (place + offset)
        return Bar(_percent(x), _percent(slot * 0.36), _TOP + _PLOT - height, height)

    return Chart(
        days=[
            ChartDay(
                day=day,
                label_x=_percent(slot * (place + 0.5)),
                issued_count=issued,
                redeemed_count=redeemed,
                issued=bar(place, issued, 0.12),
                redeemed=bar(place, redeemed, 0.52),
            )
            for place, (day, issued, redeemed) in enumerate(days)
        ],
        grid=[GridLine(_TOP + _PLOT - part * _PLOT // 4, part * step) for part in range(5)],
        axis_width=AXIS_WIDTH,
        label_y=HEIGHT - 6,
        height=HEIGHT,
    )


def axis_step(highest: int) -> int:
    """The least of 1, 2, 5, 10, 20 … that takes a chart of four steps to ``highest``."""
    power = 1
    while True:
        for step in _STEPS:
            if 4 * step * power >= highest:
                return step * power
        power *= 10


def _percent(value: float) -> str:
    return f"{value:.2f}%"
