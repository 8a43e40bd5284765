"""A draft of each kind of file, its questions answered by hand, reads the file that it was drafted from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from schemas.mappings import read_mappings
from schemas.problems import Kind
from schemas.settings import Settings
from tasks.ingest.detect_kind import kind_of
from tasks.ingest.parse_nodes import parse_nodes
from tasks.ingest.read_tables import peek, peek_lines, read_tables
from tasks.sources.draft_mapping import draft_mapping
from tasks.sources.find_tables import Sheet
from tasks.sources.look_at_file import look_at_nodes, look_at_text
from tasks.validate.parse_readings import parse

SETTINGS = Settings()
QUARTERS = [f"{minutes // 60:02}:{minutes % 60:02}" for minutes in range(0, 1440, 15)]
EMPTY_SINCE = [f"{day:02}.04.2025;0{hour}:00;NO-{hour};нет данных счёта;" for day in range(1, 6) for hour in range(9)]


def csv(*lines: Sequence[object]) -> str:
    return "\n".join(";".join(map(str, line)) for line in lines)


def draft(path: Path, text: str, encoding: str = "utf-8") -> str:
    path.write_bytes(text.encode(encoding))
    if (kind := kind_of(path, SETTINGS)) in {Kind.XML, Kind.JSON}:
        return draft_mapping("new", path.name, look_at_nodes(parse_nodes(path, kind, SETTINGS), kind)).yaml
    sheets = [Sheet(name, [*rows]) for name, rows in peek(path, SETTINGS)]
    return draft_mapping("new", path.name, look_at_text(sheets, peek_lines(path, SETTINGS))).yaml


def answer(yaml: str, answers: Mapping[str, str]) -> str:
    for question, said in {"description: ???": "description: Новый", **answers}.items():
        assert question in yaml
        yaml = yaml.replace(question, said)
    return yaml


def read(path: Path, yaml: str) -> list[dict[str, Any]]:
    (mapping,) = read_mappings("new.yaml", yaml.encode())
    return [
        reading
        for table in read_tables(path, mapping, relative_path=path.name, settings=SETTINGS)
        for batch in table.batches
        for reading in parse(table.schema, batch).to_pylist()
    ]


def times(readings: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"{one['ts'].astimezone(SETTINGS.zone):%d %H:%M}" for one in readings]


def test_archive_whose_first_lines_have_no_values_yet(tmp_path: Path) -> None:
    head = ["Дата;Время;Код;Состояние;Объём, м3", *EMPTY_SINCE]
    path = tmp_path / "архив.csv"

    yaml = draft(path, "\n".join([*head, "06.04.2025;00:00;A-1;снято;1,5", "06.04.2025;01:00;A-1;снято;2,5"]))
    found = [one for one in read(path, answer(yaml, {"meter: ???": "meter: M"})) if not one["problems"]]

    assert "The headings are in line 1;" in yaml
    assert [one["value"] for one in found] == [1.5, 2.5]
    assert times(found) == ["06 00:00", "06 01:00"]


@pytest.mark.parametrize(
    ("headings", "interval", "first_and_last"),
    [
        ([f"{a}-{b}" for a, b in zip(QUARTERS, [*QUARTERS[1:], "24:00"], strict=True)], 15, ("00:00", "23:45")),
        ([*QUARTERS[1:], "24:00"], 15, ("00:00", "23:45")),
        ([clock.replace(":", "") for clock in QUARTERS], 15, ("00:00", "23:45")),
        ([f"{hour}-{hour + 1}" for hour in range(24)], 60, ("00:00", "23:00")),
        ([f"{hour:02}" for hour in range(24)], 60, ("00:00", "23:00")),
        ([f"H{number} (kWh)" for number in range(1, 49)], 30, ("00:00", "23:30")),
        (range(1, 25), 60, ("00:00", "23:00")),
    ],
    ids=["ranges", "ends", "digits", "hours", "from_00", "half_hours", "numbers"],
)
def test_intervals_of_a_day_side_by_side(
    tmp_path: Path, headings: Sequence[object], interval: int, first_and_last: tuple[str, str]
) -> None:
    days = [[f"{day}.04.2025", *(f"{day},{n}" for n in range(1, len(headings) + 1))] for day in (13, 14)]
    path = tmp_path / "сутки.csv"

    yaml = draft(path, csv(["День", *headings], *days))
    found = read(path, answer(yaml, {"meter: ???": "meter: M", '"???"': "electricity_consumption"}))

    assert f"interval_minutes: {interval}  # " in yaml
    assert [one["problems"] for one in found] == [0] * 2 * len(headings)
    assert (times(found)[0], times(found)[-1]) == (f"13 {first_and_last[0]}", f"14 {first_and_last[1]}")
    assert found[1]["value"] == 13.2


def test_hour_that_comes_twice_has_marked_columns(tmp_path: Path) -> None:
    marked = [*QUARTERS[:12], "02:00*", "02:15*", "02:30*", "02:45*", *QUARTERS[12:]]
    path = tmp_path / "сутки.csv"

    yaml = draft(path, csv(["День", *marked], ["26.10.2025", *range(1, 101)]))
    berlin = {"# time_zone: Europe/Moscow": "time_zone: Europe/Berlin #", "meter: ???": "meter: M"}
    found = read(path, answer(yaml, {**berlin, '"???"': "electricity_consumption"}))

    assert len({one["ts"] for one in found}) == 100
    assert {one["problems"] for one in found} == {0}


def test_headings_that_are_codes_of_meters(tmp_path: Path) -> None:
    path = tmp_path / "сутки.csv"

    yaml = draft(
        path, "Datum;Cas od;Cas do;85912345-1;85912345-2\n1.8.2025;00:00;00:15;0,5;1\n1.8.2025;00:15;00:30;0,7;2"
    )
    found = read(path, answer(yaml, {"meter: ???": 'meter: "{meter}"', '"???"': "electricity_consumption"}))

    assert '# meter: "{meter}"  # of the heading of each column, such as "85912345-1"' in yaml
    assert "interval_minutes: 15  # " in yaml
    assert [(one["meter_code"], one["value"]) for one in found] == [
        ("85912345-1", 0.5),
        ("85912345-2", 1.0),
        ("85912345-1", 0.7),
        ("85912345-2", 2.0),
    ]
    assert times(found) == ["01 00:00", "01 00:00", "01 00:15", "01 00:15"]


def test_units_in_words_in_headings_and_in_a_column(tmp_path: Path) -> None:
    path = tmp_path / "вода.csv"

    yaml = draft(path, "Время;Расход в литрах\n01.04.2025 00:00;1500\n01.04.2025 01:00;2500")
    found = read(path, answer(yaml, {"meter: ???": "meter: M"}))
    by_row = draft(path, "Время;Electricity;Unit\n01.04.2025 00:00;1;megawatt-hours\n01.04.2025 01:00;2;megawatt-hours")
    energy = {"meter: ???": "meter: M", '"???"': "electricity_consumption"}
    of_rows = read(path, answer(by_row, energy))

    assert [one["value"] for one in found] == [1.5, 2.5]
    assert [one["value"] for one in of_rows] == [1000.0, 2000.0]


def test_zone_that_a_text_above_names(tmp_path: Path) -> None:
    path = tmp_path / "вода.csv"

    yaml = draft(path, "Все времена в UTC+5;\nВремя;Расход, м3\n01.04.2025 00:00;1\n01.04.2025 01:00;2")
    found = read(path, answer(yaml, {"meter: ???": "meter: M"}))

    assert 'time_zone: Etc/GMT-5  # ??? the text above "Все времена в UTC+5" says "UTC+5"' in yaml
    assert found[0]["ts"].isoformat() == "2025-03-31T19:00:00+00:00"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
def test_text_without_delimiters(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "архив.txt"
    lines = [
        "Узел учёта 12, архив часовой",
        "",
        "Дата и время       Прибор   Расход, м3    T1",
        "---------------- -------- ------------ -----",
        "01.04.2025 00:00 A-1            12,50  60,5",
        "01.04.2025 01:00 A-12          112,25  60,75",
        "01.04.2025 02:00 A-1             2",
        "Итого                          126,75",
    ]

    yaml = draft(path, "\r\n".join(lines), encoding)
    found = read(path, answer(yaml, {"meter: ???": "meter: {column: Прибор}", "stamp: start": "stamp: end"}))

    assert "positions: [1, 18, 27, 40]  # 3 lines with data have blanks before these; ??? a single blank" in yaml
    volumes = [(one["meter_code"], one["value"]) for one in found if one["metric"] == "consumption_period"]
    assert volumes == [("A-1", 12.5), ("A-12", 112.25), ("A-1", 2.0)]
    assert [one["value"] for one in found if one["metric"] == "T1"] == [60.5, 60.75, None]
    assert times(found)[:2] == ["31 23:00", "01 00:00"]


def test_xml_with_hours_in_attributes_below_a_day_that_stands_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "архив.xml"
    clocks = [f"{n // 2:02}{n % 2 * 30:02}" for n in range(49)]
    periods = "".join(
        f'<interval begin="{clocks[n]}" finish="{clocks[n + 1]}"><v>{n}</v></interval>' for n in range(48)
    )
    points = "".join(f'<point serial="A-{code}">{periods}</point>' for code in (1, 2))
    made = "<made><at>20250402061500</at><day>20250401</day></made>"

    yaml = draft(path, f"<export>{made}<owner><name>Ж</name>{points}</owner></export>")
    answers = {"meter: ???": "meter: {column: serial}", '"???"': "electricity_consumption"}
    found = read(path, answer(yaml, answers))

    assert 'rows: "//interval"  # 96 of them' in yaml
    assert [one["problems"] for one in found] == [0] * 96
    assert {one["meter_code"] for one in found} == {"A-1", "A-2"}
    assert [(times(found)[n], found[n]["value"]) for n in (0, 47)] == [("01 00:00", 0.0), ("01 23:30", 47.0)]


def test_xml_in_namespaces_with_seconds_since_1970(tmp_path: Path) -> None:
    path = tmp_path / "архив.xml"
    readings = "".join(
        f"<r><time><length>3600</length><start>{1743454800 + 3600 * hour}</start></time><used>{hour},5</used></r>"
        for hour in range(24)
    )

    yaml = draft(path, f'<f xmlns="urn:a"><id>7</id><b xmlns="urn:b"><meterCode>M-1</meterCode>{readings}</b></f>')
    answers = {"meter: ???": "meter: {column: meter Code}", '"length": {metric': '# "length": {metric'}
    answers |= {'"used": {metric: "???"': '"used": {metric: T1'}
    found = read(path, answer(yaml, answers))

    assert 'namespaces: {n1: "urn:b"' in yaml
    assert "interval_minutes: 60  # 23 of 23 steps between times" in yaml
    assert [(one["meter_code"], one["value"]) for one in found][:2] == [("M-1", 0.5), ("M-1", 1.5)]
    assert [one["problems"] for one in found] == [0] * 24
    assert times(found)[0] == "01 00:00"


def test_xml_with_a_row_an_hour_and_a_column_a_metric(tmp_path: Path) -> None:
    path = tmp_path / "архив.xml"
    rows = "".join(f"<Строка><Дата>01.04.2025</Дата><Час>{h}-{h + 1}</Час><T1>6{h}</T1></Строка>" for h in range(3))

    yaml = draft(path, f"<Архив>{rows}</Архив>")
    found = read(path, answer(yaml, {"meter: ???": "meter: M"}))

    assert [(one["metric"], one["value"]) for one in found] == [("T1", 60.0), ("T1", 61.0), ("T1", 62.0)]
    assert times(found) == ["01 00:00", "01 01:00", "01 02:00"]


def test_records_of_several_types_without_a_header(tmp_path: Path) -> None:
    path = tmp_path / "nem12 1.csv"
    hours = [str(number) for number in range(100, 148)]
    lines = [f"300,2025040{day},{','.join(hours)},A" for day in (1, 2)]
    yaml = draft(path, "\n".join(["100,NEM12", "200,6102000001,E1,kWh", *lines, "900"]))

    found = read(
        path,
        answer(
            yaml,
            {
                "meter: ???": 'meter: {column: B, of: {A: "200"}}',
                'metric: "???"': "metric: electricity_consumption",
            },
        ),
    )

    assert [one["value"] for one in found[:3]] == [100, 100, 101]
    assert (len(found), {one["meter_code"] for one in found}) == (96, {"6102000001"})
    assert times(sorted(found, key=lambda one: one["ts"]))[-1] == "02 23:30"
