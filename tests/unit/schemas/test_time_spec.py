from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.table_spec import TableSpec

SHEET: dict[str, Any] = {
    "layout": "day-sheet",
    "columns": {"V": {"metric": "consumption_period"}},
    "identity": {"meter": {"column": "Прибор"}},
}
MONTH = {"file_name": r"(?P<year>\d{4})_(?P<month>\d\d)"}


@pytest.mark.parametrize(
    "keys",
    [
        {"timestamp": "t", "interval": "month"},
        {"timestamp": {"column": "t"}, "interval": {"column": "Интервал"}},
        {"timestamp": "t", "interval": {"end": "По"}},
        {"timestamp": "t", "interval": {"end": {"column": "По"}}},
        {"timestamp": "t", "interval": {"end": {"date": "По", "hour": "До часа"}}},
        {"date": "Дата", "hour": "Час", "interval": {"end": {"date": "По", "hour": "До часа"}}, "fill_down": ["По"]},
        {"date": "Дата", "hour": "Час", "interval": {"end": "По"}},
        {"date": MONTH, "hour": "Час", "interval": {"end": {"hour": "До часа"}}},
        {"date": MONTH, "day": "Число"},
        {"date": MONTH, "hour": "Час"},
        {"date": {"sheet": "(?P<month>.+)", "path": r"(?P<year>\d{4})/"}},
        {"date": {"cell": "A1", "pattern": r"(?P<day>\d+)\.(?P<month>\d+)\.(?P<year>\d+)"}},
        {"date": "Дата", "hour": "Час", "fill_down": ["дата", "Прибор"]},
        {"timestamp": "t", "interval_minutes": 15, "snap": "7min"},
        {"timestamp": "t", "interval": "day", "snap": "2min"},
    ],
)
def test_keys_of_times_go_together(keys: dict[str, Any]) -> None:
    TableSpec.model_validate(SHEET | keys)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"date": {"file_name": r"(?P<year>\d{4})"}}, "year"),
        ({"date": {**MONTH, "sheet": "(?P<month>.+)"}}, "once"),
        ({"date": {"above": r"(?P<year>\d)(?P<month>\d)(?P<hour>\d)"}}, "not hour"),
        ({"date": {"cell": "A1"}}, "both cell and pattern"),
        ({"date": MONTH, "timestamp": "t"}, "either timestamp"),
        ({"date": "Дата", "day": "Число"}, "year and month"),
        ({"date": {"above": r"(?P<day>\d)(?P<year>\d)(?P<month>\d)"}, "day": "Число"}, "year and month"),
        ({"timestamp": "t", "interval": "month", "interval_minutes": 60}, "either interval: month"),
        ({"date": "Дата", "interval_number": "№", "interval": "day"}, "either interval: day"),
        ({"date": "Дата", "interval_number": "№", "interval": {"end": "По"}}, "interval.end"),
        ({"timestamp": "t", "interval": {"end": {"date": "По"}}}, "interval.<end>.end.<columns>.hour"),
        ({"timestamp": "t", "interval": {"end": {"date": "По", "hour": "t"}}}, "claimed by"),
        ({"timestamp": "t", "stamp": "end", "interval": {"end": "По"}}, "interval.end"),
        ({"timestamp": "t", "snap": "2min"}, "interval_minutes or interval"),
        ({"timestamp": "t", "snap": "30min", "interval_minutes": 60}, "less than half"),
        ({"timestamp": "t", "snap": "soon", "interval_minutes": 60}, "30s or 2min"),
        ({"timestamp": "t", "dates": "dd.mm.yyyy"}, "day-first"),
        ({"timestamp": "t", "ambiguous_hours": "guess"}, "in-order"),
        ({"timestamp": "t", "fill_down": "V"}, "fill_down of headings but those of values (t, Прибор)"),
        ({"timestamp": "t", "interval": {"end": "t"}}, "claimed by"),
    ],
)
def test_contradictions_between_keys_of_times_are_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TableSpec.model_validate(SHEET | keys)

    assert said in str(caught.value), caught.value


def test_long_table_may_fill_down_the_columns_of_the_contract() -> None:
    TableSpec.model_validate({"layout": "long", "fill_down": ["ts", "meter_code"]})
    with pytest.raises(ValidationError):
        TableSpec.model_validate({"layout": "long", "fill_down": "value"})
