from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from tasks.sources.draft_columns import (
    draft_interval_values,
    draft_long_columns,
    draft_meter_columns,
    draft_metric_columns,
    find_meter_columns,
    find_metric_column,
)
from tasks.sources.find_tables import FoundColumn
from tasks.sources.recognise_headers import unit_of


def columns(*headings: str, cell: str = "1.5") -> list[FoundColumn]:
    return [FoundColumn(heading, unit_of(heading), [cell]) for heading in headings]


def drafted(*headings: str) -> str:
    return "\n".join(draft_metric_columns(columns(*headings)))


def test_metric_is_proposed_with_the_unit_that_fits_it() -> None:
    text = drafted(
        *("t1\n°C", "V1 м³", "Расход, м3", "Return T, C", "Supply V, m3", "Т2 гвс, оС"),
        *("M1 т", "P2 кгс/см²", "Qот Гкал"),
    )

    assert YAML(typ="safe").load(text)["columns"] == {
        "t1 °C": {"metric": "T1", "unit": "°C"},
        "V1 м³": {"metric": "flow_supply", "unit": "м³"},
        "Расход, м3": {"metric": "consumption_period", "unit": "м3"},
        "Return T, C": {"metric": "T2", "unit": "C"},
        "M1 т": {"metric": "mass_supply", "unit": "т"},
        "P2 кгс/см²": {"metric": "pressure_return", "unit": "кгс/см²"},
        "Qот Гкал": {"metric": "heat_energy", "unit": "Гкал"},
    }


@pytest.mark.parametrize(
    ("heading", "why"),
    [
        ("Consumption (kWh)", "kWh is no unit of consumption_period; one of heat_energy"),
        ("Частота, Гц", "Гц is no unit of a metric without a column"),
        ("dt, °C", "one of T1, T2, outdoor_temperature"),
        ("Расход (кубики)", None),
    ],
)
def test_column_whose_unit_does_not_fit_is_left_out_and_says_why(heading: str, why: str | None) -> None:
    text = drafted("Потребление за период, м3", heading)

    assert [*YAML(typ="safe").load(text)["columns"]] == ["Потребление за период, м3"]
    assert why is None or f"; {why}" in text


def test_known_name_with_the_unit_of_another_metric_stays_a_comment_also_alone() -> None:
    text = drafted("Consumption (kWh)")

    assert YAML(typ="safe").load(text)["columns"] is None
    assert "# ??? no column holds a metric in a unit of it" in text
    assert '# "Consumption (kWh)": {metric: "???", unit: "kWh"}' in text


def test_unit_that_nobody_knows_is_named() -> None:
    assert 'the unit "кубики" is not known' in drafted("Потребление за период, м3", "V (кубики)")


def test_column_with_other_texts_between_its_numbers_is_not_passed_over() -> None:
    column = FoundColumn("Расход, л", "л", ["120", "нет связи"])

    assert [*draft_metric_columns([column])][1:] == [
        '  "Расход, л": {metric: consumption_period, unit: "л"}  # such as "120"; ??? a guess'
    ]
    assert len([*draft_metric_columns([FoundColumn("Режим", None, ["1", "авто"])])]) == 2


def test_without_a_known_column_each_is_asked_with_the_metrics_of_its_unit() -> None:
    text = drafted("DMA A (L/s)", "house1")

    assert '  "DMA A (L/s)": {metric: "???", unit: "L/s"}  # such as "1.5"; one of flow_supply, flow_return' in text
    assert '  "house1": {metric: "???"}  # such as "1.5"; one of schemas/metrics.yaml' in text


def test_codes_and_numbers_of_lines_are_no_metrics_but_many_columns_are_named_in_one_line() -> None:
    numbers = [
        FoundColumn(heading, None, ["7"])
        for heading in ("№ п/п", "Номер", "Л/С", *(f"{hour:02}:00" for hour in range(24)))
    ]

    text = "\n".join(draft_metric_columns(numbers))

    assert "Номер" not in text
    assert "п/п" not in text
    assert "Л/С" not in text
    assert '# 24 columns of numbers, "00:00", "01:00" … "23:00", such as "7": ???' in text


