"""Whatever a file holds: it is read, or refused by a message; and no reading comes out that is not in it.

`make test` tries a few hundred files, the same each time; `make fuzz` goes on with new ones.
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import re
import signal
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from schemas.errors import FileError, MappingError
from schemas.mappings import SourceMapping, match_mapping, read_mappings
from schemas.problems import Kind
from schemas.raw_rows import SEPARATOR
from schemas.settings import Settings
from schemas.table_schema import TableSchema
from tasks.ingest.detect_kind import kind_of
from tasks.ingest.parse_nodes import parse_nodes
from tasks.ingest.read_tables import peek, peek_lines, read_tables
from tasks.ingest.unpack_archives import expand, is_archive
from tasks.sources.draft_mapping import draft_mapping
from tasks.sources.find_tables import Sheet
from tasks.sources.look_at_file import Looked, look_at_nodes, look_at_text
from tasks.validate.apply_rules import Meter, apply_rules
from tasks.validate.parse_readings import parse
from tasks.validate.row_errors import row_errors
from tasks.warehouse.raw_cells import pack_cells
from tests import files
from tests.faults.account import count
from tests.faults.corpus import (
    HEAT,
    LONG,
    MAPPINGS,
    MAPPINGS_YAML,
    SEEDS,
    SHEET,
    STAMPS,
    Seed,
    Seen,
    csv_of,
    simple_number,
)

LIMITS = Settings(workbook_timeout_sec=5, workbook_memory_mb=512, max_unpacked_mb=64)
SECONDS = 60
"""No file of the corpus takes a hundredth of it."""
METERS = {"M": Meter(1, "I", "B", 60), "00123": Meter(2, "I", "B", 60)}
FACTORS = (1, 0.001, 3.6, 0.06)
"""What the units of the corpus may make of a number; a volume in place of a flow is also divided by the hours."""


def fuzz(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Try this number of inputs, always the same; under the profile `fuzz` as many as that says, always new ones."""
    is_long = settings.get_current_profile_name() == "fuzz"
    profile = settings.get_profile(settings.get_current_profile_name())
    return settings(
        max_examples=profile.max_examples if is_long else examples,
        derandomize=not is_long,
        database=profile.database if is_long else None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@contextmanager
def no_hang() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise AssertionError(f"still reading after {SECONDS} s of CPU")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


class Read(NamedTuple):
    """One table as the pipeline reads it."""

    schema: TableSchema
    raw: list[dict[str, Any]]
    readings: list[dict[str, Any]]


def read(path: Path, name: str, mapping: SourceMapping) -> list[Read]:
    """Read a file all the way to the outcome of its readings, without a database."""
    tables = []
    found = read_tables(path, mapping, relative_path=name, settings=LIMITS)
    for table in found:
        batches = list(table.batches)
        parsed = [parse(table.schema, batch) for batch in batches]
        for batch in batches:
            check_stage(batch)
        if parsed:
            everything = pa.concat_tables(parsed)
            outcome = apply_rules(everything, METERS, LIMITS)
            assert len(outcome.readings) + len(outcome.duplicates) == len(everything)
            rejected = outcome.readings.filter(pa.compute.equal(outcome.readings.column("quality"), 2))
            assert len(rejected) == 0 or len(row_errors([table.schema], rejected)) > 0
        tables.append(
            Read(
                table.schema,
                [row for batch in batches for row in batch.to_pylist()],
                [reading for batch in parsed for reading in batch.to_pylist()],
            )
        )
    counted = count(path.read_bytes())
    assert counted is None or sum(found.lines.values()) == counted.lines, (found.lines, counted.lines)
    return tables


def check_stage(batch: pa.RecordBatch) -> None:
    """Check that stage keeps each row as it is."""
    names = batch.schema.names[2:]
    for row, cells, payload in zip(
        batch.to_pylist(), *(column.to_pylist() for column in pack_cells(batch)), strict=True
    ):
        staged = json.loads(payload) if payload else dict(zip(names, cells.split(SEPARATOR), strict=True))
        assert {name: text or None for name, text in staged.items()} == {name: row[name] for name in names}
        assert "\0" not in (payload or cells)


def read_any(content: bytes, name: str) -> list[Read]:
    """Read a file, or each file of an archive, by the mapping that takes it."""
    with tempfile.TemporaryDirectory() as folder, no_hang():
        path = Path(folder, name)
        path.write_bytes(content)
        members = [(path, name)]
        if is_archive(path, LIMITS):
            members = [
                (member.path, member.name) for member in expand(path, Path(folder, "in"), LIMITS, name=path.name)
            ]
        tables = []
        for member, member_name in members:
            tables += read(member, member_name, match_mapping(list(MAPPINGS.values()), member_name))
        return tables


def refusal(act: Callable[[], object], kind: type[Exception] = FileError) -> None:
    """Do something that may refuse by a message of one line; anything else that it raises is a failure."""
    try:
        act()
    except kind as error:
        said = str(error)
    else:
        return
    assert said.strip()
    assert len(said) < 2_000


def expected_time(schema: TableSchema, row: dict[str, Any]) -> dt.datetime:
    """Return when a row was read, in UTC, by the plainest reading of its cells."""
    text = str(row[schema.timestamp_column or schema.date_column or ""]).strip()
    text = re.sub(r"\s*\.\s*", ".", re.sub(r"\s+", " ", text))
    text = re.sub(r"^(\d{4}-)(\d-)", r"\g<1>0\2", text)
    text = re.sub(r"^(\d{4}-\d\d-)(\d)(?!\d)", r"\g<1>0\2", text)
    text = re.sub(r"^(\d{4}-\d\d-\d\d[ T])(\d:)", r"\g<1>0\2", text)
    if "." in text[:3]:
        day, month, rest = text.split(".", 2)
        year, _, clock = rest.partition(" ")
        year = year if len(year) == 4 else f"20{year}"
        timestamp = dt.datetime.fromisoformat(f"{year}-{int(month):02d}-{int(day):02d}")
        timestamp += _clock(clock)
    elif text.replace(".", "").isdigit():
        days = float(text) + (1462 if schema.epoch == 1904 else 0)
        timestamp = dt.datetime(1899, 12, 30) + dt.timedelta(seconds=round(days * 86_400))  # noqa: DTZ001
    elif text[10:] in {" 24:00", "T24:00", " 24:00:00", "T24:00:00"}:
        timestamp = dt.datetime.fromisoformat(text[:10]) + dt.timedelta(days=1)
    else:
        timestamp = dt.datetime.fromisoformat(text)
    interval = dt.timedelta(minutes=schema.interval_minutes)
    is_end = schema.stamp == "end"
    if schema.hour_column:
        hour = str(row[schema.hour_column]).strip().replace("–", "-").replace("—", "-")
        timestamp += _clock(hour.split("-")[0])
        is_end = is_end and "-" not in hour
    zone = ZoneInfo((row.get(schema.tz_column or "") or schema.time_zone).strip())
    zoned = timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=zone)
    return zoned.astimezone(dt.UTC) - (interval if is_end else dt.timedelta())


