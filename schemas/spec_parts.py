"""Sections of a mapping about words in cells: units, statuses, metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from schemas.patterns import Regex
from schemas.spec_types import CellName, Listed, Strict, Text, as_text
from schemas.spellings import fold_word

T = TypeVar("T")


def _text_keys(value: object) -> object:
    return {as_text(key): item for key, item in value.items()} if isinstance(value, Mapping) else value


def in_column(value: object) -> object:
    """Return a bare heading as a section."""
    return {"column": text} if isinstance(text := as_text(value), str) else value


Words = Annotated[tuple[str, ...], Listed]
Conditions = dict[Text, Annotated[Words, Field(min_length=1)]]
"""Heading → globs for the cells below it; `""` is the empty cell."""
ByWord = Annotated[dict[str, T], BeforeValidator(_text_keys)]
StatusMeaning = Literal["valid", "suspect", "rejected"]


def fold_words(words: Mapping[str, T]) -> dict[str, T]:
    """Return the meanings of words by their folded spelling.

    Raises:
        ValueError: two spellings of a word have different meanings.

    """
    spelled: dict[str, str] = {}
    for word in words:
        other = spelled.setdefault(fold_word(word), word)
        if words[other] != words[word]:
            raise ValueError(f"one meaning for a word; {other!r} and {word!r} are the same")
    return {folded: words[word] for folded, word in spelled.items()}


class UnitPlace(Strict):
    """Where the unit of values is: in a column for each row, or in one place for a whole table."""

    column: Text | None = None
    of: Conditions = Field(default_factory=dict)
    """Heading → globs: the unit of all lines down to the next one that fits these is on that one."""
    sheet: Regex | None = None
    """Regex searched in the sheet's name; of this and the others its first group, or all it matches."""
    cell: CellName | None = None
    pattern: Regex | None = None
    """Of the cell's text."""
    above: Regex | None = None
    """Of the first line above the table in which it matches, its cells joined by spaces."""

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if len([place for place in (self.column, self.sheet, self.cell, self.above) if place]) != 1:
            raise ValueError("a heading, or one of column, sheet, cell and above: the place of the unit")
        if self.of and not self.column:
            raise ValueError("column where of says on which lines the unit is")
        if self.pattern and not self.cell:
            raise ValueError("cell where pattern says what of its text is the unit")
        return self

    @property
    def name(self) -> str:
        """The place as the mapping writes it."""
        return ", ".join(f"{key}: {value}" for key, value in self.model_dump(exclude_defaults=True).items())


class StatusWords(Strict):
    """A column that says of each row what its values are worth."""

    column: Text
    words: Annotated[ByWord[StatusMeaning], Field(min_length=1)]
    """Word → what it means; `""` is the empty cell. Another word rejects its row."""

    @model_validator(mode="after")
    def _words_differ(self) -> Self:
        fold_words(self.words)
        return self
