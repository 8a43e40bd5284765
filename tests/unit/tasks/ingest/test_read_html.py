from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem
from tasks.ingest import read_html
from tasks.ingest.read_html import HtmlGrid


def rows(folder: Path, html: str, encoding: str = "utf-8") -> list[list[str | None]]:
    file = folder / "a.xls"
    file.write_bytes(f"<html>{html}</html>".encode(encoding))
    return list(HtmlGrid.open(file).rows())


def test_cells_are_texts_without_markup_and_those_that_are_spanned_are_empty(tmp_path: Path) -> None:
    html = """
    <title>Архив</title><table>
    <tr><th rowspan=2>Дата</th><th colspan="2">Подача &amp; обратка</th><th rowspan=2>Прим.</th></tr>
    <tr><th>t,<br>°C</th><th>V&nbsp;м<sup>3</sup></th></tr>
    <tr><td>01.04.2025<td> 60,5 <td><b>1&#44;5</b><td>
    <tr><td colspan=x>02.04.2025</td></tr></table>
    """

    assert rows(tmp_path, html) == [
        ["Дата", "Подача & обратка", None, "Прим."],
        [None, "t, °C", "V м3", None],
        ["01.04.2025", "60,5", "1,5", None],
        ["02.04.2025"],
    ]


def test_tables_follow_each_other_and_nested_ones_come_first(tmp_path: Path) -> None:
    html = "<table><tr><td>a<table><tr><td>b</td></tr></table>c</td><td>d</td></tr></table><table><tr><td>e</table>"

    assert rows(tmp_path, html) == [["b"], ["ac", "d"], ["e"]]


@pytest.mark.parametrize(
    ("meta", "encoding"), [("", "cp1251"), ("<meta charset=koi8-r>", "koi8-r"), ("<meta charset='x-no'>", "utf-8")]
)
def test_encoding_is_that_of_the_page_or_found_out(tmp_path: Path, meta: str, encoding: str) -> None:
    text = "Показания счётчика горячей воды"

    assert rows(tmp_path, f"{meta}<table><tr><td>{text}</table>", encoding) == [[text]]


def test_lines_below_a_line_come_numbered_in_columns_and_none_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "a.html"
    file.write_text("<table><tr><td>a<td>b<tr><td>1<tr><td>2<td>3<td>4</table>", encoding="utf-8")
    grid = HtmlGrid.open(file)

    (batch,) = grid.batches_below(1, 3)

    assert grid.used_columns(1, 2) == [0, 1, 2]
    assert batch.numbers.to_pylist() == [2, 3]
    assert [column.to_pylist() for column in batch.columns] == [["1", "2"], [None, "3"], [None, "4"]]
    assert list(grid.batches_below(3, 3)) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"<html><body>503</body></html>", FileProblem.WRONG_KIND),
        (b"<meta charset=utf-8><table><tr><td>\xff</table>", FileProblem.BYTE_NOT_IN_ENCODING),
        (b"<table>" + b"x" * 3000, FileProblem.PAGE_TOO_BIG),
    ],
)
def test_page_that_cannot_be_read_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, problem: FileProblem
) -> None:
    monkeypatch.setattr(read_html, "_MAX_BYTES", 2000)
    file = tmp_path / "a.xls"
    file.write_bytes(content)

    with pytest.raises(FileError) as caught:
        HtmlGrid.open(file)

    assert caught.value.problem is problem
