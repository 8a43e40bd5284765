from __future__ import annotations

import pyarrow as pa
import pytest

from schemas.dates import DateStyle
from schemas.lines import LineClass
from schemas.spellings import fold
from tasks.ingest.classify_lines import TableColumns, classify, classify_title, is_total, repeats_header
from tasks.ingest.grids import Row

HEADINGS = ("Дата", "Час", "T1", "V, м3", "Прим.")
SHEET = TableColumns(
    times=(0,),
    hours=(1,),
    values=(2, 3),
    unheaded=(),
    headings=tuple(frozenset({fold(heading)}) for heading in HEADINGS),
    metrics=(),
)
STAMPS = SHEET._replace(hours=())
LONG = SHEET._replace(hours=(), values=(3,), metrics=(2,))


def classes(table: TableColumns, *lines: Row) -> list[LineClass]:
    width = len(HEADINGS)
    padded = [line + [None] * (width - len(line)) for line in lines]
    columns = [pa.array(column, pa.string()) for column in zip(*padded, strict=True)]
    return [LineClass(kind) for kind in classify(columns, table).classes]


@pytest.mark.parametrize(
    ("text", "total"),
    [
        *[(text, True) for text in ("Итого:", "Среднее", "total", "Grand total", "Summe", "Celkem", "max.")],
        *[(text, False) for text in ("Итоговый", "Max Weber", "Summer", "Totalizer", "Minsk")],
    ],
)
def test_total_is_told_by_its_word(text: str, total: bool) -> None:
    assert is_total(text) is total


@pytest.mark.parametrize("table", ["SHEET", "STAMPS", "LONG", "TIMELESS", "FILLED"])
@pytest.mark.parametrize(
    "rule",
    [["========"], ["--------"], ["________"], ["════"], ["====", "===="], ["==", "====", "==", "=="], ["+====+===+"]],
    ids=" ".join,
)
def test_a_rule_is_no_reading_whatever_a_table_has_in_its_columns(table: str, rule: list[str | None]) -> None:
    timeless = SHEET._replace(times=(), hours=(), codes=(0,))
    filled = SHEET._replace(filled_down=True)
    tables = {"SHEET": SHEET, "STAMPS": STAMPS, "LONG": LONG, "TIMELESS": timeless, "FILLED": filled}

    assert classes(tables[table], rule, [None, *rule]) == [LineClass.COMMENT] * 2


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (["01.04.2025", "0-1", "60", "1"], LineClass.READING),
        (["01.04.2025", "0-1"], LineClass.READING),
        (["01.04.2025", None, "н/д"], LineClass.READING),
        (["авария", "1-2", "н/д", "н/д"], LineClass.READING),
        (["авария", None, "60,5"], LineClass.READING),
        (["#ССЫЛКА!", None, "#ССЫЛКА!"], LineClass.READING),
        (["=A5", "=B5"], LineClass.READING),
        (['"01.04.2025', "0-1"], LineClass.READING),
        ([None, None, None, None, None], LineClass.BLANK),
        (["Итого", None, "60", "1"], LineClass.TOTAL),
        (["01.04.2025", "Итого", "60", "1"], LineClass.TOTAL),
        (["Дата", "Час", "T1", "V, м3", "Прим."], LineClass.REPEATED_HEADER),
        ([None, "Час", None, "V, м³"], LineClass.REPEATED_HEADER),
        ([None, None, "°C", "м3"], LineClass.UNITS),
        (["№ 1", "2", "3", "4", "5"], LineClass.READING),
        (["Подпись", "Иванов"], LineClass.NOTE),
        (["02.04.2025"], LineClass.NOTE),
        (["Сформировано 01.05.2025"], LineClass.NOTE),
        (["авария", None, "н/д"], LineClass.NOTE),
        (["Дата", "Час", "T2", "V2, м3"], LineClass.NOTE),
        (["# Дата", "Час"], LineClass.COMMENT),
        (["----+----+----"], LineClass.COMMENT),
        (["-----", "-----", "-----"], LineClass.COMMENT),
        (["-", None, "-"], LineClass.NOTE),
        (["01.04.2025", "0-1", "---", "==="], LineClass.READING),
        (["=-A5", "=B5"], LineClass.READING),
    ],
)
def test_line_is_no_reading_only_if_none_could_be_made_of_it(line: Row, kind: LineClass) -> None:
    assert classes(SHEET, line) == [kind]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (["Средний пр. 5", None, None, "1"], LineClass.TOTAL),
        (["01.04.2025 00:00", None, None, None, "Средний пр. 5"], LineClass.READING),
        (["01.04.2025 00:00"], LineClass.READING),
        (["1 страница из 2"], LineClass.NOTE),
        (["45748", None, None, None], LineClass.READING),
        (["=A1"], LineClass.READING),
    ],
)
def test_time_without_a_value_is_a_reading_only_if_it_can_be_read(line: Row, kind: LineClass) -> None:
    assert classes(STAMPS, line) == [kind]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (["2025-04-01 00:00", "M", "T1", "60"], LineClass.READING),
        (["нет", "M", "T1", "н/д"], LineClass.READING),
        (["Отчёт сформирован 03.04.2025"], LineClass.NOTE),
        (["Время", "Прибор", "Канал", "Значение"], LineClass.NOTE),
    ],
)
def test_metric_makes_a_reading_of_a_line_of_a_long_table(line: Row, kind: LineClass) -> None:
    assert classes(LONG, line) == [kind]


