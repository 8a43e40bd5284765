"""Source mappings: one YAML document per kind of file says what its columns mean. Data, not code."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Discriminator, Field, Tag, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from schemas.digests import digest
from schemas.errors import FileError, MappingError
from schemas.node_rows import NodeRows
from schemas.problems import FileProblem, Kind
from schemas.spec_types import Glob, Strict
from schemas.table_spec import TEMPLATE_NAME, TableSpec, names_in_template
from schemas.yaml_errors import describe_syntax, describe_value, line_of

_OPEN = "???"
"""The value of a key that a draft asks for."""
_NOT_OF_READING = {"name", "description", "match", "exclude", "fallback"}
_STEPS = ("<", "function-", "constrained-str", "list[")
"""How pydantic names what is not a key of the YAML: a branch of a union."""


class ByContent(Strict):
    """Files whose names say nothing: what no other mapping takes by name, and has the sheets and columns."""

    content: Literal[True]


def _kind_of_match(value: object) -> str:
    return "<content>" if isinstance(value, dict | ByContent) else "<globs>"


Match = Annotated[
    Annotated[list[Glob], Field(min_length=1), Tag("<globs>")] | Annotated[ByContent, Tag("<content>")],
    Discriminator(_kind_of_match),
]


class SourceMapping(Strict):
    """One kind of file: which paths it has, and its tables.

    In YAML the keys of a table may be written beside `tables` and hold for each of them; a file with one
    table needs no `tables` at all.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    description: str = ""
    match: Match
    """Globs on the path below the day's folder or on the bare name; `*` also matches `/`.

    Case is free, and a space is as good as several, or as underscores.
    """
    exclude: list[Glob] = Field(default_factory=list)
    fallback: bool = False
    """Take only files that no other mapping takes."""
    replaces: Literal["days"] | None = None
    """What a newer version of a file (of the same path) replaces.

    None: only the readings that it holds. `days`: also what the versions before had in core on the local days of which
    it has readings of the same meter and metric, and it no longer holds.
    """
    xml: NodeRows | None = None
    """Files of XML: what their rows and cells are."""
    json_: Annotated[NodeRows | None, Field(alias="json")] = None
    """Files of JSON, likewise."""
    tables: Annotated[list[TableSpec], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _spread_over_tables(cls, document: Any) -> Any:  # noqa: ANN401 - YAML gives anything
        if not isinstance(document, dict):
            return document
        shared = {key: value for key, value in document.items() if key in TableSpec.yaml_keys()}
        own = {key: value for key, value in document.items() if key not in shared}
        tables = own.get("tables", [{}])
        if isinstance(tables, list):
            own["tables"] = [shared | table if isinstance(table, dict) else table for table in tables]
        return own

    @model_validator(mode="after")
    def _is_told_by_its_content(self) -> Self:
        if isinstance(self.match, ByContent):
            if self.fallback:
                raise ValueError("either match: {content: true}, or fallback")
            if any(table.header for table in self.tables):
                raise ValueError("match with globs where a table has no header, which could be anybody's")
            if self.nodes:
                key = "xml" if self.xml else "json"
                raise ValueError(f"match with globs where {key} names the columns, which could be anybody's")
        return self

    @model_validator(mode="after")
    def _cuts_lines_in_one_way(self) -> Self:
        if len({table.positions for table in self.tables}) > 1:
            raise ValueError("the same positions in all tables, which are those of one file")
        if self.xml and self.json_:
            raise ValueError("either xml or json")
        if self.nodes and any(table.positions or table.sheet or table.header for table in self.tables):
            key = "xml" if self.xml else "json"
            raise ValueError(f"either {key}, which says what the columns are, or positions, sheet or header: none")
        return self

    @classmethod
    def yaml_keys(cls) -> list[str]:
        """Return its keys as YAML has them."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    @property
    def nodes(self) -> NodeRows | None:
        """What of a file are rows and cells, where its format has nodes instead of lines."""
        return self.xml or self.json_

    @property
    def kind(self) -> Kind | None:
        """The only kind of file that it reads; None: any that has tables."""
        if self.nodes:
            return Kind.XML if self.xml else Kind.JSON
        return Kind.TEXT if self.tables[0].positions else None

    @cached_property
    def cut(self) -> str | None:
        """A digest of what it says of where the cells of a file are; None: the file itself says so."""
        said = [self.nodes and self.nodes.model_dump(), self.tables[0].positions]
        return digest(said) if any(said) else None

    @cached_property
    def digest(self) -> str:
        """A digest of all that it says of how its files are read.

        Which files it takes is not in it, nor is a key that has its default: a new key of the language changes none.
        """
        said = self.model_dump(mode="json", by_alias=True, exclude=_NOT_OF_READING, exclude_defaults=True)
        return digest(said)

    def path_identity(self, relative_path: str) -> str | None:
        """Return whose readings a file holds, as path and mapping say; None where only the content does."""
        codes: list[str] = []
        for table in self.tables:
            groups = table.identity.groups_of(path=relative_path)
            for code in (table.identity.building, table.identity.itp, table.identity.meter):
                names = names_in_template(code)
                if isinstance(code, str) and (not names or groups.keys() & names):
                    codes.append(_fill(code, groups))
        return "/".join(codes) or None

    def takes(self, relative_path: str) -> bool:
        """Return True if the mapping takes the file at a path below the day's folder."""
        globs = self.match if isinstance(self.match, list) else []
        return takes_path(globs, relative_path) and not takes_path(self.exclude, relative_path)

    def may_take(self, relative_path: str) -> bool:
        """Return True if the content of the file at a path decides whether the mapping takes it."""
        return isinstance(self.match, ByContent) and not takes_path(self.exclude, relative_path)


def _fill(template: str, groups: Mapping[str, str]) -> str:
    return TEMPLATE_NAME.sub(lambda name: groups.get(name[1], ""), template)


def takes_path(globs: Sequence[str], relative_path: str) -> bool:
    """Return True if a glob takes the path below the day's folder, or the bare name."""
    path = _folded_path(relative_path)
    return any(_matches(path, glob) for glob in globs)


def _folded_path(path: str) -> str:
    # Archives made on a Mac spell `й` as two characters; mail programs write `_` for a space.
    return re.sub(r"[\s_]+", " ", unicodedata.normalize("NFC", path).lower())


def _matches(path: str, glob: str) -> bool:
    pattern = _folded_path(glob)
    return fnmatch(path, pattern) or fnmatch(path.rpartition("/")[2], pattern)


def match_mapping(mappings: list[SourceMapping], relative_path: str) -> SourceMapping:
    """Find the only mapping that takes a file; nothing is read by guess.

    Raises:
        FileError: no mapping takes it, or several do.

    """
    matching = [mapping for mapping in mappings if mapping.takes(relative_path)]
    matching = [mapping for mapping in matching if not mapping.fallback] or matching
    if not matching:
        raise FileError(FileProblem.NO_MAPPING)
    return _only(matching)


def _only(matching: Sequence[SourceMapping]) -> SourceMapping:
    if len(matching) > 1:
        raise FileError(FileProblem.SEVERAL_MAPPINGS, mappings=", ".join(mapping.name for mapping in matching))
    return matching[0]


class Mappings(NamedTuple):
    """The mappings of a folder: those that can be used, and what is wrong with the others."""

    usable: list[SourceMapping]
    errors: list[MappingError]

    @property
    def files_with_errors(self) -> str:
        """The names of the YAML files, each once."""
        return ", ".join(dict.fromkeys(error.file_name for error in self.errors))

    def match(
        self,
        relative_path: str,
        fitting: Callable[[Sequence[SourceMapping]], Sequence[SourceMapping]] = lambda _: (),
    ) -> SourceMapping:
        """Find the only mapping that takes a file; it waits if it could be that of a mapping with an error.

        `fitting` returns those of some mappings whose sheets and columns the file has; asked where no name decides.

        Raises:
            FileError: no mapping takes it, several do, or none but a fallback while others have an error.

        """
        last_resort: SourceMapping | FileError
        try:
            last_resort = match_mapping(self.usable, relative_path)
        except FileError as error:
            if error.problem is not FileProblem.NO_MAPPING:
                raise
            last_resort = error
        else:
            if not last_resort.fallback:
                return last_resort
        if self.errors:
            raise FileError(FileProblem.MAPPING_HAS_ERROR, mappings=self.files_with_errors)
        by_content = [mapping for mapping in self.usable if mapping.may_take(relative_path)]
        if by_content and (found := fitting(by_content)):
            return _only(found)
        if isinstance(last_resort, FileError):
            raise last_resort
        return last_resort


def load_mappings(folder: Path) -> list[SourceMapping]:
    """Read every mapping of a folder's YAML files.

    Raises:
        MappingError: names the file, the line, the key and what is allowed.

    """
    mappings = load_usable_mappings(folder)
    if mappings.errors:
        raise mappings.errors[0]
    return mappings.usable


def load_usable_mappings(folder: Path) -> Mappings:
    """Read the mappings of a folder's YAML files; one that is wrong does not keep the others from their work.

    Raises:
        MappingError: there is none.

    """
    usable: dict[str, SourceMapping] = {}
    errors: list[MappingError] = []
    for file in sorted(folder.glob("*.yaml")):
        for document in _documents(file.read_bytes()):
            if isinstance(document, str):
                errors.append(MappingError(document, file_name=file.name))
            elif document.mapping.name in usable:
                text = f"line {document.line}: name: {document.mapping.name!r} is used twice"
                errors.append(MappingError(text, file_name=file.name))
            else:
                usable[document.mapping.name] = document.mapping
    if not usable and not errors:
        raise MappingError(f"{folder} holds no *.yaml: no file can be read without a mapping (SOURCES_DIR)")
    return Mappings([*usable.values()], errors)


def survey_mappings(folder: Path) -> Mappings:
    """Read the mappings of a folder to look at them; that there is none is an error like another."""
    try:
        return load_usable_mappings(folder)
    except MappingError as error:
        return Mappings([], [error])


def read_mappings(file_name: str, content: bytes) -> list[SourceMapping]:
    """Read the mappings of one YAML file.

    Raises:
        MappingError: names the file, the line, the key and what is allowed.

    """
    mappings: list[SourceMapping] = []
    for document in _documents(content):
        if isinstance(document, str):
            raise MappingError(document, file_name=file_name)
        mappings.append(document.mapping)
    return mappings


class _Document(NamedTuple):
    mapping: SourceMapping
    line: int
    """Of its name."""


# A process that runs many days reads the same few files each time.
@lru_cache(maxsize=1_000)
def _documents(content: bytes) -> tuple[_Document | str, ...]:
    """Return the mappings of one YAML file, and of one with an error what is wrong with it."""
    try:
        yaml = YAML(typ="rt")
        yaml.composer.warn_double_anchors = False  # YAML allows them: an alias means the last one before it
        documents = [document for document in yaml.load_all(content) if document is not None]
    except (YAMLError, UnicodeDecodeError, ValueError) as error:
        return (describe_syntax(error),)
    return tuple(_document(document) for document in documents)


def _document(document: Any) -> _Document | str:  # noqa: ANN401 - YAML gives anything
    if open_questions := [*_open_questions(document, ())]:
        lines = (f"line {line_of(document, keys)}: {'.'.join(map(str, keys))}" for keys in open_questions)
        return "; ".join(f"{line}: must be answered, not {_OPEN!r}" for line in lines)
    try:
        return _Document(SourceMapping.model_validate(document), line_of(document, ("name",)))
    except ValidationError as error:
        messages = {_in_words(document, item) for item in error.errors()}
        return "; ".join(f"line {line}: {text}" for line, text in sorted(messages))


def _open_questions(node: Any, keys: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - YAML gives anything
    """Yield the keys of a draft that nobody has answered; as a heading or a name `???` would be taken at its word."""
    if node == _OPEN:
        yield keys
    elif isinstance(node, CommentedMap | CommentedSeq):
        for key, value in node.items() if isinstance(node, CommentedMap) else enumerate(node):
            yield from _open_questions(value, (*keys, key))


def _in_words(document: Any, item: Any) -> tuple[int, str]:  # noqa: ANN401 - YAML gives anything
    keys = _keys_as_written(document, item["loc"])
    keys += _key_in_question(document, keys, item["msg"])
    return line_of(document, keys), describe_value(item, keys, _allowed(keys))


def _key_in_question(document: Any, keys: tuple[Any, ...], text: str) -> tuple[str, ...]:  # noqa: ANN401 - likewise
    """Return the first key of a table that an error of the table as a whole speaks of."""
    table = document["tables"][keys[1]] if len(keys) == 2 and keys[0] == "tables" else document if not keys else None
    own = [word for word in re.findall(r"[a-z_]+", text) if isinstance(table, dict) and word in table]
    return tuple(own[:1])


def _keys_as_written(document: Any, loc: tuple[Any, ...]) -> tuple[Any, ...]:  # noqa: ANN401 - YAML gives anything
    """Return the path of a key in the YAML, without pydantic's own steps and without spread-out tables."""
    keys = [key for index, key in enumerate(loc) if not (index > 0 and str(key).startswith(_STEPS))]
    if keys[:1] != ["tables"] or len(keys) < 2 or not isinstance(document, dict):
        return tuple(keys)
    tables = document.get("tables")
    if tables is None:
        return tuple(keys[2:])
    table = tables[keys[1]] if isinstance(tables, list) else None
    is_shared = len(keys) > 2 and isinstance(table, dict) and keys[2] not in table and keys[2] in document
    return tuple(keys[2:] if is_shared else keys)


def _allowed(keys: tuple[Any, ...]) -> str:
    if len(keys) > 1:
        return ""
    names = [name for name in SourceMapping.yaml_keys() if name != "tables"]
    return f"known are {', '.join([*names, *TableSpec.yaml_keys(), 'tables'])}"
