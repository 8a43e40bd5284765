"""Metrics: what each means, its unit, which values are possible, and how files spell it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from schemas.spellings import fold
from schemas.units import find_units

Kind = Literal["per interval", "register", "mean over the interval"]


class Metric(NamedTuple):
    """A quantity that a meter reports; values outside [lowest, highest] are impossible, not only unusual."""

    name: str
    unit: str
    kind: Kind
    lowest: float
    highest: float
    description: str


# A register of a building never passes 10^9, and a float64 beyond it loses the thousandths.
_MAX_VALUE = 1e9

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("consumption_period", "м3", "per interval", 0, _MAX_VALUE, "Water used in the interval"),
        Metric("consumption_cumulative", "м3", "register", 0, _MAX_VALUE, "Register of the meter"),
        Metric("flow_supply", "м3/ч", "mean over the interval", 0, _MAX_VALUE, "Hot water supplied"),
        Metric("flow_return", "м3/ч", "mean over the interval", 0, _MAX_VALUE, "Hot water returned"),
        Metric("T1", "°C", "mean over the interval", -20, 150, "Temperature of the supply"),
        Metric("T2", "°C", "mean over the interval", -20, 150, "Temperature of the return"),
        Metric("pump_runtime_hours", "ч", "per interval", 0, _MAX_VALUE, "Running time of the pump"),
    )
}

_METRIC_SPELLINGS: dict[str, tuple[str, ...]] = {
    "consumption_period": ("потребление за период", "расход за период", "consumption"),
    "consumption_cumulative": ("потребление накопленным итогом", "накопленным итогом", "cumulative"),
    "flow_supply": ("подача", "расход подачи", "supply"),
    "flow_return": ("обратка", "расход обратки", "return"),
    "T1": ("т1 гвс", "температура подачи", "temp_supply"),
    "T2": ("т2 гвс", "температура обратки", "temp_return"),
    "pump_runtime_hours": ("наработка насоса", "pump_runtime"),
}
_METRIC_BY_SPELLING = {
    fold(spelling): name for name, others in _METRIC_SPELLINGS.items() for spelling in (name, *others)
}


_DIMENSION_OF_UNIT = {"м3": "volume", "м3/ч": "flow", "°C": "temperature", "ч": "duration"}


def unit_case(column: str) -> str:
    """Return the SQL expression for the own unit of the metric in a column: NULL where the metric is unknown.

    The view `core.readings` is made with it, so that METRICS is the only place that names the units.
    """
    cases = " ".join(f"when '{metric.name}' then '{metric.unit}'" for metric in METRICS.values())
    return f"case {column}::text {cases} end"


def find_metric(spelling: str) -> Metric | None:
    """Find the metric that a spelling means, or None: an unknown one is never guessed."""
    name = _METRIC_BY_SPELLING.get(fold(spelling))
    return METRICS[name] if name else None


def factor_to_own_unit(metric: Metric, unit: str | None, *, interval_hours: float) -> float | None:
    """Return the factor from a spelled unit to the metric's own unit, or None if the unit does not fit.

    None for `unit` means the metric's own unit. A volume in place of a flow is the volume of one
    interval, so it is divided by the interval's length.
    """
    if unit is None or not unit.strip():
        return 1.0
    dimension = _DIMENSION_OF_UNIT[metric.unit]
    for known in find_units(unit):
        if known.dimension == dimension:
            return known.factor
        if known.dimension == "volume" and dimension == "flow":
            return known.factor / interval_hours
    return None
