from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from schemas.lines import LineClass
from schemas.spellings import fold
from schemas.times import Times
from tasks.ingest.classify_lines import Line, TableColumns
from tasks.ingest.find_header import WantedColumn
from tasks.ingest.follow_table import Followed, TableFollower, Verdict
from tasks.ingest.grids import Row

HEADINGS = ("Дата", "Час", "V, м3")
TABLE = Followed(
    columns=TableColumns(
        times=(0,),
        hours=(1,),
        values=(2,),
        unheaded=(),
        headings=tuple(frozenset({fold(heading)}) for heading in HEADINGS),
        metrics=(),
    ),
    wanted=[[WantedColumn(heading, (heading,), required=True) for heading in HEADINGS]],
    units={2: lambda unit: unit != "м3"},
    patterns=[],
    has_own_meter=False,
    times=Times(ZoneInfo("UTC"), dt.timedelta(hours=1), "start"),
)
NOTE, TOTAL, REPEATED = LineClass.NOTE, LineClass.TOTAL, LineClass.REPEATED_HEADER
AGAIN: Row = [*HEADINGS]


def decide(*between: tuple[LineClass, Row], following: Row | None = None, table: Followed = TABLE) -> Verdict | None:
    """Ask after readings in lines 2 and 3 about what stands between them and the reading behind."""
    follower = TableFollower(table)
    follower.pass_readings(lambda: ["01.04.2025", "0-1", "1"], lambda: ["01.04.2025", "1-2", "1"])
    lines = [Line(number, kind, cells + [None] * (3 - len(cells))) for number, (kind, cells) in enumerate(between, 4)]
    row = following or ["01.04.2025", "2-3", "1"]
    return follower.decide(lines, Line(4 + len(lines), LineClass.READING, row))


@pytest.mark.parametrize(
    "between",
    [
        [(TOTAL, ["Итого", None, "2"])],
        [(NOTE, ["Отключение воды с 5 по 7 апреля, акт № 15"])],
        [(NOTE, ["Отключение", "ремонт"])],
        [(NOTE, ["Прибор неисправен", "нет", "н/д"])],
        [(REPEATED, AGAIN)],
        [(NOTE, ["Данные за период с 02.04.2025"]), (REPEATED, AGAIN)],
        [(NOTE, ["Страница 2 из 10"]), (NOTE, ["апрель 2025 г., 12:00"]), (REPEATED, AGAIN)],
        [(TOTAL, ["Итого по прибору", None, "222"]), (REPEATED, AGAIN)],
    ],
)
def test_table_goes_on_below_totals_notes_and_its_own_header(between: list[tuple[LineClass, Row]]) -> None:
    assert decide(*between) is None


def test_header_below_the_title_of_another_meter_is_of_nobody() -> None:
    assert decide((NOTE, ["Прибор № 222"]), (REPEATED, AGAIN)) == Verdict(5)


def test_another_unit_below_a_repeated_header_ends_the_table() -> None:
    units = LineClass.UNITS

    assert decide((REPEATED, AGAIN), (units, [None, "-", "л"])) == Verdict(5)
    assert decide((REPEATED, AGAIN), (units, ["-", "ч", "м3"])) is None
    assert decide((REPEATED, AGAIN), (units, ["-", "ч", "-"])) is None


def test_title_that_the_mapping_takes_the_meter_from_ends_the_table_without_any_header() -> None:
    table = TABLE._replace(patterns=[r"Счётчик\s+([А-Я]+)"])

    assert decide((NOTE, ["Счётчик ХВС"]), table=table) == Verdict(5)
    assert decide((NOTE, ["Счётчик ХВС"])) is None


def test_other_headings_over_every_cell_below_begin_another_table() -> None:
    assert decide((NOTE, ["Следующий период"]), (NOTE, ["Дата возврата", "Час", "Возвращено"])) == Verdict(5)
    assert decide((NOTE, ["Возврат", "по часам", "тепла"]), (NOTE, ["Дата", "Час", "Возвращено"])) == Verdict(4)


@pytest.mark.parametrize("header", [["Час", "V, м3", "Дата"], ["V, м³", "дата", "ЧАС"]])
def test_same_headings_in_another_order_are_a_header_of_the_same_table(header: Row) -> None:
    assert decide((NOTE, header)) == Verdict(4, is_header=True)


def test_total_with_earlier_times_below_ends_the_table() -> None:
    total = (TOTAL, ["Итого", None, "2"])

    assert decide(total, following=["01.04.2025", "0-1", "2"]) == Verdict(5)
    assert decide(total, following=["01.04.2025", "1-2", "2"]) is None
    assert decide(total, following=["когда-то", "0-1", "2"]) is None
    assert decide(total, following=["01.04.2025", "0-1", "2"], table=TABLE._replace(has_own_meter=True)) is None


def test_times_may_also_go_down() -> None:
    follower = TableFollower(TABLE)
    follower.pass_readings(lambda: ["01.04.2025", "5-6", "1"], lambda: ["01.04.2025", "4-5", "1"])
    total = [Line(4, TOTAL, ["Итого", None, "2"])]

    assert follower.decide(total, Line(5, LineClass.READING, ["01.04.2025", "3-4", "1"])) is None
    assert follower.decide(total, Line(5, LineClass.READING, ["01.04.2025", "5-6", "1"])) == Verdict(5)


def test_note_with_another_date_than_the_tables_ends_it() -> None:
    table = TABLE._replace(says_other_date=lambda text: text == "Май 2025")

    assert decide((NOTE, ["Май", "2025"]), table=table) == Verdict(5)
    assert decide((NOTE, ["Апрель 2025"]), table=table) is None


def test_line_with_the_suppliers_word_for_nothing_is_no_header() -> None:
    line: tuple[LineClass, Row] = (NOTE, ["прибор", "отключён", "нет связи"])
    known = TABLE._replace(missing=frozenset({fold("нет связи")}))

    assert decide(line, following=["02.04.2025", "0-1", "1"]) is not None
    assert decide(line, following=["02.04.2025", "0-1", "1"], table=known) is None
