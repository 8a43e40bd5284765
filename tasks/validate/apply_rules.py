"""Give every parsed reading its verdict: the rules of the Pandera model, duplicates, T1 − T2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pandera.pandas
import pyarrow as pa

from schemas.readings import METRIC_NAMES, NO_METER, READING, delta_t_check
from schemas.reasons import SUSPECT_REASONS, Quality, Reason
from schemas.settings import Settings
from tasks.validate.parse_readings import BIT, distinct, word_places, words_at

_REJECTING = sum(bit for reason, bit in BIT.items() if reason not in SUSPECT_REASONS)
_ALL_REASONS = sum(BIT.values())
_NO_TIME = np.iinfo(np.int64).min
_T1, _T2, _SUPPLY, _CONSUMPTION = (
    METRIC_NAMES.index(name) for name in ("T1", "T2", "flow_supply", "consumption_period")
)


class Meter(NamedTuple):
    """What the reference tables say of a meter."""

    meter_id: int
    itp_code: str
    building_code: str


class Judged(NamedTuple):
    """The verdict on a parsed table. `read` = accepted + rejected + duplicates, table by table."""

    readings: pa.Table
    """The parsed readings without dropped duplicates, with `quality`, `reason`, `problems`, `meter_id`, in the
    order of file, meter, time and metric."""
    duplicates: np.ndarray
    """`table` index of each identical duplicate that was dropped."""


def judge(
    parsed: pa.Table, meters: Mapping[str, Meter], settings: Settings, file_of_table: Sequence[int] = (0,)
) -> Judged:
    """Judge parsed readings (schema PARSED); a meter's readings must all be in one call.

    `file_of_table` gives the number of the file that each table stands in: what a file says twice, even in
    two tables, are duplicates.

    Raises:
        pandera.errors.SchemaError: a reading that breaks a rule would have been accepted: our mistake.

    """
    parsed = parsed.combine_chunks()
    meter_keys, meter_ids = _find_meters(parsed, meters)
    time = parsed.column("ts").cast(pa.int64()).fill_null(_NO_TIME).to_numpy()
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
    file = np.array(file_of_table)[parsed.column("table").to_numpy()]
    keys = _Keys(file, meter_keys, time, rows["metric"].to_numpy())
    problems = parsed.column("problems").to_numpy().copy()
    problems |= _broken_rules(rows, READING.checks) & _rules_that_apply(rows, problems)
    dropped = _settle_duplicates(keys, rows["value"].to_numpy(), parsed.column("row_num").to_numpy(), problems)
    accepted = (problems & _REJECTING == 0) & ~dropped
    _add_delta_t(rows, keys, accepted)
    problems |= _broken_rules(rows, [delta_t_check(settings.delta_t_min, settings.delta_t_max)])
    READING.validate(rows[accepted])
    judged = _with_verdict(parsed, meter_ids, problems)
    order = keys.order(of=~dropped)
    is_in_order = len(order) == len(judged) and bool((order == np.arange(len(order))).all())
    return Judged(
        readings=judged if is_in_order else judged.take(pa.array(order)),
        duplicates=parsed.column("table").to_numpy()[dropped],
    )


class _Keys:
    """What tells readings apart: file, meter, time (microseconds) and metric, and their order by these."""

    def __init__(self, file: np.ndarray, meter: np.ndarray, time: np.ndarray, metric: np.ndarray) -> None:
        self._columns = (file, meter, time, metric)
        self._order = np.lexsort((metric, time, meter, file))

    def order(self, of: np.ndarray | None = None) -> np.ndarray:
        """Give the places of the rows (of those in the mask `of`) in their order."""
        return self._order if of is None else self._order[of[self._order]]

    def changes(self, order: np.ndarray, *, metric: bool) -> np.ndarray:
        """Tell for each row of `order` whether it differs from the one before, in its metric too or not."""
        columns = self._columns if metric else self._columns[:3]
        differs = np.zeros(len(order), dtype=bool)
        differs[:1] = True
        for column in columns:
            in_order = column[order]
            differs[1:] |= in_order[1:] != in_order[:-1]
        return differs


def _metric_indices(parsed: pa.Table) -> np.ndarray:
    words = parsed.column("metric").combine_chunks()
    known = {name: index for index, name in enumerate(METRIC_NAMES)}
    indices = np.array([*(known.get(word, -1) for word in words.dictionary.to_pylist()), -1])
    unknown = parsed.column("problems").to_numpy() & BIT[Reason.UNKNOWN_METRIC] != 0
    return np.where(unknown, -1, indices[word_places(words)]).astype(np.int8)


def _find_meters(parsed: pa.Table, meters: Mapping[str, Meter]) -> tuple[np.ndarray, np.ndarray]:
    """Give each row's meter as a key, and as an id (NO_METER where the codes do not fit)."""
    places, codes = distinct([parsed.column(f"{name}_code").combine_chunks() for name in ("building", "itp", "meter")])
    ids = np.full(len(codes), NO_METER, dtype=np.int64)
    for place, (building, itp, code) in enumerate(codes):
        meter = meters.get(code or "")
        # A code that stands under another building or ITP is not that meter: nothing is guessed.
        if meter and building in (None, meter.building_code) and itp in (None, meter.itp_code):
            ids[place] = meter.meter_id
    # Codes that fit no meter are told apart by all three of them.
    keys = np.where(ids == NO_METER, NO_METER - 1 - np.arange(len(ids)), ids)
    return keys[places], ids[places]


