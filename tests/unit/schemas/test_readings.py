from __future__ import annotations

import pandas as pd
import pytest

from schemas.metrics import METRICS
from schemas.readings import METRIC_NAMES, NO_METER, READING, delta_t_check
from schemas.reasons import Reason


def readings(metric: str = "T1", value: float = 60.0, *, meter_id: int = 1, **columns: object) -> pd.DataFrame:
    row = {
        "time": pd.Timestamp("2025-04-01", tz="UTC").as_unit("us"),
        "meter_id": meter_id,
        "metric": METRIC_NAMES.index(metric),
        "value": value,
        "delta_t_degc": float("nan"),
        "water_flows": True,
    }
    return pd.DataFrame([row | columns]).astype({"metric": "int16"})


def broken(rows: pd.DataFrame) -> set[str]:
    return {str(check.name) for check in READING.checks if not check(rows).check_output.all()}


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        (readings(), set()),
        (readings(value=-20), set()),
        (readings(value=-20.1), {Reason.OUT_OF_RANGE}),
        (readings(value=150.1), {Reason.OUT_OF_RANGE}),
        (readings("flow_supply", 0), set()),
        (readings("flow_supply", -0.1), {Reason.NEGATIVE}),
        (readings("flow_supply", 1.1e9), {Reason.OUT_OF_RANGE}),
        (readings(meter_id=NO_METER), {Reason.UNMAPPED_CODE}),
    ],
)
def test_each_rule_names_its_own_reason(rows: pd.DataFrame, reasons: set[str]) -> None:
    assert broken(rows) == reasons


def test_a_possible_reading_of_every_metric_is_accepted() -> None:
    rows = pd.concat([readings(name, metric.highest) for name, metric in METRICS.items()], ignore_index=True)

    assert len(READING.validate(rows)) == len(METRICS)


@pytest.mark.parametrize(
    ("delta_t", "water_flows", "is_usual"),
    [
        (float("nan"), True, True),
        (17, True, True),
        (16.9, True, False),
        (23.1, True, False),
        (10, False, True),
        (-0.1, False, False),
        (80.1, False, False),
    ],
)
def test_delta_t_is_bounded_by_the_norm_while_water_flows_and_by_0_and_80_always(
    delta_t: float, *, water_flows: bool, is_usual: bool
) -> None:
    check = delta_t_check(17, 23)

    result = check(readings(delta_t_degc=delta_t, water_flows=water_flows))

    assert bool(result.check_output.all()) is is_usual
