"""Source mappings: one YAML document per kind of file says what its columns mean. Data, not code."""

from __future__ import annotations

import re
import unicodedata
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from schemas.errors import FileError, MappingError
from schemas.metrics import METRICS, factor_to_own_unit, fold
from schemas.settings import TimeZoneName

# The data contract's columns and their aliases (layout `long`).
LONG_FIELDS: dict[str, tuple[str, ...]] = {
    "timestamp": ("timestamp", "ts", "datetime", "date_time", "дата_время"),
    "building_code": ("building_code", "building", "building_id", "здание", "дом"),
    "itp_code": ("itp_code", "itp", "itp_id", "heat_unit", "итп"),
    "meter_code": ("meter_code", "meter", "meter_id", "sensor_code", "счётчик"),
    "metric": ("metric", "parameter", "measure", "показатель"),
    "value": ("value", "val", "reading", "значение"),
    "unit": ("unit", "units", "uom", "ед"),
    "tz": ("tz", "timezone"),
}
LONG_REQUIRED = ("timestamp", "meter_code", "metric", "value")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _is_regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"a regular expression ({error})") from None
    return value


class ColumnMeaning(_Strict):
    """What a column of a day-sheet holds."""

    metric: str
    unit: str | None = None
    """As the supplier writes it; None: the metric's own unit."""

    @field_validator("metric")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in METRICS:
            raise ValueError(f"one of {', '.join(METRICS)}")
        return value

    @model_validator(mode="after")
    def _unit_fits(self) -> Self:
        if factor_to_own_unit(METRICS[self.metric], self.unit, interval_hours=1) is None:
            raise ValueError(f"a unit that fits {self.metric} ({METRICS[self.metric].unit}), not {self.unit!r}")
        return self


class FromColumn(_Strict):
    """A code that stands in a column of each row."""

    column: str


class FromCell(_Strict):
    """A code that stands in one cell above the table, such as B3."""

    cell: Annotated[str, Field(pattern=r"^[A-Z]{1,3}[1-9][0-9]*$")]


Code = str | FromColumn | FromCell
"""A constant or a template over the groups of `identity.path`, such as `{building}-GVS`; or a place."""


class Identity(_Strict):
    """Whose readings the file holds."""

    path: Annotated[str, AfterValidator(_is_regex)] | None = None
    """Regex with named groups, searched in the path below the day's folder."""
    defaults: dict[str, str] = Field(default_factory=dict)
    """Values of the groups that did not match."""
    building: Code | None = None
    itp: Code | None = None
    meter: Code | None = None

    @model_validator(mode="after")
    def _groups_exist(self) -> Self:
        groups = set(re.compile(self.path or "").groupindex)
        for code in (self.building, self.itp, self.meter):
            if isinstance(code, str) and (unknown := set(re.findall(r"\{(\w+)\}", code)) - groups):
                raise ValueError(f"templates over the groups of path ({sorted(groups)}), not {sorted(unknown)}")
        return self


class SourceMapping(_Strict):
    """One kind of file: which paths, where the table is, what its columns mean, whose readings they are."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    description: str = ""
    match: Annotated[list[str], Field(min_length=1)]
    """Globs on the path below the day's folder; `*` also matches `/`; letter case does not matter."""
    exclude: list[str] = Field(default_factory=list)
    layout: Literal["long", "day-sheet"]
    sheet: str | None = None
    """Name of the sheet; None: the first visible one."""
    header_row: Annotated[int, Field(ge=1)] | None = None
    """Line of the header; None: found by its words."""
    timestamp: str | None = None
    date: str | None = None
    hour: str | None = None
    time_zone: TimeZoneName | None = None
    interval_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    stamp: Literal["start", "end"] = "start"
    register_read_at: Literal["start", "end"] = "start"
    columns: dict[str, ColumnMeaning] = Field(default_factory=dict)
    """Heading → meaning; only for day-sheets."""
    identity: Identity = Identity()

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.layout == "long":
            if self.columns or self.date or self.hour or self.timestamp:
                raise ValueError("layout: day-sheet where columns are named; the long layout has names of its own")
            return self
        if not self.columns:
            raise ValueError("columns: at least one heading with its metric")
        if (self.timestamp is None) == (self.date is None):
            raise ValueError("either timestamp or date, the heading of the column with the time")
        if self.identity.meter is None:
            raise ValueError("identity.meter: whose readings a day-sheet holds")
        self._no_two_claim_one()
        return self

    def _no_two_claim_one(self) -> None:
        claimed: dict[str, str] = {}
        meanings = {heading: f"{meaning.metric} ({heading!r})" for heading, meaning in self.columns.items()}
        times = {heading: "the time" for heading in (self.timestamp, self.date, self.hour) if heading}
        for heading, meaning in [*times.items(), *meanings.items()]:
            if other := claimed.get(fold(heading)):
                raise ValueError(f"one meaning for a column; {heading!r} is claimed by {other} and {meaning}")
            claimed[fold(heading)] = meaning
        metrics = [meaning.metric for meaning in self.columns.values()]
        if double := {metric for metric in metrics if metrics.count(metric) > 1}:
            raise ValueError(f"one column for a metric of one meter; two hold {', '.join(sorted(double))}")

    def path_identity(self, relative_path: str) -> str | None:
        """Give the codes that the path names, or None where it names none."""
        codes = (self.identity.building, self.identity.itp, self.identity.meter)
        templates = [code for code in codes if isinstance(code, str) and "{" in code]
        if not templates:
            return None
        return "/".join(template.format_map(self.path_groups(relative_path)) for template in templates)

    def path_groups(self, relative_path: str) -> dict[str, str]:
        """Give the named groups of `identity.path` in a path, with the defaults of those without a match.

        Raises:
            FileError: a group that a template needs did not match and has no default.

        """
        match = re.search(self.identity.path, relative_path) if self.identity.path else None
        found = {name: value for name, value in (match.groupdict() if match else {}).items() if value}
        values = self.identity.defaults | found
        groups = set(re.compile(self.identity.path or "").groupindex)
        if missing := sorted(groups - set(values)):
            raise FileError(
                f"в пути файла нет части {', '.join(missing)}, из которой по описанию {self.name} берутся коды"
            )
        return values

    def takes(self, relative_path: str) -> bool:
        """Tell whether the mapping takes the file at a path below the day's folder."""
        path = _folded_path(relative_path)
        return any(_matches(path, glob) for glob in self.match) and not any(
            _matches(path, glob) for glob in self.exclude
        )


