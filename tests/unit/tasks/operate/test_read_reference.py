from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from schemas.reference import Cell, ReferenceMistake, ReferenceProblem
from schemas.settings import PROJECT_ROOT
from tasks.operate.read_reference import ReferenceFilesError, read_reference

BUILDINGS = "external_code,address,district_id\nB1,ул. Мятная,Северный\nB2,,\n"
ITP = "external_code,building_code\nI1,B1\nI2,B2\n"
ZONE = ZoneInfo("Europe/Moscow")
METERS = "external_code,itp_code,kind,interval_minutes\nM1,I1,cold_water,60\nM2,I2,hot_water,30\n"


def put(folder: Path, *, buildings: str = BUILDINGS, itp: str = ITP, meters: str = METERS) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in {"buildings": buildings, "itp": itp, "meters": meters}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_columns_may_come_in_any_order_and_blank_lines_count(tmp_path: Path) -> None:
    folder = put(tmp_path, itp="building_code,external_code\n\nB1,I1\n")

    (line,) = read_reference(folder, ZONE)["itp"]

    assert line == (3, {"external_code": "I1", "building_code": "B1"})


def test_an_error_says_where_it_is_as_data_and_in_words(tmp_path: Path) -> None:
    folder = put(tmp_path, itp=ITP + "I1,B1\n", meters=METERS.replace("cold_water", "steam"))

    with pytest.raises(ReferenceFilesError) as caught:
        read_reference(folder, ZONE)

    assert caught.value.errors == [
        ReferenceMistake("itp.csv", ReferenceProblem.DUPLICATE_CODE, {"first_line": 2}, 4, Cell("external_code", "I1")),
        ReferenceMistake("meters.csv", ReferenceProblem.UNKNOWN_KIND, {}, 2, Cell("kind", "steam")),
    ]
    assert str(caught.value).splitlines() == [
        "справочник не загружен, ошибок: 2",
        "itp.csv, строка 4, столбец external_code, значение 'I1': код уже есть в строке 2: оставьте одну",
        "meters.csv, строка 2, столбец kind, значение 'steam': допустимы cold_water, hot_water, heat, gas, electricity",
    ]


@pytest.mark.parametrize("minutes", ["1", "15", "60", "120", "1440"])
def test_interval_is_a_part_of_an_hour_or_whole_hours_that_are_a_part_of_a_day(tmp_path: Path, minutes: str) -> None:
    assert read_reference(put(tmp_path, meters=METERS.replace(",60", f",{minutes}")), ZONE)


@pytest.mark.parametrize(
    "minutes", ["0", "7", "45", "90", "300", "1441", "2880", "1.5", "-5", "٣٠", "9" * 5_000], ids=lambda text: text[:6]
)
def test_interval_that_is_neither_is_refused(tmp_path: Path, minutes: str) -> None:
    folder = put(tmp_path, meters=METERS.replace(",60", f",{minutes}"))

    with pytest.raises(ReferenceFilesError) as caught:
        read_reference(folder, ZONE)

    assert [error.problem for error in caught.value.errors] == [ReferenceProblem.BAD_INTERVAL]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("itp.csv", None, "itp.csv: файл не читается: нужен "),
        ("itp.csv", b"", "itp.csv, строка 1: столбцы '': нужны external_code, building_code"),
        ("itp.csv", b"code,building_code\n", "строка 1: столбцы 'code, building_code'"),
        ("itp.csv", b"external_code,building_code\nI1\n", "строка 2: 1 ячеек вместо 2"),
        ("itp.csv", b'external_code,building_code\n"I1,B1\n', "не csv"),
        ("itp.csv", "external_code,building_code\nИ1,B1\n".encode("cp1251"), "строка 2: байт 28 не UTF-8"),
    ],
)
def test_a_file_that_is_no_table_is_named_with_what_to_do(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    path = put(tmp_path) / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ReferenceFilesError) as caught:
        read_reference(tmp_path, ZONE)

    assert message in str(caught.value)


def test_of_very_many_errors_the_text_shows_some_and_counts_all(tmp_path: Path) -> None:
    folder = put(tmp_path, itp=ITP + ",B1\n" * 1_000)

    with pytest.raises(ReferenceFilesError) as caught:
        read_reference(folder, ZONE)

    assert len(caught.value.errors) == 1_000
    assert "ошибок: 1000" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 202


def test_reference_data_of_the_repository_is_right() -> None:
    reference = read_reference(PROJECT_ROOT / "data" / "reference", ZONE)

    assert len(reference["meters"]) == 50
