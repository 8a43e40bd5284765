"""A corpus to mutate: every kind of file, small, with the mapping that takes it; and what a simple reader sees."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import html
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from schemas.mappings import SourceMapping, read_mappings
from tests import files

MAPPINGS_YAML = r"""
name: long
match: ["long*"]
layout: long
---
name: sheet
match: ["sheet*"]
layout: day-sheet
date: Дата
hour: Час
columns:
  "Т1, °C": {metric: T1}
  "Объём, м3": {metric: consumption_period, unit: м3}
  "Показание, м3": {metric: consumption_cumulative, unit: м3}
identity: {meter: M}
---
name: heat
match: ["heat*"]
identity:
  meter: {cell: B2, pattern: '№\s*(\d+)'}
layout: day-sheet
tables:
  - after: Часовой архив
    until: Суточный архив
    date: Дата
    hour: Час
    columns:
      "Подающий t": {metric: T1, unit: °C}
      "Подающий V": {metric: flow_supply, unit: м3}
  - after: Суточный архив
    date: Дата
    interval_minutes: 1440
    columns:
      "Подающий t, °C": {metric: T1}
---
name: stamps
match: ["stamps*"]
layout: day-sheet
timestamp: Время
time_zone: Asia/Yekaterinburg
interval_minutes: 30
stamp: end
register_read_at: end
columns:
  "V, л": {metric: consumption_period, unit: л}
  "Показание": {metric: consumption_cumulative}
identity:
  meter: {column: Счётчик}
---
name: fixed
match: ["fixed*"]
layout: day-sheet
positions: [1, 12, 18, 26, 40]
date: Дата
hour: Час
columns:
  "Т1, °C": {metric: T1}
  "Объём, м3": {metric: consumption_period, unit: м3}
identity: {meter: M}
"""
MAPPINGS: dict[str, SourceMapping] = {
    mapping.name: mapping for mapping in read_mappings("corpus.yaml", MAPPINGS_YAML.encode())
}

LONG: files.Rows = [
    ["timestamp", "meter_code", "metric", "value", "unit", "tz", "note"],
    ["2025-04-30 00:00", "M", "T1", "60.5", "°C", "", "a"],
    ["2025-04-30T01:00:00+03:00", "M", "подача", "1.25", "м3", "", 'quoted "b"'],
    ["30.04.2025 02:00", "N", "flow_return", "7", "л/с", "Asia/Yekaterinburg", "two\nlines"],
]
SHEET: files.Rows = [
    ["Дата", "Час", "Т1, °C", "Объём, м3", "Показание, м3", "Примечание"],
    ["01.04.2025", "0-1", 60.5, 1.25, 100, None],
    ["01.04.2025", "1-2", 61, 2, 101.25, "проверка"],
    [None, None, None, None, None, None],
    ["Итого", None, 60.75, 3.25, None, None],
    [45749, "2-3", 62, 0, 103.25, None],
]
HEAT: files.Rows = [
    ["Отчёт о параметрах теплопотребления"],
    ["Теплосчётчик", "ВКТ-7 № 00123", None, "Абонент: ЖСК"],
    ["Часовой архив"],
    ["Дата", "Час", "Подающий", None],
    [None, None, "t", "V"],
    [None, None, "°C", "м3"],
    [1, 2, 3, 4],
    ["01.04.2025", "0-1", 70.5, 1.5],
    ["01.04.2025", "1-2", 71.5, 1.75],
    ["Итого:", None, 71, 3.25],
    ["Суточный архив"],
    ["Дата", "Подающий t, °C"],
    ["01.04.2025", 71.5],
    ["Подпись", "Иванов"],
]
STAMPS: files.Rows = [
    ["Время", "Счётчик", "V, л", "Показание"],
    ["01.04.2025 00:30", "M", 1500, 100.5],
    ["01.04.2025 01:00", "M", "=A1", 101],
]


class Seed(NamedTuple):
    """A file of the corpus."""

    name: str
    content: bytes

    def __repr__(self) -> str:
        return f"<{self.name}>"


def csv_of(rows: files.Rows, *, encoding: str = "utf-8", delimiter: str = ",", comma: bool = False) -> bytes:
    """Write rows as a csv."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n" if comma else "\n")
    for row in rows:
        texts = ["" if cell is None else f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in row]
        writer.writerow(
            [text.replace(".", ",") if comma and re.fullmatch(r"\d+\.\d+", text) else text for text in texts]
        )
    return stream.getvalue().encode(encoding, "replace")


def fixed_of(rows: files.Rows) -> bytes:
    """Write rows as a text with columns at fixed positions."""
    lines = ["{:<11}{:<6}{:<8}{:<14}{}".format(*("" if cell is None else cell for cell in row)) for row in rows]
    return "\n".join(lines).encode()


