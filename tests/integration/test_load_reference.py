from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from flows.commands.reference import app
from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.operate.generate_samples import write_reference
from tasks.operate.load_reference import load_reference
from tasks.operate.read_reference import ReferenceFilesError, read_reference

BUILDINGS = "external_code,address,district_id\nB1,ул. Мятная,Северный\nB2,,\n"
ITP = "external_code,building_code\nI1,B1\nI2,B2\n"
METERS = "external_code,itp_code,kind,interval_minutes\nM1,I1,cold_water,60\nM2,I2,hot_water,30\n"
READ_BACK = """
    select t.external_code, t.kind, t.interval_minutes, i.external_code,
        b.external_code, b.address, b.district_id
    from core.meters as t
    join core.itp as i on t.itp_id = i.id
    join core.buildings as b on i.building_id = b.id
    order by 1
"""


def put(folder: Path, *, buildings: str = BUILDINGS, itp: str = ITP, meters: str = METERS) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in {"buildings": buildings, "itp": itp, "meters": meters}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


async def rows(warehouse: asyncpg.Connection) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await warehouse.fetch(READ_BACK)]


async def test_codes_are_added_updated_and_left_alone(
    warehouse: asyncpg.Connection, settings: Settings, tmp_path: Path
) -> None:
    first = await load_reference(warehouse, read_reference(put(tmp_path), settings.zone), settings)
    again = await load_reference(warehouse, read_reference(put(tmp_path), settings.zone), settings)
    changed = put(
        tmp_path,
        buildings=BUILDINGS.replace("B2,,", "B2,ул. Новая,Южный"),
        itp=ITP.replace("I2,B2", "I2,B1"),
        meters=METERS.replace("30", "15") + "M3,I2,heat,60\n",
    )
    third = await load_reference(warehouse, read_reference(changed, settings.zone), settings)

    tables = {"buildings", "itp", "meters"}
    assert first.model_dump(include=tables) == {name: {"inserted": 2, "updated": 0, "unchanged": 0} for name in tables}
    assert again.model_dump(include=tables) == {name: {"inserted": 0, "updated": 0, "unchanged": 2} for name in tables}
    assert first.changes == again.changes == []
    assert [tuple(change.model_dump().values()) for change in third.changes] == [
        ("buildings", "B2", "address", None, "ул. Новая"),
        ("buildings", "B2", "district_id", None, "Южный"),
        ("itp", "I2", "building_code", "B2", "B1"),
        ("meters", "M2", "interval_minutes", "30", "15"),
    ]
    assert third.buildings.model_dump() == {"inserted": 0, "updated": 1, "unchanged": 1}
    assert third.itp.model_dump() == {"inserted": 0, "updated": 1, "unchanged": 1}
    assert third.meters.model_dump() == {"inserted": 1, "updated": 1, "unchanged": 1}
    assert await rows(warehouse) == [
        ("M1", "cold_water", 60, "I1", "B1", "ул. Мятная", "Северный"),
        ("M2", "hot_water", 15, "I2", "B1", "ул. Мятная", "Северный"),
        ("M3", "heat", 60, "I2", "B1", "ул. Мятная", "Северный"),
    ]


async def test_every_error_is_listed_with_its_place_and_nothing_is_written(
    warehouse: asyncpg.Connection, settings: Settings, tmp_path: Path
) -> None:
    folder = put(
        tmp_path,
        itp=ITP + "I1,B1\n,B1\n",
        meters=METERS.replace("cold_water", "steam").replace("30", "2000") + "M\x07,I1,heat,1.5\n",
    )

    with pytest.raises(ReferenceFilesError) as caught:
        await load_reference(warehouse, read_reference(folder, settings.zone), settings)

    assert [str(error).partition(": ")[0] for error in caught.value.errors] == [
        "itp.csv, строка 4, столбец external_code, значение 'I1'",
        "itp.csv, строка 5, столбец external_code, значение ''",
        "meters.csv, строка 2, столбец kind, значение 'steam'",
        "meters.csv, строка 3, столбец interval_minutes, значение '2000'",
        "meters.csv, строка 4, столбец external_code, значение 'M\\x07'",
        "meters.csv, строка 4, столбец interval_minutes, значение '1.5'",
    ]
    assert "ошибок: 6" in str(caught.value)
    assert await warehouse.fetchval("select count(*) from core.buildings") == 0


async def test_a_code_that_nobody_knows_is_named_and_nothing_is_written(
    warehouse: asyncpg.Connection, settings: Settings, tmp_path: Path
) -> None:
    folder = put(tmp_path, itp=ITP + "I3,B9\n", meters=METERS + "M3,I9,heat,60\n")

    with pytest.raises(ReferenceFilesError) as caught:
        await load_reference(warehouse, read_reference(folder, settings.zone), settings)

    unknown = "такого кода нет: добавьте его в"
    assert [str(error) for error in caught.value.errors] == [
        f"itp.csv, строка 4, столбец building_code, значение 'B9': {unknown} buildings.csv или исправьте",
        f"meters.csv, строка 4, столбец itp_code, значение 'I9': {unknown} itp.csv или исправьте",
    ]
    assert await warehouse.fetchval("select count(*) from core.buildings") == 0


async def test_files_may_hold_only_what_is_new(
    warehouse: asyncpg.Connection, settings: Settings, tmp_path: Path
) -> None:
    await load_reference(warehouse, read_reference(put(tmp_path), settings.zone), settings)
    only_a_meter = put(
        tmp_path,
        buildings="external_code,address,district_id\n",
        itp="external_code,building_code\n",
        meters="external_code,itp_code,kind,interval_minutes\nM3,I1,heat,60\n",
    )

    counts = await load_reference(warehouse, read_reference(only_a_meter, settings.zone), settings)

    assert counts.meters.inserted == 1
    assert [row[0] for row in await rows(warehouse)] == ["M1", "M2", "M3"]


