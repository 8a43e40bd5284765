"""Read what a utility may add to: metrics, units and kinds of meters, as YAML beside this module and its own."""

from __future__ import annotations

from pathlib import Path
from types import GenericAlias
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from schemas.errors import DefinitionError
from schemas.settings import load_settings
from schemas.spec_types import Strict
from schemas.yaml_errors import describe_syntax, describe_value, line_of

_FOLDER = Path(__file__).parent


Definition = TypeVar("Definition", bound=Strict)


def read_definitions(file_name: str, of: type[Definition], *, names: str = "") -> dict[str, Definition]:
    """Read the product's definitions and those in DEFINITIONS_DIR, which add to them and replace them by name.

    `names` is a regular expression for the names of definitions.

    Raises:
        DefinitionError: names the file, the line, the key and what is allowed.

    """
    found = _read(_FOLDER / file_name, of, names)
    folder = load_settings().definitions_dir
    if folder is None:
        return found
    if not folder.is_dir():
        raise DefinitionError(f"DEFINITIONS_DIR={folder} is not a folder: create or mount it, or correct it")
    own = folder / file_name
    return found | _read(own, of, names) if own.exists() else found


def _read(file: Path, of: type[Definition], names: str) -> dict[str, Definition]:
    content = file.read_bytes()
    name = file.name if file.parent == _FOLDER else file
    try:
        document = YAML(typ="safe").load(content) or {}
    except (YAMLError, ValueError) as error:
        raise DefinitionError(f"{name}: {describe_syntax(error)}") from None
    try:
        return _adapter(of, names).validate_python(document)
    except ValidationError as error:
        # Only this reader knows the lines; it takes ten times as long.
        raise DefinitionError(f"{name}: {_in_words(YAML(typ='rt').load(content), error, of)}") from None


def _adapter(of: type[Definition], names: str) -> TypeAdapter[dict[str, Definition]]:
    kind: Any = GenericAlias(dict, (Annotated[str, Field(pattern=names)], of))
    return TypeAdapter(kind)


def _in_words(document: Any, error: ValidationError, of: type[Strict]) -> str:  # noqa: ANN401 - YAML gives anything
    known = f"known are {', '.join(of.model_fields)}"
    messages = {
        (line_of(document, item["loc"]), describe_value(item, item["loc"], known if len(item["loc"]) == 2 else ""))
        for item in error.errors()
    }
    return "; ".join(f"line {line}: {text}" for line, text in sorted(messages))
