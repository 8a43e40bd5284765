from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from schemas.errors import FileError
from schemas.node_rows import NodeRows
from schemas.problems import FileProblem, Kind
from schemas.settings import Settings
from tasks.ingest import parse_nodes as parsing
from tasks.ingest.parse_nodes import parse_nodes
from tasks.ingest.read_nodes import NodesGrid

SPEC = NodeRows.model_validate(
    {
        "rows": "//period",
        "columns": {
            "Прибор": "ancestor::point/@code",
            "Начало": "concat(substring(@start, 1, 2), ':', substring(@start, 3))",
            "Значение": "value",
            "Раз": "count(value)",
        },
    }
)
LAUGHS = (
    b"<!DOCTYPE a [<!ENTITY a0 'ha'>"
    + b"".join(b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 11))
    + b"]><a><period>&a10;</period></a>"
)


def grid(folder: Path, content: bytes, spec: NodeRows = SPEC) -> NodesGrid:
    file = folder / "a.xml"
    file.write_bytes(content)
    return NodesGrid.of(parse_nodes(file, Kind.XML, Settings()), spec)


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "utf-16"])
def test_each_node_is_a_line_below_the_names_of_the_columns(tmp_path: Path, encoding: str) -> None:
    xml = f"""<?xml version="1.0" encoding="{encoding}"?>
    <отчёт><point code="Ж-1">
      <period start="0000"><value> 1<!-- и -->2,5\n</value></period>
      <period start="0030"><value><b>7</b></value></period></point>
      <period start="0100"/>
    </отчёт>"""

    found = grid(tmp_path, xml.encode(encoding))

    assert list(found.rows()) == [
        ["Прибор", "Начало", "Значение", "Раз"],
        ["Ж-1", "00:00", "12,5", "1.0"],
        ["Ж-1", "00:30", "7", "1.0"],
        [None, "01:00", None, "0.0"],
    ]
    (batch,) = found.batches_below(1, 4)
    assert batch.numbers.to_pylist() == [2, 3, 4]
    assert found.counts_blank_lines


def test_names_of_a_namespace_have_the_prefix_that_the_mapping_gives_it(tmp_path: Path) -> None:
    spec = NodeRows(namespaces={"m": "urn:m"}, rows="//m:p", columns={"A": "m:v"})

    found = grid(tmp_path, b'<r xmlns="urn:m"><p><v>1</v></p><p xmlns=""><v>2</v></p></r>', spec)

    assert list(found.rows()) == [["A"], ["1"]]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (LAUGHS, FileProblem.XML_DTD),
        (LAUGHS.decode().encode("utf-16"), FileProblem.XML_DTD),
        (b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a><period/></a>", FileProblem.XML_DTD),
        (b"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a><period>&e;</period></a>", FileProblem.XML_DTD),
        (b"<a><period>&e;</period></a>", FileProblem.DAMAGED),
        (b"<a><period></a>", FileProblem.DAMAGED),
        (b"<a>\xff<period/></a>", FileProblem.DAMAGED),
        (b"<a>" * 1_000 + b"</a>" * 1_000, FileProblem.DAMAGED),
        (b"<a>" + b"<period/>" * 200_000 + b"</a>", FileProblem.PAGE_TOO_BIG),
        (b"<a><channel/></a>", FileProblem.NO_ROWS_AT_PATH),
        (b"<a xmlns='urn:m'><period/></a>", FileProblem.NO_ROWS_AT_PATH),
        (b"<a><period/><period><value/><value/></period></a>", FileProblem.SEVERAL_NODES),
    ],
)
def test_file_that_cannot_be_read_says_why_and_takes_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, problem: FileProblem
) -> None:
    monkeypatch.setattr(parsing, "_MAX_MB", 1)
    tracemalloc.start()

    with pytest.raises(FileError) as caught:
        grid(tmp_path, content)

    assert caught.value.problem is problem
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


def test_dtd_in_an_encoding_that_is_not_like_ascii_is_refused_too(tmp_path: Path) -> None:
    xml = b"<?xml version='1.0' encoding='utf-7'?>+ADwAIQ-DOCTYPE a [+ADwAIQ-ENTITY e 'x'>]><a><period/></a>"

    with pytest.raises(FileError) as caught:
        grid(tmp_path, xml)

    assert caught.value.problem is FileProblem.XML_DTD