async def test_a_table_saved_by_a_russian_excel_with_a_byte_order_mark_is_read(
    warehouse: asyncpg.Connection, settings: Settings, tmp_path: Path
) -> None:
    put(tmp_path, meters=METERS.replace(",", ";"))
    (tmp_path / "buildings.csv").write_text(BUILDINGS, encoding="utf-8-sig")

    await load_reference(warehouse, read_reference(tmp_path, settings.zone), settings)

    assert [row[0] for row in await rows(warehouse)] == ["M1", "M2"]


def test_command_loads_the_folder_and_says_what_it_did(settings: Settings, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [str(put(tmp_path / "reference")), "--json"])

    assert done.exit_code == 0
    assert json.loads(done.output)["meters"] == {"inserted": 2, "updated": 0, "unchanged": 0}


async def test_a_whole_city_is_loaded_and_known_again(
    warehouse: asyncpg.Connection, settings: Settings, tmp_path: Path
) -> None:
    write_reference(tmp_path, buildings=17_500)

    counts = await load_reference(warehouse, read_reference(tmp_path, settings.zone), settings)
    again = await load_reference(warehouse, read_reference(tmp_path, settings.zone), settings)

    assert (counts.buildings.inserted, counts.meters.inserted) == (35_001, 70_002)
    assert again.meters.unchanged == 70_002


DATED_METERS = """external_code,itp_code,kind,interval_minutes,installed,removed,register_digits
M1,I1,cold_water,60,,2025-04-10 12:00,
M1,I2,cold_water,60,10.04.2025 12:00,,5
M2,I2,hot_water,30,,2025-05-01,
"""
DATED_BUILDINGS = """external_code,address,district_id,since
B1,ул. Мятная,Северный,
B1,ул. Мятная,Южный,2025-05-01
B2,,,
"""
PLACES = """
    select
        meter_code, building_code, district_id, to_char(since at time zone 'Europe/Moscow', 'DD.MM HH24:MI'),
        to_char(until at time zone 'Europe/Moscow', 'DD.MM HH24:MI'), register_digits
    from quality.meter_placements
    order by 1, since
"""


async def test_meters_come_go_and_move_and_buildings_change_their_district(
    warehouse: asyncpg.Connection, settings: Settings, tmp_path: Path
) -> None:
    await load_reference(warehouse, read_reference(put(tmp_path), settings.zone), settings)
    dated = read_reference(put(tmp_path, buildings=DATED_BUILDINGS, meters=DATED_METERS), settings.zone)

    counts = await load_reference(warehouse, dated, settings)

    assert [tuple(row) for row in await warehouse.fetch(PLACES)] == [
        ("M1", "B1", "Северный", None, "10.04 12:00", None),
        ("M1", "B2", "unknown", "10.04 12:00", None, 5),
        ("M2", "B2", "unknown", None, "01.05 00:00", None),
    ]
    assert await warehouse.fetchval("select district_id from core.buildings where external_code = 'B1'") == "Южный"
    assert counts.meters.model_dump() == {"inserted": 0, "updated": 2, "unchanged": 0}
    assert [(change.code, change.column_name, change.before, change.after) for change in counts.changes] == [
        ("B1", "district_id", "Северный", "Южный"),
        ("M1", "itp_code", "I1", "I2"),
        ("B1", "periods", None, "Северный; Южный from 2025-05-01 00:00:00"),
        ("M1", "periods", None, "I1 until 2025-04-10 12:00:00; I2 from 2025-04-10 12:00:00 5 digits"),
        ("M2", "periods", None, "until 2025-05-01 00:00:00"),
    ]
    assert (await load_reference(warehouse, dated, settings)).changes == []

    undated = await load_reference(warehouse, read_reference(put(tmp_path), settings.zone), settings)

    assert undated.meters.updated == 2
    assert await warehouse.fetchval("select count(*) from quality.meter_periods") == 0
    assert await warehouse.fetchval("select count(*) from quality.district_periods") == 0


async def test_an_itp_that_nobody_knows_is_named_with_its_line_though_the_meter_has_left_it(
    warehouse: asyncpg.Connection, settings: Settings, tmp_path: Path
) -> None:
    folder = put(tmp_path, meters=DATED_METERS.replace("M1,I1", "M1,I9"))

    with pytest.raises(ReferenceFilesError) as caught:
        await load_reference(warehouse, read_reference(folder, settings.zone), settings)

    assert [(error.line, error.cell and error.cell.value) for error in caught.value.errors] == [(2, "I9")]


async def test_meters_that_the_file_lacks_are_retired_from_a_day_on(
    warehouse: asyncpg.Connection, settings: Settings, tmp_path: Path
) -> None:
    await load_reference(warehouse, read_reference(put(tmp_path), settings.zone), settings)
    fewer = put(tmp_path, meters="".join(METERS.splitlines(keepends=True)[:2]))
    day = dt.date(2025, 6, 1)

    counts = await load_reference(warehouse, read_reference(fewer, settings.zone), settings, retire_from=day)
    again = await load_reference(
        warehouse, read_reference(fewer, settings.zone), settings, retire_from=dt.date(2025, 7, 1)
    )

    assert (counts.retired, again.retired) == (1, 0)
    assert [tuple(row)[:5] for row in await warehouse.fetch(PLACES)] == [
        ("M1", "B1", "Северный", None, None),
        ("M2", "B2", "unknown", None, "01.06 00:00"),
    ]
    none = put(tmp_path, meters=METERS.splitlines()[0] + "\n")
    with pytest.raises(TerminalError, match="no meter"):
        await load_reference(warehouse, read_reference(none, settings.zone), settings, retire_from=day)