def test_long_table_has_a_column_of_metrics_by_its_words_or_its_heading() -> None:
    known = [*columns("Что", cell="T1"), *columns("Знач.")]
    named = [*columns("Канал", cell="V1"), *columns("Значение"), *columns("Ед", cell="м3")]

    assert find_metric_column(known) is known[0]
    assert find_metric_column(named) is named[0]
    assert find_metric_column(columns("Канал", "V")) is None
    assert [*draft_long_columns(named[1:], named[0])] == [
        'metric: "Канал"  # such as "V1"',
        '# metric: {column: "Канал", words: {"V1": "???"}}  # no metric has these names',
        'value: "Значение"  # such as "1.5"',
        'unit: "Ед"  # such as "м3"',
    ]


def test_value_is_asked_where_no_heading_says_it() -> None:
    metric, *others = [*columns("metric", cell="T1"), *columns("a", "b")]

    assert 'value: ???  # one of "a", "b"' in [*draft_long_columns(others, metric)]
    assert "value: ???" in [*draft_long_columns([], metric)]


def test_column_is_in_the_unit_that_another_column_has_in_each_line() -> None:
    volume, units = FoundColumn("Volume", None, ["1", "2"]), FoundColumn("Unit", None, ["kWh", "kWh"])

    text = "\n".join(draft_metric_columns([volume, units, FoundColumn("Contract", None, ["7", "7"])]))
    mixed = "\n".join(draft_metric_columns([volume, units._replace(cells=["kWh", "m3"])]))

    assert '"Contract": {metric: "???"}' in text
    assert 'metric: "???", unit: "kWh"}  # such as "1"; kWh is no unit of consumption_period' in text
    assert '"Volume": {metric: consumption_period}' in mixed


def test_letters_are_units_only_where_the_heading_says_so() -> None:
    value = FoundColumn("Wert [kWh]", "kWh", ["1,5", "2"])

    status, mixed, stated = (
        "\n".join(draft_metric_columns([value, FoundColumn(heading, None, [*cells])]))
        for heading, cells in (("Status", "WW"), ("Status", "WWWWE"), ("Einheit", "WW"))
    )

    assert '# unit: "Status"  # such as "W"; ??? are these letters units?' in status
    assert "unit:" not in mixed.partition("columns:")[0]
    assert stated.startswith('unit: "Einheit"')


@pytest.mark.parametrize("heading", ["Показание", "Register", "Usage", "Потребление (тест)"])
def test_reading_of_nobody_knows_what_is_asked_for_unless_a_unit_says_it(heading: str) -> None:
    assert 'metric: "???"' in drafted(heading).partition("#")[0]
    assert "metric: consumption_" in drafted(f"{heading.partition(' (')[0]}, м3")


def test_columns_without_any_value_are_named_where_no_other_is_known() -> None:
    empty = [FoundColumn("V, м3", "м3", [None, None]), FoundColumn("Код", None, ["A-1", "A-1"])]

    lines = [*draft_metric_columns(empty)]

    assert lines[2:] == ['  # "V, м3": {metric: "???"}  # empty in all lines that were looked at']


def test_columns_are_meters_only_if_all_of_numbers_are_headed_by_codes() -> None:
    coded, named = columns("85912345", "85912346"), columns("Расход")

    assert find_meter_columns([*coded, FoundColumn("Примечание", None, ["а"])]) == coded
    assert find_meter_columns([*coded, *named]) == find_meter_columns(named) == []
    assert [*draft_meter_columns(coded, [])] == [
        "columns:",
        r"""  '(?P<meter>\d{5,}([-/_ ]\d+)*)': {metric: "???"}  # such as "1.5"; one of schemas/metrics.yaml""",
    ]


def test_value_of_intervals_has_their_unit_and_in_a_long_table_no_key() -> None:
    hours, metric = columns("H1, кВт·ч", "H2, кВт·ч"), columns("Канал", cell="T1")[0]

    (value,) = draft_interval_values(hours, [], None)
    assert value.startswith('value: {metric: "???", unit: "кВт·ч"}  # such as "1.5"; one of ')
    assert [*draft_interval_values(hours, [metric], metric)] == ['metric: "Канал"  # such as "T1"']
