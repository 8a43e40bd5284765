from __future__ import annotations

import pytest

from schemas.metrics import METRICS, convert_to_own_unit, find_metric
from schemas.spellings import fold


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("T1", "T1"),
        ("Т1 ГВС", "T1"),
        ("Потребление  за период", "consumption_period"),
        ("НАКОПЛЕННЫМ ИТОГОМ", "consumption_cumulative"),
        ("Подача", "flow_supply"),
        ("Давление подачи", "pressure_supply"),
        ("pressure", None),
        ("Q", None),
        ("", None),
    ],
)
def test_a_metric_is_found_by_any_of_its_spellings_and_an_unknown_one_is_not_guessed(
    spelling: str, name: str | None
) -> None:
    assert find_metric(spelling) == name


@pytest.mark.parametrize(
    ("metric", "unit", "value"),
    [
        ("flow_supply", "л/с", 36),
        ("flow_supply", None, 10),
        ("flow_supply", " ", 10),
        ("flow_supply", "м3", 20),
        ("consumption_period", "л", 0.01),
        ("consumption_period", "м3/ч", None),
        ("T1", "C", 10),
        ("T1", "°F", -12.2222222),
        ("T1", "K", -263.15),
        ("T1", "м3", None),
        ("T1", "кг", None),
        ("pump_runtime_hours", "с", 10 / 3600),
        ("pump_runtime_hours", "мин", 10 / 60),
        ("heat_energy", "Гкал", 10),
        ("heat_energy", "ГДж", 2.38845897),
        ("heat_energy", "МВт·ч", 8.59845228),
        ("heat_energy", "кВт·ч", 0.00859845228),
        ("heat_energy", "Гкал/ч", None),
        ("heat_power", "Гкал", 20),
        ("heat_power", "МВт", 8.59845228),
        ("mass_flow_supply", "т", 20),
        ("mass_supply", "м3", None),
        ("pressure_supply", "кгс/см2", 0.980665),
        ("pressure_supply", "бар", 1),
        ("electricity_consumption", "kWh", 10),
        ("electricity_power", "кВт·ч", 20),
        ("battery_level", "%", 10),
    ],
)
def test_ten_of_a_unit_become_the_metrics_own_or_do_not_fit(metric: str, unit: str | None, value: float | None) -> None:
    conversion = convert_to_own_unit(metric, unit, interval_hours=0.5)

    converted = None if conversion is None else 10 * conversion.factor + conversion.offset
    assert converted == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize("metric", METRICS)
def test_values_in_the_own_unit_of_a_metric_stay_exactly_what_they_are(metric: str) -> None:
    assert convert_to_own_unit(metric, METRICS[metric].unit, interval_hours=0.3) == (1.0, 0.0)


def test_folded_spellings_are_each_of_one_metric() -> None:
    spellings = [
        spelling for name, metric in METRICS.items() for spelling in {fold(text) for text in (name, *metric.spellings)}
    ]

    assert len(set(spellings)) == len(spellings)


def test_every_register_of_consumption_says_what_its_steps_are() -> None:
    registers = {name: metric.register_of for name, metric in METRICS.items() if metric.kind == "register"}

    assert None not in registers.values()
    assert registers["consumption_cumulative"] == "consumption_period"
    assert len(set(registers.values())) == len(registers)
