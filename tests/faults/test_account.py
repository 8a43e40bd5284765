"""The account of a file: every line has one class, and no filled cell of a reading vanishes."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import FileError
from schemas.lines import LineClass
from schemas.mappings import SourceMapping, load_mappings, match_mapping, read_mappings
from schemas.problems import Kind
from schemas.settings import PROJECT_ROOT, Settings
from tasks.ingest.read_tables import read_tables
from tests.faults.account import count
from tests.faults.corpus import MAPPINGS, SEEDS, Seed

pytestmark = pytest.mark.files

CASES = PROJECT_ROOT.parent / "shared" / "cases"
DATA = PROJECT_ROOT.parent / "shared" / "data"


def read(path: Path, mapping: SourceMapping, name: str) -> tuple[list[dict[str, Any]], dict[str, int]]:
    tables = read_tables(path, mapping, relative_path=name, settings=Settings())
    rows = [row for table in tables for batch in table.batches for row in batch.to_pylist()]
    return rows, tables.lines


def check(path: Path, mapping: SourceMapping, name: str) -> None:
    """Hold the reader's account against the count."""
    content = path.read_bytes()
    rows, lines = read(path, mapping, name)
    delimiter = max(";,\t|", key=lambda one: content[:2_000].count(one.encode()))
    counted = count(content, delimiter)
    assert {*lines} <= {kind.name.lower() for kind in LineClass}
    if counted is None:
        return
    assert sum(lines.values()) == counted.lines, (lines, counted.lines)
    if mapping.kind is Kind.TEXT:  # cut at positions
        check_fixed(content, rows)
        return
    for row in rows:
        cells = (counted.cells or {}).get(row["row_num"])
        if cells is not None:
            texts = [text for key, text in row.items() if key not in ("row_num", "row_problem") and text]
            # The last cell of a line with too many holds the rest of it.
            kept = [cell for cell in delimiter.join(texts).split(delimiter) if cell.strip()]
            assert [_ascii(cell) for cell in kept] == [_ascii(cell) for cell in cells]


def check_fixed(content: bytes, rows: list[dict[str, Any]]) -> None:
    """Hold all that is not a space in the lines of a text against the rows."""
    text = content.decode().splitlines()
    for row in rows:
        cells = [cell for key, cell in row.items() if key not in ("row_num", "row_problem") and cell]
        assert "".join(" ".join(cells).split()) == "".join(text[row["row_num"] - 1].split())


def _ascii(cell: str) -> str:
    """Return what any encoding of the file has in common."""
    return re.sub("[^ -~]+", "?", cell)


@pytest.mark.parametrize("seed", [seed for seed in SEEDS if not seed.name.endswith((".gz", ".zip"))], ids=repr)
def test_every_line_of_every_kind_of_file_is_accounted_for(seed: Seed, tmp_path: Path) -> None:
    path = tmp_path / seed.name
    path.write_bytes(seed.content)

    check(path, match_mapping(list(MAPPINGS.values()), seed.name), seed.name)


def _cases() -> list[Path]:
    return sorted(file for file in CASES.rglob("*") if file.suffix in (".csv", ".xlsx")) if CASES.is_dir() else []


@pytest.mark.skipif(not CASES.is_dir(), reason="the look-alikes of suppliers' files are not there")
@pytest.mark.parametrize("path", _cases(), ids=lambda path: path.name)
def test_every_line_of_the_suppliers_files_is_accounted_for(path: Path) -> None:
    own = path.with_name("mapping.yaml")
    mappings = load_mappings(PROJECT_ROOT / "schemas" / "sources")
    if own.exists():
        mappings = read_mappings("mapping.yaml", own.read_bytes())
    with suppress(FileError):
        check(path, match_mapping(mappings, path.name), path.name)


@pytest.mark.skipif(not DATA.is_dir(), reason="the utility's real files are not there")
def test_every_line_of_the_real_files_is_a_reading_but_the_header() -> None:
    mappings = load_mappings(PROJECT_ROOT / "schemas" / "sources")
    for path in DATA.glob("*.xlsx"):
        _, lines = read(path, match_mapping(mappings, path.name), path.name)

        assert lines == {"header": 1, "reading": 720}
        check(path, match_mapping(mappings, path.name), path.name)
