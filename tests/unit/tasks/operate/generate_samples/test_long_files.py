from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

from tasks.operate.generate_samples.city import make_city, simulate
from tasks.operate.generate_samples.long_files import (
    COLUMNS,
    long_table,
    write_contract_csv,
    write_long_csv,
    write_russian_csv,
)

DAY = dt.date(2025, 4, 30)
ROW = ("2025-04-30T05:00", "L-0001", "L-0001-ITP", "L-0001-GVS", "flow_supply", 1.23, "м3/ч")


def test_long_csv_for_measuring_holds_what_it_says(tmp_path: Path) -> None:
    readings = write_long_csv(tmp_path / "day.csv", DAY, 1_001)

    with (tmp_path / "day.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == readings == 1_001 * 24 * 7
    assert len({(row["meter_code"], row["timestamp"], row["metric"]) for row in rows}) == readings
    assert rows[-1]["building_code"] == "L-1001"


def test_each_reading_is_that_of_its_building_hour_and_metric() -> None:
    hours = simulate(2, DAY, seed=1, stream=1)

    rows = {
        (row["meter_code"], row["timestamp"], row["metric"]): (row["value"], row["unit"])
        for row in long_table(make_city(2).long, hours, DAY).to_pylist()
    }

    assert rows["L-0002-GVS", "2025-04-30T05:00", "flow_return"] == (round(hours.returned[1, 5], 3), "м3/ч")
    assert rows["L-0001-GVS", "2025-04-30T23:00", "T2"] == (hours.t2[0, 23], "°C")
    assert rows["L-0001-HVS", "2025-04-30T00:00", "consumption_cumulative"] == (hours.register[0, 0], "м3")


def test_contract_csv_has_the_contracts_headings_in_utf8(tmp_path: Path) -> None:
    write_contract_csv(tmp_path / "a.csv", [ROW])

    assert (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines() == [
        ",".join(COLUMNS),
        "2025-04-30T05:00,L-0001,L-0001-ITP,L-0001-GVS,flow_supply,1.23,м3/ч",
    ]


def test_russian_csv_is_as_a_russian_excel_saves_it(tmp_path: Path) -> None:
    write_russian_csv(tmp_path / "a.csv", [ROW])

    assert (tmp_path / "a.csv").read_bytes().decode("cp1251") == (
        "дата_время;здание;итп;счётчик;показатель;значение;ед\r\n"
        "30.04.2025 05:00;L-0001;L-0001-ITP;L-0001-GVS;Подача;1,23;м3/ч\r\n"
    )
