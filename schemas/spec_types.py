"""Types of the values in mappings and definitions."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Strict(BaseModel):
    """A section of a mapping, or a definition: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def as_text(value: object) -> object:
    """Return a number as the text that a cell holds: YAML takes `1` for one."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _listed(value: object) -> object:
    return [as_text(item) for item in value] if isinstance(value, list | tuple) else [as_text(value)]


def heading_of(value: Any) -> Any:  # noqa: ANN401 - YAML gives anything
    """Return the heading in `{column: heading}`, which means the same as the bare heading."""
    return value["column"] if isinstance(value, dict) and [*value] == ["column"] else value


Text = Annotated[str, Field(min_length=1)]
Heading = Annotated[Text, BeforeValidator(heading_of)]
Glob = Text
Listed = BeforeValidator(_listed)
CellName = Annotated[str, Field(pattern=r"^[A-Z]{1,3}[1-9][0-9]*$")]
