"""Turn series into the numbers that an SVG line chart needs; the template draws it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_WIDTH, _HEIGHT = 940, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 96, 14, 30
_TICKS = 4
_MIN_LABEL_DISTANCE = 16


class Series(NamedTuple):
    """One line; `style` is the CSS class that gives it colour and dash."""

    name: str
    style: str
    values: Sequence[float | None]


class Dot(NamedTuple):
    """A point of a line."""

    x: float
    y: float
    label: str
    value: float


class Line(NamedTuple):
    """A drawn series: its unbroken segments, and the height of its name."""

    name: str
    style: str
    segments: list[str]
    """`x,y x,y …` for polylines; a missing hour breaks the line."""
    dots: list[Dot]
    label_y: float


class Tick(NamedTuple):
    """A labelled position on an axis."""

    position: float
    text: str


class Chart(NamedTuple):
    """A chart in a view box of `width` × `height`."""

    width: int
    height: int
    left: int
    right: int
    bottom: int
    lines: list[Line]
    x_ticks: list[Tick]
    y_ticks: list[Tick]


class _Scale(NamedTuple):
    """From hours and values to positions in the view box."""

    step: float
    lowest: float
    highest: float

    def x(self, index: int) -> float:
        return round(_LEFT + index * self.step, 1)

    def y(self, value: float) -> float:
        height = _HEIGHT - _BOTTOM - _TOP
        return round(_HEIGHT - _BOTTOM - (value - self.lowest) / (self.highest - self.lowest) * height, 1)


def line_chart(series: Sequence[Series], labels: Sequence[str], *, from_zero: bool) -> Chart | None:
    """Lay out a chart over equally spaced `labels`; None if there is not a single value."""
    values = [value for line in series for value in line.values if value is not None]
    if not values:
        return None
    ticks = nice_ticks(0 if from_zero else min(values), max(values))
    right = _WIDTH - _RIGHT
    scale = _Scale((right - _LEFT) / max(len(labels) - 1, 1), ticks[0], ticks[-1])
    lines = [line for each in series if (line := _line(each, labels, scale))]
    return Chart(
        width=_WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        right=right,
        bottom=_HEIGHT - _BOTTOM,
        lines=_separate_labels(lines),
        x_ticks=[Tick(scale.x(index), text) for index, text in enumerate(labels)][::2],
        y_ticks=[Tick(scale.y(tick), _axis_number(tick)) for tick in ticks],
    )


def _line(series: Series, labels: Sequence[str], scale: _Scale) -> Line | None:
    dots = [
        None if value is None else Dot(scale.x(index), scale.y(value), labels[index], value)
        for index, value in enumerate(series.values)
    ]
    drawn = [dot for dot in dots if dot]
    if not drawn:
        return None
    segments = [" ".join(f"{dot.x},{dot.y}" for dot in segment) for segment in _split_at_gaps(dots)]
    return Line(series.name, series.style, segments, drawn, drawn[-1].y)


def nice_ticks(lowest: float, highest: float) -> list[float]:
    """Return round numbers that enclose [lowest, highest]; always at least two."""
    span = highest - lowest or abs(highest) or 1.0
    rough = span / _TICKS
    scale: float = 10 ** math.floor(math.log10(rough))
    step = next(scale * factor for factor in (1, 2, 5, 10) if scale * factor >= rough * 0.999)
    first = math.floor(lowest / step + 1e-9)
    last = max(math.ceil(highest / step - 1e-9), first + 1)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _axis_number(value: float) -> str:
    return f"{value:,.10g}".replace(",", "\u202f").replace(".", ",")


def _split_at_gaps(dots: Sequence[Dot | None]) -> Iterator[list[Dot]]:
    segment: list[Dot] = []
    for dot in [*dots, None]:
        if dot:
            segment.append(dot)
        elif segment:
            yield segment
            segment = []


def _separate_labels(lines: Sequence[Line]) -> list[Line]:
    """Move the names apart where two lines end close to each other."""
    separated: list[Line] = []
    for line in sorted(lines, key=lambda line: line.label_y):
        above = separated[-1].label_y if separated else -math.inf
        separated.append(line._replace(label_y=max(line.label_y, above + _MIN_LABEL_DISTANCE)))
    return separated
