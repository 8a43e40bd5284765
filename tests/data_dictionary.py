"""`make dictionary`: tables and views that readers are given, column by column, as the dbt project describes them.

A description says what a column is, after a comma its unit, after a colon how it is computed, and ends with what NULL
means: `Hot water supplied, м3: mean flow times the interval, added up. NULL where a reading is missing.`
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from schemas.settings import PROJECT_ROOT
from tasks.transform.run_dbt import DBT_FOLDER

PAGE = PROJECT_ROOT / "docs" / "data_dictionary.md"
_HEAD = """\
# Data dictionary

Made by `make dictionary` from the descriptions in `dbt/models`. Hours and days are local to `DEFAULT_TZ`; what is
missing is NULL, never 0.
"""
_BLOCK = re.compile(r"{% docs (\w+) %}\n(.*?)\n{% enddocs %}", re.DOTALL)
_REFERENCE = re.compile(r"{{ doc\('(\w+)'\) }}")
_PARTS = re.compile(r"(?P<meaning>.*?) (?P<null>Never NULL\.|NULL (where|of) .*)")
_UNIT = re.compile(r"(.*?), (м3|т|ч|°C|Гкал|count|of 1|\d to \d+|in the metric's unit)(?=[:.])")


class Column(NamedTuple):
    """A column of the page's tables."""

    name: str
    data_type: str
    unit: str
    meaning: str
    """What it is, and how it is computed."""
    null: str
    """When it is NULL."""


class Relation(NamedTuple):
    """A table or view."""

    name: str
    description: str
    columns: list[Column]


def read_relations() -> Iterator[Relation]:
    """Give the models of the features, and the sources whose columns are described: those that readers are given."""
    models = DBT_FOLDER / "models"
    blocks = {name: text for file in models.rglob("*.md") for name, text in _BLOCK.findall(file.read_text("utf-8"))}
    for file in sorted((models / "features").glob("*.yml")):
        for model in yaml.safe_load(file.read_text("utf-8")).get("models", ()):
            yield _relation("features", model, blocks)
    for source in yaml.safe_load((models / "staging" / "sources.yml").read_text("utf-8"))["sources"]:
        for table in source["tables"]:
            if "columns" in table:
                yield _relation(source["name"], table, blocks)


def _relation(schema: str, node: dict[str, Any], blocks: dict[str, str]) -> Relation:
    name = f"{schema}.{node['name']}"
    return Relation(name, node["description"].strip(), [_column(name, column, blocks) for column in node["columns"]])


def _column(relation: str, column: dict[str, Any], blocks: dict[str, str]) -> Column:
    text = " ".join(_REFERENCE.sub(lambda match: blocks[match[1]], column["description"]).split())
    parts = _PARTS.fullmatch(text)
    assert parts, f"{relation}.{column['name']} does not end with what NULL means: {text}"
    unit = _UNIT.match(parts["meaning"])
    meaning = parts["meaning"].replace(f", {unit[2]}", "", 1) if unit else parts["meaning"]
    null = "never" if parts["null"] == "Never NULL." else parts["null"].removeprefix("NULL ").removesuffix(".")
    return Column(column["name"], column["data_type"], unit[2] if unit else "", meaning, null)


def as_markdown() -> str:
    """Return the page."""
    parts = [_HEAD]
    for relation in read_relations():
        rows = [f"| `{name}` | {' | '.join(cells)} |" for name, *cells in relation.columns]
        head = "| column | type | unit | what it is, and how it is computed | is NULL |\n|---|---|---|---|---|"
        parts.append("\n".join([f"## {relation.name}\n", relation.description, "", head, *rows, ""]))
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(as_markdown(), encoding="utf-8")
