from __future__ import annotations

from typing import Any

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.settings import Settings
from schemas.table_schema import CodePart, MetricColumn, TableSchema
from schemas.table_spec import TableSpec
from tasks.ingest.bind_columns import bind, note_unmapped
from tasks.ingest.find_header import Header, Heading


def bound(headings: list[str], units: dict[int, str] | None = None, **changes: Any) -> TableSchema:
    of_table, codes = changes.pop("of_table", None), changes.pop("codes", {"meter": "M"})
    spec = TableSpec.model_validate(
        {
            "layout": "day-sheet",
            "date": "Дата",
            "hour": "Час",
            "columns": {"V, м3": {"metric": "consumption_period"}},
            "identity": {"meter": "M"},
        }
        | changes
    )
    header = Header(1, 1, 1, [Heading(text) for text in headings], frozenset(), 1, units or {})
    settings = Settings(default_tz="UTC")
    return bind(header, range(len(headings)), spec, sheet=None, codes=codes, settings=settings, unit=of_table)


def test_columns_are_bound_by_their_headings_wherever_they_are() -> None:
    schema = bound(["V, м3", "Час", "Примечание", "Дата"])

    assert (schema.date_column, schema.hour_column) == ("Дата", "Час")
    assert [(metric.key, metric.metric) for metric in schema.metrics] == [("V, м3", "consumption_period")]
    assert (schema.meter_code, schema.time_zone) == ("M", "UTC")
    assert note_unmapped([schema]) == ["столбцы без описания, сохранены в сырье: C «Примечание»"]


def test_files_with_the_same_header_share_nothing_that_is_found_out_of_their_rows() -> None:
    spec = TableSpec.model_validate(
        {
            "layout": "long",
            "timestamp": "t",
            "fill_down": ["t"],
            "metric": {"column": "m"},
            "value": "v",
            "identity": {"meter": {"column": "c"}},
        }
    )
    header = Header(1, 1, 1, [Heading(text) for text in "tmvc"], frozenset(), 1, {})

    def bind_once() -> TableSchema:
        return bind(header, range(4), spec, sheet=None, codes={}, settings=Settings(default_tz="UTC"))

    first, second = bind_once(), bind_once()
    first.filled_down["t"].append((2, "x"))
    first.notes.append("x")
    first.doubtful_marks["v"] = ","
    first.first_hours.append(1)
    first.second_hours.append(1)

    assert (second, bind_once()) == (bind_once(), second)
    assert second != first
    assert second.filled_down == {"t": []}


def test_code_may_be_outside_of_the_block_and_a_value_may_not() -> None:
    headings = ["Прибор", "Дата", "Час", "V, м3", "V, м3"]
    changes: dict[str, Any] = {"identity": {"meter": {"column": "Прибор"}}, "codes": {"meter": None}}

    schema = bound(headings, block="E:E", **changes)

    assert (schema.meter_column, schema.value_columns) == ("Прибор", ["V, м3 (2)"])
    with pytest.raises(FileError) as caught:
        bound(headings, block="F:F", **changes)
    assert (caught.value.problem, caught.value.data["present"]) == (FileProblem.COLUMN_MISSING, "—")


def test_of_very_many_unknown_columns_only_the_first_are_named() -> None:
    schema = bound(["Дата", "Час", "V, м3", *(f"x{number}" for number in range(25))])

    assert note_unmapped([schema])[0].endswith("W «x19» и ещё 5")


def test_column_of_one_table_is_not_unknown_to_another_of_the_same_header() -> None:
    headings = ["Дата", "Час", "V, м3", "V2, м3", "x"]
    other = bound(headings, columns={"V2, м3": {"metric": "consumption_period"}})

    assert note_unmapped([bound(headings), other]) == ["столбцы без описания, сохранены в сырье: E «x»"]


def test_columns_have_excels_letters_and_unique_keys() -> None:
    schema = bound(["Дата", "Час", "V, м3", *[""] * 23, "note", "note", "row_num"])

    assert [column.letter for column in schema.columns[24:]] == ["Y", "Z", "AA", "AB", "AC"]
    assert [column.key for column in schema.columns[25:]] == ["Z", "note", "note (2)", "row_num (2)"]


def test_block_chooses_among_equal_headings_and_times_may_be_outside() -> None:
    schema = bound(["Дата", "Час", "V, м3", "V, м3"], block="D:D")

    assert [metric.key for metric in schema.metrics] == ["V, м3 (2)"]
    assert schema.date_column == "Дата"


