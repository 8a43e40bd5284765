"""Metrics and units: what each means, which values are possible, and how its many spellings are folded."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Literal, NamedTuple

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

# Letters that look alike, Cyrillic → Latin, so that `Т1` (Cyrillic) and `T1` are the same word.
_LOOK_ALIKES = str.maketrans("авеёкмнорстухі", "abeekmhopctyxi")
_MARKS = str.maketrans({"³": "3", "²": "2", "°": "o", "º": "o", "˚": "o", "−": "-", "–": "-", "\xa0": " "})


def fold(text: str) -> str:
    """Fold a heading, metric or unit to what its spellings have in common.

    Case, look-alike letters, `ё`, spaces, dots, underscores and superscripts are folded.
    """
    # Sheets repeat the same headings hundreds of times; a long cell is not a heading.
    return _fold_once(text) if len(text) <= _MAX_HEADING else _fold(text)


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFC", text).translate(_MARKS).lower().translate(_LOOK_ALIKES)
    # The letters are Latin by now: `куб. м` and `m^3` are м3.
    return re.sub(r"[\s._]+", "", text).replace("kyбm", "m3").replace("m^3", "m3")


_MAX_HEADING = 200
_fold_once = functools.lru_cache(maxsize=10_000)(_fold)

SPACES = r"[ \t\x{00a0}\x{202f}\x{2009}]"
"""What files write within and around numbers, as RE2 has it."""
MISSING = (
    rf"(?i)^{SPACES}*([-–—]+|н/д|нд|н\.{SPACES}?д\.?|нет({SPACES}+данных)?|ош\.{SPACES}?д\.?|n/a|na|nan|null|none"
    rf"|no{SPACES}+data)?{SPACES}*$"
)
"""Words for a value that is missing, as RE2 has it; an empty cell is one."""


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


class Unit(NamedTuple):
    """A unit that files use, as a factor to the metric's own unit."""

    dimension: Literal["volume", "flow", "temperature", "duration"]
    factor: float
    """Multiply by it to get м3, м3/ч, °C or ч."""


_UNIT_SPELLINGS: dict[Unit, tuple[str, ...]] = {
    Unit("volume", 1.0): ("м3", "куб.м", "куб м", "кубм", "m3", "м^3", "m^3", "cbm"),
    Unit("volume", 0.001): ("л", "литр", "l"),
    Unit("flow", 1.0): ("м3/ч", "м3/час", "куб.м/ч", "m3/h", "м^3/ч", "m^3/h"),
    Unit("flow", 3.6): ("л/с", "л/сек", "l/s"),
    Unit("flow", 0.06): ("л/мин", "l/min"),
    Unit("flow", 0.001): ("л/ч", "л/час", "l/h"),
    Unit("temperature", 1.0): ("°C", "оС", "oC", "градC", "degC", "C", "град", "гр.C", "celsius"),
    Unit("duration", 1.0): ("ч", "час", "h", "hour"),
    Unit("duration", 1 / 60): ("мин", "min"),
    Unit("duration", 1 / 3600): ("с", "сек", "s", "sec"),
}
# fold() makes the same word of `с` (seconds) and `C` (degrees): the metric decides which is meant.
_UNITS_BY_SPELLING: dict[str, list[Unit]] = {}
for _unit, _spellings in _UNIT_SPELLINGS.items():
    for _spelling in _spellings:
        _UNITS_BY_SPELLING.setdefault(fold(_spelling), []).append(_unit)

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
    for known in _UNITS_BY_SPELLING.get(fold(unit), []):
        if known.dimension == dimension:
            return known.factor
        if known.dimension == "volume" and dimension == "flow":
            return known.factor / interval_hours
    return None
