from __future__ import annotations

import pytest

from schemas.reasons import Reason
from schemas.report import Totals
from tasks.report.wording import describe_day, number, reason_in_words, visible


def make_totals(**counts: int) -> Totals:
    return Totals.model_validate(dict.fromkeys(Totals.model_fields, 0) | counts)


def test_all_remarks_of_a_day_are_counted_the_gravest_first() -> None:
    totals = make_totals(files=4, failed=1, running=2, rows_rejected=3_000, rows_suspect=4)

    assert describe_day("errors", totals) == (
        "Есть ошибки",
        "не загружено файлов: 1; не закончено файлов: 2; отклонено показаний: 3\u202f000; под вопросом: 4",
    )


def test_a_loaded_day_without_remarks_says_how_much_was_loaded() -> None:
    assert describe_day("loaded", make_totals(files=1, rows_loaded=5)) == (
        "Всё загружено",
        "показаний: 5, замечаний нет",
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "—"), (0, "0"), (1_234_567, "1\u202f234\u202f567"), (1234.5, "1\u202f234,50"), (-0.125, "-0,12")],
)
def test_numbers_are_written_the_russian_way(value: float | None, text: str) -> None:
    assert number(value) == text


def test_several_reasons_are_worded_one_by_one_and_an_unknown_code_is_shown_as_it_is() -> None:
    assert reason_in_words(f"{Reason.NEGATIVE};{Reason.BAD_NUMBER};new") == "меньше нуля; не число; new"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb", "a\\tb"),
        ("\u202egnp", "\\u202egnp"),
        ("5\u202f040\u00a0м³", "5\u202f040\u00a0м³"),
        ("счёт №1", "счёт №1"),
    ],
)
def test_control_and_direction_characters_are_escaped_and_spaces_are_not(text: str, shown: str) -> None:
    assert visible(text) == shown