@pytest.mark.parametrize(
    ("headings", "problem", "data"),
    [
        (["Дата", "Час"], FileProblem.COLUMN_MISSING, {"column": "V, м3", "present": "«Дата», «Час»"}),
        (
            ["Дата", "Час", "V м3"],
            FileProblem.COLUMN_RENAMED,
            {"column": "V, м3", "similar": "V м3", "present": "«Дата», «Час», «V м3»"},
        ),
        (
            ["Дата", "Час", "V, м3", "v,м³"],
            FileProblem.COLUMN_DOUBLED,
            {"column": "V, м3", "columns": "C «V, м3», D «v,м³»"},
        ),
    ],
)
def test_column_that_is_not_there_once_fails_the_table(
    headings: list[str], problem: FileProblem, data: dict[str, object]
) -> None:
    with pytest.raises(FileError) as caught:
        bound(headings)

    assert (caught.value.problem, caught.value.data) == (problem, data)


def test_other_unit_below_the_header_fails_the_table_and_another_spelling_does_not() -> None:
    with pytest.raises(FileError) as caught:
        bound(["Дата", "Час", "V, м3"], units={2: "л"})

    assert caught.value.problem is FileProblem.UNIT_DIFFERS
    assert caught.value.data == {"column": "V, м3", "unit": "л", "expected": "м3"}
    assert bound(["Дата", "Час", "V, м3"], units={2: "м³"}).metrics


@pytest.mark.parametrize(
    ("heading", "meaning", "unit"),
    [
        ("V (L/s)", {"metric": "flow_supply"}, "L/s"),
        ("V, л", {"metric": "consumption_period", "unit": "м3"}, "л"),
        ("Q [kWh]", {"metric": "consumption_period"}, "kWh"),
        ("V, м3", {"metric": "flow_supply"}, "м3"),
    ],
)
def test_unit_in_a_heading_that_is_not_the_mappings_fails_the_table(
    heading: str, meaning: dict[str, str], unit: str
) -> None:
    with pytest.raises(FileError) as caught:
        bound(["Дата", "Час", heading], columns={heading: meaning}, interval_minutes=30, stamp="end")

    assert caught.value.problem is FileProblem.UNIT_DIFFERS
    assert (caught.value.data["column"], caught.value.data["unit"]) == (heading, unit)


def test_unit_in_a_heading_may_be_spelled_otherwise() -> None:
    for heading, unit in (("V (L/s)", "л/с"), ("V, куб.м/ч", None), ("V [м3]", "куб. м")):
        bound(["Дата", "Час", heading], columns={heading: {"metric": "flow_supply", "unit": unit}})


def test_column_of_units_counts_where_it_is_one_and_the_values_are_of_one_kind() -> None:
    one = {"V": {"metric": "consumption_period"}}
    two = one | {"T": {"metric": "T1"}}

    assert bound(["Дата", "Час", "V", "unit"], columns=one).unit_column == "unit"
    assert bound(["Дата", "Час", "V", "Мера"], columns=one, unit="Мера").unit_column == "Мера"
    assert bound(["Дата", "Час", "V", "ед", "ед."], columns=one).unit_column is None
    assert bound(["Дата", "Час", "V", "ед", "T"], columns=two).unit_column is None


def test_unit_over_the_values_of_a_long_table_is_that_of_rows_without_one() -> None:
    spec = TableSpec.model_validate({"layout": "long", "value": "Значение, л"})
    headings = ["ts", "meter", "metric", "Значение, л"]
    header = Header(1, 1, 1, [Heading(text) for text in headings], frozenset(), 1, {})
    codes = dict.fromkeys(("building", "itp", "meter"))

    schema = bind(header, range(4), spec, sheet=None, codes=codes, settings=Settings(default_tz="UTC"))

    assert schema.value_unit == "л"


@pytest.mark.parametrize(
    ("keys", "read_at"),
    [
        ({}, "end"),
        ({"register_read_at": "start"}, "start"),
        ({"hour": "Час"}, "start"),
        ({"stamp": "start"}, "start"),
    ],
)
def test_without_a_time_of_day_a_register_is_read_when_the_files_date_says(keys: dict[str, str], read_at: str) -> None:
    date = {"file_name": r"(?P<year>\d{4})-(?P<month>\d\d)"}
    changes: dict[str, Any] = {
        "date": date,
        "hour": None,
        "interval": "month" if "hour" not in keys else None,
        "stamp": "end",
    }

    assert bound(["Час", "V, м3"], **(changes | keys)).register_read_at == read_at


