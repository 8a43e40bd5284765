from __future__ import annotations

import os
from datetime import date

import pytest

from schemas.source_files import day_and_path, source_file_of, spell, unspell


@pytest.mark.parametrize("path", ["a.csv", "D-0007/april.zip/x/one.csv", "/odd.csv"])
def test_name_of_a_file_is_split_into_the_day_and_path_that_it_was_made_of(path: str) -> None:
    day = date(2025, 4, 30)

    assert source_file_of(day, path) == f"2025-04-30/{path}"
    assert day_and_path(source_file_of(day, path)) == (day, path)


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("Ведомость ХВС №1.csv".encode(), "Ведомость ХВС №1.csv"),
        ("й 1\u202f234.csv".encode(), "й 1\u202f234.csv"),
        ("ХВС.csv".encode("cp1251"), r"\xd5\xc2\xd1.csv"),
        (b"a\nb\x1b.csv", r"a\x0ab\x1b.csv"),
        ("\u202egnp.csv".encode(), r"\xe2\x80\xaegnp.csv"),
        (rb"a\b\x0a.csv", r"a\\b\\x0a.csv"),
        (b'it\'s "q" <b>.csv', 'it\'s "q" <b>.csv'),
    ],
    ids=["russian", "spaces", "cp1251", "control", "right_to_left", "backslash", "quotes"],
)
def test_any_name_has_a_spelling_that_is_text_and_leads_back_to_it(name: bytes, spelling: str) -> None:
    path = os.fsdecode(name)

    assert spell(path) == spelling
    assert os.fsencode(unspell(spelling)) == name


def test_no_two_names_have_the_same_spelling() -> None:
    names = [bytes([first, second]) for first in range(1, 256) for second in (*range(88, 96), *range(120, 256))]

    spelled = {spell(os.fsdecode(name)) for name in names}

    assert len(spelled) == len(names)
    assert all(text.encode() for text in spelled)
    assert {os.fsencode(unspell(text)) for text in spelled} == set(names)