def test_a_cell_that_could_be_one_of_several_names_column_and_line(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        grid(tmp_path, b"<a><period/><period><value>1</value><value>2</value></period></a>")

    assert str(caught.value) == (
        "столбец «Значение», строка 3: по пути value нашлось 2 узлов, а не один. Исправьте columns в описании источника"
    )


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (Kind.XML, "<a><period><value><a>1</a><b>2</b></value></period></a>"),
        (Kind.XML, "<a><period><value>1<b>2</b></value></period></a>"),
        (Kind.XML, "<a><period><value><b>1</b>2</value></period></a>"),
        (Kind.JSON, '{"period": {"value": [1, 2]}}'),
        (Kind.JSON, '{"period": {"value": {"sum": 1, "unit": "м3"}}}'),
    ],
)
def test_values_in_a_cell_never_run_together(tmp_path: Path, kind: Kind, content: str) -> None:
    (tmp_path / "a").write_text(content, encoding="utf-8")
    spec = NodeRows(rows="//period", columns={"V": "value"})

    with pytest.raises(FileError) as caught:
        NodesGrid.of(parse_nodes(tmp_path / "a", kind, Settings()), spec)

    assert (caught.value.problem, caught.value.data["count"]) == (FileProblem.SEVERAL_NODES, 2)


@pytest.mark.parametrize(
    ("rows", "content", "is_empty"),
    [
        ("//period", "<a/>", True),
        ("//period", "<a><channel/></a>", False),
        ("//channel/period", "<a><b/><channel n='1'/><channel><!-- - --> </channel></a>", True),
        ("//channel/period", "<a><channel/><channel><interval/></channel></a>", False),
        ("//channel/period", "<a/>", False),
        ("//channel[@n='a/b'][x/y]//period[v]", "<a><channel n='a/b'><x><y/></x></channel></a>", False),
        ("//channel[@n='a/b']//period[v/w]", "<a><channel n='a/b'/></a>", True),
        ("/a/m:rows/m:row", "<a><rows xmlns='urn:m'/></a>", True),
        ("/a/m:rows/m:row", "<a><rows/></a>", False),
        ("/a", "<b/>", False),
        ("row", "<a/>", True),
        ("//row | //line", "<a/>", False),
    ],
)
def test_file_without_rows_is_empty_only_where_nothing_is_in_their_place(
    tmp_path: Path, rows: str, content: str, is_empty: bool
) -> None:
    spec = NodeRows(namespaces={"m": "urn:m"}, rows=rows, columns={"A": "v"})

    if is_empty:
        assert list(grid(tmp_path, content.encode(), spec).rows()) == [["A"]]
        return
    with pytest.raises(FileError) as caught:
        grid(tmp_path, content.encode(), spec)
    assert caught.value.problem is FileProblem.NO_ROWS_AT_PATH


@pytest.mark.parametrize(
    ("spec", "key"),
    [
        ({"rows": "//period", "columns": {"A": "value[x:b]"}}, "A"),
        ({"rows": "//period[f()]", "columns": {"A": "value"}}, "rows"),
        ({"rows": "//period/@start", "columns": {"A": "value"}}, "rows"),
    ],
)
def test_path_that_only_a_file_shows_to_be_wrong_is_named(tmp_path: Path, spec: dict[str, object], key: str) -> None:
    with pytest.raises(FileError) as caught:
        grid(tmp_path, b"<a><period start='1'><value/></period></a>", NodeRows.model_validate(spec))

    assert (caught.value.problem, caught.value.data["key"]) == (FileProblem.PATH_FAILED, key)


SIDE_BY_SIDE = NodeRows.model_validate(
    {
        "rows": "/json/days/item/t/item",
        "columns": {"t": ".", "v": "../../v/item[$n]", "kilo": "number(../../v/item[$n]) * 1000"},
    }
)


def side_by_side(folder: Path, content: str) -> list[list[str | None]]:
    file = folder / "a.json"
    file.write_text(content)
    return [[*row] for row in NodesGrid.of(parse_nodes(file, Kind.JSON, Settings()), SIDE_BY_SIDE).rows()][1:]


def test_arrays_side_by_side_are_joined_by_the_number_of_their_items(tmp_path: Path) -> None:
    rows = side_by_side(tmp_path, '{"days": [{"t": ["a", "b"], "v": [1, null]}, {"t": ["c", "d"], "v": [3]}]}')

    assert rows == [["a", "1", "1000.0"], ["b", None, "nan"], ["c", "3", "3000.0"], ["d", None, "nan"]]


def test_values_without_a_row_beside_them_fail_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        side_by_side(tmp_path, '{"days": [{"t": ["a", "b"], "v": [1, 2]}, {"t": ["c"], "v": [3, 4]}]}')

    assert (caught.value.problem, caught.value.data["count"]) == (FileProblem.NODES_LEFT_BESIDE, 1)
