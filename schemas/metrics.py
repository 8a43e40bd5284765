"""Metrics: what each means, its unit, which values are possible, and how files spell it (`metrics.yaml`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from schemas.definitions import read_definitions
from schemas.errors import DefinitionError
from schemas.spec_types import Strict
from schemas.spellings import fold
from schemas.units import Conversion, Unit, convert, find_unit

_FILE = "metrics.yaml"
_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,62}$"
# A register of a building never passes 10^9, and a float64 beyond it loses the thousandths.
_MAX_VALUE = 1e9

Kind = Literal["per interval", "register", "mean", "instantaneous"]
AT_A_MOMENT: tuple[Kind, ...] = ("register", "instantaneous")
"""Kinds whose readings say nothing of an interval."""


class Metric(Strict):
    """A quantity that a meter reports; values outside [lowest, highest] are impossible, not only unusual."""

    unit: str
    """All values are converted to it."""
    kind: Kind
    lowest: Annotated[float, Field(ge=-_MAX_VALUE)] = 0
    highest: Annotated[float, Field(le=_MAX_VALUE)] = _MAX_VALUE
    register_of: str | None = None
    """Of a register the metric that its steps are: features take them where a meter reports no intervals."""
    description: str
    spellings: list[str] = Field(default_factory=list)

    @field_validator("unit")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if find_unit(value) is None:
            raise ValueError("the name of a unit in units.yaml")
        return value

    @model_validator(mode="after")
    def _has_values(self) -> Metric:
        if self.lowest >= self.highest:
            raise ValueError("lowest below highest")
        return self

    @property
    def own_unit(self) -> Unit:
        """The unit that all values are converted to."""
        unit = find_unit(self.unit)
        assert unit is not None  # noqa: S101 - validated
        return unit


def _by_spelling(metrics: dict[str, Metric]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, metric in metrics.items():
        for spelling in {fold(text) for text in (name, *metric.spellings)}:
            if (other := found.setdefault(spelling, name)) != name:
                raise DefinitionError(f"{_FILE}: {name}: one of its spellings is already that of {other}: {spelling!r}")
    return found


def _check_registers(metrics: dict[str, Metric]) -> dict[str, Metric]:
    registers: dict[str, str] = {}
    for name, metric in metrics.items():
        if metric.register_of is None:
            continue
        steps = metrics.get(metric.register_of)
        if metric.kind != "register" or steps is None or (steps.kind, steps.unit) != ("per interval", metric.unit):
            raise DefinitionError(
                f"{_FILE}: {name}: register_of: {metric.register_of}: a register of unit {metric.unit} has steps of a "
                "metric per interval, of the same unit"
            )
        if (other := registers.setdefault(metric.register_of, name)) != name:
            taken = f"{metric.register_of} already has the register {other}"
            raise DefinitionError(f"{_FILE}: {name}: register_of: {taken}")
    return metrics


METRICS: dict[str, Metric] = _check_registers(read_definitions(_FILE, Metric, names=_NAME))
_METRIC_BY_SPELLING = _by_spelling(METRICS)


def find_metric(spelling: str) -> str | None:
    """Find the name of the metric that a spelling means, or None: an unknown one is never guessed."""
    return _METRIC_BY_SPELLING.get(fold(spelling))


def convert_to_own_unit(metric: str, unit: str | None, *, interval_hours: float) -> Conversion | None:
    """Return how values in a spelled unit become values in the metric's own, or None if the unit does not fit.

    None for `unit` means the metric's own unit.
    """
    if unit is None or not unit.strip():
        return Conversion(1.0)
    return convert(unit, METRICS[metric].own_unit, interval_hours=interval_hours)