def _seeds() -> Iterator[Seed]:
    yield Seed("long.csv", csv_of(LONG))
    yield Seed("long-bom.csv", csv_of(LONG, encoding="utf-8-sig", delimiter="\t"))
    yield Seed("sheet-1251.csv", csv_of(SHEET, encoding="cp1251", delimiter=";", comma=True))
    yield Seed("sheet-866.csv", csv_of(SHEET, encoding="cp866", delimiter="|"))
    yield Seed("stamps-16.csv", csv_of(STAMPS, encoding="utf-16", delimiter=";"))
    yield Seed("fixed.txt", fixed_of(SHEET))
    yield Seed("heat.csv", csv_of(HEAT, delimiter=";"))
    for name, rows in (("long", LONG), ("sheet", SHEET), ("heat", HEAT), ("stamps", STAMPS)):
        yield Seed(f"{name}.xlsx", files.xlsx(rows))
    yield Seed("sheet.xls", files.xls(SHEET))
    yield Seed("sheet.xlsb", files.xlsb(SHEET))
    yield Seed("sheet.ods", files.ods(SHEET))
    yield Seed("long.csv.gz", gzip.compress(csv_of(LONG), mtime=0))
    yield Seed("bundle.zip", files.zipped({"x/long.csv": csv_of(LONG), "sheet.xlsx": files.xlsx(SHEET)}))


SEEDS = list(_seeds())

_NUMBER = re.compile(r"[+\-−]?(?:\d[\d \t\xa0\u202f\u2009']*)?(?:[.,]\d*)?(?:[eE][+-]?\d+)?")
_TIDY = str.maketrans({",": ".", "−": "-"} | dict.fromkeys(" \t\xa0\u202f\u2009'"))
_ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-be", "cp1251", "cp866")
_EPOCHS = (dt.datetime(1899, 12, 30), dt.datetime(1904, 1, 1))  # noqa: DTZ001 - Excel's days have no zone


def simple_number(text: str) -> float | None:
    """Read the number that a text begins with, as a person would."""
    found = _NUMBER.match(text.strip())
    try:
        return float(found[0].translate(_TIDY)) if found else None
    except ValueError:
        return None


class Seen:
    """What a simple reader sees in a file: the numbers and texts that stand somewhere in it, whatever they mean."""

    def __init__(self, content: bytes) -> None:
        self._parts = list(_unpacked(content))
        self._texts = [
            html.unescape(part.decode(encoding, "replace")) for part in self._parts for encoding in _ENCODINGS
        ]
        self._numbers: set[float] | None = None

    def holds_text(self, text: str) -> bool:
        """Return True if a text is in the file; within quotes a quote is written twice."""
        return any(text in one or text.replace('"', '""') in one for one in self._texts)

    def holds_number(self, value: float, *, within: float = 0) -> bool:
        """Return True if a number is in the file, as text or in binary as Excel stores it."""
        if self._numbers is None:
            runs = (
                run for text in self._texts for run in re.findall(r"[-−+\d][\d.,eE+\-−' \t\xa0\u202f\u2009]*", text)
            )
            numbers = {number for run in runs for start in range(len(run)) if (number := simple_number(run[start:]))}
            self._numbers = numbers | {0.0} | {number for part in self._parts for number in _binary_numbers(part)}
        return value in self._numbers or any(abs(value - one) <= within for one in self._numbers if within)

    def holds_moment(self, text: str) -> bool:
        """Return True if a date is in the file, as text or as the days that Excel counts."""
        if self.holds_text(text):
            return True
        if number := simple_number(text) if text.replace(".", "").isdigit() else None:
            return self.holds_number(number)
        moment = dt.datetime.fromisoformat(text)
        return any(self.holds_number((moment - epoch) / dt.timedelta(days=1), within=1e-6) for epoch in _EPOCHS)


def _unpacked(content: bytes) -> Iterator[bytes]:
    yield content
    if content.startswith(b"\x1f\x8b"):
        with suppress(OSError, EOFError, zlib.error):
            yield from _unpacked(gzip.decompress(content))
    with suppress(Exception), zipfile.ZipFile(io.BytesIO(content)) as archive:
        for part in archive.infolist():
            with suppress(Exception):
                yield from _unpacked(archive.read(part))


def _binary_numbers(part: bytes) -> set[float]:
    """Give every double and every RK number ([MS-XLS] 2.5.217) that begins at any byte."""
    doubles = [
        one for shift in range(min(8, len(part))) for (one,) in struct.iter_unpack("<d", _whole(part[shift:], 8))
    ]
    words = [one for shift in range(min(4, len(part))) for (one,) in struct.iter_unpack("<i", _whole(part[shift:], 4))]
    found = set(doubles)
    for word in words:
        value = float(word >> 2) if word & 2 else struct.unpack("<d", struct.pack("<q", (word & ~3) << 32))[0]
        found.add(value / 100 if word & 1 else value)
    return found


def _whole(part: bytes, size: int) -> bytes:
    return part[: len(part) // size * size]
