from __future__ import annotations

import pytest

from schemas.metrics import METRICS, factor_to_own_unit, find_metric, unit_case


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("T1", "T1"),
        ("Т1 ГВС", "T1"),
        ("Потребление  за период", "consumption_period"),
        ("НАКОПЛЕННЫМ ИТОГОМ", "consumption_cumulative"),
        ("Подача", "flow_supply"),
        ("pressure", None),
        ("", None),
    ],
)
def test_a_metric_is_found_by_any_of_its_spellings_and_an_unknown_one_is_not_guessed(
    spelling: str, name: str | None
) -> None:
    metric = find_metric(spelling)

    assert (metric.name if metric else None) == name


@pytest.mark.parametrize(
    ("metric", "unit", "factor"),
    [
        ("flow_supply", "л/с", 3.6),
        ("flow_supply", None, 1.0),
        ("flow_supply", " ", 1.0),
        ("flow_supply", "м3", 2.0),
        ("consumption_period", "л", 0.001),
        ("consumption_period", "м3/ч", None),
        ("T1", "C", 1.0),
        ("pump_runtime_hours", "с", 1 / 3600),
        ("pump_runtime_hours", "мин", 1 / 60),
        ("T1", "м3", None),
        ("T1", "кг", None),
    ],
)
def test_a_unit_is_converted_to_the_metrics_own_or_does_not_fit(
    metric: str, unit: str | None, factor: float | None
) -> None:
    found = factor_to_own_unit(METRICS[metric], unit, interval_hours=0.5)

    assert found == (None if factor is None else pytest.approx(factor))


def test_the_case_of_units_names_the_own_unit_of_every_metric_and_nothing_else() -> None:
    case = unit_case("m.metric")

    assert case.startswith("case m.metric::text when ")
    assert case.endswith(" end")
    assert " else " not in case
    assert case.count(" when ") == len(METRICS)
    for metric in METRICS.values():
        assert f"when '{metric.name}' then '{metric.unit}'" in case
