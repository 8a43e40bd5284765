"""Decide the outcome of every parsed reading: the rules of the Pandera model, duplicates, T1 − T2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pandera.pandas
import pyarrow as pa

from schemas.readings import METRIC_NAMES, NO_METER, READING, delta_t_check
from schemas.reasons import OF_WHOLE_LINES, SUSPECT_REASONS, Quality, Reason
from schemas.settings import Settings
from schemas.time_faults import TimeFault
from schemas.times import BETWEEN_MINUTES
from tasks.validate.parse_readings import IS_AT_A_MOMENT
from tasks.validate.problem_bits import INTERVAL_IS_BAD, REASON_BITS, bad_timestamp
from tasks.validate.words import distinct_words, take_words, word_indices

_REJECTING_BITS = sum(bit for reason, bit in REASON_BITS.items() if reason not in SUSPECT_REASONS)
_ALL_BITS = sum(REASON_BITS.values())
_WHOLE_LINE_BITS = sum(REASON_BITS[reason] for reason in OF_WHOLE_LINES)
_SUSPECT_BITS = _ALL_BITS & ~_REJECTING_BITS
# Without a time, a metric, a code or a value of its unit there is nothing to compare; a value that its supplier takes
# back says nothing against another.
_UNREADABLE_BITS = _WHOLE_LINE_BITS | sum(
    REASON_BITS[reason]
    for reason in (
        *(Reason.BAD_TIMESTAMP, Reason.FORMULA_WITHOUT_VALUE, Reason.MISSING_VALUE, Reason.BAD_NUMBER),
        *(Reason.UNKNOWN_METRIC, Reason.UNKNOWN_UNIT, Reason.REJECTED_STATUS, Reason.NO_CODE),
    )
)
_NO_TIME = np.iinfo(np.int64).min
_MINUTE = 60_000_000
_UNKNOWN_INTERVAL = 1
_DEFAULT_INTERVAL = 60
_T1, _T2, _SUPPLY, _CONSUMPTION = (
    METRIC_NAMES.index(name) for name in ("T1", "T2", "flow_supply", "consumption_period")
)


class Meter(NamedTuple):
    """A meter in the reference tables."""

    meter_id: int
    itp_code: str
    building_code: str
    interval_minutes: int
    other_places: frozenset[tuple[str, str]] = frozenset()
    """Codes of ITP and building, where it has been at others."""

    def has_been_at(self, building: str | None, itp: str | None) -> bool:
        """Return True if the codes name a place of the meter; None fits any."""
        return any(
            building in (None, own_building) and itp in (None, own_itp)
            for own_itp, own_building in ((self.itp_code, self.building_code), *self.other_places)
        )


class Outcome(NamedTuple):
    """The outcome of a parsed table: what was read is accepted, rejected or a dropped duplicate, table by table."""

    readings: pa.Table
    """The parsed readings without dropped duplicates, with `quality`, `reason`, `problems`, `meter_id`, in the
    order of file, meter, time and metric."""
    duplicates: np.ndarray
    """`table` index of each identical duplicate that was dropped."""


def apply_rules(
    parsed: pa.Table,
    meters: Mapping[str, Meter],
    settings: Settings,
    file_indices: Sequence[int] = (0,),
    intervals: Sequence[int | None] = (),
) -> Outcome:
    """Apply the rules to parsed readings (schema PARSED); all readings of a meter must be in one call.

    `file_indices` gives the index of each table's file: what a file says twice, even in two tables, are duplicates.
    `intervals` gives the minutes of each table's intervals; None, or no list at all: those of its meters.

    Raises:
        pandera.errors.SchemaError: a reading that breaks a rule would have been accepted: an error of this program.

    """
    parsed = parsed.combine_chunks()
    meter_keys, meter_ids, meter_intervals = _find_meters(parsed, meters)
    rows = pd.DataFrame(
        {
            "time": parsed.column("ts").to_pandas(),
            "meter_id": meter_ids,
            "metric": _metric_indices(parsed),
            "value": parsed.column("value").to_numpy(),
            "delta_t_degc": np.nan,
            "water_flows": True,
        }
    )
    time = parsed.column("ts").cast(pa.int64()).fill_null(_NO_TIME).to_numpy()
    files = np.array(file_indices)[parsed.column("table").to_numpy()]
    order = _ReadingOrder(files, meter_keys, time, rows["metric"].to_numpy())
    problems = parsed.column("problems").to_numpy().copy()
    grid = _Grid.of(parsed, rows["metric"].to_numpy(), meter_intervals, intervals)
    problems = _with_doubtful_lengths(problems, files, meter_keys, time, rows["metric"].to_numpy(), grid)
    off_grid = grid.problems(parsed.column("minute").fill_null(0).to_numpy())
    problems |= np.where(problems & REASON_BITS[Reason.BAD_TIMESTAMP] == 0, off_grid, 0)
    problems |= _broken_rules(rows, READING.checks) & _applicable_rules(rows, problems)
    if grid.of_row.any():
        problems |= _overlapping(files, meter_keys, time, rows["metric"].to_numpy(), grid, problems)
    dropped = _resolve_duplicates(order, rows["value"].to_numpy(), parsed.column("row_num").to_numpy(), problems)
    accepted = (problems & _REJECTING_BITS == 0) & ~dropped
    _add_delta_t(rows, order, accepted)
    problems |= _broken_rules(rows, [delta_t_check(settings.delta_t_min, settings.delta_t_max)])
    READING.validate(rows[accepted])
    return Outcome(
        readings=_take_rows(_with_outcome(parsed, meter_ids, problems), order.indices(~dropped)),
        duplicates=parsed.column("table").to_numpy()[dropped],
    )


class _ReadingOrder:
    """The order of readings by what identifies them: file, meter, time (microseconds) and metric."""

    def __init__(self, file: np.ndarray, meter: np.ndarray, time: np.ndarray, metric: np.ndarray) -> None:
        self._columns = (file, meter, time, metric)
        self._indices = np.lexsort((metric, time, meter, file))

    def indices(self, mask: np.ndarray) -> np.ndarray:
        """Return the indices of the rows in a mask, in their order."""
        indices: np.ndarray = self._indices[mask[self._indices]]
        return indices

    def starts_of_readings(self, indices: np.ndarray) -> np.ndarray:
        """Return for each of some ordered rows whether it is another reading than the row before."""
        return self._changes(indices, self._columns)

    def starts_of_hours(self, indices: np.ndarray) -> np.ndarray:
        """Return for each of some ordered rows whether file, meter or time differs from the row before."""
        return self._changes(indices, self._columns[:3])

    @staticmethod
    def _changes(indices: np.ndarray, columns: Sequence[np.ndarray]) -> np.ndarray:
        differs = np.zeros(len(indices), dtype=bool)
        differs[:1] = True
        for column in columns:
            ordered = column[indices]
            differs[1:] |= ordered[1:] != ordered[:-1]
        return differs


def _take_rows(rows: pa.Table, indices: np.ndarray) -> pa.Table:
    """Take rows by index; most files are in order already, and copying them costs."""
    is_in_order = len(indices) == len(rows) and bool((indices == np.arange(len(indices))).all())
    return rows if is_in_order else rows.take(pa.array(indices))


def _metric_indices(parsed: pa.Table) -> np.ndarray:
    words = parsed.column("metric").combine_chunks()
    by_name = {name: index for index, name in enumerate(METRIC_NAMES)}
    indices = np.array([*(by_name.get(word, -1) for word in words.dictionary.to_pylist()), -1])
    is_unknown = parsed.column("problems").to_numpy() & REASON_BITS[Reason.UNKNOWN_METRIC] != 0
    return np.where(is_unknown, -1, indices[word_indices(words)]).astype(np.int16)


class _Grid(NamedTuple):
    """The intervals of readings: arrays as long as the readings, in minutes; 0: not stated."""

    of_meter: np.ndarray
    of_mapping: np.ndarray
    of_row: np.ndarray
    is_doubtful: np.ndarray
    """The row's own is a number without a unit."""
    of_row_in_fact: np.ndarray
    """A day on which clocks change is shorter or longer."""
    is_of_interval: np.ndarray
    """Of an interval or a mean over it; what is read at a moment may be read at any."""

    @classmethod
    def of(
        cls, parsed: pa.Table, metrics: np.ndarray, meter_intervals: np.ndarray, intervals: Sequence[int | None]
    ) -> _Grid:
        tables = parsed.column("table").to_numpy()
        of_row = parsed.column("interval").fill_null(0).to_numpy()
        stated = np.array([minutes or 0 for minutes in intervals], dtype=np.int32)
        return cls(
            meter_intervals,
            stated[tables] if any(intervals) else np.zeros(len(tables), dtype=np.int32),
            np.abs(of_row),
            of_row < 0,
            parsed.column("duration").fill_null(0).to_numpy(),
            (metrics >= 0) & ~IS_AT_A_MOMENT[metrics],
        )

    @property
    def length(self) -> np.ndarray:
        """What counts: the row's own interval, else the mapping's, else the meter's."""
        of_table: np.ndarray = np.where(self.of_mapping > 0, self.of_mapping, self.of_meter)
        return np.where(self.of_row > 0, self.of_row, of_table)

    @property
    def duration(self) -> np.ndarray:
        """How long each interval takes."""
        return np.where(self.of_row > 0, self.of_row_in_fact, self.length)

    def problems(self, minute: np.ndarray) -> np.ndarray:
        """Return the bits of readings whose time is no whole number of intervals after the local midnight.

        And of those of which mapping and reference tables state intervals that differ; _DEFAULT_INTERVAL there may
        be nobody's statement.
        """
        is_off = (minute == BETWEEN_MINUTES) | (minute % self.length != 0)
        differs = (self.of_row == 0) & (self.of_mapping > 0) & (self.of_mapping != self.of_meter)
        differs &= ~np.isin(self.of_meter, (_UNKNOWN_INTERVAL, _DEFAULT_INTERVAL))
        bits = np.where(is_off, REASON_BITS[Reason.OFF_GRID], 0)
        bits |= np.where(differs, REASON_BITS[Reason.INTERVAL_MISMATCH], 0)
        return np.where(self.is_of_interval, bits, 0).astype(np.int32)