def test_columns_to_fill_down_are_found_by_their_headings() -> None:
    assert bound(["Дата", "Час", "V, м3"], fill_down=["дата", "Час"]).filled_down == {"Дата": [], "Час": []}


def test_a_calendar_interval_is_its_own_statement() -> None:
    schema = bound(["Дата", "V, м3"], hour=None, interval="month", snap="2min", dates="day-first")

    assert (schema.calendar, schema.interval_minutes, schema.stated_interval) == ("month", 44_640, None)
    assert (schema.snap_seconds, schema.dates, schema.times.months) == (120, "day-first", 1)


def bound_long(headings: list[str], of_table: str | None = None, **changes: Any) -> TableSchema:
    spec = TableSpec.model_validate({"layout": "long", "metric": "metric", "value": headings[-1]} | changes)
    header = Header(1, 1, 1, [Heading(text) for text in headings], frozenset(), 1, {})
    codes = dict.fromkeys(("building", "itp", "meter"))
    settings = Settings(default_tz="UTC")
    return bind(header, range(len(headings)), spec, sheet=None, codes=codes, settings=settings, unit=of_table)


def test_words_for_metrics_are_kept_with_the_table_and_their_unit_may_not_contradict_the_heading() -> None:
    words = {"V1": {"metric": "flow_supply", "unit": "л/с"}, "t1": {"metric": "T1", "unit": "°C"}}
    metric = {"column": "metric", "words": words}

    found = bound_long(["ts", "meter", "metric", "Значение, l/s"], metric=metric)

    assert {word: (own.metric, own.unit) for word, own in found.metric_words.items()} == {
        "v1": ("flow_supply", "л/с"),
        "t1": ("T1", "°C"),
    }
    with pytest.raises(FileError) as caught:
        bound_long(["ts", "meter", "metric", "Значение, м3/ч"], metric=metric)
    assert caught.value.data == {"column": "Значение, м3/ч", "unit": "м3/ч", "expected": "л/с"}


def test_unit_of_the_whole_table_is_that_of_its_columns_and_may_not_contradict_them() -> None:
    place: dict[str, Any] = {"unit": {"cell": "B1"}}

    assert bound(["Дата", "Час", "V"], columns={"V": {"metric": "flow_supply"}}, **place, of_table="л/с").metrics == [
        MetricColumn(key="V", metric="flow_supply", unit="л/с")
    ]
    for heading, own in (("V, л", None), ("V", "л")):
        with pytest.raises(FileError) as caught:
            bound(
                ["Дата", "Час", heading],
                columns={heading: {"metric": "consumption_period", "unit": own}},
                **place,
                of_table="м3",
            )
        assert caught.value.problem is FileProblem.UNIT_DIFFERS
    assert bound_long(["ts", "meter", "metric", "Значение"], of_table="л").value_unit == "л"
    with pytest.raises(FileError) as caught:
        bound_long(["ts", "meter", "metric", "Значение, м3"], of_table="л")
    assert caught.value.data == {"column": "Значение, м3", "unit": "м3", "expected": "л"}


def test_code_from_columns_and_from_a_part_of_one_is_kept_with_the_table() -> None:
    identity = {"meter": "{Дом}-{Вид}", "building": {"column": "Дом", "pattern": r"\d+"}}
    codes = {"meter": [CodePart(column="Дом"), CodePart(text="-"), CodePart(column="Вид")]}

    schema = bound(["дом", "вид", "Дата", "Час", "V, м3"], identity=identity, codes=codes)

    assert (schema.building_column, schema.meter_column, schema.meter_code) == ("дом", "дом", None)
    assert schema.code_parts == {"meter": [CodePart(column="дом"), CodePart(text="-"), CodePart(column="вид")]}
    assert schema.code_patterns == {"building": r"\d+"}
    with pytest.raises(FileError) as caught:
        bound(["дом", "Дата", "Час", "V, м3"], identity=identity, codes=codes)
    assert caught.value.data == {"column": "Вид", "present": "«дом», «Дата», «Час», «V, м3»"}


def test_letter_names_no_column_of_a_table_with_a_header() -> None:
    with pytest.raises(FileError) as caught:  # a heading `G` that was renamed is not the seventh column
        bound(["Дата", "Час", "", "", "", "", ""], columns={"G": {"metric": "T1"}})

    assert caught.value.problem is FileProblem.COLUMN_MISSING
