from __future__ import annotations

from schemas.mappings import SourceMapping, read_mappings
from tasks.sources.choose_match import draft_match


def mapping(name: str, glob: str, more: str = "") -> SourceMapping:
    (read,) = read_mappings("x.yaml", f"name: {name}\nmatch: ['{glob}']\nlayout: long\n{more}".encode())
    return read


def match(file_name: str, *others: SourceMapping, known: tuple[str, ...] = ()) -> str:
    return draft_match(file_name, others, known)[-1]


def test_numbers_of_a_name_are_left_open() -> None:
    assert match("Архив 2025-04.xlsx") == 'match: ["Архив *-*.xlsx"]'
    assert match("Отчёт_Марта_апр.xlsx") == 'match: ["Отчёт_*_*.xlsx"]'
    assert match("Марьино may 7.csv") == 'match: ["Марьино * *.csv"]'
    assert match("Архив [1] 2025.xlsx") == 'match: ["Архив ?*? *.xlsx"]'


def test_name_of_digits_or_few_letters_is_taken_alone_and_asked_about() -> None:
    assert match("20250401.csv").startswith('match: ["20250401.csv"]  # ??? ')
    assert match("a1.csv").startswith('match: ["a1.csv"]  # ??? ')


def test_glob_never_takes_what_another_mapping_takes() -> None:
    assert match("vodokanal 4.csv", mapping("city", "vodokanal [0-9][0-9].csv")).startswith(
        'match: ["vodokanal 4.csv"]  # ??? "vodokanal *.csv" would take files of other mappings'
    )
    assert "would take" in match("vodokanal 4.csv", mapping("city", "*report.csv"), known=("vodokanal 5 report.csv",))
    assert match("vodokanal 4.csv", mapping("long", "*.csv", "fallback: true")) == 'match: ["vodokanal *.csv"]'


def test_file_that_is_taken_already_is_said_to_be() -> None:
    lines = draft_match("vodokanal 4.csv", [mapping("city", "vodo*")], ())

    assert lines[1] == "# ??? Taken already by city: change their match, or add exclude there."