def _with_doubtful_lengths(
    problems: np.ndarray,
    files: np.ndarray,
    meters: np.ndarray,
    time: np.ndarray,
    metrics: np.ndarray,
    grid: _Grid,
) -> np.ndarray:
    """Refuse lengths without a unit that are none of minutes: readings are mostly nearer, or 60 or 1440 times as far.

    Registers may be read at any time: of theirs only seconds are told, sixty readings an interval.
    """
    rows = pd.DataFrame(
        {"file": files, "meter": meters, "metric": metrics, "start": time, "length": grid.length}
        | {"duration": grid.duration.astype(np.int64), "is_of_interval": grid.is_of_interval}
    )[grid.is_doubtful & (time != _NO_TIME)]
    if rows.empty:
        return problems
    series = ["file", "meter", "metric"]
    all_starts = pd.DataFrame({"file": files, "meter": meters, "metric": metrics, "start": time})[time != _NO_TIME]
    starts = all_starts.drop_duplicates().sort_values([*series, "start"])
    starts["gap"] = starts.groupby(series)["start"].shift(-1) - starts["start"]
    found = rows.reset_index(names="index").merge(starts, on=[*series, "start"])
    found["times"] = found["gap"] / (found["duration"] * _MINUTE)
    typical = found.groupby([*series, "length"])["times"].transform("median")
    is_other = np.where(found["is_of_interval"], (typical < 1) | typical.isin((60, 1440)), typical <= 1 / 60)
    marked = problems.copy()
    marked[found.loc[is_other, "index"]] |= bad_timestamp(TimeFault.LENGTH_WITHOUT_UNIT) | INTERVAL_IS_BAD
    return marked


