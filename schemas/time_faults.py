"""Why a time cannot be read, and what to do: one reason of a row (`bad_timestamp`), told apart by its message."""

from __future__ import annotations

from enum import IntEnum

from schemas.problems import Words

YEARS = range(1990, 2070)
"""A year outside it is a typing error, such as 0202 or 3025."""


class TimeFault(IntEnum):
    """What is wrong with the cells that say when a reading is of; five bits hold it (`tasks/validate`)."""

    EMPTY = 1
    NOT_A_DATE = 2
    SEVERAL_DATES = 3
    OTHER_STYLE = 4
    NO_SUCH_DATE = 5
    YEAR = 6
    OUTSIDE_DAY = 7
    NOT_AN_HOUR = 8
    HOUR_OF_OTHER_LENGTH = 9
    BARE_NUMBER = 10
    CLOCK_BESIDE_HOUR = 11
    NEVER_CAME = 12
    CAME_TWICE = 13
    UNKNOWN_ZONE = 14
    INTERVAL = 15
    PERIOD = 16
    LENGTH_WITHOUT_UNIT = 17
    MARKED_ONCE = 18


TIME_FAULTS: dict[TimeFault, Words] = {
    TimeFault.EMPTY: Words(
        "дата, час или конец интервала не указаны: заполните ячейку, а если пустая повторяет верхнюю, назовите столбец "
        "в fill_down в описании источника",
        "the date, the hour or the interval's end is missing: fill in the cell, or name its column in fill_down in the "
        "mapping where an empty cell repeats the one above",
    ),
    TimeFault.NOT_A_DATE: Words(
        "это не дата: исправьте ячейку (дд.мм.гггг); если поставщик пишет даты так, скажите об этом в описании "
        "источника (dates)",
        "this is no date: correct the cell (dd.mm.yyyy), or say in the mapping that dates are written so (dates)",
    ),
    TimeFault.SEVERAL_DATES: Words(
        "дату или время можно прочесть по-разному (где день, а где месяц): скажите в описании источника, как они "
        "пишутся (dates: day-first, month-first или формат)",
        "the date or time can be read in several ways (which is the day, which the month): say in the mapping how they "
        "are written (dates: day-first, month-first, or a format)",
    ),
    TimeFault.OTHER_STYLE: Words(
        "дата записана не так, как говорит dates в описании источника: исправьте ячейку или dates",
        "the date is not written as dates in the mapping says: correct the cell, or dates",
    ),
    TimeFault.NO_SUCH_DATE: Words(
        "такой даты нет в календаре: исправьте ячейку; если месяц стоит перед днём, скажите об этом в описании "
        "источника (dates: month-first)",
        "the calendar has no such date: correct the cell; if the month stands before the day, say so in the mapping "
        "(dates: month-first)",
    ),
    TimeFault.YEAR: Words(
        f"год не из {YEARS[0]}…{YEARS[-1]}: исправьте ячейку",
        f"the year is not within {YEARS[0]}…{YEARS[-1]}: correct the cell",
    ),
    TimeFault.OUTSIDE_DAY: Words(
        "такого времени или номера интервала в сутках нет: исправьте ячейку (00:00…23:59; 24:00 может быть только "
        "концом, stamp: end в описании источника)",
        "the day has no such time or number of an interval: correct the cell (00:00…23:59; 24:00 can only be an end, "
        "stamp: end in the mapping)",
    ),
    TimeFault.NOT_AN_HOUR: Words(
        "час или время суток не читается: исправьте ячейку (0-1 … 23-24, 00:00-01:00, 13:00)",
        "the hour or time of day cannot be read: correct the cell (0-1 … 23-24, 00:00-01:00, 13:00)",
    ),
    TimeFault.HOUR_OF_OTHER_LENGTH: Words(
        "время в ячейке часа не подходит к длине интервала: исправьте ячейку или interval_minutes в описании источника",
        "the time in the hour's cell does not fit the length of an interval: correct the cell, or interval_minutes in "
        "the mapping",
    ),
    TimeFault.BARE_NUMBER: Words(
        "по числу не видно, час это или номер интервала: укажите в описании источника interval_number вместо hour или "
        "исправьте ячейку (13:00)",
        "the number may be an hour or count intervals: state interval_number instead of hour in the mapping, or "
        "correct the cell (13:00)",
    ),
    TimeFault.CLOCK_BESIDE_HOUR: Words(
        "в ячейке даты стоит и время, а час в своём столбце: уберите одно из них или укажите timestamp вместо date и "
        "hour в описании источника",
        "the date's cell also has a time, and the hour a column of its own: remove one of them, or state timestamp "
        "instead of date and hour in the mapping",
    ),
    TimeFault.NEVER_CAME: Words(
        "такого местного времени в эти сутки не было (перевод часов): исправьте ячейку, укажите смещение от UTC или "
        "верный time_zone в описании источника",
        "that day had no such local time (clock change): correct the cell, or state the offset from UTC, or the right "
        "time_zone in the mapping",
    ),
    TimeFault.CAME_TWICE: Words(
        "это местное время было дважды (перевод часов): укажите смещение от UTC или скажите в описании источника, по "
        "чему их различать (ambiguous_hours)",
        "this local time came twice (clock change): state the offset from UTC, or say in the mapping what tells them "
        "apart (ambiguous_hours)",
    ),
    TimeFault.UNKNOWN_ZONE: Words(
        "часовой пояс неизвестен: исправьте ячейку (имя из базы IANA, например Europe/Moscow)",
        "the time zone is unknown: correct the cell (a name of the IANA database, such as Europe/Moscow)",
    ),
    TimeFault.INTERVAL: Words(
        "длина интервала не читается, или его конец не позже начала, или он длиннее года либо не из целых минут: "
        "исправьте ячейку",
        "the interval's length cannot be read, or its end is not after its start, or it is longer than a year, or not "
        "of whole minutes: correct the cell",
    ),
    TimeFault.PERIOD: Words(
        "здесь период (месяц или «с … по …»), а длина интервала другая: исправьте ячейку; если файл по периодам, "
        "назовите столбец в timestamp описания источника и не указывайте interval_minutes или укажите interval: month",
        "this is a period (a month, or from … to …), and intervals have another length: correct the cell; if the file "
        "is of periods, name its column as timestamp in the mapping, without interval_minutes or with interval: month",
    ),
    TimeFault.LENGTH_WITHOUT_UNIT: Words(
        "по числу не видно, в чём длина интервала: в минутах это больше суток или не сходится с расстоянием между "
        "показаниями; назовите единицу в описании источника (interval: {column: …, unit: с} — с, мин или ч) или в "
        "ячейке (15 мин)",
        "the number does not tell what the interval's length is in: in minutes it is more than a day, or readings are "
        "not so far apart; name the unit in the mapping (interval: {column: …, unit: s}, which is s, min or h) or "
        "in the cell (15 min)",
    ),
    TimeFault.MARKED_ONCE: Words(
        "отметка A или B бывает лишь у времени, которое наступает дважды (перевод часов): исправьте ячейку или "
        "time_zone в описании источника",
        "only a time that comes twice is marked A or B (clock change): correct the cell, or time_zone in the mapping",
    ),
}
"""What an operator reads, and a developer."""
