from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.meter_kinds import METER_KINDS, MeterKind


def test_kind_expects_metrics_that_are_known() -> None:
    with pytest.raises(ValidationError, match="not T9"):
        MeterKind(title="пар", description="Steam", expected=["T1", "T9"])


def test_kinds_of_a_city_are_there_from_the_start() -> None:
    assert {"cold_water", "hot_water", "heat", "gas", "electricity"} <= METER_KINDS.keys()
    assert METER_KINDS["cold_water"].expected == ["consumption_period", "consumption_cumulative"]