def _overlapping(
    files: np.ndarray, meters: np.ndarray, time: np.ndarray, metrics: np.ndarray, grid: _Grid, problems: np.ndarray
) -> np.ndarray:
    """Return the bit of intervals of a meter and metric that overlap with another one of the file.

    Only where a row of that meter and metric states its interval. Intervals that begin together are duplicates, which
    `_resolve_duplicates` finds; those that are rejected anyway are in nobody's way.
    """
    is_good = problems & _REJECTING_BITS & ~REASON_BITS[Reason.UNMAPPED_CODE] == 0
    rows = pd.DataFrame(
        {
            "file": files,
            "meter": meters,
            "metric": metrics,
            "start": time,
            "end": time + grid.duration.astype(np.int64) * _MINUTE,
            "is_stated": grid.of_row > 0,
        }
    )[grid.is_of_interval & is_good]
    series = ["file", "meter", "metric"]
    rows = rows[rows.groupby(series)["is_stated"].transform("any")]
    # Of those that begin together, the longest; in the order of their starts.
    spans = rows.groupby([*series, "start"])["end"].max().reset_index()
    spans["next_start"] = spans.groupby(series)["start"].shift(-1)
    spans["reached"] = spans.groupby(series)["end"].cummax().groupby([spans[name] for name in series]).shift(1)
    found = rows.reset_index(names="index").merge(spans.drop(columns="end"), on=[*series, "start"])
    overlaps = (found["end"] > found["next_start"]) | (found["start"] < found["reached"])
    bits = np.zeros(len(time), dtype=np.int32)
    bits[found.loc[overlaps, "index"]] = REASON_BITS[Reason.CONFLICTING_DUPLICATE]
    return bits


