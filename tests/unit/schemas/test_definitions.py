from __future__ import annotations

from pathlib import Path

import pytest

from schemas import definitions
from schemas.definitions import read_definitions
from schemas.errors import DefinitionError
from schemas.spec_types import Strict
from schemas.units import Unit


class Colour(Strict):
    red: int
    green: int = 0


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEFINITIONS_DIR", str(tmp_path))
    return tmp_path


def test_own_definitions_add_to_the_products_and_replace_those_of_the_same_name(own: Path) -> None:
    text = "л: {dimension: volume, factor: 2}\npsi: {dimension: pressure, factor: 3}\n"
    (own / "units.yaml").write_text(text, encoding="utf-8")

    units = read_definitions("units.yaml", Unit)

    assert (units["м3"].factor, units["л"].factor, units["psi"].factor) == (1, 2, 3)


def test_without_a_file_of_ones_own_there_are_the_products(own: Path) -> None:
    assert read_definitions("units.yaml", Unit)["л"].factor == 0.001


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dark: {red: x}", "line 1: dark.red: must be a valid integer, unable to parse string as an integer, not 'x'"),
        ("dark:\n  red: 1\n  blue: 2", "line 3: dark.blue: there is no such key; known are red, green"),
        ("dark:\n  green: 2", "line 1: dark.red: must be given"),
        ("\nDark: {red: 1}", "line 2: Dark"),
        ("- dark", "line 1: document: must be a valid dictionary"),
        ("dark: [", "line 2: "),
        ("a: {red: 1}\na: {red: 2}", "line 2: "),
    ],
)
def test_errors_name_file_line_and_key(own: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str) -> None:
    monkeypatch.setattr(definitions, "_FOLDER", own)
    file = own / "colours.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(DefinitionError) as caught:
        read_definitions("colours.yaml", Colour, names="^[a-z]+$")

    assert str(caught.value).startswith(f"colours.yaml: {said}")