def _clock(text: str) -> dt.timedelta:
    if re.fullmatch(r"0[.,]\d+", text):  # a fraction of a day, as workbooks count
        return dt.timedelta(seconds=round(float(text.replace(",", ".")) * 86_400))
    numbers = [
        int(digits) for digits in text.replace(".0", "").replace(".", ":").strip(" T").split(":") if digits.strip()
    ]
    return sum((number * unit for number, unit in zip(numbers, _UNITS, strict=False)), dt.timedelta())


_UNITS = (dt.timedelta(hours=1), dt.timedelta(minutes=1), dt.timedelta(seconds=1))


def accepted(table: Read) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each reading that would be loaded, with its raw row."""
    rows = {row["row_num"]: row for row in table.raw}
    for reading in table.readings:
        if not reading["problems"]:
            yield reading, rows[reading["row_num"]]


def check_reading(schema: TableSchema, reading: dict[str, Any], row: dict[str, Any]) -> None:
    """Check that a reading says what its row says."""
    number = simple_number(row[reading["column_key"]])
    assert number is not None, (reading, row)
    factors = [factor * per for factor in FACTORS for per in (1, 60 / schema.interval_minutes)]
    values = [number * factor for factor in factors]
    if reading["metric"] in {"T1", "T2"}:  # a cell may name its unit: a letter that lands there is one
        values += [number - 273.15, (number - 32) / 1.8]
    assert any(abs(reading["value"] - value) <= 1e-9 * max(abs(number), 1) for value in values), (reading, row)
    ends = schema.register_read_at == "end" and reading["metric"] == "consumption_cumulative"
    time = expected_time(schema, row) + ends * dt.timedelta(minutes=schema.interval_minutes)
    assert reading["ts"] == time, (reading, row)


def check_against_file(content: bytes, tables: list[Read]) -> None:
    """Check that every accepted reading is in the file as a simple reader sees it."""
    seen = Seen(content)
    for table in tables:
        for reading, row in accepted(table):
            check_reading(table.schema, reading, row)
            text = row[reading["column_key"]]
            number = simple_number(text)
            assert number is not None
            assert seen.holds_text(text) or seen.holds_number(number), (reading, row)
            assert seen.holds_moment(row[table.schema.timestamp_column or table.schema.date_column or ""]), (
                reading,
                row,
            )


# Bytes: any file of the corpus, damaged in places, or continued with another.

TOKENS = [
    *(b'"', b";", b",", b"\t", b"|", b"\n", b"\r", b"\0", b"'", b"=", b" "),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\xff", b"\xd0", b"\x1a", b"PK\x03\x04", b"\x1f\x8b"),
    *(b"1e308", b"1e309", b"NaN", b"-0", b"1 234,5", b"#REF!", b"=A1", b"24:00", b"31.02.2025", b"45749"),
    *(b"<f>A1</f>", b"<v/>", b"<row/>", b"</row>", b'r="ZZ99"', b'r="A1048576"', b't="e"', b't="d"', b"&#0;", b"<!--"),
    *(text.encode() for text in ("Итого", "Дата", "Т1, °C", "№", "−", "\u2028", "\u202e")),
]
Edit = tuple[str, float, int, bytes]
edits = st.lists(
    st.tuples(
        st.sampled_from(["replace", "insert", "delete", "repeat", "cut", "splice"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(1, 40),
        st.one_of(st.sampled_from(TOKENS), st.binary(min_size=1, max_size=8)),
    ),
    min_size=1,
    max_size=6,
)


def edited(content: bytes, changes: list[Edit], other: bytes) -> bytes:
    for kind, where, size, token in changes:
        offset = int(where * len(content))
        head, tail = content[:offset], content[offset:]
        content = {
            "replace": head + token + tail[len(token) :],
            "insert": head + token + tail,
            "delete": head + tail[size:],
            "repeat": head + tail[:size] * 3 + tail,
            "cut": head,
            "splice": head + other[int(where * len(other)) :],
        }[kind]
    return content


def edited_inside(content: bytes, which: int, changes: list[Edit], other: bytes) -> bytes:
    """Edit what is packed, so that the checksums do not give the damage away."""
    if content.startswith(b"\x1f\x8b"):
        return gzip.compress(edited(gzip.decompress(content), changes, other), mtime=0)
    if not content.startswith(b"PK"):
        return edited(content, changes, other)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = sorted(members)[which % len(members)]
    return files.zipped(members | {name: edited_inside(members[name], which, changes, other)})


seeds = st.sampled_from(SEEDS)


@fuzz(150)
@given(seeds, edits, seeds, st.booleans(), st.integers(0, 30))
def test_no_bytes_break_the_reader_or_make_up_a_reading(
    seed: Seed, changes: list[Edit], other: Seed, inside: bool, which: int
) -> None:
    content = (
        edited_inside(seed.content, which, changes, other.content)
        if inside
        else edited(seed.content, changes, other.content)
    )

    refusal(lambda: check_against_file(content, read_any(content, seed.name)))
    refusal(lambda: read_mappings("draft.yaml", draft_of(content)), MappingError)


def look_at(path: Path) -> Looked:
    if (kind := kind_of(path, LIMITS)) in {Kind.XML, Kind.JSON}:
        return look_at_nodes(parse_nodes(path, kind, LIMITS), kind)
    sheets = [Sheet(name, [*rows]) for name, rows in peek(path, LIMITS)]
    return look_at_text(sheets, peek_lines(path, LIMITS))


def draft_of(content: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder, no_hang():
        path = Path(folder, "file")
        path.write_bytes(content)
        try:
            looked = look_at(path)
        except FileError:
            return b""
    return draft_mapping("draft", "file 1.csv", looked).yaml.encode()


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_every_file_of_the_corpus_gives_readings(seed: Seed) -> None:
    tables = read_any(seed.content, seed.name)

    check_against_file(seed.content, tables)
    assert all(any(True for _ in accepted(table)) for table in tables)


# Cells, headings and mappings: what people do to a table.

CELLS: list[files.Cell] = [
    *(None, "", " ", "0", "-0", "−5", "1e308", "1e309", "NaN", "#ДЕЛ/0!", "н/д", "-", "1 234,5", "1'234.5", "12,5 м3"),
    *(
        "1,2,3",
        "60.5 °C",
        "Итого",
        "Всего:",
        "=A1",
        "+7",
        "@x",
        "<b>",
        "\u202etxt",
        "x" * 300,
        "a\nb",
        "a\x1fb",
        'q"q',
        "a;b",
        "; ",
    ),
    *(
        "31.02.2025",
        "01.04.25",
        "2025-04-01T00:30:00+03:00",
        "30.10.2011 02:30",
        "26.10.2014 01:30",
        "01.04.2025 24:00",
    ),
    *("04/01/2025", "0-1", "23-24", "24:00", "1-3", "00:00-01:00", "7.0", "01.04.0202", "45749", "45749.5", "99999"),
    *(
        45749,
        45749.04166667,
        0,
        -1,
        1.5,
        1e9,
        1e10,
        0.1 + 0.2,
        dt.date(2025, 4, 1),
        dt.time(1, 30),
        dt.datetime(2025, 4, 1, 1),  # noqa: DTZ001 - Excel's times have no zone
    ),
]
HEADINGS = [
    "Дата",
    "дата ",
    "Час",
    "T1,°С",
    "Т1, °C",
    "Объем, м3",
    "V",
    "t",
    "м3",
    "value",
    "ts",
    "timestamp",
    "Счётчик",
]
cells = st.one_of(st.sampled_from(CELLS), st.sampled_from(HEADINGS), st.text(max_size=12).filter(str.isprintable))
Change = tuple[str, int, int, files.Cell]
changes_of_a_table = st.lists(
    st.tuples(
        st.sampled_from(
            ["set", "set", "set", "drop row", "repeat row", "drop column", "repeat column", "move", "empty"]
        ),
        st.integers(0, 14),
        st.integers(0, 7),
        cells,
    ),
    max_size=8,
)
GRIDS = {"long": LONG, "sheet": SHEET, "heat": HEAT, "stamps": STAMPS}
WRITERS: dict[str, Callable[[files.Rows], bytes]] = {
    "utf-8": csv_of,
    "cp1251": lambda rows: csv_of(rows, encoding="cp1251", delimiter=";"),
    "utf-16": lambda rows: csv_of(rows, encoding="utf-16", delimiter="\t"),
    "xlsx": files.xlsx,
    "xls": files.xls,
    "ods": files.ods,
}


def changed(rows: files.Rows, changes: list[Change]) -> list[list[files.Cell]]:
    width = max(len(row) for row in rows)
    grid = [[*row, *[None] * (width - len(row))] for row in rows]
    for kind, line, index, cell in changes:
        row = line % len(grid)
        column = index % max(len(grid[0]), 1)
        if kind == "set" and grid[0]:
            grid[row][column] = cell
        elif kind == "drop row" and len(grid) > 1:
            del grid[row]
        elif kind == "repeat row":
            grid.insert(row, list(grid[row]))
        elif kind == "empty":
            grid.insert(row, [None] * len(grid[0]))
        elif kind != "set" and len(grid[0]) > 1:
            for cells_of_row in grid:
                moved = cells_of_row[column] if kind == "repeat column" else cells_of_row.pop(column)
                if kind != "drop column":
                    cells_of_row.append(moved)
    return grid


KEYS: dict[str, list[object]] = {
    "header_row": [1, 2, 5, 10_000],
    "after": ["Часовой архив", "нет такого", "Дата"],
    "until": ["Итого", "Суточный", "0"],
    "block": ["A:C", "C:D", "ZZ:AAA"],
    "interval_minutes": [1, 15, 30, 60],
    "stamp": ["start", "end"],
    "register_read_at": ["start", "end"],
    "time_zone": ["UTC", "Asia/Kathmandu", "Europe/Moscow"],
    "sheet": ["Лист", "*", "нет"],
    "hour": ["Час", "Объём, м3", "t"],
    "where": [{"Час": "*"}, {"Дата": ["01*", ""]}, {"нет": ""}],
    "status": [{"column": "Час", "words": {"0-1": "valid", "1-2": "suspect", "2-3": "rejected"}}],
    "missing": [1, ["н/п", "5"]],
    "decimal": [",", "."],
    "unit": ["Час", {"cell": "B2"}, {"above": "м3|л"}, {"sheet": "."}],
    "header": ["none"],
    "header_lines": [1, 2, 3],
    "date": ["Дата", "Время"],
    "identity": [
        *({"meter": code} for code in ("M", "{sheet}", "{Час}-{sheet}")),
        *({"meter": {"cell": "B2"}}, {"meter": {"column": "Час"}}, {"meter": {"column": "Дата", "pattern": r"\d+"}}),
    ],
}
keys_of_a_mapping = st.lists(
    st.sampled_from(sorted(KEYS)).flatmap(lambda key: st.tuples(st.just(key), st.sampled_from(KEYS[key]))), max_size=2
)


def mapping_of(name: str, keys: list[tuple[str, Any]]) -> SourceMapping | None:
    document = MAPPINGS[name].model_dump(exclude_unset=True, by_alias=True)
    for key, value in keys:
        for table in document["tables"]:
            table[key] = value
    try:
        return SourceMapping.model_validate(document)
    except ValueError:
        return None


def as_written(cell: files.Cell) -> str | None:
    return None if cell is None or (isinstance(cell, str) and not cell.strip()) else str(cell)


@fuzz(150)
@given(st.sampled_from(sorted(GRIDS)), changes_of_a_table, keys_of_a_mapping, st.sampled_from(sorted(WRITERS)))
@example("sheet", [("set", 2, 0, "01.04.0202")], [], "utf-8")
def test_no_cells_headings_or_mappings_make_up_or_lose_a_reading(
    name: str, changes: list[Change], keys: list[tuple[str, Any]], writer: str
) -> None:
    mapping = mapping_of(name, keys)
    grid = changed(GRIDS[name], changes)
    try:
        content = WRITERS[writer](grid)
    except ValueError:  # a date that xls has no day for
        return
    if mapping is None:
        return

    def check() -> None:
        with tempfile.TemporaryDirectory() as folder, no_hang():
            path = Path(folder, "file")
            path.write_bytes(content)
            for table in read(path, name, mapping):
                check_against_grid(grid, table, is_csv=writer not in {"xlsx", "xls", "ods"})

    refusal(check)


def check_against_grid(grid: list[list[files.Cell]], table: Read, *, is_csv: bool) -> None:
    """Check that accepted readings are where they say."""
    lines: dict[int, list[files.Cell]] = {}
    line = 1
    for cells in grid:
        lines[line] = cells
        line += 1 + (sum(str(cell).count("\n") for cell in cells if cell is not None) if is_csv else 0)
    indices = {column.key: _column_index(column.letter) for column in table.schema.columns}
    for reading, row in accepted(table):
        check_reading(table.schema, reading, row)
        cell = lines[row["row_num"]][indices[reading["column_key"]]]
        text = row[reading["column_key"]]
        assert (
            str(cell) == text
            or (not isinstance(cell, str) and simple_number(str(cell)) == simple_number(text))
            or (isinstance(cell, float) and f"{cell:g}" == text)
        ), (cell, text)


def _column_index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


# Mappings: what a person may type.


@fuzz(150)
@given(edits)
def test_no_mapping_ends_in_anything_but_a_message(changes: list[Edit]) -> None:
    content = edited(MAPPINGS_YAML.encode(), changes, b"tables: [*x, {a: b}]\n")

    refusal(lambda: read_mappings("x.yaml", content), MappingError)
