"""The dbt project: one yml a node, everything described once, every key tested."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.transform.run_dbt import DBT_FOLDER

# What no node is described in.
_OTHER = {"sources.yml", "exposures.yml"}
_DOCS = re.compile(r"{% docs (\w+) %}\n(.*?)\n{% enddocs %}", re.DOTALL)
_NODES = sorted([*DBT_FOLDER.glob("models/**/*.sql"), *DBT_FOLDER.glob("seeds/*.csv")])
_YML = sorted(file for room in ("models", "seeds") for file in (DBT_FOLDER / room).rglob("*.yml"))

Node = dict[str, Any]


def described() -> Iterator[tuple[str, Node]]:
    """Give each node that a yml describes, with the yml's name."""
    for file in _YML:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        for node in [*content.get("models", ()), *content.get("seeds", ())]:
            yield file.stem, node


NODES = [node for _, node in described()]
every_node = pytest.mark.parametrize("node", NODES, ids=[node["name"] for node in NODES])


def data_tests_of(thing: Node) -> dict[str, Node]:
    """Give the data tests of a node or a column: name → arguments."""
    found = {}
    for test in thing.get("data_tests", ()):
        name, body = (test, {}) if isinstance(test, str) else next(iter(test.items()))
        found[name] = body.get("arguments", {})
    return found


def texts() -> Iterator[str]:
    """Give every description of the project, doc blocks among them once."""
    for file in _YML:
        yield from _descriptions(yaml.safe_load(file.read_text(encoding="utf-8")))
    for file in sorted((DBT_FOLDER).rglob("*.md")):
        yield from (text for _, text in _DOCS.findall(file.read_text(encoding="utf-8")))


def _descriptions(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "description" and "doc(" not in value:
                yield " ".join(value.split())
            else:
                yield from _descriptions(value)
    elif isinstance(part, list):
        for item in part:
            yield from _descriptions(item)


@pytest.mark.parametrize("file", _NODES, ids=lambda file: file.stem)
def test_node_has_a_yml_of_its_name_beside_it(file: Path) -> None:
    beside = file.with_suffix(".yml")

    assert beside.is_file()
    assert [node["name"] for name, node in described() if name == file.stem] == [file.stem]


def test_no_yml_describes_what_is_not_there() -> None:
    assert {file.name for file in _YML} - {f"{node.stem}.yml" for node in _NODES} == _OTHER


def test_unit_tests_are_beside_their_model() -> None:
    for file in _YML:
        units = yaml.safe_load(file.read_text(encoding="utf-8")).get("unit_tests", ())
        assert {unit["model"] for unit in units} <= {file.stem}


@every_node
def test_node_and_each_of_its_columns_are_described(node: Node) -> None:
    assert node["description"].strip()
    assert node["columns"]
    assert [column["name"] for column in node["columns"] if not column.get("description", "").strip()] == []


def test_no_description_is_written_twice() -> None:
    repeated = [text for text, count in Counter(texts()).items() if count > 1]

    assert repeated == []


def test_doc_blocks_are_those_that_are_used_more_than_once() -> None:
    used = Counter(name for file in _YML for name in re.findall(r"doc\('(\w+)'\)", file.read_text(encoding="utf-8")))
    blocks = [name for file in DBT_FOLDER.rglob("*.md") for name, _ in _DOCS.findall(file.read_text(encoding="utf-8"))]

    assert sorted(blocks) == sorted([*used, "__overview__"])
    assert [name for name, count in used.items() if count < 2] == []


@every_node
def test_key_of_a_node_is_tested_to_be_unique_and_not_null(node: Node) -> None:
    columns = {column["name"]: data_tests_of(column) for column in node["columns"]}
    together = data_tests_of(node).get("unique_together")
    key = together["columns"] if together else [name for name, tests in columns.items() if "unique" in tests]

    assert key
    assert [name for name in key if "not_null" not in columns[name]] == []


@every_node
def test_lists_of_accepted_values_are_whole(node: Node) -> None:
    wanted = {"season": ["winter", "spring", "summer", "autumn"], "day_night": ["day", "night"]}

    found = {
        column["name"]: data_tests_of(column).get("accepted_values", {}).get("values")
        for column in node["columns"]
        if column["name"] in wanted
    }

    assert found == {name: wanted[name] for name in found}


@every_node
def test_metrics_and_kinds_are_those_that_the_database_knows(node: Node) -> None:
    wanted = {"metric": "source('quality', 'metrics')", "kind": "source('quality', 'meter_kinds')"}

    found = {
        column["name"]: data_tests_of(column).get("relationships", {}).get("to")
        for column in node["columns"]
        if column["name"] in wanted
    }

    assert found == {name: wanted[name] for name in found}


@every_node
def test_counted_readings_are_compared_with_the_expected(node: Node) -> None:
    has_both = {"readings_present", "readings_expected"} <= {column["name"] for column in node["columns"]}

    assert has_both == ("readings_within_expected" in data_tests_of(node))
