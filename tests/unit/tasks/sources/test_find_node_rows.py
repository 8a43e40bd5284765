from __future__ import annotations

from pathlib import Path

from lxml import etree

from schemas.problems import Kind
from schemas.settings import Settings
from tasks.ingest.parse_nodes import parse_nodes
from tasks.sources.find_node_rows import FoundRows, find_node_rows, name_repeated


def found(xml: str) -> FoundRows | None:
    return find_node_rows(etree.fromstring(xml))


def rows_of(xml: str) -> str:
    rows = found(xml)
    assert rows
    return rows.rows


READINGS = '<r t="2025-04-01T00:00"><v>1</v></r><r t="2025-04-01T01:00"><v>2</v></r>'


def test_rows_have_what_is_in_them_once_and_around_them_what_may_be_of_use() -> None:
    rows = found(f'<a version="2"><meter code="M-1"><place>Мятная</place>{READINGS}</meter></a>')

    assert rows == FoundRows(
        namespaces={},
        rows="//r",
        total=2,
        others=[],
        columns={"t": "@t", "v": "v", "meter code": "ancestor::meter[1]/@code"},
        cells=[["2025-04-01T00:00", "1", "M-1"], ["2025-04-01T01:00", "2", "M-1"]],
    )


def test_outermost_of_equals_are_the_rows_unless_their_parts_are_many() -> None:
    hours = "".join(f'<h n="{hour}">1,5</h>' for hour in range(24))

    assert rows_of(f"<a>{READINGS}</a>") == "//r"
    assert (
        rows_of(f'<a><d day="01.04.2025"><sum>36</sum>{hours}</d><d day="02.04.2025"><sum>36</sum>{hours}</d></a>')
        == "//h"
    )
    flagged = READINGS.replace("<v>", "<q>0</q><q>1</q><v>")
    rows = found(f"<a>{flagged}</a>")
    assert rows
    assert (rows.rows, rows.others) == ("//r", [])
    assert "q" not in rows.columns


def test_parts_that_repeat_are_rows_with_the_time_around_them() -> None:
    part = '<p name="T1">5</p><p name="V1">6</p>'

    rows = found(f'<a><r t="2025-04-01T00:00">{part}</r><r t="2025-04-01T01:00">{part}</r></a>')

    assert rows
    assert rows.columns == {"p name": "@name", "value": ".", "t": "ancestor::r[1]/@t"}


def test_elements_of_one_name_in_several_places_are_told_by_their_whole_path() -> None:
    rows = found(f"<a><used>{READINGS}</used><fed>{READINGS}{READINGS}</fed></a>")

    assert rows
    assert (rows.rows, rows.others) == ("/a/fed/r", ["2 of a/used/r"])


def test_prefixes_are_those_of_the_file_where_it_has_some() -> None:
    rows = found(f'<x:a xmlns:x="urn:x" xmlns="urn:y">{READINGS}</x:a>')

    assert rows
    assert (rows.rows, rows.namespaces, rows.columns["v"]) == ("//n1:r", {"n1": "urn:y"}, "n1:v")
    assert rows_of(f'<x:a xmlns:x="urn:x">{READINGS.replace("<r", "<x:r").replace("</r", "</x:r")}</x:a>') == "//x:r"


def test_digits_of_a_clock_are_parted_by_a_colon() -> None:
    rows = found('<a><r start="0000" no="0010"><v>1</v></r><r start="0030" no="0020"><v>2</v></r></a>')

    assert rows
    assert rows.columns["r start"] == "concat(substring(@start, 1, 2), ':', substring(@start, 3))"
    assert rows.columns["r no"] == "@no"
    assert rows.cells[1] == ["00:30", "0020", "2"]


def test_file_without_times_or_numbers_has_no_rows_but_names_what_repeats() -> None:
    root = etree.fromstring('<a><b>1</b><b>2</b><b>3</b><c x="01.04.2025"/><c x="02.04.2025"/></a>')

    assert find_node_rows(root) is None
    assert [*name_repeated(root)] == ["3 of a/b", "2 of a/c"]


def test_elements_around_the_rows_are_told_from_others_of_their_name(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        """{"zone": "Europe/Berlin", "sites": [{"site": "B-1", "meters": [{"meter": "M-1", "readings": [
        {"t": "2025-04-01T00:00", "v": 1.5}, {"t": "2025-04-01T01:00", "v": 2}]}]}]}"""
    )

    rows = find_node_rows(parse_nodes(tmp_path / "a.json", Kind.JSON, Settings()))

    assert rows
    assert rows.rows == "/json/sites/item/meters/item/readings/item"
    assert rows.columns == {
        "t": "t",
        "v": "v",
        "meter": "ancestor::item[1]/meter",
        "site": "ancestor::item[2]/site",
    }
    assert rows.cells == [["2025-04-01T00:00", "1.5", "B-1", "M-1"], ["2025-04-01T01:00", "2", "B-1", "M-1"]]


def test_arrays_side_by_side_are_rows(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(
        '{"meter": "WS-5", "hourly": {"time": ["2025-04-01T00:00", "2025-04-01T01:00"], "names": ["a", "b"],'
        ' "temp": [1.5, null], "days": [1]}, "units": {"temp": "°C"}}'
    )

    rows = find_node_rows(parse_nodes(file, Kind.JSON, Settings()))

    assert rows
    assert rows.rows == "/json/hourly/time/item"
    assert rows.columns == {
        "time": ".",
        "temp": "../../temp/item[$n]",
        "json meter": "ancestor::json[1]/meter",
        "json units temp": "ancestor::json[1]/units/temp",
    }
    assert rows.cells == [["2025-04-01T00:00", "1.5", "WS-5", "°C"], ["2025-04-01T01:00", None, "WS-5", "°C"]]
