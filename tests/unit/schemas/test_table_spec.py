from __future__ import annotations

from schemas.table_spec import Identity, TableSpec


def test_groups_come_from_the_path_and_the_sheet_and_else_from_the_defaults() -> None:
    identity = Identity(
        path=r"(?P<building>D-\d+)/",
        sheet=r"Прибор (?P<number>\d+)",
        defaults={"building": "D-0000"},
        meter="{building}-{number}",
    )

    assert identity.groups_of(path="D-0007/a.xlsx", sheet="Прибор 3") == {"building": "D-0007", "number": "3"}
    assert identity.groups_of(path="a.xlsx") == {"building": "D-0000"}


def test_names_in_a_template_beside_groups_and_sheet_are_headings() -> None:
    identity = {"path": r"(?P<house>\d+)/", "meter": "{house}-{Кв. №}-{sheet}-{Вид}-{Вид}"}
    spec = TableSpec.model_validate({"layout": "long", "identity": identity})

    assert spec.headings_in(spec.identity.meter) == ["Кв. №", "Вид"]
    assert spec.headings_in(spec.identity.building) == []