def test_address_that_begins_with_a_totals_word_is_a_reading() -> None:
    table = LONG._replace(times=(1,))

    assert classes(table, ["Средний пр. 5", "2025-05-01 00:00", "T1", "1.5"]) == [LineClass.READING]


def test_header_is_repeated_only_with_each_word_in_its_column() -> None:
    assert repeats_header({0: "дата", 3: "V, м³"}, SHEET)
    assert not repeats_header({0: "Час", 1: "Дата"}, SHEET)
    assert not repeats_header({7: "Дата"}, SHEET)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (["Отчёт за апрель 2025"], LineClass.NOTE),
        ([None, "Период с", "01.04.2025", "по", "30.04.2025"], LineClass.NOTE),
        (["Лицевой счёт", "12345"], LineClass.NOTE),
        (["01.04.2025", "0-1", "60,5"], LineClass.UNDESCRIBED),
        ([" ", None], LineClass.BLANK),
        (["=========="], LineClass.COMMENT),
    ],
)
def test_line_above_a_header_that_looks_like_data_is_of_another_table(line: Row, kind: LineClass) -> None:
    assert classify_title(line, DateStyle()) is kind


def test_month_without_a_value_is_a_reading_among_months_that_have_one() -> None:
    assert classes(STAMPS, ["Январь 2025", None, "60"], ["Февраль 2025"]) == [LineClass.READING, LineClass.READING]
    assert classes(STAMPS, ["01.04.2025", None, "60"], ["Май 2025"]) == [LineClass.READING, LineClass.NOTE]


UNDATED = SHEET._replace(times=(), hours=(), codes=(0,), values=(2, 3))


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (["20133674", "кв. 1", "60"], LineClass.READING),
        (["Дом А", None, "60"], LineClass.READING),
        (["20133674", "кв. 1"], LineClass.READING),
        (["20133674", "кв. 1", "н/д"], LineClass.READING),
        ([None, "кв. 1", "60"], LineClass.READING),
        (["Итого", None, "60"], LineClass.TOTAL),
        ([None, "Итого", "60"], LineClass.TOTAL),
        (["Дата", "Час", "T1"], LineClass.REPEATED_HEADER),
        ([None, None, "°C", "м3"], LineClass.UNITS),
        (["Исполнитель", "Иванов"], LineClass.NOTE),
        (["Тел. 123-45-67"], LineClass.NOTE),
    ],
)
def test_in_a_table_without_times_a_reading_has_a_code_or_a_number(line: Row, kind: LineClass) -> None:
    assert classes(UNDATED, line) == [kind]


def test_title_of_another_meter_is_no_reading_though_a_value_may_be_in_it() -> None:
    header: Row = [next(iter(words), None) for words in SHEET.headings]
    title: list[Row] = [["Прибор №", None, "222"], header]
    reading: list[Row] = [["сбой 1", None, "222"], header]

    assert classes(SHEET, *title) == [LineClass.NOTE, LineClass.REPEATED_HEADER]
    assert classes(SHEET, *reading) == [LineClass.READING, LineClass.REPEATED_HEADER]
    assert classes(SHEET, title[0]) == [LineClass.READING]
    assert classes(SHEET._replace(titles=("Прибор № \\d+",)), title[0]) == [LineClass.NOTE]
    assert classes(SHEET._replace(titles=(".",)), ["01.04.2025", "0-1", "60"]) == [LineClass.READING]


FILLED = SHEET._replace(filled_down=True)


@pytest.mark.parametrize(
    ("table", "line", "kind"),
    [
        (FILLED, [None, "1-2", "60"], LineClass.READING),
        (FILLED, [None, "1-2"], LineClass.READING),
        (FILLED, ["02.04.2025"], LineClass.NOTE),
        (FILLED, [None, None, "60", None, "Итого"], LineClass.READING),
        (FILLED, [None, "Итого", "60"], LineClass.TOTAL),
        (FILLED._replace(hours=()), ["02.04.2025"], LineClass.NOTE),
        (FILLED._replace(hours=()), ["02.04.2025", "прибор 1"], LineClass.READING),
        (FILLED._replace(hours=()), [None, "прибор 1", "60"], LineClass.READING),
        (FILLED._replace(hours=()), [None, "Итого", "60"], LineClass.TOTAL),
    ],
)
def test_where_times_are_filled_down_a_line_goes_on_without_its_own(
    table: TableColumns, line: Row, kind: LineClass
) -> None:
    assert classes(table, line) == [kind]


@pytest.mark.parametrize(
    ("table", "line", "kind"),
    [
        (STAMPS, ["Апрель 2025", None, "60"], LineClass.READING),
        (STAMPS, ["01.04.25–30.04.25"], LineClass.READING),
        (STAMPS, ["Апрель 2025"], LineClass.NOTE),
        (STAMPS._replace(has_months=True), ["Апрель 2025"], LineClass.READING),
        (STAMPS._replace(has_days=True), ["01 пн"], LineClass.READING),
        (STAMPS, ["01 пн"], LineClass.NOTE),
        (STAMPS._replace(style=DateStyle(dates="day-first")), ["13/04/2025"], LineClass.READING),
    ],
)
def test_time_without_a_value_is_a_reading_where_it_can_only_be_a_time(
    table: TableColumns, line: Row, kind: LineClass
) -> None:
    assert classes(table, line) == [kind]


def test_line_with_the_suppliers_word_for_a_metric_is_a_reading_whatever_it_lacks() -> None:
    line: Row = [None, None, "Канал 1", None]

    assert classes(LONG, line) == [LineClass.NOTE]
    assert classes(LONG._replace(metric_words=frozenset({fold("Канал 1")})), line) == [LineClass.READING]
