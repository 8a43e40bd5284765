from __future__ import annotations

import os

import pytest

from tasks.warehouse.environment import environment


def test_variables_are_set_for_a_while_and_what_was_there_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "before")
    monkeypatch.delenv("NEW", raising=False)
    during = []

    def fail() -> None:
        with environment({"KEPT": "own", "NEW": "own"}):
            during.extend([os.environ["KEPT"], os.environ["NEW"]])
            raise ValueError("meanwhile")

    with pytest.raises(ValueError, match="meanwhile"):
        fail()
    assert during == ["own", "own"]
    assert (os.environ["KEPT"], os.environ.get("NEW")) == ("before", None)