def _broken_rules(rows: pd.DataFrame, checks: list[pandera.pandas.Check]) -> np.ndarray:
    """Give the bits of the rules that each row breaks; the checks' own masks cost no failure table."""
    bits = np.zeros(len(rows), dtype=np.int32)
    for check in checks:
        passed = check(rows).check_output.to_numpy()
        bits |= np.where(passed, 0, BIT[Reason(str(check.name))]).astype(np.int32)
    return bits


def _rules_that_apply(rows: pd.DataFrame, problems: np.ndarray) -> np.ndarray:
    """Give the bits of the rules that make sense: bounds need a metric, and a ragged row has no cells."""
    bits = np.where(rows["metric"].to_numpy() >= 0, -1, BIT[Reason.UNMAPPED_CODE])
    return np.where(problems & BIT[Reason.MISSING_COLUMN] != 0, 0, bits).astype(np.int32)


def _settle_duplicates(keys: _Keys, values: np.ndarray, row_nums: np.ndarray, problems: np.ndarray) -> np.ndarray:
    """Reject conflicting duplicates of a file (bits set in place); mark the identical ones to drop."""
    dropped = np.zeros(len(values), dtype=bool)
    order = keys.order(of=problems & ~BIT[Reason.UNMAPPED_CODE] == 0)
    begins = keys.changes(order, metric=True)
    if begins.all():
        return dropped
    group = np.cumsum(begins) - 1
    is_twin = np.bincount(group)[group] > 1
    twins = pd.DataFrame({"place": order[is_twin], "group": group[is_twin]})
    twins = twins.assign(value=values[twins["place"]], row_num=row_nums[twins["place"]])
    twins = twins.sort_values("row_num", kind="stable")
    conflicting = twins.groupby("group")["value"].transform("nunique") > 1
    problems[twins.loc[conflicting, "place"]] |= BIT[Reason.CONFLICTING_DUPLICATE]
    identical = twins[~conflicting]
    dropped[identical.loc[identical.duplicated("group"), "place"]] = True
    return dropped


def _add_delta_t(rows: pd.DataFrame, keys: _Keys, accepted: np.ndarray) -> None:
    """Fill `delta_t_degc` and `water_flows` on the T1 and T2 rows whose meter and hour have both."""
    metric, value = rows["metric"].to_numpy(), rows["value"].to_numpy()
    order = keys.order(of=accepted & np.isin(metric, (_T1, _T2, _SUPPLY, _CONSUMPTION)))
    hour = np.cumsum(keys.changes(order, metric=False)) - 1

    def of(wanted: int) -> np.ndarray:
        """Give one metric's value in each hour of a meter, NaN where there is none."""
        found = np.full(len(order), np.nan)
        is_wanted = metric[order] == wanted
        found[hour[is_wanted]] = value[order[is_wanted]]
        return found

    delta_t, supply, consumption = of(_T1) - of(_T2), of(_SUPPLY), of(_CONSUMPTION)
    # No word on the flow counts as flowing: the flag is only a question, and silence would hide it.
    flow = np.where(np.isnan(supply), np.where(np.isnan(consumption), 1.0, consumption), supply)
    is_temperature = np.isin(metric[order], (_T1, _T2))
    delta_t_of_rows, flows_of_rows = np.full(len(rows), np.nan), np.ones(len(rows), dtype=bool)
    delta_t_of_rows[order[is_temperature]] = delta_t[hour[is_temperature]]
    flows_of_rows[order[is_temperature]] = flow[hour[is_temperature]] > 0
    rows["delta_t_degc"] = delta_t_of_rows
    rows["water_flows"] = flows_of_rows | np.isnan(delta_t_of_rows)


def _with_verdict(parsed: pa.Table, meter_ids: np.ndarray, problems: np.ndarray) -> pa.Table:
    rejected, suspect = problems & _REJECTING != 0, problems & _ALL_REASONS != 0
    quality = np.where(rejected, Quality.REJECTED, np.where(suspect, Quality.SUSPECT, Quality.VALID))
    places, codes = pd.factorize(problems & _ALL_REASONS)
    texts = [";".join(reason for reason, bit in BIT.items() if code & bit) or None for code in codes]
    return (
        parsed.set_column(parsed.schema.get_field_index("problems"), "problems", pa.array(problems))
        .append_column("meter_id", pa.array(meter_ids))
        .append_column("quality", pa.array(quality.astype(np.int16)))
        .append_column("reason", words_at(places, texts))
    )
