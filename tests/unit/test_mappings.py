from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import FileError, MappingError
from schemas.mappings import load_mappings, match_mapping
from schemas.settings import PROJECT_ROOT

GOOD = """
name: boiler
match: ["*.csv"]
layout: day-sheet
date: Дата
hour: Час
columns:
  "Т1, °C": {metric: T1, unit: °C}
identity:
  meter: M
"""


def write(folder: Path, text: str, name: str = "x.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("layout: day-sheet", "layuot: day-sheet", ["line 4", "layuot", "no such key"]),
        ("metric: T1", "metric: T9", ["line 8", "columns.Т1, °C.metric", "one of", "flow_supply"]),
        ("unit: °C", "unit: кг", ["line 8", "fits T1", "кг"]),
        ("hour: Час", 'hour: "Т1, °C"', ["one meaning for a column"]),
        ("  meter: M", '  meter: "{flat}-M"', ["line 9", "identity", "flat"]),
        ("  meter: M", "  path: '(['\n  meter: M", ["line 10", "regular expression"]),
        ("name: boiler", "name: boiler\ntime_zone: Mars/Base", ["time_zone", "IANA"]),
        ("date: Дата", "date: Дата\ndate: День", ["line", "duplicate"]),
    ],
    ids=["key", "metric", "unit", "two_claim_one", "template", "regex", "zone", "key_twice"],
)
def test_wrong_mapping_is_refused_with_file_line_and_key(tmp_path: Path, old: str, new: str, said: list[str]) -> None:
    with pytest.raises(MappingError) as caught:
        load_mappings(write(tmp_path, GOOD.replace(old, new)))

    assert all(part in str(caught.value) for part in ["x.yaml", *said]), str(caught.value)


def test_name_used_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="used twice"):
        load_mappings(write(tmp_path, f"{GOOD}---{GOOD}"))


def test_a_file_that_two_mappings_take_is_not_guessed(tmp_path: Path) -> None:
    mappings = load_mappings(write(tmp_path, f"{GOOD}---{GOOD.replace('boiler', 'other')}"))

    with pytest.raises(FileError, match="boiler, other"):
        match_mapping(mappings, "a.csv")


def test_a_file_that_no_mapping_takes_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="sources new"):
        match_mapping(load_mappings(write(tmp_path, GOOD)), "a.pdf")


@pytest.mark.parametrize(
    ("path", "name", "identity"),
    [
        ("Посуточная ведомость ОДПУ ГВС.xlsx", "odpu-gvs", "D-0000/D-0000-ITP/D-0000-GVS"),
        ("D-0007/ПОСУТОЧНАЯ ведомость ОДПУ ГВС (1).XLSX", "odpu-gvs", "D-0007/D-0007-ITP/D-0007-GVS"),
        ("D-0007/Посуточная ведомость водосчетчика ХВС ИТП.xlsx", "vodoschetchik-hvs", "D-0007/D-0007-ITP/D-0007-HVS"),
        ("long/показания.csv", "long", None),
    ],
)
def test_shipped_mappings_take_their_files(path: str, name: str, identity: str | None) -> None:
    mapping = match_mapping(load_mappings(PROJECT_ROOT / "schemas" / "sources"), path)

    assert (mapping.name, mapping.path_identity(path)) == (name, identity)
