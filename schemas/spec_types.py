"""Types of the values in a mapping."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Strict(BaseModel):
    """A section of a mapping: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def heading_of(value: Any) -> Any:  # noqa: ANN401 - YAML gives anything
    """Return the heading in `{column: heading}`, which means the same as the bare heading."""
    return value["column"] if isinstance(value, dict) and [*value] == ["column"] else value


Text = Annotated[str, Field(min_length=1)]
Heading = Annotated[Text, BeforeValidator(heading_of)]
Listed = BeforeValidator(_listed)
CellName = Annotated[str, Field(pattern=r"^[A-Z]{1,3}[1-9][0-9]*$")]
