"""Read whose reading each row is: a constant of the table, a column, a part of its text, or several columns."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from schemas.fill_down import texts_above
from schemas.patterns import extract
from schemas.raw_rows import tidy_code, tidy_codes
from schemas.table_schema import CodePart, TableSchema
from schemas.table_spec import CodeName
from tasks.validate.words import distinct_words, repeat_word, take_words, word_indices


def read_codes(schema: TableSchema, batch: pa.RecordBatch, name: CodeName) -> pa.DictionaryArray:
    """Return the code of each raw row, or null; each different text is looked at once."""
    if parts := schema.code_parts.get(name):
        return _join_parts(batch, parts)
    column: str | None = getattr(schema, f"{name}_column")
    if column is None:
        return repeat_word(getattr(schema, f"{name}_code"), len(batch))
    stated = schema.stated_codes.get(name)
    texts = texts_above(stated.lines, batch.column("row_num")) if stated else batch.column(column)
    words = texts.dictionary_encode()
    codes = tidy_codes(words.dictionary)
    if pattern := schema.code_patterns.get(name):
        return take_words(word_indices(words), [*(extract(pattern, code) for code in codes.to_pylist()), None])
    return pa.DictionaryArray.from_arrays(words.indices, codes)


def _join_parts(batch: pa.RecordBatch, parts: Sequence[CodePart]) -> pa.DictionaryArray:
    """Join the parts; a row without one of them has no code."""
    columns = [part.column for part in parts if part.column]
    indices, combinations = distinct_words([batch.column(column).dictionary_encode() for column in columns])
    return take_words(indices, [_join(parts, cells) for cells in combinations])


def _join(parts: Sequence[CodePart], cells: Sequence[str | None]) -> str | None:
    remaining = iter(cells)
    texts = [tidy_code(next(remaining) or "") if part.column else part.text for part in parts]
    return "".join(texts) if all(texts) else None
