from __future__ import annotations

from schemas.table_schema import Column, TableSchema, fingerprint


def table(*headings: str, sheet: str | None = None) -> TableSchema:
    columns = [Column(key=heading, heading=heading, letter="A") for heading in headings]
    return TableSchema(
        table_format="long", sheet=sheet, header_row=1, columns=columns, time_zone="UTC", interval_minutes=60
    )


def test_fingerprint_changes_with_headings_and_sheets_but_not_with_spelling() -> None:
    original = fingerprint([table("Т1, °C", "Час")])

    assert fingerprint([table("T1, °С", "ЧАС ")]) == original
    assert fingerprint([table("Час", "Т1, °C")]) != original
    assert fingerprint([table("Т1, °C", "Час", sheet="Лист")]) != original


def test_table_schema_is_stored_under_the_key_of_the_contract_and_read_back() -> None:
    stored = table("ts").model_dump(by_alias=True)

    assert stored["layout"] == "long"
    assert TableSchema.model_validate(stored) == table("ts")
