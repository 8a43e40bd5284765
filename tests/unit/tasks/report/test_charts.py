from __future__ import annotations

import pytest

from tasks.report.charts import Series, line_chart, nice_ticks


@pytest.mark.parametrize(
    ("lowest", "highest", "ticks"),
    [
        (0, 16, [0, 5, 10, 15, 20]),
        (0, 0, [0, 0.5]),
        (38.2, 58.4, [30, 40, 50, 60]),
        (0, 0.42, [0, 0.2, 0.4, 0.6]),
        (5, 5, [4, 6]),
        (-3, 4, [-4, -2, 0, 2, 4]),
    ],
)
def test_ticks_are_round_and_enclose_the_values(lowest: float, highest: float, ticks: list[float]) -> None:
    chosen = nice_ticks(lowest, highest)

    assert chosen[0] <= lowest
    assert chosen[-1] >= highest
    assert chosen == ticks


def test_large_numbers_on_the_axis_are_written_out() -> None:
    chart = line_chart([Series("ХВС", "cold", [0.0, 200_000.0])], ["00", "01"], from_zero=True)

    assert chart
    assert [tick.text for tick in chart.y_ticks] == ["0", "50 000", "100 000", "150 000", "200 000"]


def test_a_chart_of_nothing_is_none() -> None:
    assert line_chart([Series("ХВС", "cold", [None, None])], ["00", "01"], from_zero=True) is None


def test_names_of_lines_that_end_together_do_not_overlap() -> None:
    chart = line_chart([Series("a", "cold", [1, 2]), Series("b", "hot", [1, 2])], ["00", "01"], from_zero=True)

    assert chart
    first, second = (line.label_y for line in chart.lines)
    assert second - first >= 16


def test_a_line_breaks_at_missing_hours_and_keeps_every_value_as_a_dot() -> None:
    chart = line_chart([Series("ХВС", "cold", [0.0, 5.0, None, 10.0])], ["00", "01", "02", "03"], from_zero=True)

    assert chart
    (line,) = chart.lines
    assert [segment.split() for segment in line.segments] == [
        [f"{float(chart.left)},{float(chart.bottom)}", f"{line.dots[1].x},{line.dots[1].y}"],
        [f"{float(chart.right)},{line.dots[2].y}"],
    ]
    assert [(dot.label, dot.value) for dot in line.dots] == [("00", 0), ("01", 5), ("03", 10)]
    assert line.dots[2].y < line.dots[1].y < chart.bottom


def test_a_series_without_values_is_left_out_of_a_chart_of_others() -> None:
    chart = line_chart([Series("a", "cold", [None]), Series("b", "hot", [1.0])], ["00"], from_zero=False)

    assert chart
    assert [line.name for line in chart.lines] == ["b"]
    assert [tick.text for tick in chart.x_ticks] == ["00"]
