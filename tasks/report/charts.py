"""Turn series into the numbers that an SVG line chart needs; the drawing itself is in the template."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_WIDTH, _HEIGHT = 940, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 96, 14, 30
_TICKS = 4


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
    """A drawn series: its unbroken pieces, and where its name stands."""

    name: str
    style: str
    pieces: list[str]
    """`x,y x,y …` for polylines; a missing hour breaks the line."""
    dots: list[Dot]
    label_y: float


class Tick(NamedTuple):
    """A place on an axis."""

    at: float
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


def line_chart(series: Sequence[Series], labels: Sequence[str], *, from_zero: bool) -> Chart | None:
    """Lay out a chart over equally spaced `labels`; None if there is not one value."""
    known = [value for one in series for value in one.values if value is not None]
    if not known:
        return None
    ticks = nice_ticks(0 if from_zero else min(known), max(known))
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    step = (right - _LEFT) / max(len(labels) - 1, 1)

    def y(value: float) -> float:
        return round(bottom - (value - ticks[0]) / (ticks[-1] - ticks[0]) * (bottom - _TOP), 1)

    lines = []
    for one in series:
        dots = [
            None if value is None else Dot(round(_LEFT + place * step, 1), y(value), labels[place], value)
            for place, value in enumerate(one.values)
        ]
        drawn = [dot for dot in dots if dot]
        pieces = [" ".join(f"{dot.x},{dot.y}" for dot in piece) for piece in _pieces(dots)]
        if drawn:
            lines.append(Line(one.name, one.style, pieces, drawn, drawn[-1].y))
    return Chart(
        width=_WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        right=right,
        bottom=bottom,
        lines=_part_labels(lines),
        x_ticks=[Tick(round(_LEFT + place * step, 1), text) for place, text in enumerate(labels)][::2],
        y_ticks=[Tick(y(tick), _axis_number(tick)) for tick in ticks],
    )


def nice_ticks(lowest: float, highest: float) -> list[float]:
    """Give round numbers that enclose [lowest, highest]; always at least two."""
    span = highest - lowest or abs(highest) or 1.0
    rough = span / _TICKS
    scale: float = 10 ** math.floor(math.log10(rough))
    step = next(scale * factor for factor in (1, 2, 5, 10) if scale * factor >= rough * 0.999)
    first = math.floor(lowest / step + 1e-9)
    last = max(math.ceil(highest / step - 1e-9), first + 1)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _axis_number(value: float) -> str:
    return f"{value:,.10g}".replace(",", "\u202f").replace(".", ",")


def _pieces(dots: Sequence[Dot | None]) -> Iterator[list[Dot]]:
    piece: list[Dot] = []
    for dot in [*dots, None]:
        if dot:
            piece.append(dot)
        elif piece:
            yield piece
            piece = []


def _part_labels(lines: Sequence[Line]) -> list[Line]:
    """Move the names apart where two lines end close to each other."""
    parted: list[Line] = []
    for line in sorted(lines, key=lambda one: one.label_y):
        above = parted[-1].label_y if parted else -math.inf
        parted.append(line._replace(label_y=max(line.label_y, above + 16)))
    return parted