def _folded_path(path: str) -> str:
    # Archives made on a Mac spell `й` as two characters.
    return unicodedata.normalize("NFC", path).lower()


def _matches(path: str, glob: str) -> bool:
    pattern = _folded_path(glob)
    return fnmatch(path, pattern) or fnmatch(path.rpartition("/")[2], pattern)


def load_mappings(folder: Path) -> list[SourceMapping]:
    """Read every mapping of a folder's YAML files.

    Raises:
        MappingError: names the file, the line, the key and what is allowed.

    """
    mappings: list[SourceMapping] = []
    for file in sorted(folder.glob("*.yaml")):
        for document in _documents(file):
            mapping = _mapping(file, document)
            if mapping.name in {other.name for other in mappings}:
                raise MappingError(
                    f"{file.name}: line {_line(document, ('name',))}: name: {mapping.name!r} is used twice"
                )
            mappings.append(mapping)
    if not mappings:
        raise MappingError(f"{folder} holds no *.yaml: no file can be read without a mapping (SOURCES_DIR)")
    return mappings


def _documents(file: Path) -> list[Any]:
    try:
        return [document for document in YAML(typ="rt").load_all(file.read_text("utf-8")) if document is not None]
    except (MarkedYAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f"line {where.line + 1}: " if where else ""
        raise MappingError(f"{file.name}: {line}{getattr(error, 'problem', None) or error}") from None


def _mapping(file: Path, document: Any) -> SourceMapping:  # noqa: ANN401 - YAML gives anything
    try:
        return SourceMapping.model_validate(document)
    except ValidationError as error:
        lines = []
        for item in error.errors():
            keys = tuple(key for key in item["loc"] if not str(key).startswith(("function-", "From")) and key != "str")
            text = item["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
            text = text if text.startswith("must be") else f"must be {text}"
            text = "there is no such key" if item["type"] == "extra_forbidden" else text
            lines.append(f"line {_line(document, keys)}: {'.'.join(str(key) for key in keys) or 'document'}: {text}")
        raise MappingError(f"{file.name}: {'; '.join(lines)}") from None


def _line(node: Any, keys: tuple[Any, ...]) -> int:  # noqa: ANN401 - YAML gives anything
    """Find the line of a key as a person counts it; of a missing key, that of what should hold it."""
    line = getattr(getattr(node, "lc", None), "line", 0) or 0
    for key in keys:
        if isinstance(node, CommentedMap) and key in node:
            line, node = node.lc.key(key)[0], node[key]
        elif isinstance(node, CommentedSeq) and isinstance(key, int) and key < len(node):
            line, node = node.lc.item(key)[0], node[key]
    return line + 1


def match_mapping(mappings: list[SourceMapping], relative_path: str) -> SourceMapping:
    """Find the one mapping that takes a file; nothing is read by guess.

    Raises:
        FileError: no mapping takes it, or several do.

    """
    found = [mapping for mapping in mappings if mapping.takes(relative_path)]
    if not found:
        raise FileError(
            "ни одно описание источника не подходит к этому файлу: добавьте описание в schemas/sources "
            "(SOURCES_DIR) и проверьте его командой dataops sources check ФАЙЛ"
        )
    if len(found) > 1:
        names = ", ".join(mapping.name for mapping in found)
        raise FileError(f"к файлу подходят сразу несколько описаний источников ({names}): уточните match или exclude")
    return found[0]
