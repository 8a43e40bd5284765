"""Give every parsed reading its verdict: the rules of the Pandera model, duplicates, T1 − T2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pandera.pandas
import pyarrow as pa
import pyarrow.compute as pc

from schemas.readings import METRIC_NAMES, NO_METER, READING, delta_t_check
from schemas.reasons import SUSPECT_REASONS, Quality, Reason
from schemas.settings import Settings
from tasks.judge_readings.parse import BIT

_REJECTING = sum(bit for reason, bit in BIT.items() if reason not in SUSPECT_REASONS)
_ALL_REASONS = sum(BIT.values())
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
    """The parsed readings without dropped duplicates, with `quality`, `reason`, `problems`, `meter_id`."""
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
    keys = rows[["metric"]].assign(
        file=np.array(file_of_table)[parsed.column("table").to_numpy()],
        meter=meter_keys,
        time=rows["time"].astype("int64"),
    )
    problems = parsed.column("problems").to_numpy().copy()
    problems |= _broken_rules(rows, READING.checks) & _rules_that_apply(rows, problems)
    dropped = _settle_duplicates(keys, rows["value"], parsed.column("row_num").to_numpy(), problems)
    accepted = (problems & _REJECTING == 0) & ~dropped
    _add_delta_t(rows, keys, accepted)
    problems |= _broken_rules(rows, [delta_t_check(settings.delta_t_min, settings.delta_t_max)])
    READING.validate(rows[accepted])
    kept = pa.array(~dropped)
    readings = _with_verdict(parsed, meter_ids, problems).filter(kept)
    return Judged(readings=readings, duplicates=parsed.column("table").to_numpy()[dropped])


def _metric_indices(parsed: pa.Table) -> np.ndarray:
    found = pc.index_in(parsed.column("metric"), value_set=pa.array(METRIC_NAMES))
    unknown = parsed.column("problems").to_numpy() & BIT[Reason.UNKNOWN_METRIC] != 0
    indices: np.ndarray = pc.fill_null(found, -1).to_numpy().astype(np.int8)
    indices[unknown] = -1
    return indices


def _find_meters(parsed: pa.Table, meters: Mapping[str, Meter]) -> tuple[np.ndarray, np.ndarray]:
    """Give each row's meter as a key, and as an id (NO_METER where the codes do not fit)."""
    codes = [pc.fill_null(parsed.column(f"{name}_code"), "") for name in ("building", "itp", "meter")]
    joined = pc.binary_join_element_wise(*codes, "\x1f").combine_chunks().dictionary_encode()
    ids = np.full(len(joined.dictionary), NO_METER, dtype=np.int64)
    for place, text in enumerate(joined.dictionary.to_pylist()):
        building, itp, code = text.split("\x1f")
        meter = meters.get(code)
        # A code that stands under another building or ITP is not that meter: nothing is guessed.
        if meter and building in ("", meter.building_code) and itp in ("", meter.itp_code):
            ids[place] = meter.meter_id
    # Codes that fit no meter are told apart by all three of them.
    keys = np.where(ids == NO_METER, NO_METER - 1 - np.arange(len(ids)), ids)
    places = joined.indices.to_numpy()
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


def _settle_duplicates(
    keys: pd.DataFrame, values: pd.Series[float], row_nums: np.ndarray, problems: np.ndarray
) -> np.ndarray:
    """Reject conflicting duplicates of a file (bits set in place); mark the identical ones to drop."""
    dropped = np.zeros(len(keys), dtype=bool)
    readable = problems & ~BIT[Reason.UNMAPPED_CODE] == 0
    twins = np.flatnonzero(readable)[keys[readable].duplicated(keep=False).to_numpy()]
    if not len(twins):
        return dropped
    rows = keys.iloc[twins].assign(value=values.iloc[twins], row_num=row_nums[twins], place=twins)
    rows = rows.sort_values("row_num", kind="stable")
    same = ["file", "meter", "time", "metric"]
    conflicting = rows.groupby(same)["value"].transform("nunique") > 1
    problems[rows.loc[conflicting, "place"]] |= BIT[Reason.CONFLICTING_DUPLICATE]
    identical = rows[~conflicting]
    dropped[identical.loc[identical.duplicated(same), "place"]] = True
    return dropped


def _add_delta_t(rows: pd.DataFrame, keys: pd.DataFrame, accepted: np.ndarray) -> None:
    """Fill `delta_t_degc` and `water_flows` on the T1 and T2 rows whose meter and hour have both."""
    hour = ["file", "meter", "time"]

    def of(metric: int, name: str) -> pd.DataFrame:
        chosen = accepted & (rows["metric"].to_numpy() == metric)
        found: pd.DataFrame = keys.loc[chosen, hour]
        return found.assign(**{name: rows.loc[chosen, "value"], f"{name}_place": rows.index[chosen]})

    both = of(_T1, "t1").merge(of(_T2, "t2"), on=hour)
    if both.empty:
        return
    both = both.merge(of(_SUPPLY, "supply"), on=hour, how="left")
    both = both.merge(of(_CONSUMPTION, "consumption"), on=hour, how="left")
    # No word on the flow counts as flowing: the flag is only a question, and silence would hide it.
    flows = both["supply"].fillna(both["consumption"]).fillna(1.0).to_numpy() > 0
    delta_t = (both["t1"] - both["t2"]).to_numpy()
    for place in (both["t1_place"], both["t2_place"]):
        rows.loc[place.to_numpy(), "delta_t_degc"] = delta_t
        rows.loc[place.to_numpy(), "water_flows"] = flows


def _with_verdict(parsed: pa.Table, meter_ids: np.ndarray, problems: np.ndarray) -> pa.Table:
    rejected, suspect = problems & _REJECTING != 0, problems & _ALL_REASONS != 0
    quality = np.where(rejected, Quality.REJECTED, np.where(suspect, Quality.SUSPECT, Quality.VALID))
    codes, places = np.unique(problems & _ALL_REASONS, return_inverse=True)
    texts = [";".join(reason for reason, bit in BIT.items() if code & bit) or None for code in codes]
    return (
        parsed.set_column(parsed.schema.get_field_index("problems"), "problems", pa.array(problems))
        .append_column("meter_id", pa.array(meter_ids))
        .append_column("quality", pa.array(quality.astype(np.int16)))
        .append_column("reason", pa.array(texts, pa.string()).take(pa.array(places)))
    )
