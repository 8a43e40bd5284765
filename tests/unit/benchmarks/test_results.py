from __future__ import annotations

import pytest

from benchmarks.costs import Cost
from benchmarks.results import Result, compare, exponent, worse_than


def test_exponent_is_the_slope_on_logarithmic_scales() -> None:
    sizes = [1e5, 1e6, 1e7]

    assert exponent(sizes, [size / 1e6 for size in sizes]) == pytest.approx(1)
    assert exponent(sizes, [size**1.2 for size in sizes]) == pytest.approx(1.2)


def test_a_cost_is_compared_with_its_own_yardstick_and_without_the_servers_cpu_by_wall_alone() -> None:
    found = compare("csv", [Cost(4, 1, 3), Cost(9, 2, None)], [Cost(2, 0.5, 1.5), Cost(3, 1, 1)])

    assert found.ratios == [2, 3]
    assert found.cpu_ratios == [2]


@pytest.mark.parametrize(
    ("name", "now", "is_worse"),
    [
        pytest.param("csv", 2.4, False, id="within_a_quarter"),
        pytest.param("csv", 2.6, True, id="more_than_a_quarter_slower"),
        pytest.param("csv", 1.0, False, id="faster"),
        pytest.param("naive", 1.5, True, id="the_peer_comes_nearer"),
        pytest.param("naive", 3.0, False, id="the_peer_falls_behind"),
        pytest.param("growth", 9.0, False, id="not_in_the_baseline"),
    ],
)
def test_what_is_worse_than_the_baseline_by_more_than_a_quarter_is_named(
    name: str, now: float, *, is_worse: bool
) -> None:
    found = worse_than({"csv": 2.0, "naive": 2.0}, [Result(name, [1.0], [now])])

    assert [line.partition(":")[0] for line in found] == ([name] if is_worse else [])
