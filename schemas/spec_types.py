"""Types of the values in a mapping."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schemas.patterns import compile_pattern


class Strict(BaseModel):
    """A section of a mapping: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _regex(value: str) -> str:
    try:
        compile_pattern(value)
    except ValueError as error:
        raise ValueError(f"a regular expression as RE2 reads it ({error})") from None
    return value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def heading_of(value: Any) -> Any:  # noqa: ANN401 - YAML gives anything
    """Return the heading in `{column: heading}`, which means the same as the bare heading."""
    return value["column"] if isinstance(value, dict) and [*value] == ["column"] else value


Regex = Annotated[str, AfterValidator(_regex)]
Text = Annotated[str, Field(min_length=1)]
Heading = Annotated[Text, BeforeValidator(heading_of)]
Listed = BeforeValidator(_listed)
CellName = Annotated[str, Field(pattern=r"^[A-Z]{1,3}[1-9][0-9]*$")]