def _find_meters(parsed: pa.Table, meters: Mapping[str, Meter]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each row's meter as a key, as an id (NO_METER where the codes do not fit), and its interval in minutes."""
    codes = [parsed.column(f"{name}_code").combine_chunks() for name in ("building", "itp", "meter")]
    indices, combinations = distinct_words(codes)
    ids = np.full(len(combinations), NO_METER, dtype=np.int64)
    intervals = np.full(len(combinations), _UNKNOWN_INTERVAL, dtype=np.int32)
    for index, (building, itp, code) in enumerate(combinations):
        meter = meters.get(code or "")
        # A code under another building or ITP is not that meter: nothing is guessed.
        if meter and meter.has_been_at(building, itp):
            ids[index], intervals[index] = meter.meter_id, meter.interval_minutes
    # Codes that fit no meter are told apart by all three of them.
    keys = np.where(ids == NO_METER, NO_METER - 1 - np.arange(len(ids)), ids)
    return keys[indices], ids[indices], intervals[indices]


def _broken_rules(rows: pd.DataFrame, checks: list[pandera.pandas.Check]) -> np.ndarray:
    """Return the bits of the rules that each row breaks; the checks' own masks cost no failure table."""
    bits = np.zeros(len(rows), dtype=np.int32)
    for check in checks:
        passed = check(rows).check_output.to_numpy()
        bits |= np.where(passed, 0, REASON_BITS[Reason(str(check.name))]).astype(np.int32)
    return bits


def _applicable_rules(rows: pd.DataFrame, problems: np.ndarray) -> np.ndarray:
    """Return the bits of the rules that make sense: bounds need a metric, and some rows have no cells."""
    bits = np.where(rows["metric"].to_numpy() >= 0, -1, REASON_BITS[Reason.UNMAPPED_CODE])
    bits = np.where(problems & REASON_BITS[Reason.NO_CODE] != 0, bits & ~REASON_BITS[Reason.UNMAPPED_CODE], bits)
    return np.where(problems & _WHOLE_LINE_BITS != 0, 0, bits).astype(np.int32)


def _resolve_duplicates(
    order: _ReadingOrder, values: np.ndarray, row_nums: np.ndarray, problems: np.ndarray
) -> np.ndarray:
    """Reject conflicting duplicates of a file (bits are set in place); return a mask of the identical ones to drop.

    Of two values one is wrong, whatever else is known of either: an impossible one does not make the other one right.
    """
    dropped = np.zeros(len(values), dtype=bool)
    duplicates = _find_duplicates(order, problems & _UNREADABLE_BITS == 0)
    if not len(duplicates):
        return dropped
    duplicates = duplicates.assign(value=values[duplicates["index"]], row_num=row_nums[duplicates["index"]])
    is_conflicting = duplicates.groupby("reading")["value"].transform("nunique") > 1
    problems[duplicates.loc[is_conflicting, "index"]] |= REASON_BITS[Reason.CONFLICTING_DUPLICATE]
    of_reading = problems[duplicates["index"]]
    clean = of_reading & ~(_SUSPECT_BITS | REASON_BITS[Reason.UNMAPPED_CODE]) == 0
    # Of a suspect and a valid one the suspect stays: somebody is to look at it.
    identical = duplicates.assign(is_valid=of_reading & _SUSPECT_BITS == 0)[clean]
    identical = identical.sort_values(["is_valid", "row_num"], kind="stable")
    dropped[identical.loc[identical.duplicated("reading"), "index"]] = True
    return dropped


def _find_duplicates(order: _ReadingOrder, mask: np.ndarray) -> pd.DataFrame:
    """Find the readings among some that have the same file, meter, time and metric: `index`, `reading`."""
    indices = order.indices(mask)
    starts = order.starts_of_readings(indices)
    if starts.all():
        return pd.DataFrame({"index": [], "reading": []}, dtype=np.int64)
    reading = np.cumsum(starts) - 1
    is_repeated = np.bincount(reading)[reading] > 1
    return pd.DataFrame({"index": indices[is_repeated], "reading": reading[is_repeated]})


def _add_delta_t(rows: pd.DataFrame, order: _ReadingOrder, accepted: np.ndarray) -> None:
    """Fill `delta_t_degc` and `water_flows` on the T1 and T2 rows whose meter and hour have both."""
    metric, value = rows["metric"].to_numpy(), rows["value"].to_numpy()
    indices = order.indices(accepted & np.isin(metric, (_T1, _T2, _SUPPLY, _CONSUMPTION)))
    hour = np.cumsum(order.starts_of_hours(indices)) - 1

    def values_by_hour(wanted: int) -> np.ndarray:
        """Return one metric's value in each hour of a meter, NaN where there is none."""
        by_hour = np.full(len(indices), np.nan)
        is_wanted = metric[indices] == wanted
        by_hour[hour[is_wanted]] = value[indices[is_wanted]]
        return by_hour

    delta_t = values_by_hour(_T1) - values_by_hour(_T2)
    supply, consumption = values_by_hour(_SUPPLY), values_by_hour(_CONSUMPTION)
    # An unknown flow counts as flowing: the flag only asks a question, and without it nobody would.
    flow = np.where(np.isnan(supply), np.where(np.isnan(consumption), 1.0, consumption), supply)
    is_temperature = np.isin(metric[indices], (_T1, _T2))
    delta_t_by_row, flows_by_row = np.full(len(rows), np.nan), np.ones(len(rows), dtype=bool)
    delta_t_by_row[indices[is_temperature]] = delta_t[hour[is_temperature]]
    flows_by_row[indices[is_temperature]] = flow[hour[is_temperature]] > 0
    rows["delta_t_degc"] = delta_t_by_row
    rows["water_flows"] = flows_by_row | np.isnan(delta_t_by_row)


def _with_outcome(parsed: pa.Table, meter_ids: np.ndarray, problems: np.ndarray) -> pa.Table:
    rejected, suspect = problems & _REJECTING_BITS != 0, problems & _ALL_BITS != 0
    quality = np.where(rejected, Quality.REJECTED, np.where(suspect, Quality.SUSPECT, Quality.VALID))
    indices, combinations = pd.factorize(problems & _ALL_BITS)
    reasons = [
        ";".join(reason for reason, bit in REASON_BITS.items() if combination & bit) or None
        for combination in combinations
    ]
    return (
        parsed.set_column(parsed.schema.get_field_index("problems"), "problems", pa.array(problems))
        .append_column("meter_id", pa.array(meter_ids))
        .append_column("quality", pa.array(quality.astype(np.int16)))
        .append_column("reason", take_words(indices, reasons))
    )
