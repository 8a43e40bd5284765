"""Compare two deliveries of one supplier: headings, units, order of columns, intervals, codes, number of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemas.spellings import fold
from tasks.sources.cells import plain_text
from tasks.sources.check_files import FileCheck
from tasks.sources.draft_times import draft_times
from tasks.sources.find_tables import FoundColumn, FoundTable

_MAX_NAMED = 20


class Delivery(NamedTuple):
    """A file, as anybody sees it and as its mapping reads it."""

    tables: Sequence[FoundTable]
    checked: FileCheck


class Change(NamedTuple):
    """Something that differs."""

    table: str
    what: str
    before: str
    after: str


def compare_deliveries(before: Delivery, after: Delivery) -> list[Change]:
    """Return what differs, in the order of the tables; those of the same sheet, or of the same place, are compared."""
    changes = [*_of_value("", "mapping", before.checked.mapping, after.checked.mapping)]
    changes += _of_value("", "error", before.checked.error, after.checked.error)
    changes += _of_value("", "sheets", *(_names(_sheets(one)) for one in (before, after)))
    changes += _of_value("", "tables", str(len(before.tables)), str(len(after.tables)))
    for number, (old, new) in enumerate(zip(before.tables, after.tables, strict=False), start=1):
        changes += _of_table(new.sheet or f"table {number}", old, new)
    return [*changes, *_of_readings(before.checked, after.checked)]


def _sheets(delivery: Delivery) -> list[str]:
    return list(dict.fromkeys(table.sheet for table in delivery.tables if table.sheet))


def _of_table(name: str, old: FoundTable, new: FoundTable) -> Iterator[Change]:
    olds, news = _by_heading(old), _by_heading(new)
    gone = [plain_text(column.heading) for key, column in olds.items() if key not in news]
    come = [plain_text(column.heading) for key, column in news.items() if key not in olds]
    if gone or come:
        yield Change(name, "headings", _names(gone), _names(come))
    for key in olds.keys() & news.keys():
        yield from _of_value(name, f"unit of {plain_text(news[key].heading)}", olds[key].unit, news[key].unit)
    orders = [[key for key in mine if key in other] for mine, other in ((olds, news), (news, olds))]
    if orders[0] != orders[1]:
        names = [_names(plain_text(news[key].heading) for key in order) for order in orders]
        yield Change(name, "order of columns", *names)
    yield from _of_value(name, "line of the headings", str(old.header_line), str(new.header_line))
    for key in ("dates", "stamp", "interval_minutes", "interval_number"):
        yield from _of_value(name, key, *(_answer(table, key) for table in (old, new)))


def _by_heading(table: FoundTable) -> dict[str, FoundColumn]:
    return {fold(column.heading): column for column in table.columns if column.heading}


def _answer(table: FoundTable, key: str) -> str | None:
    """Return what a draft would say for a key of the times."""
    lines = draft_times(table.columns).lines
    found = next((line for line in lines if line.startswith(f"{key}: ")), None)
    return found.partition("  # ")[0].removeprefix(f"{key}: ") if found else None


def _of_readings(before: FileCheck, after: FileCheck) -> Iterator[Change]:
    """Compare what mappings have read."""
    for what in ("rows", "readings", "unreadable"):
        totals = [sum(table[what] for table in checked.tables) for checked in (before, after)]
        yield from _of_value("", what, *map(str, totals))
    old, new = ({code for table in checked.tables for code in table["meters"]} for checked in (before, after))
    if old != new:
        yield Change("", "meters", _names(sorted(old - new)), _names(sorted(new - old)))
    yield from _of_value("", "would be lost", *map(_lost, (before, after)))


def _lost(checked: FileCheck) -> str:
    counts = Counter[str]()
    for lost in (lost for table in checked.tables for lost in table["lost"]):
        counts[lost["reason"]] += lost["count"]
    return ", ".join(f"{reason} {count}" for reason, count in counts.items())


def _of_value(table: str, what: str, old: str | None, new: str | None) -> Iterator[Change]:
    if (old or "") != (new or ""):
        yield Change(table, what, old or "—", new or "—")


def _names(names: Iterator[str] | Sequence[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _MAX_NAMED} more" if len(listed) > _MAX_NAMED else ""
    return ", ".join(listed[:_MAX_NAMED]) + more or "—"
